"""The diagnosis, from facts alone. Real faults are led to their causes in tests/webhooks/test_faults.py."""

from dataclasses import replace

import pytest

from rules.diagnosis import diagnose
from rules.filters import FilterSet
from rules.outcomes import Cause
from rules.probe_report import ProbeReport, Stage
from tests.rules.diagnosing import NOW, OK, REACHED, attempt, changes_of, events, fault, texts, webhook

CAUSES_OF_ENDPOINTS = sorted(
    set(Cause)
    - {
        Cause.DISABLED,
        Cause.EVENT_NOT_SELECTED,
        Cause.EMPTY_EXCLUDE,
        Cause.FILTERS_NEVER_MATCH,
        Cause.NO_EVENTS_YET,
        Cause.HEALTHY,
    }
)


def test_count_and_age_of_a_run_of_failures_are_evidence():
    attempts = [attempt(minutes, 401) for minutes in (2, 5, 9, 30)] + [attempt(60)]
    found = diagnose(webhook(), attempts, [], REACHED, now=NOW)
    assert found.cause is Cause.UNAUTHORIZED
    assert "The last 4 attempts failed with HTTP 401, the newest 2 minutes ago." in texts(found, "attempts")
    assert "An auth header is not set." in texts(found, "settings")
    assert {"action": "edit_endpoint"} in changes_of(found)
    assert {"action": "test"} in changes_of(found)
    assert changes_of(found)[-1] == {"action": "replay"}


def test_single_failure_reads_as_one():
    found = diagnose(webhook(), [attempt(125, 500)], [], None, now=NOW)
    assert texts(found, "attempts") == ["The last attempt failed with HTTP 500, 2 hours ago."]


def test_mixed_failures_are_counted_apart():
    attempts = [attempt(0, 500), attempt(1, 500), fault(2, Cause.RESPONSE_TIMEOUT)]
    found = diagnose(webhook(), attempts, [], None, now=NOW)
    told = "The last 3 attempts failed: 2 with HTTP 500, 1 with response timeout; the newest, just now, with HTTP 500."
    assert told in texts(found, "attempts")


def test_failure_without_its_attempts_is_still_told():
    facts = webhook(consecutive_failures=3, last_cause=Cause.SERVER_ERROR, last_error="HTTP 502")
    found = diagnose(facts, [], [], None, now=NOW)
    assert found.cause is Cause.SERVER_ERROR
    assert "3 attempts in a row failed: HTTP 502" in texts(found, "attempts")


def test_failing_test_of_an_unused_webhook_is_diagnosed():
    found = diagnose(webhook(), [attempt(1, 404, test=True, delivery_id=None)], [], None, now=NOW)
    assert found.cause is Cause.NOT_FOUND


def test_passing_test_after_failures_is_healthy_again():
    attempts = [attempt(1, 200, test=True, delivery_id=None), attempt(2, 401)]
    assert diagnose(webhook(), attempts, events(FilterSet(), 1), REACHED, now=NOW).cause is Cause.HEALTHY


@pytest.mark.parametrize("cause", CAUSES_OF_ENDPOINTS)
def test_every_failure_has_a_summary_and_ends_in_a_test(cause: Cause):
    found = diagnose(webhook(), [fault(1, cause)], [], None, now=NOW)
    assert found.cause is cause
    assert found.summary.endswith(".")
    assert "{" not in found.summary
    assert {"action": "test"} in changes_of(found)


def test_what_fails_now_outweighs_what_failed_before():
    stage = Stage(ok=False, ms=9, cause=Cause.CONNECTION_REFUSED, error="Nothing accepts connections at x:443.")
    found = diagnose(webhook(), [attempt(9, 401)], [], ProbeReport(dns=OK, tcp=stage), now=NOW)
    assert found.cause is Cause.CONNECTION_REFUSED
    assert "TCP: Nothing accepts connections at x:443. (9 ms)" in texts(found, "probe")
    assert "The last attempt failed with HTTP 401, 9 minutes ago." in texts(found, "attempts")


def test_status_of_the_probe_never_decides():
    http = Stage(ok=True, ms=4, detail={"method": "OPTIONS", "status": 405})
    found = diagnose(webhook(), [attempt(1)], events(FilterSet(), 1), replace(REACHED, http=http), now=NOW)
    assert found.cause is Cause.HEALTHY


def test_network_failure_that_is_over_is_said_to_be_over():
    found = diagnose(webhook(), [fault(60, Cause.DNS_FAILURE)], [], REACHED, now=NOW)
    assert found.cause is Cause.DNS_FAILURE
    assert "gets through now" in found.summary
    assert found.fixes[0].change == {"action": "test"}


def test_silent_endpoint_that_never_took_anything_is_named():
    http = Stage(ok=False, ms=500, cause=Cause.RESPONSE_TIMEOUT, error="No answer.")
    report = replace(REACHED, http=http)
    assert diagnose(webhook(), [], [], report, now=NOW).cause is Cause.RESPONSE_TIMEOUT
    assert diagnose(webhook(), [attempt(1)], [], report, now=NOW).cause is Cause.HEALTHY


def test_disabled_comes_first():
    found = diagnose(webhook(enabled=False), [attempt(1, 500)], [], None, now=NOW)
    assert found.cause is Cause.DISABLED
    assert found.fixes[0].change == {"patch": {"enabled": True}}
    assert "The last attempt failed with HTTP 500, 1 minute ago." in texts(found, "attempts")


def test_disabled_because_gone_says_gone():
    found = diagnose(webhook(enabled=False), [attempt(1, 410)], [], None, now=NOW)
    assert found.cause is Cause.GONE
    assert {"patch": {"enabled": True}} in changes_of(found)


def test_nothing_has_happened_yet():
    found = diagnose(webhook(), [], [], REACHED, now=NOW)
    assert found.cause is Cause.NO_EVENTS_YET
    assert found.fixes[0].change == {"action": "test"}
    before = diagnose(webhook(created_at=NOW), [], events(FilterSet(), 4)[1:], REACHED, now=NOW)
    assert before.cause is Cause.NO_EVENTS_YET
    assert texts(before, "events") == ["3 events happened before that."]


def test_healthy_tells_what_was_delivered():
    found = diagnose(webhook(), [attempt(3), attempt(5), attempt(8, 500)], events(FilterSet(), 3), REACHED, now=NOW)
    assert found.cause is Cause.HEALTHY
    assert found.fixes == ()
    assert texts(found, "attempts") == ["2 of the last 3 attempts delivered, the newest attempt 3 minutes ago."]
    assert found.as_dict()["probe"]["http"]["status"] == 204
