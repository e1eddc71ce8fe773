"""Declares the app's event when Django is ready."""

import importlib

from django.apps import AppConfig


class ShopConfig(AppConfig):
    """The app."""

    name = "bench.rivals.shop"
    label = "shop"

    def ready(self) -> None:
        """Declare the event."""
        importlib.import_module("bench.rivals.shop.domain_events")
