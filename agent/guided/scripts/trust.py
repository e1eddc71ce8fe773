"""Trust filters: a minimum, a maximum or both, inclusive (A07)."""

from dataclasses import replace
from typing import Any

from agent.guided.reading import Values
from agent.guided.replies import changed
from agent.guided.script import Reply, Script, ask
from agent.guided.scripts.stage import Stage
from agent.guided.slots.comparisons import FLIPPED, TIMES, Comparison
from agent.guided.wording import number, whole

_TOP = 100


def unclear_trust(stage: Stage, values: Values) -> Reply | None:
    """Ask when a trust filter cannot be what was said."""
    for one in values.about("trust"):
        if one.unit in TIMES:
            return ask("A trust score has no unit of time. Say a number from 0 to 100.")
        for bound in (one.value, one.upper):
            asked = _unclear_bound(stage, bound)
            if asked:
                return asked
        if one.operator == "ne" or (stage.reading.mode == "skip" and one.operator in {"eq", "between"}):
            return ask(
                "A trust filter has a minimum, a maximum or both; it cannot leave out the middle. Which bound is it?",
                f"Only send trust at least {number(one.value)} to {stage.label}",
                f"Only send trust at most {number(one.value)} to {stage.label}",
            )
    return None


def _unclear_bound(stage: Stage, bound: float | None) -> Reply | None:
    if bound is None:
        return None
    if 0 < bound <= 1 and not bound.is_integer():
        percent = number(round(bound * _TOP, 2))
        return ask(
            f"Trust scores go from 0 to 100. Do you mean {percent}?",
            f"Only send trust at least {percent} to {stage.label}",
        )
    if 0 <= bound <= _TOP:
        return None
    return ask(
        f"Trust scores go from 0 to 100, so {number(bound)} cannot be a bound. Which one do you mean?",
        template=f"Only send trust at least {{}} to {stage.label}",
        expects="number",
    )


def trust_bounds(one: Comparison, mode: str, current: dict[str, Any]) -> tuple[float | None, float | None, str]:
    """Work out the new minimum and maximum, and what has to be said about an exclusive comparison."""
    if mode == "skip":
        one = replace(one, operator=FLIPPED[one.operator])
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


def change_trust(stage: Stage, values: Values, current: dict[str, Any]) -> Script:
    """Set the bounds; one that is not spoken of stays."""
    bounds = dict(current.get("trust_score") or {})
    notes: list[str] = []
    for one in values.about("trust"):
        low, high, note = trust_bounds(one, stage.reading.mode, bounds)
        bounds = {"min": low, "max": high}
        notes.append(note)
    arguments = {side: whole(bound) for side, bound in bounds.items() if bound is not None}
    result = yield from stage.call("set_trust_filter", webhook_id=stage.target, **arguments)
    return changed(result, note=" ".join(note for note in notes if note))
