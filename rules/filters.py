"""Which events a webhook takes (B02, B04, A07), and a full sentence for every reason why or why not (B10)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

from rules.conditions import Condition, ConditionResult, check, holds, shown
from rules.filter_set import EventFilter, FilterSet, TagFilter, TrustFilter
from rules.javascript import to_number
from rules.widening import widening

__all__ = [
    "Condition",
    "ConditionResult",
    "EventFilter",
    "FilterReport",
    "FilterSet",
    "TagFilter",
    "TrustFilter",
    "Verdict",
    "explain",
    "matches",
    "widening",
]

_LISTED: Final = 12


@dataclass(frozen=True, slots=True)
class Verdict:
    """One filter's answer and the sentence that says why."""

    passed: bool
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """Return the API's shape."""
        return {"passed": self.passed, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class FilterReport:
    """What every filter said. `conditions` is empty when the event filter rejected: they were not evaluated (B02)."""

    matched: bool
    event_filter: Verdict
    conditions: tuple[ConditionResult, ...]
    tag_filter: Verdict | None
    trust_score: Verdict | None

    def as_dict(self) -> dict[str, Any]:
        """Return the shape of `POST /v1/webhooks/{id}/test` with mode `filters`."""
        return {
            "matched": self.matched,
            "event_filter": self.event_filter.as_dict(),
            "conditions": [result.as_dict() for result in self.conditions],
            "tag_filter": self.tag_filter.as_dict() if self.tag_filter else None,
            "trust_score": self.trust_score.as_dict() if self.trust_score else None,
        }

    def failures(self) -> list[str]:
        """Return the reason of each filter that rejected the event, in the order of evaluation."""
        verdicts = (self.event_filter, *self.conditions, self.tag_filter, self.trust_score)
        return [verdict.reason for verdict in verdicts if verdict is not None and not verdict.passed]


def matches(filters: FilterSet, event_type: str, payload: Mapping[str, Any]) -> bool:
    """Say whether a webhook takes an event: the fast path of `explain`, with the same answer."""
    events = filters.event_filter
    if events.mode == "include":
        if events.names and event_type not in events.names:
            return False
    elif not events.names or event_type in events.names:
        return False
    for condition in filters.conditions:
        if not holds(condition, payload):
            return False
    if filters.tag_filter is not None and not _tags_pass(filters.tag_filter, _tags_of(payload)):
        return False
    return filters.trust_score is None or _trust_passes(filters.trust_score, payload.get("trust_score"))


def explain(filters: FilterSet, event_type: str, payload: Mapping[str, Any]) -> FilterReport:
    """Run an event through every filter and say of each what it found and why it passed or not (B10).

    Args:
        filters: The webhook's filters.
        event_type: The event's name, such as `interview.completed`.
        payload: The event's body; `tags` and `trust_score` are read from its top level.

    """
    event = _event_verdict(filters.event_filter, event_type)
    conditions = tuple(check(condition, payload) for condition in filters.conditions) if event.passed else ()
    tags = _tag_verdict(filters.tag_filter, payload) if filters.tag_filter else None
    trust = _trust_verdict(filters.trust_score, payload.get("trust_score")) if filters.trust_score else None
    verdicts = (event, *conditions, tags, trust)
    return FilterReport(all(verdict is None or verdict.passed for verdict in verdicts), event, conditions, tags, trust)


def _event_verdict(events: EventFilter, event_type: str) -> Verdict:
    listed, name = event_type in events.names, f"`{event_type}`"
    if events.mode == "include":
        if not events.names:
            return Verdict(passed=True, reason=f"No event types are selected, so every type is sent, {name} too.")
        if listed:
            return Verdict(passed=True, reason=f"The event type {name} is one of the selected types.")
        return Verdict(passed=False, reason=f"The event type {name} is not among the selected {_names(events.events)}.")
    if not events.names:
        reason = f"The filter excludes but lists no event types; an empty exclude list sends nothing, not even {name}."
        return Verdict(passed=False, reason=reason)
    if listed:
        return Verdict(passed=False, reason=f"The event type {name} is excluded.")
    return Verdict(passed=True, reason=f"The event type {name} is not among the excluded {_names(events.events)}.")


def _tags_of(payload: Mapping[str, Any]) -> list[Any]:
    tags = payload.get("tags")
    return tags if isinstance(tags, list) else []


def _tags_pass(wanted: TagFilter, carried: list[Any]) -> bool:
    if wanted.match == "all":
        return all(tag in carried for tag in wanted.tags)
    return not wanted.tags or any(tag in carried for tag in wanted.tags)


def _tag_verdict(wanted: TagFilter, payload: Mapping[str, Any]) -> Verdict:
    carried = _tags_of(payload)
    passed = _tags_pass(wanted, carried)
    found = [tag for tag in wanted.tags if tag in carried]
    carries = f"The conversation carries {_names([str(tag) for tag in carried])}" if carried else ""
    if passed:
        return Verdict(passed=True, reason=f"{carries or 'The conversation carries no tags'}{_found(wanted, found)}.")
    if not carried:
        needed = _needed(wanted)
        return Verdict(passed=False, reason=f"The conversation carries no tags; the filter needs {needed}.")
    lacking = [tag for tag in wanted.tags if tag not in carried]
    if wanted.match == "all" and len(wanted.tags) > 1:
        verb = "is" if len(lacking) == 1 else "are"
        return Verdict(passed=False, reason=f"{carries}; {_names(lacking)} {verb} missing, and all are needed.")
    if len(wanted.tags) == 1:
        return Verdict(passed=False, reason=f"{carries}; {_names(wanted.tags)} is not among them.")
    return Verdict(passed=False, reason=f"{carries}; none of {_names(wanted.tags)} is among them.")


def _found(wanted: TagFilter, found: list[str]) -> str:
    if not wanted.tags:
        return ", and the filter names none"
    if wanted.match == "all" and len(wanted.tags) > 1:
        return f", and so all of {_names(wanted.tags)}"
    return f"; {_names(found)} {'is' if len(found) == 1 else 'are'} asked for"


def _needed(wanted: TagFilter) -> str:
    if len(wanted.tags) == 1:
        return _names(wanted.tags)
    return f"{'all' if wanted.match == 'all' else 'at least one'} of {_names(wanted.tags)}"


def _names(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _LISTED} more" if len(listed) > _LISTED else ""
    return ", ".join(f"`{name}`" for name in listed[:_LISTED]) + more


def _trust_passes(bounds: TrustFilter, score: Any) -> bool:
    if not _is_score(score):
        return False
    return (bounds.min is None or score >= bounds.min) and (bounds.max is None or score <= bounds.max)


def _is_score(score: Any) -> bool:
    # A whole number may be too large for `isfinite`; to JavaScript it is infinite.
    return isinstance(score, int | float) and not isinstance(score, bool) and isfinite(to_number(score))


def _trust_verdict(bounds: TrustFilter, score: Any) -> Verdict:
    passed = _trust_passes(bounds, score)
    return Verdict(passed=passed, reason=_trust_reason(bounds, score, passed=passed))


def _trust_reason(bounds: TrustFilter, score: Any, *, passed: bool) -> str:
    if score is None:
        return "There is no trust score, and a webhook with a trust filter only takes conversations that have one."
    if not _is_score(score):
        return f"The trust score is {shown(score)}, which is not a number, so the trust filter cannot pass."
    if passed:
        return f"The trust score is {shown(score)}, {_within(bounds)}."
    if bounds.min is not None and score < bounds.min:
        return f"The trust score is {shown(score)}, below the minimum of {shown(bounds.min)}."
    return f"The trust score is {shown(score)}, above the maximum of {shown(bounds.max)}."


def _within(bounds: TrustFilter) -> str:
    if bounds.min is not None and bounds.max is not None:
        return f"between the minimum of {shown(bounds.min)} and the maximum of {shown(bounds.max)}"
    if bounds.min is not None:
        return f"at or above the minimum of {shown(bounds.min)}"
    return "and any score passes" if bounds.max is None else f"at or below the maximum of {shown(bounds.max)}"
