from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.acceptance.shop import Shop, opened
from tests.acceptance.stub import StubApi
from tests.agent.openai_server import KEY, MODEL, OpenAIServer
from tests.faultlab import FaultLab
from tests.serving import serving


@pytest.fixture
async def lab() -> AsyncIterator[FaultLab]:
    """The servers that go wrong."""
    laboratory = FaultLab()
    yield laboratory
    await laboratory.close()


@pytest.fixture
async def stub() -> AsyncIterator[StubApi]:
    """The API that integrations call."""
    async with StubApi().serve() as running:
        yield running


@pytest.fixture
async def shop(tmp_path: Path, stub: StubApi) -> AsyncIterator[Shop]:
    """A server with a scripted model, and on it a session with an assistant."""
    async with OpenAIServer().serve() as model:
        settings = {"openai_base_url": model.url, "openai_api_key": KEY, "model": MODEL}
        async with serving(tmp_path / "home", with_worker=False, **settings) as api:
            yield await opened(api, stub, model)
