from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.outcomes import Cause, Exchange, Fault, Reply
from rules.retry import MAX_ASKED, RetryPolicy, is_permanent, next_delay, parse_retry_after, succeeded

NOW = datetime(2026, 5, 8, 9, 30, tzinfo=UTC)
TIMEOUT = Fault(Cause.RESPONSE_TIMEOUT, "No answer within 5 seconds.", 5000)
PERSPECTIVE = RetryPolicy(retry_4xx=False)
POLICIES = st.builds(
    RetryPolicy,
    max_retries=st.integers(0, 20),
    strategy=st.sampled_from(["exponential", "schedule"]),
    base_seconds=st.floats(0.1, 60),
    schedule=st.lists(st.floats(0.1, 604_800), max_size=20).map(tuple),
    jitter=st.floats(0, 1),
    retry_4xx=st.booleans(),
)


def reply(status: int, **headers: str) -> Reply:
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, b"", 10)


EXCHANGES = st.just(TIMEOUT) | st.builds(
    reply, st.integers(100, 599), retry_after=st.sampled_from(["", "3", "99999999", "soon", "-1"])
)


def delay(policy: RetryPolicy, attempt: int, exchange: Exchange, seed: int = 1) -> timedelta | None:
    return next_delay(policy, attempt, exchange, Random(seed), now=NOW)


def test_delays_double_until_the_retries_are_spent():
    delays = [delay(RetryPolicy(max_retries=4), attempt, reply(500)) for attempt in range(1, 6)]
    assert delays == [*(timedelta(seconds=seconds) for seconds in (2, 4, 8, 16)), None]


def test_a_schedule_repeats_its_last_delay():
    policy = RetryPolicy(max_retries=4, strategy="schedule", schedule=(5, 300))
    assert [delay(policy, attempt, TIMEOUT) for attempt in (1, 2, 3, 4, 5)] == [
        timedelta(seconds=5),
        *[timedelta(seconds=300)] * 3,
        None,
    ]


@pytest.mark.parametrize("status", [301, 302, 308, 400, 401, 403, 404, 408, 422, 429])
def test_3xx_and_4xx_are_permanent_only_where_the_policy_says_so(status: int):
    assert delay(PERSPECTIVE, 1, reply(status)) is None
    assert delay(RetryPolicy(), 1, reply(status)) == timedelta(seconds=2)


@pytest.mark.parametrize("exchange", [reply(500), reply(503), TIMEOUT], ids=str)
def test_server_errors_and_faults_are_transient_in_every_profile(exchange: Exchange):
    assert delay(PERSPECTIVE, 1, exchange) is not None
    assert delay(RetryPolicy(), 1, exchange) is not None


@given(POLICIES, st.integers(1, 20))
def test_410_is_permanent_in_every_profile(policy: RetryPolicy, attempt: int):
    assert delay(policy, attempt, reply(410)) is None


@given(POLICIES, st.integers(1, 25), EXCHANGES, st.integers())
def test_a_delay_is_given_exactly_when_another_attempt_is_due(
    policy: RetryPolicy, attempt: int, exchange: Exchange, seed: int
):
    due = not succeeded(exchange) and not is_permanent(policy, exchange) and attempt <= policy.max_retries
    wait = delay(policy, attempt, exchange, seed)
    assert (wait is not None) is due
    assert wait is None or timedelta() <= wait <= timedelta(days=14)


@given(POLICIES, st.integers(1, 20), EXCHANGES, st.integers())
def test_the_same_seed_gives_the_same_delay(policy: RetryPolicy, attempt: int, exchange: Exchange, seed: int):
    assert delay(policy, attempt, exchange, seed) == delay(policy, attempt, exchange, seed)


@given(st.floats(0, 1), st.integers(1, 10), st.integers())
def test_jitter_only_stretches_a_delay(jitter: float, attempt: int, seed: int):
    wait = delay(RetryPolicy(max_retries=10, jitter=jitter), attempt, TIMEOUT, seed)
    assert wait is not None
    assert 2**attempt <= wait.total_seconds() <= 2**attempt * (1 + jitter) + 1e-6


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured_but_never_shortens_our_own_delay(status: int):
    assert delay(RetryPolicy(), 1, reply(status, retry_after="120")) == timedelta(seconds=120)
    assert delay(RetryPolicy(), 3, reply(status, retry_after="1")) == timedelta(seconds=8)


@given(st.floats(0, 1), st.integers(0, 10**9), st.integers())
def test_jitter_never_stretches_an_asked_delay_past_its_cap(jitter: float, seconds: int, seed: int):
    wait = delay(RetryPolicy(jitter=jitter), 1, reply(503, retry_after=str(seconds)), seed)
    assert wait is not None
    assert min(timedelta(seconds=seconds), MAX_ASKED) <= wait <= MAX_ASKED


def test_jitter_stretches_our_own_delay_though_a_shorter_one_was_asked_for():
    policy = RetryPolicy(strategy="schedule", schedule=(172_800,), jitter=1.0)
    wait = delay(policy, 1, reply(503, retry_after="86400"))
    assert wait is not None
    assert wait > timedelta(days=2)


def test_retry_after_on_other_answers_is_ignored():
    assert delay(RetryPolicy(), 1, reply(500, retry_after="120")) == timedelta(seconds=2)


@given(st.integers(-100_000, 200_000))
def test_retry_after_dates_are_measured_from_now(seconds: int):
    text = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert parse_retry_after(text, now=NOW) == min(max(timedelta(seconds=seconds), timedelta()), MAX_ASKED)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        (" 30 ", 30),
        ("86401", 86400),
        ("9" * 60, 86400),
        ("Friday, 08-May-26 09:31:00 GMT", 60),
        ("Fri May  8 09:31:00 2026", 60),
        ("", None),
        (None, None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("²", None),
        ("9" * 5000, None),
        ("Fri, 99 May 2026 09:31:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str | None, seconds: int | None):
    assert parse_retry_after(text, now=NOW) == (None if seconds is None else timedelta(seconds=seconds))


@given(st.text(max_size=70))
def test_no_retry_after_header_breaks_the_parser(text: str):
    found = parse_retry_after(text, now=NOW)
    assert found is None or timedelta() <= found <= MAX_ASKED
