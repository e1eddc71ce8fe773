"""Conditions on fields of the payload (B04)."""

from typing import Any

from agent.guided.reading import Values
from agent.guided.replies import changed
from agent.guided.script import Reply, Script
from agent.guided.scripts.stage import Stage
from agent.guided.slots.comparisons import FLIPPED, TIMES
from agent.guided.slots.texttests import TextTest
from agent.guided.wording import whole


def change_conditions(stage: Stage, values: Values, current: dict[str, Any]) -> Script:
    """Add conditions to those that are there, replacing what they contradict."""
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
        if one.unit in TIMES:
            return Reply(
                f"A condition compares plain numbers. Say the number alone, in the unit that {one.subject} has."
            )
        pairs = [("gte", one.value), ("lte", one.upper)] if one.operator == "between" else [(one.operator, one.value)]
        found += [{"field": one.subject, "operator": operator, "value": whole(value or 0)} for operator, value in pairs]
    found += [_condition(test) for test in values.tests]
    if not flip:
        return found
    if any(one["operator"] not in FLIPPED for one in found) or len(found) > 1:
        return Reply(
            "Conditions say what has to hold, and I cannot turn that one around. "
            "Say it the other way, e.g. “only when properties.value is over 100”."
        )
    return [{**one, "operator": FLIPPED[one["operator"]]} for one in found]


def _condition(test: TextTest) -> dict[str, Any]:
    condition = {"field": test.field, "operator": test.operator}
    return condition if test.operator == "exists" else {**condition, "value": test.value}


_SIDES = {"gt": "low", "gte": "low", "lt": "high", "lte": "high"}


def _replaces(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Tell whether a new condition takes the place of an old one: same field, same side."""
    sides = [_SIDES.get(str(one.get("operator")), one.get("operator")) for one in (old, new)]
    return old.get("field") == new["field"] and bool(sides[0] == sides[1])
