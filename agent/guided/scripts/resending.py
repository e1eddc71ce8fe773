"""Resending: all that failed for one webhook, sent again; the tool tells how many and asks for approval."""

from collections.abc import Generator
from typing import Any

from agent.guided.memory import rows
from agent.guided.replies import join, refusal
from agent.guided.script import Call, Reply, Result, Script
from agent.guided.scripts.deliveries import MANY, learn_names
from agent.guided.scripts.past import replay_since, since_when
from agent.guided.scripts.stage import Stage
from agent.guided.targets import which
from agent.guided.wording import title

_AT_ONCE = 5  # retried one by one; a turn has few calls


def resend_failed(stage: Stage) -> Script:
    """Send again all that failed, of the webhook that is meant or that alone has failures; ask which, of several."""
    chosen = stage.target or (yield from _with_failures(stage))
    if isinstance(chosen, Reply):
        return chosen
    stage = Stage(stage.memory, stage.reading, chosen)
    failed = yield from _listed(stage, "failed", webhook_id=chosen)
    waiting = yield from _listed(stage, "retrying", webhook_id=chosen)
    if refused := refusal(failed) or refusal(waiting):
        return refused
    if not (_found(failed) or _found(waiting)):
        return _nothing(stage)
    replies: list[Reply] = []
    if _found(failed):
        replies.append((yield from _replay(stage, failed)))
    if _found(waiting) and not any(reply.question for reply in replies):
        replies.append((yield from _retry_waiting(stage, waiting)))
    return join(replies)


def _listed(stage: Stage, status: str, **of: str) -> Generator[Call, Result, Result]:
    return (yield from stage.call("list_deliveries", **of, status=status, limit=MANY))


def _found(result: Result) -> list[dict[str, Any]]:
    return rows(result, "deliveries", "items")


def _with_failures(stage: Stage) -> Generator[Call, Result, str | Reply]:
    """Find the webhook that has failures: the one last spoken of if it has any, else the only one."""
    found: list[dict[str, Any]] = []
    for status in ("failed", "retrying"):
        result = yield from _listed(stage, status)
        if refused := refusal(result):
            return refused
        found += _found(result)
    ids = list(dict.fromkeys(str(one.get("webhook_id")) for one in found))
    if not ids:
        return _nothing(stage)
    focus = stage.memory.focus
    stage.memory.deliveries = found
    yield from learn_names(stage)
    if focus in ids or len(ids) == 1:
        return focus if focus in ids else ids[0]
    webhooks = [stage.memory.webhooks.get(one, {"id": one}) for one in ids]
    lead = f"Deliveries of {len(ids)} webhooks have failed. Which one's shall I send again?"
    return which(stage.reading, webhooks, stage.memory, lead)


def _nothing(stage: Stage) -> Reply:
    where = f" of {title(stage.webhook)}" if stage.target else ""
    return Reply(f"There is no failed delivery{where} to retry.", ("Show the deliveries",))


def _replay(stage: Stage, failed: Result) -> Script:
    found = _found(failed)
    total = int(failed.get("total") or len(found))
    if total > len(found):
        more = "or more " if failed.get("total_capped") else ""
        asked = since_when(stage, "failed")
        return Reply(
            f"{total} {more}deliveries of {title(stage.webhook)} have failed. {asked.text}",
            asked.suggestions,
            asked.question,
        )
    return (yield from replay_since(stage, min(str(one["created_at"]) for one in found), "failed"))


def _retry_waiting(stage: Stage, waiting: Result) -> Script:
    """Retry what waits for its next attempt, the latest first; the rest needs nobody to be tried again."""
    found = _found(waiting)[:_AT_ONCE]
    for one in found:
        result = yield from stage.call("retry_delivery", delivery_id=str(one["id"]))
        if refused := refusal(result):
            return refused
    rest = int(waiting.get("total") or len(found)) - len(found)
    count, its, are = (f"{len(found)} deliveries", "their", "are") if len(found) > 1 else ("1 delivery", "its", "is")
    text = f"{count} of {title(stage.webhook)} that waited for {its} next attempt {are} queued to be sent now."
    others = f"The {rest} others are tried again by themselves." if rest > 1 else "The other is tried again by itself."
    text += f" {others}" if rest > 0 else ""
    return Reply(text, ("Show the deliveries",))
