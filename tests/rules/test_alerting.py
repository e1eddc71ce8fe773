"""Properties of the decisions about alerts (E07)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.alerting import (
    Made,
    Topic,
    Verdict,
    has_gone_quiet,
    interval,
    judge_backlog,
    judge_rate,
    judge_types,
    worst_first,
)

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LATE_AFTER = timedelta(minutes=5)
NO_PAST = (0, 0)
GOOD_PAST = (990, 1000)

Entry = tuple[str, bool, int]

outcomes = st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.booleans(), st.integers(0, 7_200)), max_size=120)


def made(*delivered: bool, event_type: str = "purchase", apart: float = 1.0) -> list[Made]:
    """Attempts, newest first, so many seconds apart."""
    return [
        Made(event_type, ok, None if ok else "server_error", NOW - timedelta(seconds=index * apart))
        for index, ok in enumerate(delivered)
    ]


def drawn(entries: list[Entry]) -> list[Made]:
    ordered = sorted(entries, key=lambda entry: entry[2])
    return [Made(name, ok, None if ok else "dns_failure", NOW - timedelta(seconds=ago)) for name, ok, ago in ordered]


@given(delivered=st.integers(0, 1000), more=st.integers(0, 1000))
def test_an_interval_holds_the_share_and_lies_between_0_and_1(delivered: int, more: int):
    low, high = interval(delivered, delivered + more)
    share = delivered / (delivered + more) if delivered + more else 0.5
    assert 0 <= low <= share + 1e-9
    assert share - 1e-9 <= high <= 1


@given(times=st.integers(2, 50), delivered=st.integers(0, 20), failed=st.integers(0, 20))
def test_more_of_the_same_makes_an_interval_narrower(times: int, delivered: int, failed: int):
    attempts = delivered + failed
    if attempts:
        low, high = interval(delivered, attempts)
        closer = interval(delivered * times, attempts * times)
        assert closer[1] - closer[0] < high - low


@given(count=st.integers(0, 9), is_open=st.booleans())
def test_few_attempts_are_no_alarm_even_if_all_failed(count: int, *, is_open: bool):
    assert judge_rate(made(*[False] * count), NO_PAST, NOW, is_open=is_open).verdict is Verdict.KEEP


def test_one_of_two_is_no_alarm():
    assert judge_rate(made(*[False, True]), GOOD_PAST, NOW, is_open=False).verdict is Verdict.KEEP


@pytest.mark.parametrize("count", [10, 11, 50])
def test_ten_failures_of_ten_are_an_alarm(count: int):
    judged = judge_rate(made(*[False] * count), NO_PAST, NOW, is_open=False)
    assert (judged.verdict, judged.success_rate, judged.cause) == (Verdict.OPEN, 0.0, "server_error")


def test_a_rate_that_was_never_better_has_not_dropped():
    half = made(*[True, False] * 40)
    assert judge_rate(half, (500, 1000), NOW, is_open=False).verdict is Verdict.KEEP
    assert judge_rate(half, GOOD_PAST, NOW, is_open=False).verdict is Verdict.OPEN
    assert judge_rate(half, (500, 1000), NOW, is_open=True).verdict is Verdict.OPEN, "an open alert stays open"


def test_old_failures_do_not_count_when_enough_was_delivered_since():
    newest = made(*[True] * 30)
    old = [one._replace(delivered=False, cause="gone", at=NOW - timedelta(hours=2)) for one in made(*[False] * 200)]
    assert judge_rate([*newest, *old], GOOD_PAST, NOW, is_open=True).verdict is Verdict.CLOSE


def test_a_quiet_endpoint_is_well_after_five_deliveries_and_a_quarter_of_an_hour():
    failed = [one._replace(at=NOW - timedelta(minutes=16)) for one in made(*[False] * 6)]
    assert judge_rate([*made(*[True] * 5), *failed], GOOD_PAST, NOW, is_open=True).verdict is Verdict.CLOSE
    just_now = [one._replace(at=NOW - timedelta(minutes=14)) for one in failed]
    assert judge_rate([*made(*[True] * 5), *just_now], GOOD_PAST, NOW, is_open=True).verdict is Verdict.OPEN


@given(entries=outcomes, past=st.sampled_from([NO_PAST, GOOD_PAST, (1, 1000)]))
def test_what_opens_an_alert_never_closes_it(entries: list[Entry], past: tuple[int, int]):
    judged = drawn(entries)
    verdicts = {judge_rate(judged, past, NOW, is_open=flag).verdict for flag in (True, False)}
    assert not {Verdict.OPEN, Verdict.CLOSE} <= verdicts


@given(entries=outcomes)
def test_one_more_delivery_never_raises_an_alarm(entries: list[Entry]):
    before = drawn(entries)
    after = [*made(*[True]), *before]
    if judge_rate(before, NO_PAST, NOW, is_open=False).verdict is Verdict.CLOSE:
        assert judge_rate(after, NO_PAST, NOW, is_open=False).verdict is not Verdict.OPEN


@given(entries=outcomes)
def test_a_type_fails_only_while_others_succeed(entries: list[Entry]):
    judged = drawn(entries)
    for name, verdict in judge_types(judged).items():
        if verdict.verdict is Verdict.OPEN:
            mine = [one.delivered for one in judged if one.event_type == name]
            others = [one.delivered for one in judged if one.event_type != name]
            assert len(mine) >= 5
            assert sum(mine) / len(mine) < 0.5 < sum(others) / len(others)


def test_a_type_that_keeps_failing_while_others_succeed_is_told():
    mixed = made(*[True] * 20, event_type="purchase") + made(*[False] * 5, event_type="refund")
    found = judge_types(mixed)
    assert (found["refund"].verdict, found["refund"].attempts) == (Verdict.OPEN, 5)
    assert found["purchase"].verdict is Verdict.CLOSE
    assert judge_types(made(*[False] * 50))["purchase"].verdict is Verdict.KEEP, "all fail: it is not the type"
    assert judge_types(mixed[:-1])["refund"].verdict is Verdict.KEEP, "four are too few"


def test_a_type_is_well_when_its_last_three_were_delivered():
    failed = made(*[False] * 30, event_type="refund")
    good = made(*[True] * 3, event_type="refund")
    assert judge_types([*good, *failed])["refund"].verdict is Verdict.CLOSE
    assert judge_types([*good[:2], *failed])["refund"].verdict is Verdict.KEEP


@given(seconds=st.integers(0, 3_600), later=st.integers(0, 3_600))
def test_lateness_is_monotonic(seconds: int, later: int):
    order = [Verdict.CLOSE, Verdict.KEEP, Verdict.OPEN]
    first, second = (
        order.index(judge_backlog(NOW - timedelta(seconds=waited), NOW, LATE_AFTER))
        for waited in (seconds, seconds + later)
    )
    assert first <= second


def test_nothing_due_is_on_time():
    assert judge_backlog(None, NOW, LATE_AFTER) is Verdict.CLOSE
    assert judge_backlog(NOW - LATE_AFTER, NOW, LATE_AFTER) is Verdict.KEEP
    assert judge_backlog(NOW - LATE_AFTER - timedelta(seconds=1), NOW, LATE_AFTER) is Verdict.OPEN


def test_a_day_without_a_word_is_quiet():
    assert has_gone_quiet(NOW - timedelta(hours=24), NOW)
    assert not has_gone_quiet(NOW - timedelta(hours=23), NOW)


def test_topics_stand_in_order_and_unknown_ones_come_last():
    assert sorted(["endpoint.recovered", "x", "endpoint.disabled"], key=worst_first) == [
        "endpoint.disabled",
        "endpoint.recovered",
        "x",
    ]
    assert len(set(map(worst_first, Topic))) == len(Topic)
