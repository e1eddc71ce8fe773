from typing import Any

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from agent.memory import recall
from store.conversations import Entry
from tests.agent.conftest import House
from tests.agent.scripted import call


def user(text: str) -> Entry:
    return Entry("user", {"text": text})


def assistant(text: str = "", *called: str) -> Entry:
    tool_calls = [{"id": name, "name": name, "arguments": {}} for name in called]
    return Entry("assistant", {"text": text, "tool_calls": tool_calls})


def tool(name: str, **result: Any) -> Entry:
    return Entry("tool", {"call_id": name, "name": name, "result": {"ok": True, **result}})


def test_call_without_a_result_gets_one() -> None:
    messages = recall([user("a"), assistant("", "x", "y"), tool("y"), user("b")])
    assert [type(message) for message in messages] == [HumanMessage, AIMessage, ToolMessage, ToolMessage, HumanMessage]
    assert "unknown" in messages[2].text


def test_history_begins_with_a_person_and_only_what_was_said_is_sent() -> None:
    cut = [tool("x"), assistant("old"), Entry("answer", {}), user("a"), Entry("note", {"text": "n"}), assistant("b")]
    assert [message.text for message in recall(cut)] == ["a", "b"]


def test_history_is_bounded_by_size_but_keeps_the_last_exchange() -> None:
    entries = [entry for n in range(10) for entry in (user(f"{n}" + "x" * 7000), assistant("ok"))]
    messages = recall(entries)
    assert 2 <= len(messages) <= 12
    assert messages[-2].text.startswith("9")
    assert recall([user("x" * 100_000)])


async def test_long_conversation_sends_a_bounded_history(house: House) -> None:
    house.script(AIMessage("0"))
    reply = await house.say("0")
    for number in range(1, 60):
        house.script(call("list_webhooks", f"call_{number}"), AIMessage(str(number)))
        await house.say(str(number), reply["conversation_id"])
    assert len(house.model.seen[-1]) <= 45
    assert len(house.model.seen[-1]) == len(house.model.seen[-11])
