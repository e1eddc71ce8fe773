"""API calls inside a conversation."""
