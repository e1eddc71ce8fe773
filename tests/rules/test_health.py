from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rules.health import AttemptResult, Health, cleared, fold, fold_all, state, status_icon

START = datetime(2026, 5, 8, tzinfo=UTC)
FAILURES = st.builds(
    AttemptResult,
    st.sampled_from(["failed", "retrying"]),
    st.integers(0, 30_000),
    st.integers(0, 9999).map(lambda seconds: START + timedelta(seconds=seconds)),
    error=st.text(min_size=1, max_size=5),
    cause=st.sampled_from(["server_error", "dns_failure"]),
)
SUCCESSES = st.builds(AttemptResult, st.just("delivered"), st.integers(0, 30_000), st.just(START))
RESULTS = st.lists(FAILURES | SUCCESSES, max_size=30)


@given(RESULTS, RESULTS)
def test_a_batch_folds_to_the_same_as_one_by_one(earlier: list[AttemptResult], later: list[AttemptResult]):
    health = fold_all(Health(), earlier)
    one_by_one = health
    for result in later:
        one_by_one = fold(one_by_one, result)
    assert fold_all(health, later) == one_by_one == fold_all(Health(), earlier + later)


@given(RESULTS)
def test_the_counts_add_up(results: list[AttemptResult]):
    health = fold_all(Health(), results)
    assert health.total == len(results) == health.successful + health.failed
    assert health.total_ms == sum(result.duration_ms for result in results)
    assert 0 <= health.consecutive_failures <= health.failed
    assert health.success_rate is None or 0 <= health.success_rate <= 100
    assert (health.average_ms is None) is (not results)


@given(RESULTS, FAILURES)
def test_a_failure_is_failing_and_keeps_its_error(results: list[AttemptResult], failure: AttemptResult):
    health = fold_all(Health(), [*results, failure])
    assert state(enabled=True, health=health) == "failing"
    assert (health.last_error, health.last_cause, health.last_delivery_at) == (failure.error, failure.cause, failure.at)
    assert status_icon(enabled=True, health=health) == failure.status


@given(RESULTS, SUCCESSES)
def test_a_success_is_healthy_and_forgets_the_error(results: list[AttemptResult], success: AttemptResult):
    health = fold_all(Health(), [*results, success])
    assert (state(enabled=True, health=health), status_icon(enabled=True, health=health)) == ("healthy", "delivered")
    assert (health.consecutive_failures, health.last_error, health.last_cause) == (0, None, None)


@given(RESULTS)
def test_a_passing_test_clears_the_error_state_and_keeps_the_counts(results: list[AttemptResult]):
    health = fold_all(Health(), results)
    after = cleared(health)
    assert (after.total, after.successful, after.failed, after.total_ms) == (
        health.total,
        health.successful,
        health.failed,
        health.total_ms,
    )
    assert state(enabled=True, health=after) == ("healthy" if results else "never")
    assert status_icon(enabled=True, health=after) == ("delivered" if results else "idle")
    assert after.as_dict()["last_error"] is None


@given(RESULTS)
def test_a_disabled_webhook_is_disabled_whatever_happened(results: list[AttemptResult]):
    health = fold_all(Health(), results)
    assert (state(enabled=False, health=health), status_icon(enabled=False, health=health)) == ("disabled", "idle")


def test_a_webhook_without_attempts_never_fired():
    assert (state(enabled=True, health=Health()), status_icon(enabled=True, health=Health())) == ("never", "idle")


def test_the_success_rate_has_one_decimal():
    assert Health(total=3, successful=2, failed=1).success_rate == 66.7


def test_the_api_shape():
    health = fold(Health(), AttemptResult("failed", 12, START, "HTTP 500", "server_error"))
    assert health.as_dict() == {
        "total": 1,
        "successful": 0,
        "failed": 1,
        "success_rate": 0.0,
        "average_ms": 12,
        "consecutive_failures": 1,
        "last_error": "HTTP 500",
        "last_cause": "server_error",
        "last_delivery_at": "2026-05-08T00:00:00+00:00",
    }
