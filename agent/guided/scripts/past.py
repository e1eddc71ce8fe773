"""The past: undoing changes, retrying and replaying deliveries."""

from agent.guided.listings import change_entry, state_text
from agent.guided.memory import Act, rows, webhook_of
from agent.guided.replies import changed, refusal
from agent.guided.script import Question, Reply, Script, ask
from agent.guided.scripts.deliveries import last_failed, start_of
from agent.guided.scripts.integrations import undone_text
from agent.guided.scripts.stage import Stage
from agent.guided.wording import title

_LOG = "Show the changes"
_TOOLS = {
    "trust": "set_trust_filter",
    "tag": "set_tag_filter",
    "condition": "set_conditions",
    "event": "set_event_filter",
    "url": "edit_webhook",
    "name": "edit_webhook",
    "timeout": "edit_webhook",
    "retries": "edit_webhook",
    "header": "edit_webhook",
}


def undo(stage: Stage) -> Script:
    """Undo the change that is meant: by id, by what it was about, else the latest made here."""
    values, acts = stage.reading.values, stage.memory.changes
    if values.change_id:
        return (yield from _undo(stage, values.change_id))
    if stage.reading.mention.plural == "all" or values.everything:
        return _confirm_all(acts)
    wanted = {_TOOLS[noun] for noun in stage.reading.nouns if noun in _TOOLS}
    if wanted:
        acts = [act for act in acts if act.call.name in wanted]
        if not acts:
            return ask(
                "I have not changed that in this conversation. The change list has the older ones.", "Show the changes"
            )
    undone = [act for act in stage.memory.acts if act.call.name == "undo_change"]
    if undone and stage.memory.acts[-1] is undone[-1] and not wanted:
        return _after_an_undo(undone[-1], acts)
    return (yield from _undo(stage, acts[-1].change_id) if acts else _undo_of_others(stage))


def _undo_of_others(stage: Stage) -> Script:
    """Offer to undo the latest change, which was not made in this conversation: whose it is and of when."""
    result = yield from stage.call("list_changes")
    found = rows(result, "changes", "items")
    latest = next((one for one in found if one.get("undoable") and one.get("action") != "undo"), None)
    if latest is None:
        if found:
            return Reply("I changed nothing in this conversation, and nothing else can be undone.", (_LOG,))
        return (yield from _undo(stage, ""))
    option = f"Undo the change {latest.get('id')}"
    text = f"I changed nothing in this conversation. The latest change (UTC): {change_entry(latest)}. Shall I undo it?"
    return Reply(text, (option, _LOG), Question((option, _LOG), default=option))


def _undo(stage: Stage, change_id: str) -> Script:
    result = yield from stage.call("undo_change", **({"change_id": change_id} if change_id else {}))
    if result.get("ok") is False:
        return Reply(changed(result).text, ("Show the changes",))
    reply = changed(result)
    undone, webhook = result.get("undone"), webhook_of(result) or {}
    if told := undone_text(result):
        return Reply(told, ("Show the changes",))
    if result.get("deleted"):
        return Reply(f"Undone. {title(webhook)} is gone again.", ("Show the changes",))
    if isinstance(undone, dict) and undone.get("action") == "delete":
        return Reply(f"Undone. {title(webhook)} is back, {state_text(webhook)}.", ("Show the changes",))
    return Reply(f"Undone. {reply.text}".removesuffix(" You can undo this."), ("Show the changes",))


def _after_an_undo(last: Act, acts: list[Act]) -> Reply:
    options = [f"Undo the change {act.change_id}" for act in acts[-1:]]
    if last.change_id:
        options.insert(0, f"Undo the change {last.change_id}")
    said = (
        "bring back what was just undone (first), or undo the change before it (second)"
        if len(options) > 1
        else "bring back what was just undone"
    )
    if not options:
        return ask("There is nothing left of this conversation to undo.", _LOG)
    question = Question((*options, _LOG), default=options[0] if len(options) == 1 else "")
    return Reply(f"The last thing I did was an undo. Shall I {said}?", question.options, question)


def _confirm_all(acts: list[Act]) -> Reply:
    if not acts:
        return ask(
            "I have changed nothing in this conversation that could be undone. The change list has the older ones.",
            "Show the changes",
        )
    options = " and ".join(f"undo the change {act.change_id}" for act in reversed(acts[-5:]))
    count = f"{len(acts[-5:])} change{'s' * (len(acts) > 1)}"
    return ask(
        f"That would undo {count} of this conversation, the latest first. Shall I?",
        options[0].upper() + options[1:],
    )


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
