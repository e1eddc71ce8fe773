"""Filters that let nothing pass, as the diagnosis tells them, and when it does not blame them."""

from dataclasses import replace
from datetime import timedelta

from rules.diagnosis import diagnose
from rules.filters import FilterSet
from rules.outcomes import Cause
from tests.rules.diagnosing import NOW, REACHED, attempt, changes_of, events, texts, webhook


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
