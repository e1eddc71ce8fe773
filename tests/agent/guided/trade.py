"""A world of three webhooks of a shop, each with a name of one plain word."""

from typing import Any

from world import World, webhook

_OF_A_SHOP: dict[str, Any] = {"profile": "perspection", "perspective_id": None, "perspective_name": None}


def trade() -> World:
    """Give a world with the webhooks shipping (wh_1), stock (wh_2) and billing (wh_3)."""
    every = {"mode": "include", "events": []}
    named = enumerate(("shipping", "stock", "billing"), 1)
    webhooks = [webhook(f"wh_{place}", name, **_OF_A_SHOP, event_filter=every) for place, name in named]
    return World.of(*webhooks, system="You are the assistant.")


def suggestions(answer: Any) -> list[str]:
    """Give the messages that an answer offers."""
    return list(answer.additional_kwargs.get("suggestions") or [])
