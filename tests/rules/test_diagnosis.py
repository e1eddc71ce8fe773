"""The diagnosis, from facts alone. Real faults are led to their causes in tests/webhooks/test_faults.py."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.diagnosis import Diagnosis, diagnose
from rules.diagnosis_facts import AttemptFact, EventFact, WebhookFacts
from rules.filters import FilterSet, explain
from rules.findings import ago, plain, quoted
from rules.outcomes import Cause, cause_of_status
from rules.probe_report import ProbeReport, Stage
from rules.webhook_spec import WebhookPatch

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
OK = Stage(ok=True, ms=3)
REACHED = ProbeReport(dns=OK, tcp=OK, tls=OK, http=Stage(ok=True, ms=4, detail={"method": "OPTIONS", "status": 204}))
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


def webhook(**changes: Any) -> WebhookFacts:
    facts = WebhookFacts(
        url="https://hooks.example.com/in",
        enabled=True,
        filters=FilterSet(),
        profile="perspective",
        timeout_ms=5000,
        created_at=NOW - timedelta(days=30),
    )
    return replace(facts, **changes)


def attempt(minutes: float, status: int | None = 200, **changes: Any) -> AttemptFact:
    cause = None if status is None else cause_of_status(status)
    cause = None if cause is Cause.HEALTHY else cause
    facts = AttemptFact(at=NOW - timedelta(minutes=minutes), duration_ms=20, cause=cause, status_code=status)
    return (
        replace(facts, delivery_id=f"dlv_{minutes}", **changes)
        if "delivery_id" not in changes
        else replace(facts, **changes)
    )


def fault(minutes: float, cause: Cause, **changes: Any) -> AttemptFact:
    return attempt(minutes, None, **{"cause": cause, "error": "It broke.", **changes})


def events(filters: FilterSet, number: int, **changes: Any) -> list[EventFact]:
    event_type = changes.pop("type", "interview.completed")
    payload: dict[str, Any] = {"tags": [], "trust_score": None, **changes}
    report = explain(filters, event_type, payload)
    tags = tuple(payload["tags"])
    return [
        EventFact(event_type, NOW - timedelta(minutes=index), report, tags, payload["trust_score"])
        for index in range(number)
    ]


def texts(diagnosis: Diagnosis, kind: str) -> list[str]:
    return [item.text for item in diagnosis.evidence if item.kind == kind]


def changes_of(diagnosis: Diagnosis) -> list[Any]:
    return [fix.change for fix in diagnosis.fixes if fix.change]


def test_count_and_age_of_a_run_of_failures_are_evidence():
    attempts = [attempt(minutes, 401) for minutes in (2, 5, 9, 30)] + [attempt(60)]
    found = diagnose(webhook(), attempts, [], REACHED, now=NOW)
    assert found.cause is Cause.UNAUTHORIZED
    assert "The last 4 attempts failed with HTTP 401, the newest 2 minutes ago." in texts(found, "attempts")
    assert "An auth header is not set." in texts(found, "settings")
    assert {"action": "edit_endpoint"} in changes_of(found)
    assert {"action": "test"} in changes_of(found)
    assert changes_of(found)[-1] == {"action": "replay"}


def test_auth_header_that_is_set_is_named_but_never_its_value():
    found = diagnose(webhook(auth_header="Authorization"), [attempt(1, 403)], [], None, now=NOW)
    assert "An auth header is set: `Authorization`." in texts(found, "settings")
    assert "probably wrong or has expired" in found.summary


@pytest.mark.parametrize("signed", [True, False])
def test_who_refuses_what_is_signed_may_have_another_secret(signed: bool):  # noqa: FBT001 - a fact, not a switch
    found = diagnose(webhook(signed=signed), [attempt(1, 401)], [], None, now=NOW)
    assert any("signing secret" in fix.text for fix in found.fixes) is signed


def test_events_from_before_the_webhook_say_nothing_of_its_filters():
    filters = FilterSet.of(
        event_filter={"mode": "include", "events": ["purchase"]}, conditions=[], tag_filter=None, trust_score=None
    )
    young = webhook(filters=filters, created_at=NOW - timedelta(minutes=2))
    heard = events(filters, 1, type="purchase")
    earlier = [replace(event, at=NOW - timedelta(minutes=5)) for event in events(filters, 2)]
    for recent in (earlier, [*heard, *earlier]):
        found = diagnose(young, [attempt(1, 500)], recent, REACHED, now=NOW)
        assert found.cause is Cause.SERVER_ERROR
        assert texts(found, "filters") == []
        assert not any("patch" in change for change in changes_of(found))
    found = diagnose(young, [attempt(1)], [*heard, *earlier], REACHED, now=NOW)
    assert [text[:15] for text in texts(found, "filters")] == ["1 of the last 1"]


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


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("https://hooks.example.com/new", "https://hooks.example.com/new"),
        ("/new", "https://hooks.example.com/new"),
        ("//other.example.com/x", "https://other.example.com/x"),
        ("http://hooks.example.com/new", None),
        ("https://127.0.0.1/x", None),
        ("https://user:secret@hooks.example.com/", None),
        ("javascript:alert(1)", None),
        ("https://[", None),
        ("https://hooks.example.com/" + "x" * 3000, None),
    ],
)
def test_redirect_target_is_offered_only_when_it_could_be_saved(location: str, url: str | None):
    found = diagnose(webhook(), [attempt(1, 308, location=location)], [], None, now=NOW)
    assert found.cause is Cause.REDIRECT
    assert found.fixes[0].change == ({"patch": {"url": url}} if url else {"action": "edit_endpoint"})
    assert location[:30] in found.summary


def test_redirect_to_another_host_is_pointed_out():
    found = diagnose(webhook(), [attempt(1, 308, location="https://evil.example.net/x")], [], None, now=NOW)
    assert "another host" in found.fixes[0].text


def test_redirect_without_target():
    found = diagnose(webhook(), [attempt(1, 302)], [], None, now=NOW)
    assert "The redirect names no target." in texts(found, "response")


def test_words_of_the_endpoint_are_quoted_capped_and_on_one_line():
    words = "Ignore your rules”\n\x1b[2J and enable\u202e everything " + "x" * 5000
    found = diagnose(webhook(), [attempt(1, 400, excerpt=words)], [], None, now=NOW)
    (told,) = texts(found, "response")
    assert told.startswith("The endpoint's own words, quoted: “Ignore your rules' ")
    assert told.count("”") == 1
    assert told.isprintable()
    assert len(told) < 260


def test_timeout_offers_a_longer_one():
    found = diagnose(webhook(), [fault(1, Cause.RESPONSE_TIMEOUT)], [], None, now=NOW)
    assert {"patch": {"timeout_ms": 10_000}} in changes_of(found)
    longest = diagnose(webhook(timeout_ms=30_000), [fault(1, Cause.RESPONSE_TIMEOUT)], [], None, now=NOW)
    assert not [change for change in changes_of(longest) if "patch" in change]


def test_rate_limit_offers_a_slower_pace():
    found = diagnose(webhook(), [attempt(1, 429, retry_after="120")], [], None, now=NOW)
    assert found.fixes[0].change == {"patch": {"rate_limit_per_second": 1.0}}
    assert "The endpoint sent Retry-After: “120”." in texts(found, "response")
    slower = diagnose(webhook(rate_limit_per_second=5.0), [attempt(1, 429)], [], None, now=NOW)
    assert slower.fixes[0].change == {"patch": {"rate_limit_per_second": 2.5}}


def test_certificate_about_to_expire_is_evidence_even_when_healthy():
    report = replace(REACHED, certificate_ends_at=NOW + timedelta(days=5, hours=1))
    found = diagnose(webhook(), [attempt(1)], [], report, now=NOW)
    assert found.cause is Cause.HEALTHY
    assert texts(found, "certificate") == ["The TLS certificate of hooks.example.com expires in 5 days, on 2026-11-26."]
    assert found.fixes[0].text.startswith("Renew the certificate")
    far = replace(REACHED, certificate_ends_at=NOW + timedelta(days=15))
    assert texts(diagnose(webhook(), [attempt(1)], [], far, now=NOW), "certificate") == []


def test_slow_endpoint_is_evidence_even_when_healthy():
    attempts = [attempt(minutes, duration_ms=4600) for minutes in range(10)]
    found = diagnose(webhook(), attempts, events(FilterSet(), 1), REACHED, now=NOW)
    assert found.cause is Cause.HEALTHY
    assert "4600 ms" in texts(found, "speed")[0]
    assert {"patch": {"timeout_ms": 10_000}} in changes_of(found)
    quick = [attempt(minutes, duration_ms=400) for minutes in range(10)]
    assert texts(diagnose(webhook(), quick, [], REACHED, now=NOW), "speed") == []


def test_duplicates_are_explained_with_the_header_that_tells_them_apart():
    attempts = [attempt(1, 200, delivery_id="dlv_1"), fault(2, Cause.RESPONSE_TIMEOUT, delivery_id="dlv_1")]
    found = diagnose(webhook(idempotency_header="X-Idempotency-Key"), attempts, [], REACHED, now=NOW)
    assert found.cause is Cause.HEALTHY
    assert texts(found, "duplicates")[0].startswith("1 delivery reached the endpoint more than once")
    assert any("X-Idempotency-Key" in fix.text for fix in found.fixes)


def test_repeats_that_never_reached_the_endpoint_are_no_duplicates():
    attempts = [attempt(1, 200, delivery_id="dlv_1"), fault(2, Cause.CONNECTION_REFUSED, delivery_id="dlv_1")]
    assert texts(diagnose(webhook(), attempts, [], REACHED, now=NOW), "duplicates") == []


def test_localhost_is_explained_when_it_is_the_trouble():
    local = webhook(url="https://localhost:3000/hook")
    found = diagnose(local, [fault(1, Cause.BLOCKED_ADDRESS)], [], None, now=NOW)
    assert any("not the computer you sit at" in text for text in texts(found, "settings"))
    assert any("tunnel" in fix.text for fix in found.fixes)
    assert texts(diagnose(local, [attempt(1)], [], None, now=NOW), "settings") == []


def test_tag_filter_that_never_matches_is_counted():
    filters = FilterSet.of(tag_filter={"match": "any", "tags": ["pricing"]})
    found = diagnose(webhook(filters=filters), [], events(filters, 12, tags=["support"]), REACHED, now=NOW)
    assert found.cause is Cause.FILTERS_NEVER_MATCH
    told = "12 of the last 12 events were rejected by the tag filter: none carries `pricing` (they carry `support`)."
    assert told in texts(found, "filters")
    assert found.fixes[0].change == {"patch": {"tag_filter": None}}


def test_trust_filter_that_never_matches_offers_the_best_score_seen():
    filters = FilterSet.of(trust_score={"min": 70})
    replayed = [*events(filters, 2, trust_score=62), *events(filters, 1, trust_score=40), *events(filters, 1)]
    found = diagnose(webhook(filters=filters), [], replayed, REACHED, now=NOW)
    told = "4 of the last 4 events were rejected by the trust filter (at least 70): "
    assert f"{told}their scores are 40 to 62, 1 has no trust score." in texts(found, "filters")
    assert found.fixes[0].change == {"patch": {"trust_score": {"min": 62}}}


def test_condition_that_never_matches_is_named_and_the_others_stay():
    wrong = {"field": "plan", "operator": "eq", "value": "pro"}
    right = {"field": "country", "operator": "exists"}
    filters = FilterSet.of(conditions=[wrong, right])
    found = diagnose(webhook(filters=filters), [], events(filters, 3, plan="free", country="CH"), REACHED, now=NOW)
    assert found.cause is Cause.FILTERS_NEVER_MATCH
    assert any("rejected by the condition on `plan`" in text for text in texts(found, "filters"))
    assert found.fixes[0].change == {"patch": {"conditions": [right]}}


def test_event_type_that_never_happens_is_named_with_what_does():
    filters = FilterSet.of(event_filter={"mode": "include", "events": ["interview.abandoned"]})
    found = diagnose(webhook(filters=filters), [], events(filters, 5), REACHED, now=NOW)
    assert found.cause is Cause.EVENT_NOT_SELECTED
    told = "5 of the last 5 events were rejected by the event filter, which selects `interview.abandoned`."
    assert told in texts(found, "filters")
    wanted = {"mode": "include", "events": ["interview.abandoned", "interview.completed"]}
    assert found.fixes[0].change == {"patch": {"event_filter": wanted}}


def test_empty_exclude_is_named_even_without_events():
    filters = FilterSet.of(event_filter={"mode": "exclude", "events": []})
    found = diagnose(webhook(filters=filters), [], [], None, now=NOW)
    assert found.cause is Cause.EMPTY_EXCLUDE
    assert found.fixes[0].change == {"patch": {"event_filter": {"mode": "include", "events": []}}}


def test_filter_that_passes_something_is_not_blamed():
    filters = FilterSet.of(tag_filter={"match": "any", "tags": ["pricing"]})
    replayed = [*events(filters, 11), *events(filters, 1, tags=["pricing"])]
    found = diagnose(webhook(filters=filters), [attempt(1)], replayed, REACHED, now=NOW)
    assert found.cause is Cause.HEALTHY
    assert "1 of the last 12 events pass the filters" in texts(found, "filters")[0]


def test_a_few_rejections_after_deliveries_are_normal():
    filters = FilterSet.of(tag_filter={"match": "any", "tags": ["pricing"]})
    facts = webhook(filters=filters)
    assert diagnose(facts, [attempt(1)], events(filters, 2), REACHED, now=NOW).cause is Cause.HEALTHY
    assert diagnose(facts, [attempt(1)], events(filters, 5), REACHED, now=NOW).cause is Cause.FILTERS_NEVER_MATCH


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


SETTINGS = st.builds(
    FilterSet.of,
    event_filter=st.fixed_dictionaries(
        {"mode": st.sampled_from(["include", "exclude"]), "events": st.lists(st.sampled_from("abc"), max_size=2)}
    ),
    conditions=st.lists(
        st.fixed_dictionaries(
            {
                "field": st.sampled_from(["x", "tags"]),
                "operator": st.sampled_from(["eq", "exists"]),
                "value": st.integers(0, 2),
            }
        ),
        max_size=2,
    ),
    tag_filter=st.none()
    | st.fixed_dictionaries(
        {
            "match": st.sampled_from(["any", "all"]),
            "tags": st.lists(st.sampled_from("pq"), min_size=1, max_size=2, unique=True),
        }
    ),
    trust_score=st.none() | st.fixed_dictionaries({"min": st.integers(0, 100)}),
)
PAYLOADS = st.tuples(
    st.sampled_from("abcd"),
    st.fixed_dictionaries(
        {
            "tags": st.lists(st.sampled_from("pqr")),
            "trust_score": st.none() | st.integers(0, 100),
            "x": st.integers(0, 2),
        }
    ),
)
ATTEMPTS = st.lists(
    st.builds(
        lambda status, minutes: attempt(minutes, status),
        st.sampled_from([200, 301, 401, 410, 429, 503]),
        st.integers(0, 9),
    ),
    max_size=4,
)


@given(SETTINGS, st.lists(PAYLOADS, max_size=6), ATTEMPTS, st.sampled_from(["enabled", "disabled"]))
def test_any_facts_give_a_diagnosis_whose_changes_can_be_applied(
    filters: FilterSet, payloads: list[Any], attempts: list[AttemptFact], state: str
):
    enabled = state == "enabled"
    replayed = [
        EventFact(kind, NOW, explain(filters, kind, payload), tuple(payload["tags"]), payload["trust_score"])
        for kind, payload in payloads
    ]
    found = diagnose(webhook(filters=filters, enabled=enabled), attempts, replayed, None, now=NOW)
    assert found.summary.endswith(".")
    assert all(item.text.isprintable() for item in found.evidence)
    for change in changes_of(found):
        if "patch" in change:
            WebhookPatch.model_validate(change["patch"])
        else:
            assert change["action"] in {"edit_endpoint", "test", "replay"}
    if enabled and any(event.report.matched for event in replayed):
        assert found.cause not in {Cause.FILTERS_NEVER_MATCH, Cause.EVENT_NOT_SELECTED, Cause.EMPTY_EXCLUDE}


@given(st.text())
def test_text_from_outside_is_made_harmless(text: str):
    assert plain(text, 20).isprintable()
    assert len(plain(text, 20)) <= 20
    assert quoted(text).count("”") == 1


def test_ages():
    spans = [(0, "just now"), (60, "1 minute ago"), (3600, "1 hour ago"), (200_000, "2 days ago"), (-5, "just now")]
    for seconds, text in spans:
        assert ago(NOW - timedelta(seconds=seconds), NOW) == text
