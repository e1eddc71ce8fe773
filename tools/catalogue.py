"""All the tools."""

from typing import Any

from tools import (
    assistant_tools,
    call_tools,
    catalogue_tools,
    change_tools,
    delivery_tools,
    filter_tools,
    import_tools,
    integration_tools,
    secret_tools,
    webhook_tools,
)
from tools.services import Services
from tools.toolbox import Tool, Toolbox

TOOLS: tuple[Tool[Any], ...] = (
    *webhook_tools.TOOLS,
    *filter_tools.TOOLS,
    *catalogue_tools.TOOLS,
    *delivery_tools.TOOLS,
    *change_tools.TOOLS,
    *assistant_tools.TOOLS,
    *integration_tools.TOOLS,
    *import_tools.TOOLS,
    *call_tools.TOOLS,
    *secret_tools.TOOLS,
)


def toolbox(services: Services) -> Toolbox:
    """Return every tool, working with these services."""
    return Toolbox(services, TOOLS)
