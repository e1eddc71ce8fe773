"""Lifecycle: webhooks set up, tested, enabled, disabled and deleted."""

from typing import Any

from agent.guided.lexicon import words
from agent.guided.listings import describe
from agent.guided.memory import rows, webhook_of
from agent.guided.reading import Intent, Reading, Values
from agent.guided.replies import changed, refusal, tested
from agent.guided.script import Reply, Script, ask
from agent.guided.scripts.conditions import conditions_of
from agent.guided.scripts.stage import Stage
from agent.guided.scripts.trust import trust_bounds
from agent.guided.tokens import Kind
from agent.guided.wording import label, title, whole

FORM_NOTE = (
    "I did not use the secret from your message: please type it into the form, where it goes straight to the server "
    "and never through this chat."
)


def create(stage: Stage) -> Script:
    """Open the form for a new webhook, prefilled with everything that was said."""
    values = stage.reading.values
    perspective = yield from _perspective(stage)
    if isinstance(perspective, Reply):
        return perspective
    wanted = _filters(values)
    if isinstance(wanted, Reply):
        return wanted
    arguments: dict[str, Any] = {
        "name": _name(stage.reading),
        "perspective_id": perspective,
        "url": values.url or _host_url(stage.reading),
        **wanted,
    }
    result = yield from stage.call("create_webhook", **{name: value for name, value in arguments.items() if value})
    refused = refusal(result)
    note = f" {FORM_NOTE}" if values.secret else ""
    if refused:
        return Reply(refused.text + note)
    webhook = webhook_of(result) or {}
    text = (
        f"{describe(webhook)}\nIt is live now.{note}" if webhook.get("enabled", True) else f"{describe(webhook)}{note}"
    )
    return Reply(
        text,
        (f"Test {label(webhook)}", *(("Undo that",) if result.get("undo") else ())),
        focus=str(webhook.get("id") or ""),
    )


def _perspective(stage: Stage) -> Any:
    """Find the perspective named in the request, else the one that the chat is on."""
    name = _name_before_url(stage.reading)
    said = " ".join(word for word in stage.reading.residue if word != name).casefold()
    here = stage.memory.perspective
    if (
        said
        and ("perspective" in stage.reading.nouns or here is None)
        and (here is None or said not in here.name.casefold())
    ):
        result = yield from stage.call("list_perspectives")
        named = [
            one
            for one in rows(result, "perspectives", "items")
            if str(one.get("name") or "").casefold() in said or said in str(one.get("name") or "").casefold()
        ]
        if len(named) == 1:
            return str(named[0].get("id"))
    return here.id if here else ""


def _filters(values: Values) -> dict[str, Any] | Reply:
    conditions = conditions_of(values)
    if isinstance(conditions, Reply):
        return conditions
    found: dict[str, Any] = {"conditions": conditions}
    if values.events:
        found["event_filter"] = {"mode": "include", "events": [event.name for event in values.events]}
    if values.tags:
        found["tag_filter"] = {"match": values.tag_match or "any", "tags": list(values.tags)}
    bounds: dict[str, Any] = {}
    for one in values.about("trust"):
        low, high, _ = trust_bounds(one, "only", bounds)
        bounds = {"min": low, "max": high}
    if bounds:
        found["trust_score"] = {side: whole(bound) for side, bound in bounds.items() if bound is not None}
    return found


def _name(reading: Reading) -> str:
    """Find a name: in quotes, or after "called" or "named"."""
    if reading.values.quoted:
        return reading.values.quoted[0]
    tokens = reading.clause.tokens
    for index, token in enumerate(tokens):
        if token.is_word("called", "named") and index + 1 < len(tokens):
            said = []
            for following in tokens[index + 1 : index + 6]:
                if following.is_word("for", "to", "on", "with", "and", "that", "only", "which") or following.norm in {
                    ",",
                    ".",
                }:
                    break
                said.append(following.text)
            return " ".join(said)
    return _name_before_url(reading)


def _name_before_url(reading: Reading) -> str:
    """Find the one word between "webhook" and its URL ("create webhook refunds to https://…")."""
    tokens = [token for token in reading.clause.tokens if token.norm not in {"to", "at", ":"}]
    for head, name, url in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if (
            head.is_word("webhook", "hook", "endpoint")
            and name.kind in {Kind.WORD, Kind.NAME}
            and url.kind in {Kind.URL, Kind.HOST}
            and name.norm not in words("no_names")
        ):
            return name.value or name.text
    return ""


def _host_url(reading: Reading) -> str:
    hosts = reading.mention.hosts
    if not hosts:
        return ""
    return hosts[0] if "://" in hosts[0] else f"https://{hosts[0]}"


def switch(stage: Stage) -> Script:
    """Enable or disable."""
    enabled = stage.reading.intent is Intent.ENABLE
    result = yield from stage.call("set_enabled", webhook_id=stage.target, enabled=enabled)
    return changed(result)


def delete(stage: Stage) -> Script:
    """Delete; the tool asks for approval."""
    name = title(stage.webhook)
    result = yield from stage.call("delete_webhook", webhook_id=stage.target)
    refused = refusal(result)
    if refused:
        return refused
    undo = bool(result.get("undo") or result.get("change_id"))
    text = f"{title(webhook_of(result) or stage.webhook) or name} is deleted and receives nothing any more."
    return Reply(text + (" You can undo this." if undo else ""), ("Undo that",) if undo else ())


def kill(stage: Stage) -> Script:
    """Ask whether disabling or deleting is meant."""
    yield from ()
    name = stage.label
    return ask(
        f"Do you want to disable {title(stage.webhook)} (it keeps its settings) or delete it?",
        f"Disable {name}",
        f"Delete {name}",
    )


def test(stage: Stage) -> Script:
    """Send a real test request."""
    events = stage.reading.values.events
    arguments = {"event_type": events[0].name} if events else {}
    result = yield from stage.call("test_webhook", webhook_id=stage.target, **arguments)
    reply = tested({**result, "webhook": webhook_of(result) or stage.webhook})
    return reply
