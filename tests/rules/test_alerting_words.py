"""What alerts say, and what of others' words is in it (E07)."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.alerting import Topic
from rules.alerting_words import console_link, one_line, payload, sample_alert, sentence

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)


def alert(topic: str = Topic.RATE, **more: Any) -> dict[str, Any]:
    details = {"webhook_name": "CRM sync", "success_rate": 12.5, "attempts": 40}
    base = {"id": "alr_1", "topic": topic, "webhook_id": "wh_1", "cause": "server_error", "details": details}
    return {**base, "opened_at": AT, "closed_at": None, **more}


@given(text=st.text(), most=st.integers(2, 50))
def test_one_line_is_printable_and_short(text: str, most: int):
    line = one_line(text, most)
    assert len(line) <= most
    assert line.isprintable()


@pytest.mark.parametrize("topic", list(Topic))
@given(text=st.text(max_size=80))
def test_a_sentence_is_one_line_whatever_the_names(topic: Topic, text: str):
    details = {"webhook_name": text, "event_type": text, "last_error": text}
    for closed_at in (None, AT):
        assert sentence(alert(topic, details=details, cause=text, closed_at=closed_at)).isprintable()


def test_braces_in_a_name_are_text():
    assert "“{why}{name}”" in sentence(alert(details={"webhook_name": "{why}{name}", "attempts": 1}))


def test_sentences_name_the_number_and_the_cause():
    assert sentence(alert()) == "“CRM sync” delivers only 12.5 % of its last 40 attempts (server_error)."
    late = alert(Topic.LATE, cause="no_worker", details={"webhook_name": "CRM sync", "late_minutes": 7})
    assert sentence(late).startswith("Deliveries are 7 minutes late, the longest to “CRM sync”. No worker is running.")


def test_a_payload_leads_to_fix_it():
    told = payload(alert(), workspace={"id": "ws_1", "name": "One", "secret": "no"}, base="https://hooks.example")
    assert told["fix_url"] == "https://hooks.example/#fix=wh_1"
    assert (told["state"], told["webhook"]) == ("open", {"id": "wh_1", "name": "CRM sync"})
    assert told["workspace"] == {"id": "ws_1", "name": "One"}
    assert (told["opened_at"], told["closed_at"]) == ("2026-05-01T12:00:00.000Z", None)


def test_a_link_cannot_be_broken_out_of():
    assert console_link("https://hooks.example", 'wh"><script>&x=#') == (
        "https://hooks.example/#fix=wh%22%3E%3Cscript%3E%26x%3D%23"
    )
    assert console_link("https://hooks.example", None) == "https://hooks.example/"


@pytest.mark.parametrize("topic", list(Topic))
def test_there_is_a_sample_of_every_topic(topic: Topic):
    assert sample_alert(topic)["topic"] == topic
