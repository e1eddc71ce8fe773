import asyncio

import pytest
from sqlalchemy.exc import OperationalError

from rules.errors import InvalidInput
from tests.serving import Api
from webhooks.gathering import Gathering
from webhooks.intake import Accepted, NewEvent


class Answers:
    """Echoes jobs, and remembers the batches; it waits for `gate` before it answers."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.gate = asyncio.Event()
        self.begun = asyncio.Event()

    async def __call__(self, jobs: list[str]) -> list[str | Exception]:
        self.batches.append(jobs)
        self.begun.set()
        await self.gate.wait()
        if "poison" in jobs and len(jobs) > 1:
            raise RuntimeError("the batch failed")
        if "gone" in jobs:
            raise OperationalError("COMMIT", {}, OSError("the disk is gone"))
        return [ValueError(job) if job in {"poison", "refused"} else job.upper() for job in jobs]


async def waiting(gathering: Gathering[str, str], answers: Answers, *jobs: str) -> list[asyncio.Task[str]]:
    """Submit a first job, wait until its batch is under way, and submit the others."""
    first = asyncio.create_task(gathering.submit("first"))
    await answers.begun.wait()
    others = [asyncio.create_task(gathering.submit(job)) for job in jobs]
    await asyncio.sleep(0)
    return [first, *others]


async def test_what_comes_during_a_batch_is_the_next_one() -> None:
    answers = Answers()
    tasks = await waiting(Gathering(answers), answers, "a", "b", "c")
    answers.gate.set()
    assert await asyncio.gather(*tasks) == ["FIRST", "A", "B", "C"]
    assert answers.batches == [["first"], ["a", "b", "c"]]


async def test_a_job_that_comes_in_the_moment_after_the_last_one_is_answered_too() -> None:
    answers = Answers()
    answers.gate.set()
    gathering = Gathering(answers)
    async with asyncio.timeout(15):
        assert [await gathering.submit(job) for job in "abc"] == ["A", "B", "C"]


async def test_one_that_is_refused_is_refused_alone() -> None:
    answers = Answers()
    tasks = await waiting(Gathering(answers), answers, "a", "refused", "c")
    answers.gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(result) for result in results] == ["FIRST", "A", "refused", "C"]
    assert isinstance(results[2], ValueError)


async def test_a_batch_that_fails_is_tried_one_by_one() -> None:
    answers = Answers()
    tasks = await waiting(Gathering(answers), answers, "a", "poison", "c")
    answers.gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(result) for result in results] == ["FIRST", "A", "poison", "C"]
    assert answers.batches == [["first"], ["a", "poison", "c"], ["a"], ["poison"], ["c"]]


async def test_when_the_store_fails_all_hear_of_it_at_once() -> None:
    answers = Answers()
    tasks = await waiting(Gathering(answers), answers, "a", "gone", "c")
    answers.gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [str, OperationalError, OperationalError, OperationalError]
    assert answers.batches == [["first"], ["a", "gone", "c"]]


async def test_who_has_gone_before_the_batch_is_not_in_it() -> None:
    answers = Answers()
    tasks = await waiting(Gathering(answers), answers, "a", "gone", "c")
    tasks[2].cancel()
    await asyncio.sleep(0)
    answers.gate.set()
    await asyncio.wait(tasks)
    assert answers.batches == [["first"], ["a", "c"]]


async def test_who_goes_during_the_batch_takes_nothing_from_others() -> None:
    answers = Answers()
    tasks = await waiting(Gathering(answers), answers, "a")
    tasks[0].cancel()
    answers.gate.set()
    assert await tasks[1] == "A"


async def test_a_batch_takes_no_more_than_its_weight_but_at_least_one() -> None:
    answers = Answers()
    gathering = Gathering(answers, weigh=lambda job: 1000 if job == "heavy" else 100)
    tasks = await waiting(gathering, answers, "a", "b", "c", "heavy", "d")
    answers.gate.set()
    await asyncio.gather(*tasks)
    assert answers.batches == [["first"], ["a", "b"], ["c"], ["heavy"], ["d"]]


async def test_another_batch_begins_beside_one_that_takes_long() -> None:
    answers = Answers()
    tasks = await waiting(Gathering(answers, lanes=2), answers, "a")
    async with asyncio.timeout(10):
        answers.begun.clear()
        await answers.begun.wait()
    assert answers.batches == [["first"], ["a"]]
    answers.gate.set()
    assert await asyncio.gather(*tasks) == ["FIRST", "A"]


@pytest.mark.both_databases
async def test_events_accepted_together_are_told_apart(api: Api) -> None:
    receiver = (await api.webhook("http://127.0.0.1:9/hook"))["id"]
    intake, workspace = api.platform.intake, api.platform.workspace_id
    other = await api.platform.gatekeeper.create_workspace("other")

    def accept(event_id: str, where: str = workspace, perspective: str | None = None) -> asyncio.Task[list[Accepted]]:
        event = NewEvent("purchase", {"value": 1}, event_id, perspective)
        return asyncio.create_task(intake.accept(where, [event, event]))

    tasks = [accept("one"), accept("two"), accept("one"), accept("bad", perspective="nowhere"), accept("one", other)]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results.pop(3), InvalidInput)
    seen = [[(one.id, one.duplicate, one.deliveries) for one in result] for result in results]
    assert seen == [
        [("one", False, 1), ("one", True, 0)],
        [("two", False, 1), ("two", True, 0)],
        [("one", True, 0), ("one", True, 0)],
        [("one", False, 0), ("one", True, 0)],
    ]
    stored = await api.deliveries(2)
    assert sorted(entry["event_id"] for entry in stored) == ["one", "two"]
    assert {entry["webhook_id"] for entry in stored} == {receiver}
    await api.call("GET", "/v1/events/bad", status=404)


@pytest.mark.parametrize("how", ["at a glance", "together"])
async def test_a_key_that_was_revoked_is_refused_at_once_among_others_that_are_not(
    api: Api, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    gatekeeper = api.platform.gatekeeper
    if how == "together":
        monkeypatch.setattr(api.platform.database, "glance", lambda _sql, _parameters: None)
    key_id, key = await gatekeeper.create_key(api.platform.workspace_id, "short")
    lookups = [gatekeeper.is_valid(one) for one in (key, api.key, "hwk_unknown")]
    assert await asyncio.gather(*lookups) == [True, True, False]
    await gatekeeper.revoke_key(key_id)
    lookups = [gatekeeper.is_valid(one) for one in (key, api.key, key)]
    assert await asyncio.gather(*lookups) == [False, True, False]
