"""Looking: lists, details, the change log, catalogues. Nothing here changes anything."""

from typing import Any

from agent.guided.listings import catalogue, change_log, describe, listing
from agent.guided.memory import rows
from agent.guided.reading import Intent
from agent.guided.replies import refusal
from agent.guided.script import Reply, Script
from agent.guided.scripts.stage import Stage
from agent.guided.scripts.tags import show_tags
from agent.guided.targets import in_state, known
from agent.guided.wording import label


def list_webhooks(stage: Stage) -> Script:
    """List the webhooks, or those in one state."""
    result = yield from _fetch(stage)
    refused = refusal(result)
    if refused:
        return refused
    found = [one for one in known(stage.memory) if one.get("id") in stage.memory.listed]
    if not found:
        return Reply(
            "There are no webhooks here yet. Say “set up a webhook” and a form opens for its URL.",
            ("Set up a webhook",),
            listed=(),
        )
    state = stage.reading.mention.state
    if state:
        found = [one for one in found if in_state(one, state)]
        if not found:
            return Reply(f"No webhook is {state} at the moment.", ("List the webhooks",))
    ids = tuple(str(one["id"]) for one in found)
    lead = f"{len(found)} webhook{'s' * (len(found) != 1)}{f' {state}' if state else ''}:"
    return Reply(listing(found, lead), about(found[0], stage), focus=ids[0] if len(ids) == 1 else "-", listed=ids)


def _fetch(stage: Stage) -> Any:
    perspective = stage.memory.perspective
    here = perspective and "perspective" in stage.reading.nouns
    return (
        yield from stage.call("list_webhooks", **({"perspective_id": perspective.id} if perspective and here else {}))
    )


def about(webhook: dict[str, Any], stage: Stage) -> tuple[str, ...]:
    """Offer what can be looked at next, of a webhook."""
    name = label(webhook, list(stage.memory.webhooks.values()))
    return (
        (f"Diagnose {name}", f"Show the deliveries of {name}")
        if webhook.get("state") == "failing"
        else (f"Show {name}", f"Test {name}")
    )


def show(stage: Stage) -> Script:
    """Show one webhook with its values read again from the store."""
    result = yield from stage.fresh()
    refused = refusal(result)
    return refused or Reply(describe(result), about(dict(result), stage), focus=stage.target)


def show_changes(stage: Stage) -> Script:
    """Show what was changed, by whom."""
    result = yield from stage.call("list_changes", **({"webhook_id": stage.target} if stage.target else {}))
    refused = refusal(result)
    return refused or Reply(change_log(result), ("Undo the last change",) if rows(result, "changes", "items") else ())


def show_catalogue(stage: Stage) -> Script:
    """Show tags, event types or perspectives."""
    intent = stage.reading.intent
    if intent is Intent.TAGS:
        return (yield from _tags(stage))
    if intent is Intent.PERSPECTIVES:
        result = yield from stage.call("list_perspectives")
        found = rows(result, "perspectives", "items")
        lines = [f"• {one.get('name')} ({one.get('kind')}) {one.get('id')}" for one in found]
        return refusal(result) or Reply(
            "\n".join(["The perspectives:", *lines]) if lines else "There are no perspectives yet."
        )
    perspective = stage.memory.perspective
    result = yield from stage.call("list_event_types", **({"kind": perspective.kind} if perspective else {}))
    found = rows(result, "event_types", "items", "events")
    return refusal(result) or Reply(
        catalogue(found, "The event types (any custom name is accepted too):"), ("List the webhooks",)
    )


def _tags(stage: Stage) -> Script:
    here = stage.memory.perspective
    webhook = stage.webhook if stage.target else {}
    if webhook.get("perspective_id"):
        return (yield from show_tags(stage, str(webhook["perspective_id"]), str(webhook.get("perspective_name") or "")))
    if here and not stage.reading.residue:
        return (yield from show_tags(stage, here.id, here.name))
    result = yield from stage.call("list_perspectives")
    found = rows(result, "perspectives", "items")
    words = " ".join(stage.reading.residue).casefold()
    named = [
        one
        for one in found
        if words
        and (
            str(one.get("name") or "").casefold() in words
            or any(word.casefold() in str(one.get("name") or "").casefold().split() for word in stage.reading.residue)
        )
    ]
    one = named[0] if len(named) == 1 else found[0] if len(found) == 1 else None
    if one:
        return (yield from show_tags(stage, str(one.get("id")), str(one.get("name"))))
    if here:
        return (yield from show_tags(stage, here.id, here.name))
    names = [str(one.get("name")) for one in found]
    text = (
        "Tags belong to a perspective. Which one: " + ", ".join(names) + "?"
        if names
        else "There are no perspectives yet, and tags belong to one."
    )
    return Reply(text, tuple(f'Which tags are available for the perspective "{name}"?' for name in names[:3]))
