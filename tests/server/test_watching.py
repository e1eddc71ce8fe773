"""Whoever watches the engine cannot harm it."""

import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client import Histogram as Reference

from server.histogram import Histogram
from server.logs import LogWatcher
from server.watching import Watchers


class Failing(LogWatcher):
    def claimed(self, count: int, seconds: float) -> None:
        raise RuntimeError(f"a fault of the watcher: {count}, {seconds}")


class Counting(LogWatcher):
    def __init__(self) -> None:
        self.heard: list[Any] = []

    def claimed(self, count: int, seconds: float) -> None:
        self.heard.append((count, seconds))


def test_a_watcher_that_fails_is_logged_and_the_others_hear_all(caplog: pytest.LogCaptureFixture) -> None:
    counting = Counting()
    with caplog.at_level(logging.ERROR):
        Watchers([Failing(), counting]).claimed(3, 0.5)
    assert counting.heard == [(3, 0.5)]
    assert "a watcher failed" in caplog.text


@given(st.lists(st.floats(0, 100)))
def test_a_histogram_counts_as_prometheus_does(values: list[float]) -> None:
    bounds = (0.5, 1, 2.5, 10)
    registry = CollectorRegistry()
    reference = Reference("x", "y", buckets=bounds, registry=registry)
    for value in values:
        reference.observe(value)
    ours = Histogram(bounds)
    ours.add(values)
    for bound, count in ours.buckets:
        assert registry.get_sample_value("x_bucket", {"le": str(float(bound)) if bound != "+Inf" else bound}) == count
    assert ours.total == registry.get_sample_value("x_sum")
