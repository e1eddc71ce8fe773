"""Who is not let in, what of another workspace is not there, and which pages there are."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from tests.acceptance.house import House, open_house
from tests.acceptance.talk import Talk

pytestmark = pytest.mark.asyncio(loop_scope="module")

READS = [
    *("/v1/webhooks", "/v1/webhooks/{webhook}", "/v1/webhooks/{webhook}/attempts"),
    "/v1/webhooks/{webhook}/jwks",
    *("/v1/webhooks/{webhook}/diagnosis", "/v1/perspectives", "/v1/perspectives/{perspective}"),
    *("/v1/perspectives/{perspective}/tags", "/v1/event-types", "/v1/events/{event}", "/v1/deliveries"),
    *("/v1/deliveries/{delivery}", "/v1/changes", "/v1/chat", "/v1/chat/{conversation}", "/v1/me"),
]
WRITES: list[tuple[str, str, Any]] = [
    ("PATCH", "/v1/webhooks/{webhook}", {"name": "Taken over"}),
    ("DELETE", "/v1/webhooks/{webhook}", None),
    ("POST", "/v1/webhooks/{webhook}/test", {}),
    ("POST", "/v1/webhooks/{webhook}/rotate-secret", {}),
    ("POST", "/v1/webhooks/{webhook}/replay", {"since": "2020-01-01T00:00:00Z"}),
    ("POST", "/v1/webhooks/{webhook}/fix", {}),
    ("POST", "/v1/perspectives/{perspective}/conversations/c1/end", {"status": "completed"}),
    ("POST", "/v1/deliveries/{delivery}/retry", {}),
    ("POST", "/v1/changes/{change}/undo", {}),
    ("POST", "/v1/chat", {"message": "hi", "conversation_id": "{conversation}"}),
    ("POST", "/v1/chat", {"message": "hi", "perspective_id": "{perspective}"}),
    ("POST", "/v1/chat/{conversation}/resume", {"interrupt_id": "{interrupt}", "value": {"approved": True}}),
]
CREATES: list[tuple[str, str, Any]] = [
    ("POST", "/v1/webhooks", {"name": "a", "url": "http://127.0.0.1:9/"}),
    ("POST", "/v1/perspectives", {"name": "a", "kind": "funnel"}),
    ("POST", "/v1/events", {"type": "a", "payload": {}}),
    ("POST", "/v1/chat", {"message": "hi"}),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with open_house(tmp_path_factory.mktemp("callers")) as one:
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ids(house: House) -> dict[str, str]:
    api = house.api
    event = await api.end_conversation(house.perspective)
    [delivery] = await api.deliveries(1, "retrying")
    talk = Talk(api, house.perspective)
    await talk.say("delete the webhook")
    return {
        "webhook": house.webhook,
        "perspective": house.perspective,
        "event": event,
        "delivery": delivery["id"],
        "change": (await api.get("/v1/changes"))["items"][0]["id"],
        "conversation": str(talk.conversation),
        "interrupt": talk.asked["id"],
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stranger(house: House) -> AsyncIterator[httpx2.AsyncClient]:
    """Give the client of a key of another workspace."""
    gatekeeper = house.api.platform.gatekeeper
    _, key = await gatekeeper.create_key(await gatekeeper.create_workspace("Elsewhere"), "tests")
    async with house.api.as_caller(key) as client:
        yield client


def filled(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: filled(part, ids) for name, part in value.items()}
    return ids.get(value[1:-1], value) if isinstance(value, str) else value


KEYS = [
    "",
    "Bearer",
    "Bearer hwk_wrong",
    "Basic aHdrOng=",
    "hwk_wrong",
    "Bearer é",
    "Bearer {key}x",
    "Bearer {key} {key}",
]


@pytest.mark.parametrize("header", [None, *KEYS])
async def test_without_a_valid_key_routes_are_a_401(house: House, ids: dict[str, str], header: str | None):
    headers = {} if header is None else {"authorization": header.replace("{key}", house.api.key).encode()}
    before = await house.contents()
    async with httpx2.AsyncClient(base_url=house.api.url) as nobody:
        routes = [*(("GET", path, None) for path in READS), *WRITES, *CREATES]
        for method, path, body in routes if header is None else routes[::7]:
            answer = await nobody.request(method, path.format(**ids), json=filled(body, ids), headers=headers)
            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.json()["status"] == 401
            assert house.api.key not in answer.text
    assert await house.contents() == before


async def test_revoked_key_is_a_401(house: House):
    gatekeeper = house.api.platform.gatekeeper
    key_id, key = await gatekeeper.create_key(house.api.platform.workspace_id, "short-lived")
    async with house.api.as_caller(key) as client:
        assert (await client.get("/v1/me")).status_code == 200
        await gatekeeper.revoke_key(key_id)
        assert (await client.get("/v1/me")).status_code == 401


async def test_objects_of_another_workspace_are_not_there(
    house: House, ids: dict[str, str], stranger: httpx2.AsyncClient
):
    before = await house.contents()
    for method, path, body in [*(("GET", path, None) for path in READS if "{" in path), *WRITES]:
        answer = await stranger.request(method, path.format(**ids), json=filled(body, ids))
        assert answer.status_code == 404, (method, path, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
    assert await house.contents() == before


async def test_lists_of_another_workspace_are_empty(house: House, ids: dict[str, str], stranger: httpx2.AsyncClient):
    lists = ("webhooks", "perspectives", "deliveries", "changes", "chat")
    for path in (
        *(f"/v1/{name}" for name in lists),
        f"/v1/webhooks?perspective_id={ids['perspective']}",
        f"/v1/deliveries?webhook_id={ids['webhook']}",
        f"/v1/deliveries?event_id={ids['event']}",
        f"/v1/changes?webhook_id={ids['webhook']}",
    ):
        assert (await stranger.get(path)).json()["total"] == 0, path
    new = {"name": "Spy", "url": "http://127.0.0.1:9/", "perspective_id": ids["perspective"]}
    answer = await stranger.post("/v1/webhooks", json=new)
    assert answer.status_code == 422
    assert "there is no perspective" in answer.text
    event = {"type": "a", "payload": {}, "perspective_id": ids["perspective"]}
    assert (await stranger.post("/v1/events", json=event)).status_code == 422
    assert (await house.api.get("/v1/webhooks"))["total"] == 1


async def test_same_event_id_in_two_workspaces_is_two_events(house: House, stranger: httpx2.AsyncClient):
    await house.api.event(id="shared-id")
    answer = await stranger.post("/v1/events", json={"type": "a", "payload": {"mine": 1}, "id": "shared-id"})
    assert answer.json()["events"][0]["duplicate"] is False
    assert (await stranger.get("/v1/events/shared-id")).json()["payload"] == {"mine": 1}


ODD = [
    "none",
    "wh_",
    "x" * 3000,
    "%00",
    "%ED%A0%80",
    "%FF",
    "..%2F..",
    "%27%20OR%201%3D1--",
    "%0D%0A",
    "😀",
    "*",
    "%20",
]


@pytest.mark.parametrize("odd", ODD)
async def test_odd_id_is_a_404(house: House, odd: str):
    names = ("webhook", "perspective", "event", "delivery", "change", "conversation")
    ids = dict.fromkeys(names, odd)
    for method, path, body in [*(("GET", path, None) for path in READS if "{" in path), *WRITES]:
        if "{" not in path:
            continue
        answer = await house.api.client.request(method, path.format(**ids), json=body)
        assert answer.status_code == 404, (method, path, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"


PAGED = [
    "/v1/webhooks",
    "/v1/perspectives",
    "/v1/deliveries",
    "/v1/changes",
    "/v1/chat",
    "/v1/webhooks/{webhook}/attempts",
]
PAGES = {
    "limit": ("0", "201", "-1", "ten", "", "1.5", "1e2", "9" * 30, "٣"),
    "offset": ("-1", "10000001", "one", "", "0.5", "9" * 30),
}
RANGES = {"limit": "from 1 to 200", "offset": "from 0 to 10000000"}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in PAGES.items() for value in values])
async def test_page_out_of_range_is_refused(house: House, name: str, value: str):
    for path in PAGED:
        full = path.format(webhook=house.webhook)
        answer = await house.api.client.get(full, params={name: value})
        assert answer.status_code == 422
        [error] = answer.json()["errors"]
        assert error["field"] == name
        assert f"must be a whole number {RANGES[name]}; got {value[:20]!r}"[:60] in error["message"]


async def test_page_at_its_bounds_is_given(house: House):
    for path in PAGED:
        for limit, offset in ((1, 0), (200, 10_000_000)):
            page = await house.api.get(path.format(webhook=house.webhook), limit=limit, offset=offset)
            assert (page["limit"], page["offset"]) == (limit, offset)
            assert len(page["items"]) <= limit


QUERIES = [
    ("/v1/deliveries", "status", "gone", "must be one of delivered, failed, retrying, pending; got 'gone'"),
    *(
        ("/v1/deliveries", name, value, "must be a time")
        for name in ("since", "until")
        for value in ("now", "2026-01-01T00:00:00", "2026-02-30T00:00:00Z", "9999-12-31T23:59:59-23:59")
    ),
    ("/v1/event-types", "kind", "intervewer", "Did you mean `interviewer`"),
    ("/v1/webhooks/{webhook}/diagnosis", "probe", "perhaps", "must be true or false; got 'perhaps'"),
]


@pytest.mark.parametrize(("path", "name", "value", "message"), QUERIES)
async def test_query_is_refused_by_name(house: House, path: str, name: str, value: str, message: str):
    answer = await house.api.client.get(path.format(webhook=house.webhook), params={name: value})
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["field"] == name
    assert message in error["message"]
