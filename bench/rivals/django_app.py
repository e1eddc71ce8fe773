"""django-outbound-webhooks on PostgreSQL: fires events; its own command `deliver_events` delivers them."""

import base64
import os
import time

import django
from django.core.management import call_command

from bench.rivals.message import BODY


def enqueue(count: int, url: str) -> float:
    """Create the tables and an endpoint, and fire events, a hundred in a transaction."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.rivals.django_settings"
    django.setup()
    from django.db import transaction  # noqa: PLC0415 - Django is set up by now
    from django_domain_events import fire  # noqa: PLC0415
    from django_outbound_webhooks import register_endpoint  # noqa: PLC0415

    from bench.rivals.shop.domain_events import Purchase  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    secret = "whsec_" + base64.b64encode(b"bench-secret-of-thirty-two-bytes").decode()
    register_endpoint(name="bench", url=url, secret=secret, event_names=["shop.Purchase"])
    started = time.perf_counter()
    for start in range(0, count, 100):
        with transaction.atomic():
            for _ in range(min(100, count - start)):
                fire(Purchase(data=BODY[:900]))
    return time.perf_counter() - started
