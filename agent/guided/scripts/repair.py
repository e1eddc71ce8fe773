"""Repair: the computed diagnosis explained, and one of its fixes carried out when told to."""

from collections.abc import Mapping
from typing import Any

from agent.guided.listings import diagnosis
from agent.guided.replies import changed, join, refusal, tested
from agent.guided.script import Question, Reply, Script, ask
from agent.guided.scripts.resending import resend_failed
from agent.guided.scripts.stage import Stage
from agent.guided.wording import title

_PATCHED = ("name", "url", "description", "timeout_ms", "max_retries", "headers")


_WORDS = {
    "edit_endpoint": "Edit the endpoint of {}",
    "test": "Test {}",
    "replay": "Replay the failed deliveries of {}",
}


def explain(stage: Stage) -> Script:
    """Name the cause with its evidence, and offer the fixes as suggestions."""
    memory = stage.memory
    if memory.diagnosed == stage.target and memory.diagnosis and not _is_news(stage):
        return explained(stage, memory.diagnosis)
    result = yield from stage.call("diagnose_webhook", webhook_id=stage.target)
    return refusal(result) or explained(stage, dict(result.get("diagnosis") or result))


def _is_news(stage: Stage) -> bool:
    """Tell whether something was done since the diagnosis at hand, so that it has to be made again."""
    return bool(stage.memory.acts) or stage.reading.intent == "diagnose"


def explained(stage: Stage, found: Mapping[str, Any]) -> Reply:
    """Tell a diagnosis."""
    options = fix_commands(stage, found)
    text = diagnosis(found, stage.webhook)
    question = Question(options) if options else None
    return Reply(text, options or (f"Test {stage.label}",), question, focus=stage.target)


def fix_commands(stage: Stage, found: Mapping[str, Any]) -> tuple[str, ...]:
    """Write each fix that we can carry out as a message; none quotes anything from outside."""
    commands = (
        _WORDS.get(str(fix["change"].get("action")), f"Apply fix {place} to {{}}").format(stage.label)
        for place, fix in enumerate(found.get("fixes") or [], 1)
        if isinstance(fix, Mapping) and isinstance(fix.get("change"), Mapping)
    )
    return tuple(dict.fromkeys(commands))[:3]


def apply(stage: Stage) -> Script:
    """Carry out one fix of the latest diagnosis."""
    memory = stage.memory
    if not memory.diagnosis or memory.diagnosed != stage.target:
        return (yield from explain(stage))
    fixes = [fix for fix in memory.diagnosis.get("fixes") or [] if isinstance(fix, Mapping)]
    numbered = {place: fix for place, fix in enumerate(fixes, 1) if isinstance(fix.get("change"), Mapping)}
    numbers = [int(one.value) for one in stage.reading.values.comparisons if one.value.is_integer()] + [
        place for place in stage.reading.mention.ordinals if place > 0
    ]
    if not numbers and len(numbered) == 1:
        numbers = list(numbered)
    if not numbers or numbers[0] not in numbered:
        options = fix_commands(stage, memory.diagnosis)
        if not options:
            return Reply(
                "The fix is on the endpoint's side, so I can change nothing here. Once it is done, run a test.",
                (f"Test {stage.label}",),
            )
        return ask("Which fix shall I carry out?", *options)
    return (yield from _carry_out(stage, dict(numbered[numbers[0]]["change"])))


def _carry_out(stage: Stage, change: dict[str, Any]) -> Script:
    patch = change.get("patch")
    if isinstance(patch, dict):
        return (yield from _patch(stage, patch))
    action = str(change.get("action") or "")
    if action == "edit_endpoint":
        return changed((yield from stage.call("edit_endpoint", webhook_id=stage.target)))
    if action in {"enable", "disable"}:
        return changed((yield from stage.call("set_enabled", webhook_id=stage.target, enabled=action == "enable")))
    if action == "test":
        result = yield from stage.call("test_webhook", webhook_id=stage.target)
        return tested({**result, "webhook": result.get("webhook") or stage.webhook})
    if action == "replay":
        return (yield from resend_failed(stage))
    return Reply(
        f"I cannot do that fix for {title(stage.webhook)} from the chat.",
        (f"Edit the URL or auth header of {stage.label}",),
    )


def _patch(stage: Stage, patch: dict[str, Any]) -> Script:
    calls: list[tuple[str, dict[str, Any]]] = []
    plain = {name: patch[name] for name in _PATCHED if name in patch}
    if isinstance(patch.get("retry"), dict) and "max_retries" in patch["retry"]:
        plain["max_retries"] = patch["retry"]["max_retries"]
    if plain:
        calls.append(("edit_webhook", plain))
    if "event_filter" in patch:
        calls.append(("set_event_filter", dict(patch["event_filter"] or {"mode": "include", "events": []})))
    if "conditions" in patch:
        calls.append(("set_conditions", {"conditions": patch["conditions"] or []}))
    if "tag_filter" in patch:
        calls.append(("set_tag_filter", dict(patch["tag_filter"] or {})))
    if "trust_score" in patch:
        calls.append(("set_trust_filter", dict(patch["trust_score"] or {})))
    if "enabled" in patch:
        calls.append(("set_enabled", {"enabled": patch["enabled"]}))
    replies: list[Reply] = []
    for name, arguments in calls:
        result = yield from stage.call(name, webhook_id=stage.target, **arguments)
        replies.append(changed(result))
    if not replies:
        return Reply("That fix is done outside of this chat.", (f"Edit the URL or auth header of {stage.label}",))
    return join(replies)
