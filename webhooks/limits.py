"""How many deliveries of which webhook and lane may be claimed now: fair shares, windows, caps, rate limits, pauses."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random

from rules.health import AttemptResult
from rules.outcomes import Cause
from rules.shares import Place, share_of
from store.claims import Ask, DueWebhook, Lane
from webhooks.request import Target

LANES = 64
_LEAST = 8
_PROMPT_LANES = 256
_FIRST_WINDOW = 16
_GROWTH = 3
_ASKS_PER_ROUND = 64
_PROMPT_MS = 250
_LATE_ANSWERS_TO_LEARN = 32
_SLOW_SHARE = 0.5
_FORGOTTEN_SHARE = 0.01
_SLOW_AFTER = timedelta(seconds=2)
_BURST_SECONDS = 1.0
_HELD_BYTES = 16 * 1024 * 1024
_USUAL_BYTES = 1024
_SIZES_TO_LEARN = 256
_LONGEST_PAUSE_SECONDS = 15.0
_HUNG = frozenset({Cause.RESPONSE_TIMEOUT, Cause.CONNECT_TIMEOUT})
_WEIGHTS = {Lane.FIRST: 8, Lane.RETRY: 4, Lane.REPLAY: 1, Lane.ORDERED: 8, Lane.ORDERED_REPLAY: 1}
_REPLAYS = frozenset({Lane.REPLAY, Lane.ORDERED_REPLAY})
_RETRIES_HELD = 2 * LANES
_REPLAYS_HELD = 16
_REPLAYS_HELD_IN_ALL = 128


class Limits:
    """What one worker has claimed, and what it has learnt of each webhook.

    A webhook may have as many claims as its window, which grows with each prompt success and is halved by each timeout:
    one that hangs soon holds next to nothing. One that we could not send to, through a fault of ours, pauses.

    Args:
        claims: Deliveries claimed at once, over all webhooks. Those that have next to nothing may exceed it, so that
            webhooks and workspaces that hang cannot keep the others from being claimed at all.
        claims_per_webhook: The same for one webhook.
        rng: Chooses between lanes.

    """

    def __init__(self, claims: int, claims_per_webhook: int, rng: Random | None = None) -> None:
        self.claimed: Counter[str] = Counter()
        self.place = Place()
        self._claims = claims
        self._claims_per_webhook = claims_per_webhook
        self._rng = rng or Random()
        self._held = 0
        self._mean_bytes = float(_USUAL_BYTES)
        self._held_by_workspace: Counter[str] = Counter()
        self._held_in_lane: Counter[tuple[str, int]] = Counter()
        self._replays = 0
        self._windows: dict[str, int] = {}
        self._slow: set[str] = set()
        self._late: dict[str, float] = {}
        self._late_since: dict[str, datetime] = {}
        self._share = LANES
        self._tokens: dict[str, tuple[float, float]] = {}
        self._pauses: dict[str, tuple[int, float]] = {}
        self._round = 0
        self._asked_in: dict[str, int] = {}

    @property
    def held(self) -> int:
        """How many are claimed, over all webhooks."""
        return self._held

    @property
    def left(self) -> int:
        """How many more may be claimed, over all webhooks."""
        return max(0, self._most - self._held)

    @property
    def _most(self) -> int:
        """How many may be claimed at once: fewer where payloads are large, as all of them are held in memory."""
        return min(self._claims, max(LANES, int(_HELD_BYTES / self._mean_bytes)))

    def asks(self, due: Iterable[DueWebhook], targets: Mapping[str, Target]) -> list[Ask]:
        """Divide what is left evenly among workspaces, and each one's share among its webhooks, within their limits.

        What one of them leaves over is for another call. When there are more of them than can be served in one round,
        those that were served longest ago come first.
        """
        most = {one.id: room for one in due if (room := self.room(targets[one.id])) > 0}
        waiting: dict[str, list[DueWebhook]] = defaultdict(list)
        for one in due:
            if one.id in most:
                waiting[one.workspace_id].append(one)
        self._round += 1
        workspaces = self._next_of(list(waiting), _ASKS_PER_ROUND)
        asks: list[Ask] = []
        for workspace_id in workspaces:
            fair = max(self.left // len(workspaces), self._most // len(workspaces) - self._held_by(workspace_id))
            those = {one.id: one for one in waiting[workspace_id]}
            chosen = self._next_of(list(those), max(1, _ASKS_PER_ROUND // len(workspaces)))
            for id_ in chosen:
                asks += self._by_lane(those[id_], min(most[id_], max(fair // len(chosen), self._least(id_))))
        return self._paced(asks)

    def divide_lanes(self, busy: Iterable[str]) -> None:
        """Divide what prompt webhooks share among those that have deliveries in flight.

        Thousands at once cost twice the time of hundreds, each. Those that do not answer promptly need more and have
        lanes of their own.
        """
        prompt = sum(webhook_id not in self._slow for webhook_id in busy)
        self._share = max(_LEAST, min(LANES, _PROMPT_LANES // max(1, prompt)))

    def lanes(self, webhook_id: str) -> int:
        """Return how many deliveries of a webhook may be in flight."""
        return LANES if webhook_id in self._slow else self._share

    def start(self, target: Target, lane: int, count: int) -> None:
        """Count deliveries as claimed."""
        self._count(target, lane, count)
        if target.rate_limit_per_second is not None:
            tokens, at = self._tokens.get(target.id, (0.0, 0.0))
            self._tokens[target.id] = (tokens - count, at)

    def end(self, target: Target, lane: int, count: int) -> None:
        """Count claimed deliveries as done with."""
        self._count(target, lane, -count)

    def undo(self, target: Target, lane: int) -> None:
        """Count a claimed delivery as never claimed."""
        self._count(target, lane, -1)
        if target.id in self._tokens:
            tokens, at = self._tokens[target.id]
            self._tokens[target.id] = (tokens + 1, at)

    def weigh(self, sizes: Sequence[int]) -> None:
        """Learn how large payloads are, in bytes, from those that have just been claimed."""
        if sizes:
            share = min(1.0, len(sizes) / _SIZES_TO_LEARN)
            self._mean_bytes += (max(1.0, sum(sizes) / len(sizes)) - self._mean_bytes) * share

    def learn(self, webhook_id: str, results: Iterable[AttemptResult]) -> None:
        """Take attempts into account, in their order."""
        for result in results:
            self._learn(webhook_id, result)

    def _learn(self, webhook_id: str, result: AttemptResult) -> None:
        if result.cause == Cause.LOCAL_ERROR:
            self._pause(webhook_id)
            return
        if webhook_id in self._pauses:
            del self._pauses[webhook_id]
        window = self._windows.get(webhook_id, _FIRST_WINDOW)
        self._time(webhook_id, result)
        if result.status == "delivered":
            most = self._claims_per_webhook if result.duration_ms < _PROMPT_MS else LANES
            if window != most:
                self._windows[webhook_id] = min(most, window + _GROWTH) if window < most else window - 1
        elif result.cause in _HUNG:
            self._windows[webhook_id] = max(_LEAST, window // 2)

    def _time(self, webhook_id: str, result: AttemptResult) -> None:
        """Call a webhook slow while most of its last answers are late, and have been for some seconds.

        Not sooner: when a worker begins, or stalls, all answers are late that are under way, of all webhooks, and with
        lanes of their own they would then keep each other late.
        """
        is_late = result.duration_ms >= _PROMPT_MS
        before = self._late.get(webhook_id, 0.0)
        if not is_late and not before:
            return
        share = self._late[webhook_id] = before + (is_late - before) / _LATE_ANSWERS_TO_LEARN
        if share <= _SLOW_SHARE:
            self._late_since.pop(webhook_id, None)
            self._slow.discard(webhook_id)
        elif result.at - self._late_since.setdefault(webhook_id, result.at) >= _SLOW_AFTER:
            self._slow.add(webhook_id)
        if share < _FORGOTTEN_SHARE:
            del self._late[webhook_id]

    def _pause(self, webhook_id: str) -> None:
        now = time.monotonic()
        times, until = self._pauses.get(webhook_id, (0, now))
        if now >= until:  # else it was under way already when the pause began
            seconds = min(_LONGEST_PAUSE_SECONDS, 2.0 ** min(times, 6))
            self._pauses[webhook_id] = (times + 1, now + seconds)
            self._windows[webhook_id] = 1

    def _count(self, target: Target, lane: int, by: int) -> None:
        self.claimed[target.id] += by
        self._held += by
        self._held_by_workspace[target.workspace_id] += by
        if not self.claimed[target.id]:
            del self.claimed[target.id]
        if not self._held_by_workspace[target.workspace_id]:
            del self._held_by_workspace[target.workspace_id]
        pace = Lane.REPLAY if lane in _REPLAYS else lane
        if pace in {Lane.RETRY, Lane.REPLAY}:
            self._held_in_lane[target.id, pace] += by
            self._replays += by if pace == Lane.REPLAY else 0
            if not self._held_in_lane[target.id, pace]:
                del self._held_in_lane[target.id, pace]

    def _held_by(self, workspace_id: str) -> int:
        return self._held_by_workspace[workspace_id]

    def _next_of(self, ids: list[str], most: int) -> Sequence[str]:
        """Choose those whose turn is longest ago, and remember that it was now."""
        chosen = sorted(ids, key=lambda id_: self._asked_in.get(id_, 0))[:most] if len(ids) > most else ids
        for id_ in chosen:
            self._asked_in[id_] = self._round
        return chosen

    def _least(self, webhook_id: str) -> int:
        """Return what a webhook may claim even if nothing is left."""
        held = self.claimed[webhook_id]
        return max(0, (_LEAST if self._held < 2 * self._most else 1) - held)

    def _by_lane(self, one: DueWebhook, count: int) -> list[Ask]:
        """Divide a webhook's share among the lanes that have something due and room."""
        rooms = {lane: room for lane in one.lanes if (room := self._room_in_lane(one.id, lane)) > 0}
        if count <= 0 or not rooms:
            return []
        lanes = list(rooms)
        if len(lanes) == 1:
            wanted = {lanes[0]: count}
        else:
            wanted = Counter(self._rng.choices(lanes, [_WEIGHTS[lane] for lane in lanes], k=count))
        return [Ask(one.id, lane, min(number, rooms[lane])) for lane, number in wanted.items()]

    def _room_in_lane(self, webhook_id: str, lane: Lane) -> int:
        if lane is Lane.RETRY:
            return _RETRIES_HELD - self._held_in_lane[webhook_id, Lane.RETRY]
        if lane in _REPLAYS:
            held = self._held_in_lane[webhook_id, Lane.REPLAY]
            return min(_REPLAYS_HELD - held, _REPLAYS_HELD_IN_ALL - self._replays)
        return self._claims_per_webhook

    def _paced(self, asks: list[Ask]) -> list[Ask]:
        """Cut what is asked for of replays down to what there is room for together, by lot."""
        replays = [ask for ask in asks if ask.lane in _REPLAYS]
        if not replays:
            return asks
        self._rng.shuffle(replays)
        paced = [ask for ask in asks if ask.lane not in _REPLAYS]
        left, of_webhook = _REPLAYS_HELD_IN_ALL - self._replays, Counter[str]()
        for ask in replays:
            room = self._room_in_lane(ask.webhook_id, ask.lane) - of_webhook[ask.webhook_id]
            limit = min(ask.limit, room, left)
            if limit > 0:
                paced.append(ask._replace(limit=limit))
                of_webhook[ask.webhook_id] += limit
                left -= limit
        return paced

    def room(self, target: Target) -> int:
        """Return how many more deliveries of a webhook may be claimed."""
        if target.id in self._pauses and time.monotonic() < self._pauses[target.id][1]:
            return 0
        most = min(self._claims_per_webhook, self._windows.get(target.id, _FIRST_WINDOW))
        if target.max_in_flight is not None:
            most = min(most, share_of(target.max_in_flight, target.id, self.place))
        free = most - self.claimed[target.id]
        if target.rate_limit_per_second is None:
            return free
        return min(free, int(self._refill(target.id, target.rate_limit_per_second / self.place.workers)))

    def _refill(self, webhook_id: str, rate: float) -> float:
        now = time.monotonic()
        most = max(1.0, rate * _BURST_SECONDS)
        tokens, at = self._tokens.get(webhook_id, (most, now))
        tokens = min(most, tokens + (now - at) * rate)
        self._tokens[webhook_id] = (tokens, now)
        return tokens
