"""All the tools."""

from typing import Any

from tools import catalogue_tools, change_tools, delivery_tools, filter_tools, webhook_tools
from tools.services import Services
from tools.toolbox import Tool, Toolbox

TOOLS: tuple[Tool[Any], ...] = (
    *webhook_tools.TOOLS,
    *filter_tools.TOOLS,
    *catalogue_tools.TOOLS,
    *delivery_tools.TOOLS,
    *change_tools.TOOLS,
)


def toolbox(services: Services) -> Toolbox:
    """Return every tool, working with these services."""
    return Toolbox(services, TOOLS)
