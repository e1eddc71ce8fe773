"""Event types, their names, defaults and sample payloads, by kind of perspective (A01, A04, B03, D01, E01)."""

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import datetime
from typing import Any, Final, Literal

from rules.errors import InvalidInput
from rules.event_catalogue import CONVERSATION_KINDS, EVENT_TYPES, KINDS, EventType, stream_example
from rules.tags import Tag, check_tags, did_you_mean, near_matches, tags_for
from rules.times import rfc3339

__all__ = [
    "CONVERSATION_KINDS",
    "KINDS",
    "EventType",
    "Tag",
    "check_event_type",
    "check_kind",
    "check_tags",
    "conversation_payload",
    "default_events",
    "default_profile",
    "event_types",
    "near_event_types",
    "near_matches",
    "sample_event",
    "tags_for",
]

Status = Literal["completed", "partial", "abandoned"]

_NAME: Final = re.compile(r"[A-Za-z0-9_.:\-/]{1,128}")
_SHOWN: Final = 140
_PROFILES: Final = {"funnel": "funnel", "event_stream": "perspection", "contact_center": "standard"}
_STATUSES: Final = {"completed": "COMPLETE", "partial": "PARTIAL", "abandoned": "ABANDONED"}


def event_types(kind: str | None = None) -> tuple[EventType, ...]:
    """Return the event types that a kind of perspective raises; all of them when `kind` is None."""
    if kind is None:
        return tuple(EVENT_TYPES.values())
    family = "conversation" if kind in CONVERSATION_KINDS else kind
    return tuple(event for event in EVENT_TYPES.values() if event.kind == family)


def default_profile(kind: str | None) -> str:
    """Return the delivery profile of a new webhook on a kind of perspective, or on none."""
    return "perspective" if kind in CONVERSATION_KINDS else _PROFILES.get(kind or "", "standard")


def default_events(kind: str | None) -> tuple[str, ...]:
    """Return the event types that are on for a new webhook (A01); none listed means that all are sent (B02)."""
    return tuple(event.name for event in event_types(kind)) if kind in CONVERSATION_KINDS else ()


def check_kind(kind: str, *, field: str = "kind") -> str:
    """Return a kind of perspective, or refuse an unknown one with the near matches."""
    if kind in KINDS:
        return kind
    hint = did_you_mean(kind, KINDS) or f"The kinds are {', '.join(KINDS)}."
    raise InvalidInput.of(field, f"There is no kind `{kind[:_SHOWN]}`. {hint}")


def check_event_type(name: str, *, field: str = "type") -> str:
    """Return the name of an event type; any custom name of 1 to 128 letters, digits and `_ . : - /` is fine (B03).

    Raises:
        InvalidInput: The name is empty, too long, or has other characters.

    """
    if _NAME.fullmatch(name):
        return name
    rule = "1 to 128 letters, digits and the marks _ . : - /"
    raise InvalidInput.of(field, f"The event type {name[:_SHOWN]!r} is not valid: use {rule}.")


def near_event_types(name: str, kind: str | None = None) -> list[str]:
    """Return known event types that look like a misspelt name; empty when the name is known."""
    names = [event.name for event in event_types(kind)]
    return [] if name in names else near_matches(name, names)


def sample_event(event_type: str, kind: str | None = None) -> dict[str, Any]:
    """Return a sample payload of an event type, for tests and previews; custom types get their family's shape.

    Args:
        event_type: A known or custom event type.
        kind: The kind of perspective; a conversation's sample carries tags that exist for it.

    """
    known = EVENT_TYPES.get(event_type)
    if known is None:
        return _custom_sample(event_type, kind)
    sample = deepcopy(dict(known.example))
    if kind in CONVERSATION_KINDS and sample.get("tags"):
        sample["tags"] = [tag.name for tag in tags_for(kind)[: len(sample["tags"])]]
    return sample


def _custom_sample(event_type: str, kind: str | None) -> dict[str, Any]:
    if kind in CONVERSATION_KINDS:
        return sample_event("interview.completed", kind) | {"event": event_type}
    if kind == "contact_center":
        return sample_event("call.completed") | {"event": event_type}
    if kind == "funnel":
        return sample_event("new_lead")
    return stream_example(event_type, {"value": 100, "currency": "USD"})


def conversation_payload(
    *,
    status: Status,
    research_id: str,
    interview_id: str,
    timestamp: datetime,
    tags: Sequence[str] = (),
    trust_score: float | None = None,
    summary: str | None = None,
    structured_output: Mapping[str, Any] | None = None,
    participant_metadata: Mapping[str, Any] | None = None,
    returned_after_partial_conversation: bool = False,
    test: bool = False,
) -> dict[str, Any]:
    """Build the body that a conversation's end sends (A04).

    Args:
        status: The state that the conversation reached.
        research_id: The perspective.
        interview_id: The conversation.
        timestamp: When it ended; aware.
        tags: The tags assigned to it.
        trust_score: 0 to 100; None when there is none.
        summary: A text about it, if there is one.
        structured_output: What was extracted from it, if anything.
        participant_metadata: What is known of the participant.
        returned_after_partial_conversation: Whether the participant came back after leaving.
        test: Whether this is a test delivery (A09).

    """
    return {
        "event": f"interview.{status}",
        "status": _STATUSES[status],
        "returned_after_partial_conversation": returned_after_partial_conversation,
        "test": test,
        "timestamp": rfc3339(timestamp),
        "research_id": research_id,
        "interview_id": interview_id,
        "participant_metadata": dict(participant_metadata or {}),
        "structured_output": None if structured_output is None else dict(structured_output),
        "tags": list(tags),
        "trust_score": trust_score,
        "summary": summary,
    }
