"""The agent loop: LangChain's `create_agent` with tools, our checks and our saver.

Importing this module imports LangChain (2 s, 100 MB), so nothing imports it before the first conversation does.
"""

import json
from collections import OrderedDict
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
_KEPT = 32


Graph = CompiledStateGraph[Any, TurnContext, Any, Any]


class Graphs:
    """The compiled agents, one for each set of tools; those used last are kept.

    Tools are bound as definitions, so that sessions with the same triggers share an agent; `Calls` runs them.
    """

    def __init__(self, saver: TurnSaver) -> None:
        self._saver = saver
        self._kept: OrderedDict[str, Graph] = OrderedDict()

    def of(self, model: BaseChatModel, toolbox: Toolbox) -> Graph:
        """Return the agent of a model with these tools, compiled when it is asked for the first time."""
        definitions = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": tool.schema},
            }
            for tool in toolbox.tools.values()
        ]
        key = f"{id(model)} {json.dumps(definitions)}"
        graph = self._kept.pop(key, None)
        self._kept[key] = graph = self._compile(model, definitions) if graph is None else graph
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return graph

    def _compile(self, model: BaseChatModel, definitions: list[Any]) -> Graph:
        return create_agent(
            model,
            definitions,
            middleware=[Honesty(), Calls()],
            context_schema=TurnContext,
            checkpointer=self._saver,
        )
