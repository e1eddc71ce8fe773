"""What an assistant may do, defined once and bound by the agent and by MCP."""
