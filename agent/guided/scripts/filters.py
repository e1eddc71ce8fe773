"""Filters: what a webhook lets through, changed on top of what it has now."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from agent.guided.reading import Intent, Values
from agent.guided.replies import changed
from agent.guided.script import Reply, Script, ask
from agent.guided.scripts.stage import Stage
from agent.guided.scripts.tags import change_tags, find_loose
from agent.guided.slots.comparisons import Comparison
from agent.guided.slots.mentions import EventMention
from agent.guided.slots.texttests import TextTest
from agent.guided.wording import label, number, whole
from rules.events import default_events

_TRUST_TOP = 100
_FLIPPED = {"gt": "lte", "gte": "lt", "lt": "gte", "lte": "gt", "eq": "ne", "ne": "eq"}
_LOOSE = {"funnel": {"interview.completed": "funnel_completed"}}


def set_filters(stage: Stage) -> Script:
    """Carry out everything that one filter request says: events, tags, trust and conditions."""
    current = yield from stage.fresh()
    if current.get("ok") is False:
        return changed(current)
    loose = yield from find_loose(stage, current)
    if isinstance(loose, Reply):
        return loose
    values = replace(stage.reading.values, tags=(*stage.reading.values.tags, *loose))
    if not values.filtering:
        return which_filter(stage)
    problem = _trust_problem(stage, values)
    if problem:
        return problem
    return (yield from _steps(stage, values, dict(current)))


def _steps(stage: Stage, values: Values, current: dict[str, Any]) -> Script:
    replies: list[Reply] = []
    for wanted, step in (
        (values.events, _events),
        (values.tags, change_tags),
        (values.about("trust"), _trust),
        (values.fields or values.tests, _conditions),
    ):
        if wanted:
            reply = yield from step(stage, values, current)
            if reply.question:
                return join([*replies, reply])
            replies.append(reply)
    return join(replies)


def join(replies: Sequence[Reply]) -> Reply:
    """Make one reply of several; the last one's suggestions and question stand."""
    if len(replies) == 1:
        return replies[0]
    texts = [reply.text for reply in replies if reply.text]
    texts = [
        text.removesuffix(" You can undo this.") if "You can undo this." in "".join(texts[place + 1 :]) else text
        for place, text in enumerate(texts)
    ]
    last = replies[-1]
    return replace(
        last,
        text="\n".join(texts),
        suggestions=last.suggestions or next((one.suggestions for one in replies[::-1] if one.suggestions), ()),
    )


def which_filter(stage: Stage) -> Reply:
    """Ask what to filter by."""
    target = label(stage.webhook, list(stage.memory.webhooks.values()))
    nouns, options = stage.reading.nouns, []
    if "trust" in nouns:
        return ask(
            "Which trust score? Give a minimum, a maximum or both.",
            f"Only send trust at least 70 to {target}",
            template=f"Only send trust at least {{}} to {target}",
            expects="number",
        )
    if "tag" in nouns:
        return ask(
            "Which tags should it filter on?",
            f"Which tags are available for {target}?",
            template=f'Only send conversations with the tag "{{}}" to {target}',
            expects="text",
        )
    options = [
        f"Only send completed to {target}",
        f"Only send trust at least 70 to {target}",
        f"Which tags are available for {target}?",
    ]
    return ask(
        "What should it let through? I can filter by event, tag, trust score or a field of the payload.", *options
    )


def _events(stage: Stage, values: Values, current: dict[str, Any]) -> Script:
    names = _resolve_events(stage, values.events, current)
    if isinstance(names, Reply):
        return names
    wanted = _merge_events(stage.reading.mode, names, current.get("event_filter") or {"mode": "include", "events": []})
    if isinstance(wanted, str):
        return Reply(wanted)
    if isinstance(wanted, Reply):
        return wanted
    result = yield from stage.call("set_event_filter", webhook_id=stage.target, **wanted)
    return changed(result)


def _resolve_events(stage: Stage, events: Sequence[EventMention], current: dict[str, Any]) -> list[str] | Reply:
    profile = str(current.get("profile") or "")
    names: list[str] = []
    for event in events:
        name = _LOOSE.get(profile, {}).get(event.name, event.name) if event.loose else event.name
        if (
            event.loose
            and profile == "standard"
            and not current.get("perspective_id")
            and event.name == "interview.completed"
        ):
            target = label(stage.webhook, list(stage.memory.webhooks.values()))
            return ask(
                "Which event do you mean by that?",
                *(
                    f"Only send {one} to {target}"
                    for one in ("interview.completed", "call.completed", "campaign.completed")
                ),
            )
        names.append(name)
    return list(dict.fromkeys(names))


def _merge_events(mode: str, names: list[str], current: dict[str, Any]) -> dict[str, Any] | str:
    has = [str(one) for one in current.get("events") or []]
    including = current.get("mode") != "exclude"
    if mode == "only":
        return {"mode": "include", "events": names}
    if mode == "also":
        if including:
            return {"mode": "include", "events": list(dict.fromkeys([*has, *names])) if has else []}
        kept = [one for one in has if one not in names]
        return {"mode": "exclude", "events": kept} if kept else {"mode": "include", "events": []}
    if not including:
        return {"mode": "exclude", "events": list(dict.fromkeys([*has, *names]))}
    if not has:
        return {"mode": "exclude", "events": names}
    kept = [one for one in has if one not in names]
    if not kept:
        return f"It only sends {', '.join(has)}: without that nothing would be left, so I changed nothing. You can disable the webhook instead."
    return {"mode": "include", "events": kept}


def _trust_problem(stage: Stage, values: Values) -> Reply | None:
    target = label(stage.webhook, list(stage.memory.webhooks.values()))
    for one in values.about("trust"):
        for bound in (one.value, one.upper):
            if bound is None:
                continue
            if 0 < bound <= 1 and not bound.is_integer():
                return ask(
                    f"Trust scores go from 0 to 100. Do you mean {number(bound * 100)}?",
                    f"Only send trust at least {number(bound * 100)} to {target}",
                )
            if not 0 <= bound <= _TRUST_TOP:
                return ask(
                    f"Trust scores go from 0 to 100, so {number(bound)} cannot be a bound. Which one do you mean?",
                    template=f"Only send trust at least {{}} to {target}",
                    expects="number",
                )
        if one.operator == "ne" or (stage.reading.mode == "skip" and one.operator in {"eq", "between"}):
            return ask(
                "A trust filter has a minimum, a maximum or both; it cannot leave out a value in the middle. Which bound do you want?",
                f"Only send trust at least {number(one.value)} to {target}",
                f"Only send trust at most {number(one.value)} to {target}",
            )
    return None


def trust_bounds(one: Comparison, mode: str, current: dict[str, Any]) -> tuple[float | None, float | None, str]:
    """Work out the new minimum and maximum, and what has to be said about an exclusive comparison."""
    if mode == "skip":
        one = replace(one, operator=_FLIPPED[one.operator])
    if one.bare and one.operator == "eq":
        one = replace(one, operator="gte")
    low, high = one.low, one.high
    note = ""
    if one.operator in {"gt", "lt"}:
        side, bound, word = ("minimum", low, "over") if one.operator == "gt" else ("maximum", high, "under")
        note = f"Bounds are inclusive, so “{word} {number(one.value)}” became a {side} of {number(bound or 0)}."
    if low is not None and high is None and (current.get("max") is None or current["max"] >= low):
        high = current.get("max")
    elif high is not None and low is None and (current.get("min") is None or current["min"] <= high):
        low = current.get("min")
    return low, high, note


def _trust(stage: Stage, values: Values, current: dict[str, Any]) -> Script:
    bounds = dict(current.get("trust_score") or {})
    notes: list[str] = []
    for one in values.about("trust"):
        low, high, note = trust_bounds(one, stage.reading.mode, bounds)
        bounds = {"min": low, "max": high}
        notes.append(note)
    arguments = {side: whole(bound) for side, bound in bounds.items() if bound is not None}
    result = yield from stage.call("set_trust_filter", webhook_id=stage.target, **arguments)
    return changed(result, note=" ".join(note for note in notes if note))


def _conditions(stage: Stage, values: Values, current: dict[str, Any]) -> Script:
    flip = stage.reading.mode == "skip" and not values.events
    new = conditions_of(values, flip=flip)
    if isinstance(new, Reply):
        return new
    kept = [one for one in current.get("conditions") or [] if not any(_replaces(one, other) for other in new)]
    result = yield from stage.call("set_conditions", webhook_id=stage.target, conditions=[*kept, *new])
    guessed = [
        one["field"]
        for one in new
        if one["field"]
        in {item.subject for item in values.fields if item.guessed}
        | {test.field for test in values.tests if test.guessed}
    ]
    note = f"I took that to be the field {', '.join(dict.fromkeys(guessed))}." if guessed else ""
    return changed(result, note=note)


def conditions_of(values: Values, *, flip: bool = False) -> list[dict[str, Any]] | Reply:
    """Turn the comparisons and tests of payload fields into conditions."""
    found: list[dict[str, Any]] = []
    for one in values.fields:
        pairs = [("gte", one.value), ("lte", one.upper)] if one.operator == "between" else [(one.operator, one.value)]
        found += [{"field": one.subject, "operator": operator, "value": whole(value or 0)} for operator, value in pairs]
    found += [_condition(test) for test in values.tests]
    if not flip:
        return found
    if any(one["operator"] not in _FLIPPED for one in found) or len(found) > 1:
        return Reply(
            "Conditions say what has to hold, and I cannot turn that one around. Say it the other way, e.g. “only when properties.value is over 100”."
        )
    return [{**one, "operator": _FLIPPED[one["operator"]]} for one in found]


def _condition(test: TextTest) -> dict[str, Any]:
    condition = {"field": test.field, "operator": test.operator}
    return condition if test.operator == "exists" else {**condition, "value": test.value}


_SIDES = {"gt": "low", "gte": "low", "lt": "high", "lte": "high"}


def _replaces(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Tell whether a new condition takes the place of an old one: same field, same side."""
    return old.get("field") == new["field"] and _SIDES.get(str(old.get("operator")), old.get("operator")) == _SIDES.get(
        new["operator"], new["operator"]
    )


_CLEARING: dict[Intent, tuple[str, dict[str, Any]]] = {
    Intent.CLEAR_TRUST: ("set_trust_filter", {}),
    Intent.CLEAR_TAGS: ("set_tag_filter", {}),
    Intent.CLEAR_CONDITIONS: ("set_conditions", {"conditions": []}),
    Intent.ALL_EVENTS: ("set_event_filter", {"mode": "include"}),
}


def clear(stage: Stage) -> Script:
    """Take filters off: one kind of them, or all that there are."""
    intent = stage.reading.intent
    if intent not in {Intent.CLEAR_FILTERS, Intent.ALL_EVENTS}:
        return (yield from _clear(stage, intent, {}))
    current = yield from stage.fresh()
    if current.get("ok") is False:
        return changed(current)
    if intent is Intent.ALL_EVENTS:
        return (yield from _clear(stage, intent, dict(current)))
    replies: list[Reply] = []
    for one in _present(dict(current)):
        replies.append((yield from _clear(stage, one, dict(current))))
    return join(replies) if replies else Reply("It has no filters, so there is nothing to remove.", focus=stage.target)


def _clear(stage: Stage, intent: Intent, current: dict[str, Any]) -> Script:
    name, arguments = _CLEARING[intent]
    extra = {"events": _usual_events(current)} if intent is Intent.ALL_EVENTS else {}
    result = yield from stage.call(name, webhook_id=stage.target, **arguments, **extra)
    return changed(result)


def _present(webhook: dict[str, Any]) -> list[Intent]:
    """Give the kinds of filters that a webhook has."""
    events = webhook.get("event_filter") or {}
    narrow = events.get("mode") == "exclude" or set(events.get("events") or []) != set(_usual_events(webhook))
    found = ((Intent.CLEAR_TRUST, webhook.get("trust_score")), (Intent.CLEAR_TAGS, webhook.get("tag_filter")))
    more = ((Intent.CLEAR_CONDITIONS, webhook.get("conditions")), (Intent.ALL_EVENTS, narrow))
    return [intent for intent, there in (*found, *more) if there]


def _usual_events(webhook: dict[str, Any]) -> list[str]:
    """Give the event list that stands for everything: the three endings of a conversation on a perspective (A01)."""
    return list(default_events("interviewer")) if webhook.get("profile") == "perspective" else []
