"""Lets the tests of this folder import each other's helpers, and gives them a workspace."""

import sys
from pathlib import Path

import pytest

from agent.assistant import Assistant
from agent.guided.model import GuidedModel
from tests.agent.conftest import House
from tools.catalogue import toolbox

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def guided(house: House) -> House:
    """Give a workspace whose assistant has no model."""
    house.assistant = Assistant(house.database, toolbox(house.services), GuidedModel)
    return house
