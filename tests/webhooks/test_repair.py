"""The doctor over the real server and store: history, replay and probe together (X03, A11, E09)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.faultlab import FaultLab, certificates
from tests.serving import Api, serving

pytestmark = pytest.mark.both_databases


@pytest.fixture
async def lab() -> AsyncIterator[FaultLab]:
    laboratory = FaultLab()
    yield laboratory
    await laboratory.close()


async def diagnosis(api: Api, webhook: dict[str, Any], *, probe: bool = True) -> dict[str, Any]:
    found = await api.get(f"/v1/webhooks/{webhook['id']}/diagnosis", probe=str(probe).lower())
    assert set(found) == {"cause", "summary", "evidence", "fixes", "probe"}
    return found


def told(found: dict[str, Any]) -> str:
    return "\n".join(item["text"] for item in found["evidence"])


async def test_x03_rejected_auth_header_is_found_and_its_repair_proved(api: Api, lab: FaultLab):
    url = await lab.status(401, b"who are you")
    header = {"name": "Authorization", "value": "Bearer planted-secret"}
    webhook = await api.webhook(url, auth_header=header, retry={"max_retries": 0})
    await api.event()
    await api.webhook_until(webhook["id"], lambda view: view["state"] == "failing")
    found = await diagnosis(api, webhook)
    assert found["cause"] == "unauthorized"
    assert "The last attempt failed with HTTP 401, just now." in told(found)
    assert "An auth header is set: `Authorization`." in told(found)
    assert found["probe"]["tcp"]["ok"] is True
    assert found["fixes"][0]["change"] == {"action": "edit_endpoint"}
    assert "planted-secret" not in str(found)
    good = await lab.status(200)
    await api.patch(f"/v1/webhooks/{webhook['id']}", {"url": good})
    assert (await api.post(f"/v1/webhooks/{webhook['id']}/test", {"mode": "delivery"}))["ok"] is True
    assert (await diagnosis(api, webhook))["cause"] == "healthy"


async def test_a11_filters_that_match_nothing_are_counted(api: Api, endpoint: str):
    perspective = await api.perspective()
    tags = (await api.get(f"/v1/perspectives/{perspective}/tags"))["tags"]
    wanted, carried = tags[0]["name"], tags[1]["name"]
    webhook = await api.webhook(endpoint, perspective_id=perspective, tag_filter={"match": "any", "tags": [wanted]})
    for number in range(3):
        await api.end_conversation(perspective, f"c{number}", tags=[carried])
    found = await diagnosis(api, webhook, probe=False)
    assert found["cause"] == "filters_never_match"
    assert f"3 of the last 3 events were rejected by the tag filter: none carries `{wanted}`" in told(found)
    assert found["probe"] is None
    await api.patch(f"/v1/webhooks/{webhook['id']}", found["fixes"][0]["change"]["patch"])
    await api.end_conversation(perspective, "c9", tags=[carried])
    await api.deliveries(1, "delivered")
    assert (await diagnosis(api, webhook, probe=False))["cause"] == "healthy"


@pytest.mark.parametrize(
    ("settings", "cause"),
    [
        ({}, "no_events_yet"),
        ({"enabled": False}, "disabled"),
        ({"event_filter": {"mode": "exclude", "events": []}}, "empty_exclude"),
    ],
)
async def test_a11_webhook_that_never_fires_says_why(api: Api, endpoint: str, settings: dict[str, Any], cause: str):
    webhook = await api.webhook(endpoint, **settings)
    assert (await diagnosis(api, webhook))["cause"] == cause


async def test_a11_wrong_event_is_named_and_its_fix_applies(api: Api, endpoint: str):
    webhook = await api.webhook(endpoint, event_filter={"mode": "include", "events": ["purchase"]})
    await api.event("page_view")
    found = await diagnosis(api, webhook)
    assert found["cause"] == "event_not_selected"
    assert "which selects `purchase`" in told(found)
    await api.patch(f"/v1/webhooks/{webhook['id']}", found["fixes"][0]["change"]["patch"])
    await api.event("page_view")
    await api.deliveries(1, "delivered")


async def test_e09_expired_certificate_is_named_with_its_dates(tmp_path: Path, lab: FaultLab):
    authority = certificates.write_authority(tmp_path)
    async with serving(tmp_path / "home", egress_ca_file=authority) as api:
        webhook = await api.webhook(await lab.status(200, tls=certificates.ending_in(-3)))
        tested = await api.post(f"/v1/webhooks/{webhook['id']}/test", {"mode": "delivery"})
        assert tested["ok"] is False
        found = await diagnosis(api, webhook)
    assert found["cause"] == "tls_expired"
    assert found["probe"]["tls"]["days_left"] == -3
    assert found["probe"]["http"] is None


async def test_unknown_webhook_is_not_found(api: Api):
    response = await api.client.get("/v1/webhooks/wh_00000000000000000000000000/diagnosis")
    assert response.status_code == 404
