from collections.abc import AsyncIterator

import pytest

from tests.faultlab import FaultLab


@pytest.fixture
async def lab() -> AsyncIterator[FaultLab]:
    """The servers that go wrong."""
    laboratory = FaultLab()
    yield laboratory
    await laboratory.close()
