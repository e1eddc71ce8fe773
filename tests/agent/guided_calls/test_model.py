"""The model as LangChain sees it."""

from langchain_core.messages import AIMessageChunk, HumanMessage
from shop import SEED

from agent.guided.model import GuidedModel
from agent.guided_calls.model import SessionModel


def test_a_call_and_a_question_can_be_streamed():
    model = SessionModel().bind_tools(SEED)
    whole = AIMessageChunk(content="")
    for chunk in model.stream([HumanMessage("where is order 1042?")]):
        whole += chunk
    assert [(call["name"], call["args"]) for call in whole.tool_calls] == [
        ("check_order_status", {"order_number": "1042"})
    ]
    said = "".join(str(chunk.text) for chunk in model.stream([HumanMessage("where is my order?")]))
    assert said == str(model.invoke([HumanMessage("where is my order?")]).text)


def test_without_a_message_it_offers_what_it_can_do():
    answer = SessionModel().bind_tools(SEED).invoke([])
    assert len(answer.additional_kwargs["suggestions"]) == len(SEED)


def test_it_tells_the_graph_that_it_is_guided():
    assert SessionModel().is_guided


def test_the_configuring_assistant_still_decides_by_itself():
    answer = GuidedModel().bind_tools(SEED).invoke([HumanMessage("where is order 1042?")])
    assert answer.tool_calls == []
