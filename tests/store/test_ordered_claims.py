"""Whose turn it is among deliveries with an ordering key, sent first and replayed ones together."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import bindparam, select, update

from store import claims, workers
from store import deliveries as store
from store.claims import Ask, Lane, deliveries
from store.ordered_claims import ORDERED_LANES, Walk, claim_ordered
from tests.store.shelf import Shelf

pytestmark = pytest.mark.both_databases

LIVE, REPLAY = {"lane": int(Lane.ORDERED)}, {"lane": int(Lane.ORDERED_REPLAY)}
START = Walk()


async def claim(shelf: Shelf, lane: Lane, limit: int = 100, walk: Walk = START) -> tuple[list[str], Walk]:
    async with shelf.database.write() as connection:
        await claims.take(connection, ["wh_1"])
        rows, walk = await claim_ordered(connection, "wrk_1", Ask("wh_1", lane, limit), datetime.now(UTC), walk)
    assert all(row.lane == lane for row in rows)
    return [row.id for row in rows], walk


async def finish(shelf: Shelf, ids: list[str]) -> None:
    values = {
        "status": "delivered",
        "run_at": None,
        "worker_id": None,
        "key_under_way": None,
        "finished_at": datetime.now(UTC),
    }
    async with shelf.database.write() as connection:
        await connection.execute(update(deliveries).where(deliveries.c.id.in_(ids)).values(**values))


async def add(shelf: Shelf, key: str, lane: dict[str, int], **fields: object) -> str:
    [id_] = await shelf.deliveries("wh_1", 1, ordering_key=key, **lane, **fields)
    return id_


async def add_blocked(shelf: Shelf, count: int) -> None:
    """Add keys, `key-000` and so on, each with a replay and a live delivery behind it."""
    for lane in (REPLAY, LIVE):
        ids = await shelf.deliveries("wh_1", count, **lane)
        keys = [{"of": id_, "key": f"key-{number:03}"} for number, id_ in enumerate(ids)]
        async with shelf.database.write() as connection:
            keyed = update(deliveries).where(deliveries.c.id == bindparam("of")).values(ordering_key=bindparam("key"))
            await connection.execute(keyed, keys)


async def test_only_the_lane_of_the_oldest_may_claim_of_a_key(shelf: Shelf):
    await shelf.webhook("wh_1")
    replayed, live = await add(shelf, "a", REPLAY), await add(shelf, "a", LIVE)
    before, behind = await add(shelf, "b", LIVE), await add(shelf, "b", REPLAY)
    assert await claim(shelf, Lane.ORDERED) == ([before], START)
    assert await claim(shelf, Lane.ORDERED_REPLAY) == ([replayed], START)
    for lane in ORDERED_LANES:
        assert await claim(shelf, lane) == ([], START), "both keys have one under way"
    await finish(shelf, [replayed, before])
    assert await claim(shelf, Lane.ORDERED) == ([live], START)
    assert await claim(shelf, Lane.ORDERED_REPLAY) == ([behind], START)


async def test_a_live_delivery_waits_for_a_replay_that_waits_for_its_retry(shelf: Shelf):
    await shelf.webhook("wh_1")
    await add(shelf, "a", REPLAY, status="retrying", run_at=datetime.now(UTC) + timedelta(hours=1))
    await add(shelf, "a", LIVE)
    await add(shelf, "b", REPLAY, run_at=None)
    await add(shelf, "b", LIVE)
    assert [await claim(shelf, lane) for lane in ORDERED_LANES] == [([], START)] * 2


async def test_whatever_the_lanes_each_key_is_claimed_in_order_and_nothing_is_left(shelf: Shelf):
    rng = Random(7)
    await shelf.webhook("wh_1")
    open_: dict[str, list[str]] = {f"key-{number}": [] for number in range(12)}
    for _ in range(150):
        key = rng.choice(list(open_))
        open_[key].append(await add(shelf, key, rng.choice([LIVE, REPLAY])))
    walks, under_way = dict.fromkeys(ORDERED_LANES, START), dict[str, str]()
    while any(open_.values()):
        lane = rng.choice(sorted(ORDERED_LANES))
        ids, walks[lane] = await claim(shelf, lane, rng.randint(1, 4), walks[lane])
        for id_ in ids:
            key = next(key for key, waiting in open_.items() if waiting and waiting[0] == id_)
            assert key not in under_way
            under_way[key] = id_
        for key in [key for key in under_way if rng.random() < 0.6]:
            await finish(shelf, [under_way.pop(key)])
            open_[key].pop(0)


async def test_a_claim_passes_over_a_bounded_number_of_keys_and_the_next_goes_on(shelf: Shelf):
    await shelf.webhook("wh_1")
    await add_blocked(shelf, 600)
    last = await add(shelf, "zebra", LIVE, run_at=datetime.now(UTC) - timedelta(hours=1))
    ids, walk = await claim(shelf, Lane.ORDERED)
    assert (ids, walk) == ([], Walk("key-255", found_nothing=True))
    assert walk.is_cut
    ids, walk = await claim(shelf, Lane.ORDERED, walk=walk)
    assert (ids, walk) == ([], Walk("key-511", found_nothing=True))
    assert await claim(shelf, Lane.ORDERED, walk=walk) == ([last], START)
    walk = START
    for _ in range(3):
        ids, walk = await claim(shelf, Lane.ORDERED, walk=walk)
    assert (ids, walk.is_cut) == ([], False), "a walk that finds nothing ends"
    ids, walk = await claim(shelf, Lane.ORDERED_REPLAY, 16, Walk("key-590", found_nothing=False))
    assert (len(ids), walk.after) == (16, "key-006"), "nine to the end, and seven from the beginning"


async def test_where_keys_are_left_what_became_due_last_goes_at_once_if_it_is_its_turn(shelf: Shelf):
    await shelf.webhook("wh_1")
    await add_blocked(shelf, 300)
    new, second = await add(shelf, "zebra", LIVE), await add(shelf, "zebra", LIVE)
    under_way, _ = await add(shelf, "yak", LIVE, worker_id="wrk_2", key_under_way="yak"), await add(shelf, "yak", LIVE)
    walk = Walk("key-255", found_nothing=True)
    assert await claim(shelf, Lane.ORDERED) == ([new], walk)
    assert await claim(shelf, Lane.ORDERED) == ([], walk)
    await finish(shelf, [new, under_way])
    assert second in (await claim(shelf, Lane.ORDERED))[0]


async def test_the_walk_goes_on_from_the_beginning_when_keys_were_claimed_before(shelf: Shelf):
    await shelf.webhook("wh_1")
    one, two = await add(shelf, "a", LIVE), await add(shelf, "b", LIVE)
    ids, walk = await claim(shelf, Lane.ORDERED, 1)
    assert (ids, walk) == ([one], Walk("a", found_nothing=False))
    ids, walk = await claim(shelf, Lane.ORDERED, 1, walk)
    assert (ids, walk) == ([two], Walk("b", found_nothing=False))
    early = await add(shelf, "0", LIVE)
    assert await claim(shelf, Lane.ORDERED, 2, walk) == ([early], START)


async def test_a_replay_that_a_killed_worker_held_goes_back_to_its_lane_and_its_turn(shelf: Shelf):
    await shelf.webhook("wh_1")
    first, _ = await add(shelf, "a", REPLAY), await add(shelf, "a", LIVE)
    assert await claim(shelf, Lane.ORDERED_REPLAY) == ([first], START)
    async with shelf.database.write() as connection:
        assert await workers.release(connection, "wrk_1") == 1
    assert await claim(shelf, Lane.ORDERED) == ([], START)
    assert await claim(shelf, Lane.ORDERED_REPLAY) == ([first], START)


async def test_a_replay_and_a_retry_choose_the_lane(shelf: Shelf):
    await shelf.webhook("wh_1")
    now = datetime.now(UTC)
    done = {"status": "failed", "run_at": None, "finished_at": now}
    keyed, plain = await add(shelf, "a", LIVE, **done), (await shelf.deliveries("wh_1", 1, **done))[0]

    async def lanes() -> dict[str, int]:
        async with shelf.database.read() as connection:
            rows = await connection.execute(select(deliveries.c.id, deliveries.c.lane))
            return {row.id: row.lane for row in rows}

    async with shelf.database.write() as connection:
        assert await store.retry(connection, [keyed, plain], datetime.now(UTC), ["failed"]) == 2
    assert await lanes() == {keyed: Lane.ORDERED_REPLAY, plain: Lane.REPLAY}
    async with shelf.database.write() as connection:
        assert await store.retry(connection, [keyed, plain], datetime.now(UTC)) == 2
    assert await lanes() == {keyed: Lane.ORDERED, plain: Lane.RETRY}


async def test_a_mark_that_an_older_version_left_behind_blocks_no_key(shelf: Shelf):
    await shelf.webhook("wh_1")
    waiting = await add(shelf, "a", LIVE, key_under_way="a")
    assert await claim(shelf, Lane.ORDERED) == ([waiting], START)
