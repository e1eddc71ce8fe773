from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from rules.errors import InvalidInput
from rules.events import (
    CONVERSATION_KINDS,
    KINDS,
    EventType,
    check_event_type,
    check_kind,
    conversation_payload,
    default_events,
    default_profile,
    event_types,
    near_event_types,
    sample_event,
)

COMMON = (
    "page_view track identify form_submission button_click purchase add_to_cart checkout_started user_signup user_login"
)
INTERVIEW = ("interview.completed", "interview.partial", "interview.abandoned")


def names(kind: str | None) -> list[str]:
    return [event.name for event in event_types(kind)]


def validate(event: EventType, payload: object) -> None:
    Draft202012Validator(event.schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(payload)


@pytest.mark.parametrize("event", event_types(), ids=lambda event: event.name)
def test_each_example_is_valid_by_its_own_schema(event: EventType):
    Draft202012Validator.check_schema(event.schema)
    validate(event, event.example)
    assert check_event_type(event.name) == event.name
    assert event.description.endswith(".")


@pytest.mark.parametrize("event", event_types(), ids=lambda event: event.name)
def test_each_schema_can_refuse(event: EventType):
    assert not Draft202012Validator(event.schema).is_valid({})


@pytest.mark.parametrize("kind", CONVERSATION_KINDS)
def test_conversations_raise_three_events_that_are_on_by_default(kind: str):
    assert tuple(names(kind)) == default_events(kind) == INTERVIEW
    assert default_profile(kind) == "perspective"


def test_the_other_kinds_have_their_own_events_and_send_all_of_them():
    assert names("event_stream") == COMMON.split()
    assert names("funnel") == ["new_lead", "funnel_completed"]
    assert len(names("contact_center")) == 12
    assert {default_events(kind) for kind in ("event_stream", "funnel", "contact_center", None)} == {()}


def test_each_kind_has_a_profile():
    assert [default_profile(kind) for kind in ("funnel", "event_stream", "contact_center", None)] == [
        "funnel",
        "perspection",
        "standard",
        "standard",
    ]


@given(st.from_regex(r"[A-Za-z0-9_.:/-]{1,128}", fullmatch=True))
def test_any_custom_name_of_the_permitted_characters_is_accepted(name: str):
    assert check_event_type(name) == name


@pytest.mark.parametrize("name", ["", "a b", "a" * 129, "a\n", "naïve", "a,b"])
def test_other_names_are_refused(name: str):
    with pytest.raises(InvalidInput, match="1 to 128 letters"):
        check_event_type(name)


def test_an_unknown_kind_is_refused_with_the_near_match():
    assert [check_kind(kind) for kind in KINDS] == list(KINDS)
    with pytest.raises(InvalidInput, match="Did you mean `interviewer`"):
        check_kind("interview")


def test_misspelt_event_types_have_near_matches():
    assert near_event_types("purchse", "event_stream") == ["purchase"]
    assert near_event_types("interview.complete", "advocate")[0] == "interview.completed"
    assert near_event_types("purchase") == []


@pytest.mark.parametrize("kind", [*KINDS, None])
@pytest.mark.parametrize("name", ["interview.completed", "purchase", "call.failed", "new_lead", "our.own:event"])
def test_there_is_a_sample_of_everything_and_it_is_a_fresh_one(name: str, kind: str | None):
    sample = sample_event(name, kind)
    sample.clear()
    assert sample_event(name, kind)


def test_a_sample_of_a_custom_type_names_it():
    assert sample_event("our_event", "event_stream")["event_name"] == "our_event"
    assert sample_event("our_event", "interviewer")["event"] == "our_event"
    assert sample_event("our_event", "contact_center")["event"] == "our_event"


@given(
    status=st.sampled_from(["completed", "partial", "abandoned"]),
    trust_score=st.none() | st.floats(0, 100),
    tags=st.lists(st.text(max_size=5)),
    timestamp=st.integers(0, 4_102_444_800_000).map(lambda ms: datetime.fromtimestamp(ms / 1000, UTC)),
)
def test_a_conversation_payload_is_valid_by_the_schema_of_its_event(
    status: str, trust_score: float | None, tags: list[str], timestamp: datetime
):
    payload = conversation_payload(
        status=status,  # type: ignore[arg-type]
        research_id="psp_1",
        interview_id="int_1",
        timestamp=timestamp,
        tags=tags,
        trust_score=trust_score,
    )
    event = next(event for event in event_types() if event.name == payload["event"])
    validate(event, payload)
    assert list(payload) == list(event.schema["properties"])


def test_the_time_is_written_in_utc():
    east = datetime(2026, 5, 8, 11, 30, tzinfo=timezone(timedelta(hours=2)))
    payload = conversation_payload(status="completed", research_id="p", interview_id="i", timestamp=east)
    assert payload["timestamp"] == "2026-05-08T09:30:00.000Z"
