"""What concerns a person."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.erasure import Erasure

ADA = Erasure(contact="ada@example.com")


@pytest.mark.parametrize(
    "payload",
    [
        {"participant_metadata": {"email": "ada@example.com"}},
        {"properties": {"fields": [{"value": "ada@example.com"}]}},
        "ada@example.com",
    ],
)
def test_a_contact_is_found_wherever_it_is_a_whole_value(payload: Any):
    assert ADA.concerns(payload)


@pytest.mark.parametrize(
    "payload",
    [{"a": "ada@example.com.au"}, {"a": "Ada@example.com"}, {"ada@example.com": 1}, {"a": "of ada@example.com"}, None],
)
def test_what_only_resembles_a_contact_is_not_theirs(payload: Any):
    assert not ADA.concerns(payload)


def test_a_number_is_a_person_only_where_its_name_says_so():
    person = Erasure(participant="42")
    for name in ("id", "user_id", "userId"):
        assert person.concerns({"x": {name: 42}})
    assert not person.concerns({"trust_score": 42, "seconds": [42]})
    assert not Erasure(participant="True").concerns({"user_id": True})


def test_conversations_and_sessions_are_known_by_the_names_of_their_ids():
    assert Erasure(conversation_id="c1").concerns({"interview_id": "c1"})
    assert Erasure(session_id="s1").concerns({"context": {"session_id": "s1"}})
    assert not Erasure(conversation_id="c1").concerns({"session_id": "c1", "note": "c1"})


@given(st.text(min_size=1, max_size=40), st.booleans())
def test_what_concerns_a_person_has_a_needle_in_its_text(contact: str, ascii_only: bool):  # noqa: FBT001 - drawn
    try:
        contact.encode()
    except UnicodeEncodeError:
        return
    erasure = Erasure(contact=contact)
    text = json.dumps({"a": [contact]}, ensure_ascii=ascii_only, separators=(",", ":"))
    assert erasure.concerns(json.loads(text))
    assert any(needle in text for needle in erasure.needles())
