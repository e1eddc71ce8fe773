from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rules.auto_disable import Step, after_failure, disable_at, notice_at, reason_of, with_reason

SINCE = datetime(2026, 5, 8, tzinfo=UTC)
HOURS = st.none() | st.integers(1, 720)
INSTANT = timedelta(microseconds=1)


@given(HOURS)
def test_notice_comes_at_half_the_time_and_never_after_the_end(hours: int | None):
    notice, end = notice_at(SINCE, hours), disable_at(SINCE, hours)
    assert notice == SINCE + timedelta(hours=60 if hours is None else hours / 2)
    assert after_failure(SINCE, hours, notice - INSTANT) is Step.WAIT
    assert after_failure(SINCE, hours, notice) is Step.NOTICE
    if end is not None:
        assert notice < end == SINCE + timedelta(hours=hours or 0)
        assert after_failure(SINCE, hours, end - INSTANT) is Step.NOTICE
        assert after_failure(SINCE, hours, end) is Step.DISABLE


@given(st.timedeltas(min_value=timedelta(), max_value=timedelta(days=10_000)))
def test_without_a_time_nothing_is_ever_disabled(later: timedelta):
    assert after_failure(SINCE, None, SINCE + later) is not Step.DISABLE


def test_whoever_switches_a_webhook_is_the_reason_unless_another_is_named():
    on, off = {"enabled": True, "disabled_reason": None}, {"enabled": False, "disabled_reason": "gone"}
    assert with_reason(on, {"name": "x"}) == {"name": "x"}
    assert with_reason(on, {"enabled": False}) == {"enabled": False, "disabled_reason": "user"}
    assert with_reason(on, {"enabled": False, "disabled_reason": "failing"})["disabled_reason"] == "failing"
    assert with_reason(off, {"enabled": False}) == {"enabled": False}
    assert with_reason(off, {"enabled": True}) == {"enabled": True, "disabled_reason": None}


def test_a_webhook_that_was_disabled_before_reasons_were_kept_was_so_by_a_person():
    assert reason_of({"enabled": False, "disabled_reason": None}) == "user"
    assert reason_of({"enabled": True, "disabled_reason": "user"}) is None
