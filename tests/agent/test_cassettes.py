"""Whole conversations in OpenAI's wire format, replayed from cassettes with the network blocked.

`pytest tests/agent/test_cassettes.py --record-mode=rewrite` records them anew against the local server of
`openai_server.py` (on a fixed port, so that addresses stay the same).
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agent.assistant import Assistant
from agent.model import choose_model
from tests.agent.conftest import CASSETTES, House
from tests.agent.openai_server import KEY, MODEL, OpenAIServer, Turn
from tools.catalogue import toolbox

PORT = 18765
TAGS = "A churn study knows pricing, onboarding and churn, among others."

SCRIPT = {
    "test_tool_call_and_text": [
        Turn(calls=[("list_event_types", {"kind": "interviewer"})]),
        Turn("There are three: interview.completed, interview.partial and interview.abandoned."),
    ],
    "test_two_calls_in_one_answer": [
        Turn("Looking.", calls=[("list_event_types", {"kind": "funnel"}), ("list_perspectives", {})]),
        Turn("Funnels raise new_lead and funnel_completed. You have no perspectives yet."),
    ],
    "test_form_is_opened_and_cancelled": [
        Turn(calls=[("create_webhook", {"name": "CRM", "trust_score": {"min": 70}})]),
        Turn("The form was closed, so no webhook was created."),
    ],
    "test_false_claim_is_corrected_on_the_wire": [
        Turn("Done! I've deleted the webhook."),
        Turn("No webhook was deleted: which one do you mean?"),
    ],
}


@pytest.fixture(scope="module")
def vcr_config() -> dict[str, Any]:
    return CASSETTES


@pytest.fixture
async def model_server(request: pytest.FixtureRequest, record_mode: str) -> AsyncIterator[None]:
    if record_mode == "none":
        yield
        return
    async with OpenAIServer(list(SCRIPT[request.node.name])).serve(PORT):
        yield


@pytest.fixture
async def wired(house: House, model_server: None) -> House:
    del model_server
    house.assistant = Assistant(
        house.database,
        toolbox(house.services),
        lambda: choose_model(name=MODEL, base_url=f"http://127.0.0.1:{PORT}/v1", api_key=KEY),
    )
    return house


pytestmark = [pytest.mark.vcr, pytest.mark.block_network]


async def test_tool_call_and_text(wired: House) -> None:
    reply = await wired.say("which events are there?")
    assert reply["tool_calls"][0]["name"] == "list_event_types"
    assert len(reply["tool_calls"][0]["result"]["event_types"]) == 3
    assert reply["reply"].startswith("There are three: interview.completed")


async def test_two_calls_in_one_answer(wired: House) -> None:
    reply = await wired.say("what do funnels raise, and which perspectives do I have?")
    assert [made["name"] for made in reply["tool_calls"]] == ["list_event_types", "list_perspectives"]
    assert all(made["result"]["ok"] for made in reply["tool_calls"])
    assert "new_lead" in reply["reply"]


async def test_form_is_opened_and_cancelled(wired: House) -> None:
    reply = await wired.say("set up a webhook called CRM for trust of 70 and more")
    assert reply["interrupt"]["kind"] == "form"
    assert reply["interrupt"]["prefill"]["trust_score"] == {"min": 70}
    after = await wired.resume(reply, {"cancelled": True})
    assert after["reply"] == "The form was closed, so no webhook was created."


async def test_false_claim_is_corrected_on_the_wire(wired: House) -> None:
    reply = await wired.say("delete it")
    assert reply["reply"] == "No webhook was deleted: which one do you mean?"


def test_cassettes_hold_no_key() -> None:
    folder = Path(__file__).parent / "cassettes" / "test_cassettes"
    recorded = list(folder.glob("*.yaml"))
    assert len(recorded) == len(SCRIPT)
    assert not [path for path in recorded if KEY in path.read_text()]
