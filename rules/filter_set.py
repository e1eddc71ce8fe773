"""The filters of one webhook as data: event filter (B02), conditions (B04), tags and trust score (A07)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rules.conditions import Condition


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which event types pass. `include` with no events passes all; `exclude` with no events passes none (B02)."""

    mode: str = "include"
    events: tuple[str, ...] = ()
    names: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", frozenset(self.events))

    def as_dict(self) -> dict[str, Any]:
        """Return the API's shape."""
        return {"mode": self.mode, "events": list(self.events)}


@dataclass(frozen=True, slots=True)
class TagFilter:
    """Which tags a conversation must carry: at least one (`any`) or every one (`all`) of `tags`."""

    match: str
    tags: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the API's shape."""
        return {"match": self.match, "tags": list(self.tags)}


@dataclass(frozen=True, slots=True)
class TrustFilter:
    """Which trust scores pass, both bounds inclusive; a conversation without a score never passes (A07)."""

    min: float | None = None
    max: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the API's shape."""
        return {"min": self.min, "max": self.max}


@dataclass(frozen=True, slots=True)
class FilterSet:
    """All filters of one webhook; every one must pass."""

    event_filter: EventFilter = EventFilter()
    conditions: tuple[Condition, ...] = ()
    tag_filter: TagFilter | None = None
    trust_score: TrustFilter | None = None

    @classmethod
    def of(
        cls,
        *,
        event_filter: Mapping[str, Any] | None = None,
        conditions: Iterable[Mapping[str, Any]] | None = None,
        tag_filter: Mapping[str, Any] | None = None,
        trust_score: Mapping[str, Any] | None = None,
    ) -> "FilterSet":
        """Build from the API's shapes, which are already checked; a tag or trust filter that says nothing is none."""
        events = event_filter or {}
        trust = TrustFilter(trust_score.get("min"), trust_score.get("max")) if trust_score else TrustFilter()
        tags = tuple(tag_filter["tags"]) if tag_filter else ()
        return cls(
            event_filter=EventFilter(events.get("mode", "include"), tuple(events.get("events", ()))),
            conditions=tuple(Condition(c["field"], c["operator"], c.get("value")) for c in conditions or ()),
            tag_filter=TagFilter(tag_filter.get("match", "any"), tags) if tag_filter and tags else None,
            trust_score=None if trust == TrustFilter() else trust,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the API's shapes by field."""
        return {
            "event_filter": self.event_filter.as_dict(),
            "conditions": [condition.as_dict() for condition in self.conditions],
            "tag_filter": self.tag_filter.as_dict() if self.tag_filter else None,
            "trust_score": self.trust_score.as_dict() if self.trust_score else None,
        }
