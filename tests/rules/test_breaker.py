"""The circuit breaker."""

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from rules.breaker import (
    CLOSED,
    LONGEST_COOL_DOWN,
    Breaker,
    BreakerPolicy,
    BreakerState,
    after_attempts,
    breaker_state,
    cool_down,
)
from rules.failure_share import NOTHING, Tally, counted

NOW = datetime(2026, 3, 1, tzinfo=UTC)
POLICY = BreakerPolicy(consecutive_failures=10, cool_down_seconds=30)
OFF = BreakerPolicy(consecutive_failures=0)
attempts = st.lists(st.booleans(), max_size=40)
breakers = st.one_of(
    st.just(CLOSED),
    st.builds(Breaker, st.integers(-3600, 3600).map(lambda s: NOW + timedelta(seconds=s)), st.integers(1, 2_000)),
)


def after(
    breaker: Breaker,
    delivered: list[bool],
    *,
    policy: BreakerPolicy = POLICY,
    before: int = 0,
    probed: bool = False,
    tally: Tally = NOTHING,
) -> Breaker:
    return after_attempts(
        policy,
        breaker,
        delivered,
        failures_before=before,
        tally=tally,
        probed=probed,
        now=NOW,
        rng=Random(len(delivered)),
    )


def tally_of(failures: int, successes: int, policy: BreakerPolicy = POLICY) -> Tally:
    return counted(NOTHING, [False] * failures + [True] * successes, now=NOW, window=policy.window)


def test_opens_with_the_tenth_failure_in_a_row_and_not_before():
    assert after(CLOSED, [False] * 9) == CLOSED
    opened = after(CLOSED, [False], before=9)
    assert opened.trips == 1
    assert breaker_state(POLICY, opened, NOW) is BreakerState.OPEN


def test_a_success_in_between_starts_the_count_again():
    assert after(CLOSED, [False] * 9 + [True] + [False] * 9, before=100) == CLOSED


def test_a_failed_probe_opens_for_twice_as_long():
    half_open = Breaker(NOW - timedelta(seconds=1), 1)
    assert breaker_state(POLICY, half_open, NOW) is BreakerState.HALF_OPEN
    opened = after(half_open, [False], before=10, probed=True)
    assert opened.trips == 2
    assert opened.until is not None
    assert timedelta(seconds=48) <= opened.until - NOW <= timedelta(seconds=60)


def test_failures_that_were_under_way_when_it_opened_do_not_open_it_further():
    opened = Breaker(NOW + timedelta(seconds=20), 1)
    assert after(opened, [False] * 60, before=10) == opened


def test_a_probe_that_failed_through_our_own_fault_is_made_again_soon_and_not_counted():
    tried = after(Breaker(NOW, 3), [], before=10, probed=True)
    assert tried == Breaker(NOW + timedelta(seconds=5), 3)


def test_opens_on_a_share_of_failures_though_no_row_is_long_enough():
    assert after(CLOSED, [True, False], tally=tally_of(14, 6)) == CLOSED
    opened = after(CLOSED, [True, False], tally=tally_of(15, 5))
    assert breaker_state(POLICY, opened, NOW) is BreakerState.OPEN


def test_a_share_of_few_attempts_opens_nothing():
    assert after(CLOSED, [False], tally=tally_of(19, 0)) == CLOSED
    assert after(CLOSED, [False], tally=tally_of(20, 0)).trips == 1


def test_a_share_of_zero_leaves_only_the_row_of_failures():
    policy = BreakerPolicy(failure_share=0)
    assert after(CLOSED, [False], tally=tally_of(1_000, 0, policy), policy=policy) == CLOSED


def test_a_success_that_was_under_way_does_not_close_what_a_share_opened():
    opened = Breaker(NOW + timedelta(seconds=20), 1)
    assert after(opened, [True], before=3) == opened
    assert after(opened, [True], before=10) == CLOSED, "a row of failures has ended"
    assert after(opened, [True], before=3, probed=True) == CLOSED


def test_what_opened_it_is_forgotten_when_it_closes():
    later = NOW + min(cool_down(POLICY, 1, Random(seed)) for seed in range(50))
    tally = counted(tally_of(100, 0), [False], now=later, window=POLICY.window)
    assert tally.within(later, POLICY.window) == (1, 1)


def test_null_in_the_row_is_the_default_and_zero_failures_switch_it_off():
    assert BreakerPolicy.from_dict(None) == BreakerPolicy(10, 30, 0.75, 20)
    assert BreakerPolicy.from_dict({"consecutive_failures": 0}) == OFF
    assert BreakerPolicy.from_dict(POLICY.as_dict()) == POLICY


@given(breaker=breakers, delivered=attempts, before=st.integers(0, 100), probed=st.booleans())
def test_switched_off_it_never_opens(breaker: Breaker, delivered: list[bool], before: int, *, probed: bool):
    assert after(breaker, delivered, policy=OFF, before=before, probed=probed) == CLOSED
    assert breaker_state(OFF, breaker, NOW) is BreakerState.CLOSED


@given(breaker=breakers, delivered=attempts, before=st.integers(0, 100), probed=st.booleans())
def test_a_last_attempt_that_succeeded_always_closes(
    breaker: Breaker, delivered: list[bool], before: int, *, probed: bool
):
    assert after(breaker, [*delivered, True], before=before, probed=probed or before < 10) == CLOSED


@given(breaker=breakers, before=st.integers(0, 9), probed=st.booleans())
def test_our_own_faults_alone_never_open_a_closed_breaker(breaker: Breaker, before: int, *, probed: bool):
    result = after(breaker, [], before=before, probed=probed)
    assert result.trips == breaker.trips
    assert (result.until is None) == (breaker.until is None)


@given(attempts.filter(lambda tried: not all(tried)), st.integers(0, 9))
def test_one_by_one_or_at_once_opens_alike(delivered: list[bool], before: int):
    whole, streak, step = after(CLOSED, delivered, before=before), before, CLOSED
    for one in delivered:
        step = after(step, [one], before=streak)
        streak = 0 if one else streak + 1
    assert (whole.until is None) == (step.until is None)


@given(st.integers(1, 10_000), st.floats(1, 3600), st.integers())
def test_pauses_grow_up_to_a_limit(trip: int, first: float, seed: int):
    policy = BreakerPolicy(cool_down_seconds=first)
    pause = cool_down(policy, trip, Random(seed))
    longest = max(timedelta(seconds=first), LONGEST_COOL_DOWN)
    assert timedelta(seconds=first) * 0.799 <= pause <= longest
    assert cool_down(policy, trip + 1, Random(seed)) >= pause
