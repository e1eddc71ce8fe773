"""What Prometheus sees: counts and times of this process, and the state of the queue at the moment of the scrape.

Labels have few values, all of them ours: no webhook, no workspace, no URL, nothing that a caller chose.
"""

import asyncio
import platform as machine
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from time import monotonic

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from server.histogram import Histogram
from store.queue_state import QueueState, queue_state
from store.session import Database
from webhooks.heart import SILENCE
from webhooks.observer import Finished

STATE_AGE = timedelta(seconds=5)  # how old the queue's state may be: scraping more often costs the store nothing
_STATE_SECONDS = 5.0  # a store that takes longer to answer is taken for gone
_MILLISECONDS = (1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000)
_SECONDS = tuple(bound / 1_000 for bound in _MILLISECONDS)
_LONG_SECONDS = (0.1, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
INGEST_ROUTES = frozenset({"/v1/events", "/v1/perspectives/{perspective_id}/conversations/{conversation_id}/end"})


class Metrics(Collector):
    """Counts what a process does (a `server.watching.Watcher`) and shows it in Prometheus' text format.

    Counting is plain arithmetic on the event loop's thread; Prometheus' own objects are made when it asks.

    Args:
        database: Where the queue's state is read.
        version: Of this build.

    """

    def __init__(self, database: Database, version: str) -> None:
        self._database = database
        self._version = version
        self._events: Counter[str] = Counter({"accepted": 0, "duplicate": 0, "refused": 0})
        self._ingest = Histogram(_SECONDS)
        self._claim_sizes, self._claim_seconds = Histogram(_SIZES), Histogram(_SECONDS)
        self._attempts: Counter[tuple[str, str | None]] = Counter()
        self._attempt_ms: dict[str, Histogram] = defaultdict(lambda: Histogram(_MILLISECONDS, 1_000))
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._request_seconds: dict[tuple[str, str], Histogram] = defaultdict(lambda: Histogram(_SECONDS))
        self._calls: dict[str, Histogram] = defaultdict(lambda: Histogram(_SECONDS))
        self._turns: dict[tuple[str, str], Histogram] = defaultdict(lambda: Histogram(_LONG_SECONDS))
        self._state: QueueState | None = None
        self._state_at = 0.0
        self._reading = asyncio.Lock()
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def accepted(self, workspace_id: str, new: Sequence[str], duplicates: int, seconds: float) -> None:
        """Count a request's events."""
        del workspace_id
        self._events["accepted"] += len(new)
        self._events["duplicate"] += duplicates
        self._ingest.add((seconds,))

    def claimed(self, count: int, seconds: float) -> None:
        """Count a claim."""
        self._claim_sizes.add((count,))
        self._claim_seconds.add((seconds,))

    def settled(self, finished: Sequence[Finished]) -> None:
        """Count a batch of attempts."""
        durations: dict[tuple[str, str | None], list[float]] = defaultdict(list)
        for _, made in finished:
            result = made.result
            durations[result.status, result.cause].append(result.duration_ms)
        for what, times in durations.items():
            self._attempts[what] += len(times)
            self._attempt_ms[what[0]].add(times)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request, and as refused events one that tried to bring some."""
        method = method if method in _METHODS else "OTHER"
        self._requests[method, route, status] += 1
        self._request_seconds[method, route].add((seconds,))
        if status >= 400 and method == "POST" and route in INGEST_ROUTES:
            self._events["refused"] += 1

    def called(self, class_: str, seconds: float) -> None:
        """Count a trigger's call."""
        self._calls[class_].add((seconds,))

    def turned(self, kind: str, outcome: str, seconds: float) -> None:
        """Count an assistant's turn."""
        self._turns[kind, outcome].add((seconds,))

    async def exposition(self, accept: str) -> tuple[bytes, str]:
        """Render everything in the format that an Accept header asks for; returns it with its content type."""
        await self._refresh()
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    async def _refresh(self) -> None:
        """Read the queue's state unless it was read just now; None when the store does not answer."""
        async with self._reading:
            if self._state is not None and monotonic() - self._state_at < STATE_AGE.total_seconds():
                return
            now = datetime.now(UTC)
            try:
                async with asyncio.timeout(_STATE_SECONDS), self._database.read() as connection:
                    self._state = await queue_state(connection, now, now - SILENCE)
            except Exception:  # noqa: BLE001 - whatever ails the store, the rest is still worth showing
                self._state = None
            self._state_at = monotonic()

    def collect(self) -> Iterator[Metric]:
        """Give every metric; called by the registry."""
        yield InfoMetricFamily(
            "hookwright_build", "What is running.", {"version": self._version, "python": machine.python_version()}
        )
        yield from self._ingest_metrics()
        yield from self._delivery_metrics()
        yield from self._server_metrics()
        yield _gauge("hookwright_store_up", "Whether the store answered this scrape.", float(self._state is not None))
        if self._state is not None:
            yield from _state_metrics(self._state, datetime.now(UTC))

    def _ingest_metrics(self) -> Iterator[Metric]:
        events = CounterMetricFamily(
            "hookwright_events", "Events by what became of them; a refused request counts as one.", labels=["result"]
        )
        for result, count in self._events.items():
            events.add_metric([result], count)
        yield events
        yield _histogram("hookwright_ingest_duration_seconds", "Storing the events of one request.", self._ingest)

    def _delivery_metrics(self) -> Iterator[Metric]:
        yield _histogram("hookwright_claim_deliveries", "Deliveries claimed at once.", self._claim_sizes)
        yield _histogram("hookwright_claim_duration_seconds", "Finding and claiming what is due.", self._claim_seconds)
        attempts = CounterMetricFamily(
            "hookwright_attempts", "Attempts whose results are stored.", labels=["status", "cause"]
        )
        for (status, cause), count in self._attempts.items():
            attempts.add_metric([status, cause or "none"], count)
        yield attempts
        retries = sum(count for (status, _), count in self._attempts.items() if status == "retrying")
        yield CounterMetricFamily("hookwright_retries_scheduled", "Failed attempts that are to be repeated.", retries)
        yield _histograms("hookwright_attempt_duration_seconds", "Attempts.", ["status"], self._attempt_ms)

    def _server_metrics(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "hookwright_http_requests", "Requests that were answered.", labels=["method", "route", "status"]
        )
        for (method, route, status), count in self._requests.items():
            requests.add_metric([method, route, str(status)], count)
        yield requests
        yield _histograms(
            "hookwright_http_request_duration_seconds", "Requests.", ["method", "route"], self._request_seconds
        )
        yield _histograms(
            "hookwright_trigger_call_duration_seconds", "Calls of triggers by class.", ["class"], self._calls
        )
        yield _histograms(
            "hookwright_assistant_turn_duration_seconds", "Turns of assistants.", ["assistant", "outcome"], self._turns
        )


def _state_metrics(state: QueueState, now: datetime) -> Iterator[Metric]:
    queue = {"due": state.due, "scheduled": state.scheduled, "claimed": state.claimed}
    yield _gauges("hookwright_queue_deliveries", "Deliveries that are not finished.", "state", queue)
    age = (now - state.oldest_due).total_seconds() if state.oldest_due else 0
    yield _gauge("hookwright_queue_oldest_due_age_seconds", "How long the longest due delivery waits.", max(0, age))
    webhooks = {"enabled": state.enabled, "disabled": state.disabled}
    yield _gauges("hookwright_webhooks", "Webhooks.", "state", webhooks)
    closed = state.enabled - state.breakers_open - state.breakers_half_open
    breakers = {"closed": closed, "half_open": state.breakers_half_open, "open": state.breakers_open}
    yield _gauges("hookwright_breakers", "Circuit breakers of enabled webhooks.", "state", breakers)
    yield _gauge("hookwright_webhooks_parked", "Webhooks that are left alone for a while.", state.breakers_open)
    yield _gauge("hookwright_workers_alive", "Workers with a recent heartbeat.", state.workers)


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value)


def _gauges(name: str, words: str, label: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=[label])
    for value, count in values.items():
        family.add_metric([value], count)
    return family


def _histogram(name: str, words: str, histogram: Histogram) -> Metric:
    return HistogramMetricFamily(name, words, buckets=histogram.buckets, sum_value=histogram.total)


def _histograms(
    name: str, words: str, labels: list[str], histograms: dict[str, Histogram] | dict[tuple[str, str], Histogram]
) -> Metric:
    family = HistogramMetricFamily(name, words, labels=labels)
    for values, histogram in histograms.items():
        family.add_metric([values] if isinstance(values, str) else values, histogram.buckets, histogram.total)
    return family
