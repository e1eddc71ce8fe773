"""Nobody waits for somebody else's endpoint: fair shares, windows, lanes (X05)."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from aiohttp import web

from rules.filters import FilterSet
from rules.health import AttemptResult
from rules.outcomes import Cause
from rules.retry import RetryPolicy
from rules.shares import Place
from server.receiver import Received, Receiver
from store.claims import DueWebhook, Lane
from tests.serving import Api, serving, until
from tests.webhooks.endpoints import serving_endpoint
from tests.webhooks.rows import set_deliveries
from webhooks.limits import Ask, Limits
from webhooks.profiles import PROFILES
from webhooks.request import Target

NOW = datetime(2026, 5, 8, tzinfo=UTC)
OK = AttemptResult("delivered", 5, NOW)
LATE = AttemptResult("delivered", 700, NOW)
HUNG = AttemptResult("retrying", 30_000, NOW, "late", Cause.RESPONSE_TIMEOUT)
OURS = AttemptResult("retrying", 0, NOW, "ours", Cause.LOCAL_ERROR)


def target(webhook_id: str, workspace_id: str, **limits: float | None) -> Target:
    return Target(
        id=webhook_id,
        workspace_id=workspace_id,
        url="http://127.0.0.1/",
        active=True,
        profile=PROFILES["standard"],
        filters=FilterSet(),
        retry=RetryPolicy(),
        timeout=timedelta(seconds=30),
        **{"max_in_flight": None, "rate_limit_per_second": None, **limits},
        headers={},
        secret_headers=frozenset(),
        signing=(),
        keys={},
        version=NOW,
    )


class Claims:
    """Limits, with endless work due for every webhook that is named."""

    def __init__(self, *targets: Target, claims: int = 1024, each: int = 512) -> None:
        self.limits = Limits(claims, each, Random(7))
        self.targets = {one.id: one for one in targets}

    def round(self, ids: Iterable[str] | None = None, lanes: tuple[Lane, ...] = (Lane.FIRST,)) -> Counter[str]:
        """Claim one round's asks in full, and count them by webhook."""
        chosen = list(self.targets if ids is None else ids)
        due = [DueWebhook(id_, self.targets[id_].workspace_id, NOW, None, lanes) for id_ in chosen]
        asks = self.limits.asks(due, self.targets)
        self.start(asks)
        return sum((Counter({ask.webhook_id: ask.limit}) for ask in asks), Counter())

    def start(self, asks: list[Ask]) -> None:
        for ask in asks:
            self.limits.start(self.targets[ask.webhook_id], ask.lane, ask.limit)

    def finish(self, webhook_id: str, count: int, result: AttemptResult = OK) -> None:
        self.limits.end(self.targets[webhook_id], Lane.FIRST, count)
        self.limits.learn(webhook_id, [result] * count)


def prove(claims: Claims, webhook_id: str, rounds: int = 20) -> None:
    """Let a webhook grow its window."""
    for _ in range(rounds):
        claims.finish(webhook_id, claims.round([webhook_id])[webhook_id])


def test_a_workspace_with_one_webhook_gets_as_much_as_one_with_a_thousand():
    crowd = [target(f"crowd_{n}", "crowd") for n in range(1000)]
    claims = Claims(*crowd, target("lone", "lone"))
    prove(claims, "lone")
    shares = claims.round()
    assert shares["lone"] == 512
    assert 0 < sum(shares.values()) - shares["lone"] <= 512


def test_a_thousand_webhooks_take_turns():
    claims = Claims(*(target(f"crowd_{n:03}", "crowd") for n in range(1000)))
    served: Counter[str] = Counter()
    for _ in range(20):
        shares = claims.round()
        served += shares
        for webhook_id, count in shares.items():
            claims.finish(webhook_id, count)
    assert len(served) == 1000


def test_x06_workers_keep_a_webhook_s_limits_together():
    busy = target("busy", "one", max_in_flight=5)
    slow = target("slow", "one", rate_limit_per_second=9)
    crew = [Claims(busy, slow) for _ in range(3)]
    for rank, one in enumerate(crew):
        one.limits.place = Place(rank, 3)
    assert sum(one.round(["busy"])["busy"] for one in crew) == 5
    assert [one.round(["slow"])["slow"] for one in crew] == [3, 3, 3]


def test_a_webhook_that_hangs_holds_next_to_nothing():
    claims = Claims(target("hangs", "one"), target("works", "one"))
    for _ in range(30):
        shares = claims.round()
        claims.finish("works", shares["works"])
    assert claims.limits.claimed["hangs"] == 16
    assert claims.round(["works"])["works"] == 512
    claims.finish("hangs", 16, HUNG)
    assert claims.round(["hangs"])["hangs"] == 8


def test_a_workspace_whose_webhooks_all_hang_leaves_the_others_their_share():
    hanging = [target(f"hangs_{n}", "hanging") for n in range(500)]
    claims = Claims(*hanging, target("works", "working"))
    for _ in range(30):
        claims.round([one.id for one in hanging])
    assert 1024 < claims.limits.claimed.total() < 3 * 1024
    first = claims.round(["works"])["works"]
    assert first == 16
    claims.finish("works", first)
    prove(claims, "works")
    assert claims.round(["works"])["works"] >= 400


def test_a_slow_webhook_claims_no_more_than_it_can_send_at_once():
    claims = Claims(target("slow", "one"))
    prove(claims, "slow")
    claims.limits.learn("slow", [AttemptResult("delivered", 5_000, NOW)] * 500)
    assert claims.round()["slow"] == 64


def test_a_stall_of_ours_makes_no_webhook_slow():
    limits, ids = Limits(4096, 2048), [f"wh_{number}" for number in range(50)]
    limits.divide_lanes(ids)
    assert limits.lanes("wh_0") == 8
    for id_ in ids:
        limits.learn(id_, [LATE] * 64)
    limits.divide_lanes(ids)
    assert {limits.lanes(id_) for id_ in ids} == {8}


def test_a_webhook_is_slow_when_most_of_its_answers_are_late():
    limits = Limits(4096, 2048)
    limits.divide_lanes([f"wh_{number}" for number in range(50)])
    for seconds in range(4):
        at = NOW + timedelta(seconds=seconds)
        limits.learn("wh_0", [one._replace(at=at) for one in [*[LATE] * 9, OK] * 6])
        limits.learn("wh_1", [one._replace(at=at) for one in [*[OK] * 9, LATE] * 6])
    assert (limits.lanes("wh_0"), limits.lanes("wh_1")) == (64, 8)
    limits.learn("wh_0", [OK] * 40)
    assert limits.lanes("wh_0") == 8


def test_max_in_flight_and_rate_limit_bound_what_is_claimed():
    claims = Claims(target("narrow", "one", max_in_flight=3), target("slow", "one", rate_limit_per_second=5))
    assert claims.round() == {"narrow": 3, "slow": 5}
    assert claims.round() == {}


def test_a_webhook_that_we_cannot_send_to_pauses():
    claims = Claims(target("ours", "one"), target("works", "one"))
    claims.finish("ours", claims.round(["ours"])["ours"], OURS)
    assert claims.round() == {"works": 16}


def test_each_lane_has_its_share_and_replays_a_small_one():
    claims = Claims(target("one", "one"))
    prove(claims, "one")
    due = [DueWebhook("one", "one", NOW, None, (Lane.FIRST, Lane.RETRY, Lane.REPLAY))]
    asks = {ask.lane: ask.limit for ask in claims.limits.asks(due, claims.targets)}
    assert asks[Lane.FIRST] > asks[Lane.RETRY] > asks[Lane.REPLAY]
    assert asks[Lane.RETRY] <= 128
    assert asks[Lane.REPLAY] <= 16
    alone = claims.limits.asks([due[0]._replace(lanes=(Lane.REPLAY,))], claims.targets)
    assert alone == [Ask("one", Lane.REPLAY, 16)]


def test_replays_with_and_without_an_ordering_key_share_what_a_webhook_may_hold():
    claims = Claims(target("one", "one"))
    prove(claims, "one")
    lanes = (Lane.ORDERED, Lane.REPLAY, Lane.ORDERED_REPLAY)
    due = [DueWebhook("one", "one", NOW, None, lanes)]
    held: Counter[Lane] = Counter()
    for _ in range(20):
        asks = claims.limits.asks(due, claims.targets)
        claims.start(asks)
        held.update({ask.lane: ask.limit for ask in asks})
    assert held[Lane.REPLAY] + held[Lane.ORDERED_REPLAY] == 16
    assert min(held.values()) > 0
    assert held[Lane.ORDERED] > 100


@pytest.mark.parametrize("lane", [Lane.REPLAY, Lane.ORDERED_REPLAY])
def test_all_replays_together_hold_no_more_than_they_may_even_when_they_begin_at_once(lane: Lane):
    claims = Claims(*[target(f"w{n}", f"ws{n}") for n in range(40)])
    for _ in range(3):
        claims.round(lanes=(lane,))
    held = claims.limits.claimed
    assert held.total() == 128
    assert max(held.values()) <= 16
    claims.limits.end(claims.targets[min(held)], lane, 1)
    assert claims.round(lanes=(lane,)).total() == 1


def test_with_room_for_one_no_lane_starves():
    claims = Claims(target("one", "one", max_in_flight=1))
    due = [DueWebhook("one", "one", NOW, None, (Lane.FIRST, Lane.RETRY, Lane.REPLAY))]
    chosen = Counter(claims.limits.asks(due, claims.targets)[0].lane for _ in range(500))
    assert chosen[Lane.FIRST] > chosen[Lane.RETRY] > chosen[Lane.REPLAY] > 0


class Hanging:
    """An endpoint that answers nobody until it is let go."""

    def __init__(self) -> None:
        self.waiting = 0
        self.let_go = asyncio.Event()

    def serve(self) -> AbstractAsyncContextManager[str]:
        return serving_endpoint(self._answer, self.let_go)

    async def _answer(self, request: web.Request) -> web.Response:
        await request.read()
        self.waiting += 1
        await self.let_go.wait()
        return web.Response()


@pytest.mark.both_databases
async def test_a_tenth_that_hangs_does_not_keep_the_others_from_getting_everything(api: Api):
    counts: Counter[str] = Counter()

    def count(received: Received) -> None:
        counts[received.path] += 1

    healthy, hanging, events = Receiver(on_request=count), Hanging(), 40
    async with healthy.serve() as well, hanging.serve() as badly:
        for n in range(50):
            base = badly if n % 10 == 0 else well
            await api.webhook(f"{base}/{n}", name=f"endpoint {n}", timeout_ms=30_000)
        await api.post("/v1/events", [{"type": "purchase", "payload": {"n": n}} for n in range(events)])

        async def all_there() -> bool | None:
            return True if len(counts) == 45 and min(counts.values()) == events else None

        await until(all_there, seconds=60)
        assert counts.total() == 45 * events
        assert 5 * 8 <= hanging.waiting <= 5 * 16
        assert not hanging.let_go.is_set()
        hanging.let_go.set()
        await api.deliveries(200, "delivered")


@pytest.mark.both_databases
@pytest.mark.parametrize("lane", [Lane.RETRY, Lane.REPLAY])
async def test_a_pile_of_retries_or_replays_delays_a_first_attempt_by_a_batch_at_most(tmp_path: Path, lane: Lane):
    order: list[str] = []
    receiver = Receiver(delay_seconds=0.005, on_request=lambda received: order.append(received.json["type"]))
    home = tmp_path / "home"
    async with receiver.serve() as url:
        async with serving(home, with_worker=False) as api:
            webhook = await api.webhook(url)
            for _ in range(4):
                await api.post("/v1/events", [{"type": "purchase", "payload": {"n": n}} for n in range(500)])
            await set_deliveries(api, webhook["id"], lane=int(lane))
        async with serving(home) as api:
            await until(lambda: _more_than(order, 200))
            await api.event("signup")
            before = len(order)
            await until(lambda: _came(order, "signup"))
            between = order.index("signup") - before
            assert len(order) < 2000, "the pile was too small to prove anything"
            assert between <= 256
            await until(lambda: _more_than(order, 2000), seconds=60)


async def _more_than(order: list[str], count: int) -> bool | None:
    return True if len(order) > count else None


async def _came(order: list[str], type_: str) -> bool | None:
    return True if type_ in order else None
