"""The limit of operational webhooks: whatever comes at once, and in what was set up before there was one."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from store import webhooks as store
from tests.serving import Api
from webhooks.operational_webhooks import MAX_ENABLED

pytestmark = pytest.mark.both_databases

BODY = {"name": "On call", "url": "https://example.com/hook", "operational": True}


async def enabled(api: Api) -> int:
    async with api.platform.database.read() as connection:
        return len(await store.operational(connection, api.platform.workspace_id))


async def statuses(api: Api, *calls: tuple[str, str, Any]) -> Counter[int]:
    """Make calls at once, and count how they were answered."""
    made = (api.client.request(method, path, json=body) for method, path, body in calls)
    return Counter(answer.status_code // 100 for answer in await asyncio.gather(*made))


async def test_the_last_place_is_given_once_whichever_way_it_is_asked_for(api: Api):
    *_, gone, last = [await api.post("/v1/webhooks", BODY) for _ in range(MAX_ENABLED)]
    off = [await api.post("/v1/webhooks", {**BODY, "enabled": False}) for _ in range(3)]
    ordinary = [await api.post("/v1/webhooks", {**BODY, "operational": False}) for _ in range(3)]
    await api.call("DELETE", f"/v1/webhooks/{gone['id']}")
    undo = (await api.get("/v1/changes", webhook_id=gone["id"]))["items"][0]["id"]
    ways: list[tuple[str, str, Any]] = [
        *[("POST", "/v1/webhooks", BODY)] * 2,
        *[("PATCH", f"/v1/webhooks/{one['id']}", {"enabled": True}) for one in off],
        *[("PATCH", f"/v1/webhooks/{one['id']}", {"operational": True}) for one in ordinary],
        ("POST", f"/v1/changes/{undo}/undo", {}),
    ]
    assert await statuses(api, *ways) == {2: 1, 4: len(ways) - 1}
    assert await enabled(api) == MAX_ENABLED

    path = f"/v1/webhooks/{last['id']}"
    toggles = [("PATCH", path, {"enabled": turn % 2 == 0}) for turn in range(8)]
    assert await statuses(api, *toggles, *ways[:5]) <= Counter({2: 13, 4: 13})
    assert await enabled(api) <= MAX_ENABLED


async def test_what_was_set_up_before_the_limit_can_be_edited_but_not_added_to(api: Api):
    one = await api.post("/v1/webhooks", BODY)
    async with api.platform.database.write() as connection:
        row = await store.get(connection, api.platform.workspace_id, one["id"])
        assert row is not None
        for number in range(MAX_ENABLED + 1):
            await store.add(connection, {**row, "id": f"wh_{number}"})
    assert await enabled(api) == MAX_ENABLED + 2
    path = f"/v1/webhooks/{one['id']}"
    change = (await api.patch(path, {"name": "Renamed", "url": "https://example.org/hook"}))["change_id"]
    await api.post(f"/v1/changes/{change}/undo")
    await api.post(f"{path}/rotate-secret", {})
    await api.patch(path, {"enabled": False})
    [error] = await api.refused("PATCH", path, {"enabled": True})
    assert f"{MAX_ENABLED + 1} in this workspace are, the limit is {MAX_ENABLED}" in error["message"]
    await api.patch(path, {"name": "Still edited"})
    await api.patch("/v1/webhooks/wh_1", {"operational": False})
    await api.refused("PATCH", "/v1/webhooks/wh_1", {"operational": True})
