"""Event-stream webhooks, rows B01 to B06: set up, filter, sign."""

import hashlib
import hmac
from typing import Any

import pytest

from tests.acceptance.talk import Talk
from tests.serving import Api, Receiver

TEN = {
    *("page_view", "track", "identify", "form_submission", "button_click"),
    *("purchase", "add_to_cart", "checkout_started", "user_signup", "user_login"),
}


async def test_b01_name_and_url_are_enough_and_the_defaults_are_the_documented_ones(api: Api):
    stream = await api.perspective("event_stream")
    webhook = await api.webhook("http://127.0.0.1:9/", perspective_id=stream)
    assert webhook["profile"] == "perspection"
    assert (webhook["enabled"], webhook["description"], webhook["headers"]) == (True, "", {})
    assert webhook["event_filter"] == {"mode": "include", "events": []}
    assert (webhook["conditions"], webhook["has_secret"], webhook["secret"]) == ([], False, None)
    assert (webhook["retry"]["max_retries"], webhook["timeout_ms"]) == (3, 5_000)


async def test_b01_every_option_is_stored(api: Api):
    given: dict[str, Any] = {
        "description": "Orders to the warehouse",
        "enabled": False,
        "event_filter": {"mode": "exclude", "events": ["page_view"]},
        "conditions": [{"field": "properties.value", "operator": "gt", "value": 100}],
        "headers": {"X-Source": "web"},
        "timeout_ms": 30_000,
    }
    webhook = await api.webhook(
        "http://127.0.0.1:9/", profile="perspection", secret="s3cret-planted", retry={"max_retries": 10}, **given
    )
    stored = await api.get(f"/v1/webhooks/{webhook['id']}")
    assert {name: stored[name] for name in given} == given
    assert (stored["retry"]["max_retries"], stored["has_secret"]) == (10, True)
    assert "s3cret-planted" not in str(stored)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("retry.max_retries", 11, "must be a whole number from 0 to 10; got 11"),
        ("retry.max_retries", -1, "must be a whole number from 0 to 10; got -1"),
        ("timeout_ms", 999, "must be a whole number from 1000 to 30000 milliseconds; got 999"),
        ("timeout_ms", 30_001, "must be a whole number from 1000 to 30000 milliseconds; got 30001"),
    ],
)
async def test_b01_out_of_range_is_refused_naming_field_and_range(api: Api, field: str, value: int, expected: str):
    head, _, tail = field.partition(".")
    body = {"name": "Orders", "url": "http://127.0.0.1:9/", head: {tail: value} if tail else value}
    assert await api.refused("POST", "/v1/webhooks", body) == [{"field": field, "message": expected}]
    assert (await api.get("/v1/webhooks"))["total"] == 0


async def test_b01_settings_are_changed_by_talking_within_their_range(api: Api):
    stream = await api.perspective("event_stream")
    webhook = await api.webhook("http://127.0.0.1:9/", perspective_id=stream)
    talk = Talk(api, stream)
    await talk.say("set retries to 5")
    await talk.say("set the timeout to 3 seconds")
    assert "30" in await talk.say("set the timeout to 40 seconds")
    await talk.say("change its name to Orders")
    stored = await api.get(f"/v1/webhooks/{webhook['id']}")
    assert (stored["retry"]["max_retries"], stored["timeout_ms"], stored["name"]) == (5, 3_000, "Orders")


@pytest.mark.parametrize(
    ("mode", "events", "delivered"),
    [
        ("include", [], {"page_view", "purchase", "custom.thing"}),
        ("include", ["purchase", "user_login"], {"purchase"}),
        ("include", ["custom.thing"], {"custom.thing"}),
        ("exclude", ["page_view"], {"purchase", "custom.thing"}),
        ("exclude", [], set()),
    ],
)
async def test_b02_event_filter(api: Api, mode: str, events: list[str], delivered: set[str]):
    await api.webhook("http://127.0.0.1:9/", profile="perspection", event_filter={"mode": mode, "events": events})
    sent = [await api.event(name) for name in ("page_view", "purchase", "custom.thing")]
    assert {event["type"] for event in sent if event["deliveries"]} == delivered


async def test_b02_conditions_are_not_evaluated_when_the_event_filter_rejects(api: Api):
    rule = {"field": "properties.value", "operator": "gt", "value": 100}
    fields = {"event_filter": {"events": ["purchase"]}, "conditions": [rule]}
    webhook = await api.webhook("http://127.0.0.1:9/", profile="perspection", **fields)
    body = {"mode": "filters", "event_type": "page_view", "event": {"properties": {"value": 1}}}
    report = await api.post(f"/v1/webhooks/{webhook['id']}/test", body)
    assert (report["matched"], report["event_filter"]["passed"], report["conditions"]) == (False, False, [])


async def test_b02_event_filter_is_set_by_talking(api: Api):
    stream = await api.perspective("event_stream")
    webhook = await api.webhook("http://127.0.0.1:9/", perspective_id=stream)
    talk = Talk(api, stream)
    await talk.say("only purchase and add_to_cart events")
    stored = await api.get(f"/v1/webhooks/{webhook['id']}")
    assert stored["event_filter"] == {"mode": "include", "events": ["purchase", "add_to_cart"]}


async def test_b03_the_ten_common_types_are_offered(api: Api):
    items = (await api.get("/v1/event-types", kind="event_stream"))["items"]
    assert {item["name"] for item in items} == TEN
    assert all(item["description"] and item["schema"] and item["example"] for item in items)
    said = await Talk(api, await api.perspective("event_stream")).say("what events are available?")
    assert all(name in said for name in TEN)


async def test_b03_any_custom_name_is_accepted(api: Api, receiver: Receiver, endpoint: str):
    name = "warehouse/stock.low:EU-1_b"
    await api.webhook(endpoint, profile="perspection", event_filter={"events": [name]})
    assert (await api.event(name, {"properties": {"left": 2}}))["deliveries"] == 1
    assert (await receiver.wait_for(1)).headers["x-perspection-event"] == name


PAYLOAD: dict[str, Any] = {
    "properties": {
        "value": "100",
        "active": True,
        "nothing": None,
        "empty": "",
        "name": "Blue shoes",
        "nan": "abc",
        "items": [{"product_id": "sku_7", "price": 149.5}, {"product_id": "sku_8"}],
        "tags": ["new", 7],
    },
    "dotted.key": 1,
}
CONDITIONS: list[tuple[str, str, Any, bool]] = [
    ("properties.items.0.product_id", "eq", "sku_7", True),
    ("properties.items.1.product_id", "eq", "sku_7", False),
    ("properties.items.2.product_id", "exists", None, False),
    ("properties.items.length", "exists", None, False),
    ("properties.value", "eq", 100, True),
    ("properties.value", "eq", "100", True),
    ("properties.value", "eq", "100.0", False),
    ("properties.active", "eq", 1, True),
    ("properties.active", "eq", "1", True),
    ("properties.active", "eq", "true", False),
    ("properties.nothing", "eq", None, True),
    ("properties.missing", "eq", None, True),
    ("properties.missing", "eq", 0, False),
    ("properties.missing", "ne", 0, True),
    ("properties.value", "ne", 100, False),
    ("properties.value", "gt", 99, True),
    ("properties.value", "gt", 100, False),
    ("properties.value", "gte", "100", True),
    ("properties.value", "lt", 100.5, True),
    ("properties.value", "lte", 99, False),
    ("properties.active", "gt", 0, True),
    ("properties.nothing", "lte", 0, True),
    ("properties.empty", "gte", 0, True),
    ("properties.missing", "lte", 0, False),
    ("properties.nan", "gt", 0, False),
    ("properties.nan", "lte", 0, False),
    ("properties.value", "exists", None, True),
    ("properties.empty", "exists", None, True),
    ("properties.nothing", "exists", None, False),
    ("properties.missing", "exists", None, False),
    ("properties.name", "contains", "shoe", True),
    ("properties.name", "contains", "Shoe", False),
    ("properties.tags", "contains", "new", True),
    ("properties.tags", "contains", "ne", False),
    ("properties.tags", "contains", 7, True),
    ("properties.value", "contains", 1, True),
    ("properties.missing", "contains", "x", False),
]


async def test_b04_operators_compare_as_javascript_does(api: Api):
    webhook = await api.webhook("http://127.0.0.1:9/", profile="perspection")
    path = f"/v1/webhooks/{webhook['id']}"
    for number, (field, operator, value, expected) in enumerate(CONDITIONS):
        rule = {"field": field, "operator": operator, **({} if operator == "exists" else {"value": value})}
        await api.patch(path, {"conditions": [rule]})
        report = await api.post(f"{path}/test", {"mode": "filters", "event_type": "track", "event": PAYLOAD})
        sent = await api.event("track", PAYLOAD, id=f"e{number}")
        assert (report["matched"], sent["deliveries"]) == (expected, int(expected)), rule
        assert report["conditions"][0]["passed"] is expected
        assert field in report["conditions"][0]["reason"]


async def test_b04_all_conditions_must_hold(api: Api):
    rules = [
        {"field": "properties.value", "operator": "gte", "value": 100},
        {"field": "properties.name", "operator": "contains", "value": "shoes"},
    ]
    await api.webhook("http://127.0.0.1:9/", profile="perspection", conditions=rules)
    sent = [
        (await api.event("track", {"properties": properties}))["deliveries"]
        for properties in ({"value": 100, "name": "shoes"}, {"value": 99, "name": "shoes"}, {"value": 100})
    ]
    assert sent == [1, 0, 0]


async def test_b04_condition_is_set_by_talking(api: Api):
    stream = await api.perspective("event_stream")
    webhook = await api.webhook("http://127.0.0.1:9/", perspective_id=stream)
    await Talk(api, stream).say("deliver only if properties.value is greater than 100")
    stored = await api.get(f"/v1/webhooks/{webhook['id']}")
    assert stored["conditions"] == [{"field": "properties.value", "operator": "gt", "value": 100}]


async def test_b05_signature_is_hex_hmac_of_the_exact_body(api: Api, receiver: Receiver, endpoint: str):
    secret = "a secret — not base64"
    webhook = await api.webhook(endpoint, profile="perspection", secret=secret)
    assert webhook["secret"] == secret
    await api.event("purchase", {"properties": {"name": 'Grüße 🎉 "x" \\ /', "price": 1.10, "big": 2**60}})
    received = await receiver.wait_for(1)
    expected = hmac.new(secret.encode(), received.body, hashlib.sha256).hexdigest()
    assert received.headers["x-perspection-signature"] == expected
    assert "webhook-signature" not in received.headers


async def test_b05_there_is_no_signature_without_a_secret(api: Api, receiver: Receiver, endpoint: str):
    await api.webhook(endpoint, profile="perspection")
    await api.event("purchase")
    assert "x-perspection-signature" not in (await receiver.wait_for(1)).headers


async def test_b06_headers_carry_event_id_and_attempt(api: Api, receiver: Receiver, endpoint: str):
    retry = {"schedule": [0.1], "jitter": 0}
    await api.webhook(endpoint, profile="perspection", retry=retry)
    receiver.status = 500
    event = await api.event("purchase", id="order-17")
    await receiver.wait_for(2)
    assert event["id"] == "order-17"
    sent = [
        {name: value for name, value in received.headers.items() if name.startswith("x-perspection")}
        for received in receiver.received
    ]
    common = {"x-perspection-event": "purchase", "x-perspection-event-id": "order-17"}
    assert sent == [{**common, "x-perspection-delivery-attempt": number} for number in ("1", "2")]
    body = receiver.received[0].json
    assert (body["event_id"], body["event_name"]) == ("order-17", "purchase")


async def test_b06_custom_headers_win_over_the_defaults_ignoring_case(api: Api, receiver: Receiver, endpoint: str):
    custom = {"content-TYPE": "application/vnd.acme+json", "X-PERSPECTION-event": "renamed", "X-Source": "web"}
    webhook = await api.webhook(endpoint, profile="perspection", headers=custom)
    await api.event("purchase")
    headers = (await receiver.wait_for(1)).headers
    assert headers["content-type"] == "application/vnd.acme+json"
    assert (headers["x-perspection-event"], headers["x-source"]) == ("renamed", "web")
    [delivery] = await api.deliveries(1, "delivered")
    names = [name.lower() for name in delivery["attempts"][0]["request_headers"]]
    assert len(names) == len(set(names))
    assert (await api.get(f"/v1/webhooks/{webhook['id']}"))["headers"] == custom
