"""The past: deliveries retried and replayed."""

from agent.guided.memory import rows
from agent.guided.replies import refusal
from agent.guided.script import Question, Reply, Script, ask
from agent.guided.scripts.deliveries import last_failed, start_of
from agent.guided.scripts.stage import Stage
from agent.guided.wording import title


def retry(stage: Stage) -> Script:
    """Retry one delivery: by id, by its place in the last list, else the last failed one."""
    values, mention = stage.reading.values, stage.reading.mention
    listed = [str(one.get("id")) for one in stage.memory.deliveries]
    if values.delivery_id:
        return (yield from _retry(stage, values.delivery_id))
    if mention.ordinals and listed and mention.ordinals[0] > 0:
        if mention.ordinals[0] > len(listed):
            noun = "delivery" if len(listed) == 1 else "deliveries"
            return ask(f"The list has only {len(listed)} {noun}.", "Show the failed deliveries")
        return (yield from _retry(stage, listed[mention.ordinals[0] - 1]))
    result = yield from last_failed(stage)
    refused = refusal(result)
    found = rows(result, "deliveries", "items")
    if refused or not found:
        where = f" of {title(stage.webhook)}" if stage.target else ""
        return refused or Reply(f"There is no failed delivery{where} to retry.", ("Show the deliveries",))
    return (yield from _retry(stage, str(found[0].get("id"))))


def _retry(stage: Stage, delivery_id: str) -> Script:
    result = yield from stage.call("retry_delivery", delivery_id=delivery_id)
    refused = refusal(result)
    return refused or Reply(
        f"Delivery {delivery_id} is queued to be sent again.", (f"Show the delivery {delivery_id}",)
    )


def replay(stage: Stage) -> Script:
    """Replay past deliveries of one webhook; the tool asks for approval."""
    values = stage.reading.values
    everything = values.status != "failed" and (values.everything or stage.reading.mention.plural == "all")
    status = "all" if everything else "failed"
    if not values.since:
        return since_when(stage, status)
    return (yield from replay_since(stage, start_of(values.since), status))


def replay_since(stage: Stage, since: str, status: str) -> Script:
    """Replay the deliveries from a moment on (RFC 3339), `failed` or `all` of them."""
    result = yield from stage.call("replay_deliveries", webhook_id=stage.target, since=since, status=status)
    refused = refusal(result)
    if refused:
        return refused
    count = result.get("count", "The")
    noun, verb = ("delivery", "is") if count == 1 else ("deliveries", "are")
    return Reply(
        f"{count} {noun} of {title(stage.webhook)} {verb} queued to be sent again.",
        ("Show the deliveries",),
    )


def since_when(stage: Stage, status: str) -> Reply:
    """Ask how far back to replay; a mere "yes" means the last 7 days."""
    target = stage.label
    lead = f"Replay {status} deliveries of {target} since"
    options = tuple(f"{lead} {when}" for when in ("the last 7 days", "yesterday", "today"))
    which = "all" if status == "all" else "the failed"
    text = f"Shall I replay {which} deliveries of {title(stage.webhook)} of the last 7 days? Or say since when."
    return Reply(text, options, Question(options, default=options[0]))
