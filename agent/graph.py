"""The agent loop: LangChain's `create_agent` with our tools, our checks and our saver.

Importing this module imports LangChain (2 s, 100 MB), so nothing imports it before the first conversation does.
"""

from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langgraph.graph.state import CompiledStateGraph

from agent.calls import Calls, TurnContext
from agent.checkpoint import TurnSaver
from agent.honesty import MAX_MODEL_CALLS, Honesty
from tools.toolbox import Toolbox

STEP_LIMIT = 2 * MAX_MODEL_CALLS + 5
"""LangGraph's own limit, as a second net: `Honesty` ends a turn before it is reached."""


def build(model: BaseChatModel, toolbox: Toolbox, saver: TurnSaver) -> CompiledStateGraph[Any, TurnContext, Any, Any]:
    """Compile the agent. Tools are given as definitions, rendered once; `Calls` runs them."""
    definitions: list[Any] = [
        {
            "type": "function",
            "function": {"name": tool.name, "description": tool.description, "parameters": tool.schema},
        }
        for tool in toolbox.tools.values()
    ]
    return create_agent(
        model,
        definitions,
        middleware=[Honesty(), Calls(toolbox)],
        context_schema=TurnContext,
        checkpointer=saver,
    )
