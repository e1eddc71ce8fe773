"""Undoing: the changes of the last message taken back, or those that are named."""

from collections.abc import Sequence

from agent.guided.listings import change_entry, state_text
from agent.guided.memory import Act, rows, webhook_of
from agent.guided.replies import changed, join
from agent.guided.script import Question, Reply, Result, Script, ask
from agent.guided.scripts.integrations import undone_text
from agent.guided.scripts.stage import Stage
from agent.guided.wording import title

_MOST = 8  # changes that are taken back at once; a turn has few calls
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
    """Undo what is meant: by id, by what it was about, else all that the last message changed."""
    values, acts = stage.reading.values, stage.memory.changes
    if values.change_id:
        return (yield from _undo_all(stage, [values.change_id]))
    if stage.reading.mention.plural == "all" or values.everything:
        return _confirm_all(acts)
    wanted = {_TOOLS[noun] for noun in stage.reading.nouns if noun in _TOOLS}
    if wanted:
        acts = [act for act in acts if act.call.name in wanted]
        if not acts:
            return ask("I have not changed that in this conversation. The change list has the older ones.", _LOG)
    undone = [act for act in stage.memory.acts if act.call.name == "undo_change"]
    if undone and stage.memory.acts[-1] is undone[-1] and not wanted:
        return _after_an_undo([act for act in undone if act.turn == undone[-1].turn], stage.memory.last_step)
    if not acts:
        return (yield from _undo_of_others(stage))
    return (yield from _undo_all(stage, [acts[-1].change_id] if wanted else stage.memory.last_step))


def _undo_of_others(stage: Stage) -> Script:
    """Offer to undo the latest change, which was not made in this conversation: whose it is and of when."""
    result = yield from stage.call("list_changes")
    found = rows(result, "changes", "items")
    latest = next((one for one in found if one.get("undoable") and one.get("action") != "undo"), None)
    if latest is None:
        if found:
            return Reply("I changed nothing in this conversation, and nothing else can be undone.", (_LOG,))
        return (yield from _undo_all(stage, [""]))
    option = f"Undo the change {latest.get('id')}"
    text = f"I changed nothing in this conversation. The latest change (UTC): {change_entry(latest)}. Shall I undo it?"
    return Reply(text, (option, _LOG), Question((option, _LOG), default=option))


def _undo_all(stage: Stage, change_ids: Sequence[str]) -> Script:
    """Undo changes in this order, up to the first that is refused; an empty id is the latest change of all."""
    replies: list[Reply] = []
    for change_id in change_ids[:_MOST]:
        result = yield from stage.call("undo_change", **({"change_id": change_id} if change_id else {}))
        replies.append(_told(result))
        if result.get("ok") is False:
            break
    if len(change_ids) > _MOST:
        left = len(change_ids) - _MOST
        replies.append(Reply(f"The {left} before that are left as they are; the change list has them.", (_LOG,)))
    return join(replies)


def _told(result: Result) -> Reply:
    if result.get("ok") is False:
        return Reply(changed(result).text, (_LOG,))
    reply = changed(result)
    undone, webhook = result.get("undone"), webhook_of(result) or {}
    if told := undone_text(result):
        return Reply(told, (_LOG,))
    if result.get("deleted"):
        return Reply(f"Undone. {title(webhook)} is gone again.", (_LOG,))
    if isinstance(undone, dict) and undone.get("action") == "delete":
        return Reply(f"Undone. {title(webhook)} is back, {state_text(webhook)}.", (_LOG,))
    return Reply(f"Undone. {reply.text}".removesuffix(" You can undo this."), (_LOG,))


def _after_an_undo(undos: Sequence[Act], before: Sequence[str]) -> Reply:
    back = [act.change_id for act in reversed(undos) if act.change_id]
    options = [_command(ids) for ids in (back, before) if ids]
    said = (
        "bring back what was just undone (first), or undo the change before it (second)"
        if len(options) > 1
        else "bring back what was just undone"
    )
    if not options:
        return ask("There is nothing left of this conversation to undo.", _LOG)
    question = Question((*options, _LOG), default=options[0] if len(options) == 1 else "")
    return Reply(f"The last thing I did was an undo. Shall I {said}?", question.options, question)


def _command(change_ids: Sequence[str]) -> str:
    text = " and ".join(f"undo the change {one}" for one in change_ids[:_MOST])
    return text[0].upper() + text[1:]


def _confirm_all(acts: list[Act]) -> Reply:
    if not acts:
        return ask(
            "I have changed nothing in this conversation that could be undone. The change list has the older ones.",
            _LOG,
        )
    ids = [one for act in reversed(acts) for one in reversed(act.change_ids)][:_MOST]
    count = f"{len(ids)} change{'s' * (len(ids) > 1)}"
    return ask(f"That would undo {count} of this conversation, the latest first. Shall I?", _command(ids))
