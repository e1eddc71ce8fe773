"""Drafts of triggers from what people have at hand: a curl line, an OpenAPI document."""
