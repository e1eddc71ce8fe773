"""When a failed delivery is tried again: Retry-After, 3xx and 4xx by profile, jitter (A06, X06)."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from tests.faultlab import FaultLab
from tests.serving import Api

pytestmark = pytest.mark.both_databases

HOUR = timedelta(hours=1)
STEADY = {"strategy": "schedule", "schedule": [600], "jitter": 0}
OWN = timedelta(seconds=600)
SLACK = timedelta(seconds=5)


async def waiting(api: Api, url: str, **fields: Any) -> timedelta | None:
    """Let one delivery fail and return how long it waits from then on; None when it has failed for good."""
    webhook = await api.webhook(url, **fields)
    await api.event()
    await api.webhook_until(webhook["id"], lambda hook: hook["health"]["total"] == 1)
    [delivery] = (await api.get("/v1/deliveries", webhook_id=webhook["id"]))["items"]
    if delivery["next_attempt_at"] is None:
        assert delivery["status"] == "failed"
        return None
    detail = await api.get(f"/v1/deliveries/{delivery['id']}")
    [attempt] = detail["attempts"]
    return datetime.fromisoformat(delivery["next_attempt_at"]) - datetime.fromisoformat(attempt["attempted_at"])


def asking(text: str) -> tuple[str, ...]:
    return (f"Retry-After: {text}",)


@pytest.mark.parametrize("status", [429, 503])
async def test_x06_retry_after_is_honoured_in_seconds_and_as_a_date(api: Api, lab: FaultLab, status: int):
    later = format_datetime(datetime.now(UTC) + 2 * HOUR, usegmt=True)
    for text, wanted in (("3600", HOUR), (later, 2 * HOUR)):
        waits = await waiting(api, await lab.status(status, headers=asking(text)), retry=STEADY)
        assert waits is not None
        assert abs(waits - wanted) < SLACK


async def test_x06_retry_after_is_capped_at_a_day_and_never_shortens_our_own_delay(api: Api, lab: FaultLab):
    for text, wanted in (("9999999", 24 * HOUR), ("1", OWN), ("soon", OWN)):
        waits = await waiting(api, await lab.status(503, headers=asking(text)), retry=STEADY)
        assert waits is not None
        assert abs(waits - wanted) < SLACK


async def test_x06_retry_after_on_another_answer_means_nothing(api: Api, lab: FaultLab):
    waits = await waiting(api, await lab.status(500, headers=asking("3600")), retry=STEADY)
    assert waits is not None
    assert abs(waits - OWN) < SLACK


@pytest.mark.parametrize(
    ("profile", "again"), [("standard", True), ("perspection", True), ("perspective", False), ("funnel", False)]
)
async def test_a06_whether_a_4xx_is_tried_again_is_up_to_the_profile_and_to_the_webhook(
    api: Api, lab: FaultLab, profile: str, *, again: bool
):
    for status in (404, 429, 302):
        url = await lab.status(status)
        assert (await waiting(api, url, profile=profile) is not None) is again
        assert (await waiting(api, url, profile=profile, retry={"retry_4xx": not again}) is not None) is not again


async def test_a_redirect_is_a_failure_that_names_its_target(api: Api, lab: FaultLab):
    url = await lab.redirect("https://hooks.example.com/new?token=planted-41")
    assert await waiting(api, url, retry=STEADY) == pytest.approx(OWN, abs=SLACK)
    [webhook] = (await api.get("/v1/webhooks"))["items"]
    assert webhook["health"]["last_error"] == "HTTP 307: the endpoint redirects to https://hooks.example.com"
    assert webhook["health"]["last_cause"] == "redirect"
    assert len(lab.requests) == 1, "it is not followed"


async def test_jitter_spreads_the_retries_of_the_standard_profile(api: Api, lab: FaultLab):
    url = await lab.status(500)
    waits = [await waiting(api, url) for _ in range(6)]
    assert all(wait is not None and timedelta(seconds=5) <= wait <= timedelta(seconds=6.5) for wait in waits)
    assert len(set(waits)) > 1
