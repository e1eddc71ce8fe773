"""Fixtures that every room's tests share."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from server.receiver import Receiver
from tests import databases
from tests.serving import Api, serving


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what is marked `both_databases` on SQLite and on PostgreSQL, everything else on SQLite."""
    if metafunc.definition.get_closest_marker("both_databases"):
        metafunc.parametrize("database_kind", databases.BOTH, indirect=True)


@pytest.fixture(autouse=True)
def database_kind(request: pytest.FixtureRequest) -> Iterator[str]:
    """The kind of database that the test runs on; `tests.databases.url_for` gives it one of its own."""
    kind = getattr(request, "param", databases.USUAL)
    with databases.using(kind):
        yield kind


@pytest.fixture
def postgres() -> Iterator[None]:
    """Have the test's database be PostgreSQL's."""
    with databases.using(databases.POSTGRESQL):
        yield


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    """A running server with a worker, an empty store, and guided mode."""
    async with serving(tmp_path / "home") as running:
        yield running


@pytest.fixture
def receiver() -> Receiver:
    """An endpoint that answers 200 until told otherwise."""
    return Receiver()


@pytest.fixture
async def endpoint(receiver: Receiver) -> AsyncIterator[str]:
    """The URL of the receiver, which is listening."""
    async with receiver.serve() as url:
        yield f"{url}/hook"
