"""Fixtures that every room's tests share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.receiver import Receiver
from tests.serving import Api, serving


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
