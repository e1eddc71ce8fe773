"""Bodies that are not JSON, not objects, too large, too deep, or say what no field may say."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.acceptance.house import House, open_house

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with open_house(tmp_path_factory.mktemp("bodies")) as one:
        yield one


def routes(house: House) -> list[tuple[str, str]]:
    """List every route that takes a body."""
    return [
        ("POST", "/v1/webhooks"),
        ("PATCH", f"/v1/webhooks/{house.webhook}"),
        ("POST", f"/v1/webhooks/{house.webhook}/test"),
        ("POST", f"/v1/webhooks/{house.webhook}/rotate-secret"),
        ("POST", f"/v1/webhooks/{house.webhook}/replay"),
        ("POST", "/v1/perspectives"),
        ("POST", f"/v1/perspectives/{house.perspective}/conversations/c1/end"),
        ("POST", "/v1/events"),
        ("POST", "/v1/chat"),
        ("POST", "/v1/chat/cht_none/resume"),
    ]


MALFORMED = {
    "empty": b"",
    "blank": b"  \n",
    "cut off": b'{"name": "CRM"',
    "trailing": b'{"name": "CRM"} x',
    "single quotes": b"{'name': 'CRM'}",
    "form": b"name=CRM&url=https%3A%2F%2Fexample.com",
    "xml": b"<webhook/>",
    "NaN": b'{"name": NaN}',
    "Infinity": b'{"payload": {"n": Infinity}}',
    "minus Infinity": b"[-Infinity]",
    "not UTF-8": b'{"name": "\xff\xfe"}',
    "bare control character": b'{"name": "a\x00b"}',
    "5000 digits": b'{"n": ' + b"9" * 5000 + b"}",
    "10k deep list": b"[" * 10_000 + b"]" * 10_000,
    "10k deep object": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "10k open": b"[" * 10_000,
}


@pytest.mark.parametrize("case", MALFORMED)
async def test_malformed_json_is_a_400(house: House, case: str):
    for method, path in routes(house):
        answer = await house.raw(method, path, MALFORMED[case])
        assert answer.status_code == 400, (path, answer.text)
        assert [error["field"] for error in answer.json()["errors"]] == ["body"]
        assert len(answer.text) < 1000


async def test_empty_body_is_called_empty(house: House):
    answer = await house.raw("POST", "/v1/events", b" ")
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"field": "body", "message": "is empty; send JSON, such as {}"}]


@pytest.mark.parametrize("value", [None, True, 7, "text", [], [[]], [1]])
async def test_body_that_is_no_object_is_refused(house: House, value: Any):
    for method, path in routes(house):
        errors = await house.refuses(method, path, value)
        assert errors[0]["field"].removeprefix("0.") == "body", (path, errors)
        assert "must " in errors[0]["message"]


@pytest.mark.parametrize("levels", [65, 400])
async def test_deep_nesting_is_refused(house: House, levels: int):
    deep = json.loads('{"a":' * levels + "1" + "}" * levels)
    for method, path in routes(house):
        [error] = await house.refuses(method, path, {"payload": deep})
        assert error == {"field": "body", "message": "is nested more than 64 levels deep"}


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "", None])
async def test_json_is_read_whatever_it_is_called(house: House, media: str | None):
    headers = {} if media is None else {"content-type": media}
    body = json.dumps({"type": "purchase", "payload": {}}).encode()
    answer = await house.api.client.request("POST", "/v1/events", content=body, headers=headers)
    assert answer.status_code == 202


def event(payload: Any, **more: Any) -> dict[str, Any]:
    return {"type": "purchase", "payload": payload, **more}


async def test_payload_over_256_kib_is_a_413(house: House):
    fits = {"a": "x" * (262_144 - 8)}
    assert len(json.dumps(fits, separators=(",", ":"))) == 262_144
    await house.api.post("/v1/events", event(fits))
    [error] = await house.refuses("POST", "/v1/events", event({"a": "x" * (262_144 - 7)}), 413)
    assert error["field"] == "payload"
    assert "262145 bytes" in error["message"]
    assert "262144" in error["message"]
    wide = event({"a": "é" * 131_072})
    await house.refuses("POST", "/v1/events", wide, 413)
    await house.refuses("POST", "/v1/events", [event({}), wide, event({})], 413)
    ending = {"status": "completed", "structured_output": {"a": "x" * 262_144}}
    await house.refuses("POST", f"/v1/perspectives/{house.perspective}/conversations/c1/end", ending, 413)
    sample = {"event": {"a": "x" * 262_144}}
    for mode in ("filters", "delivery"):
        await house.refuses("POST", f"/v1/webhooks/{house.webhook}/test", {"mode": mode, **sample}, 413)


async def test_body_over_1_mib_is_a_413_everywhere(house: House):
    body = b'{"name": "' + b"x" * 1024 * 1024 + b'"}'
    for method, path in routes(house):
        answer = await house.raw(method, path, body)
        assert answer.status_code == 413, path
        assert "1 MiB" in answer.text


async def test_events_take_8_mib_in_entries_of_up_to_1_mib(house: House):
    one = event({"a": "x" * 262_000, "big": 12345678901234567890123})
    thirty = json.dumps([one] * 30, indent=1)
    answer = await house.api.client.post("/v1/events", content=thirty)
    assert answer.status_code == 202, answer.text
    stored = await house.api.get(f"/v1/events/{answer.json()['events'][-1]['id']}")
    assert stored["payload"] == one["payload"]
    answer = await house.raw("POST", "/v1/events", json.dumps([one] * 33).encode())
    assert (answer.status_code, "8 MiB" in answer.text) == (413, True)


LARGE = {
    "no list": ('{"type": "x", "pad": "' + "x" * 1_100_000 + '"}', 413, "body"),
    "large entry": ('[{}, {"pad": "' + "x" * 1_100_000 + '"}]', 413, "1"),
    "many entries": ("[" + "{}, " * 400_000 + "{}]", 422, "body"),
    "not JSON": ('[{}, {"pad": nope, "a": "' + "x" * 1_100_000 + '"}]', 400, "body"),
    "cut off": ('[{"a": "' + "x" * 200_000 + '"}, ' * 6 + '{"a": ', 400, "body"),
    "open": ('[{"a": "' + "x" * 1_100_000, 413, "0"),
    "no comma": ('[{} {"a": "' + "x" * 1_100_000 + '"}]', 400, "body"),
    "more behind it": ("[{}]" + " " * 1_100_000 + "x", 400, "body"),
    "not UTF-8": ("[" + " " * 1_100_000 + '"\udcff"]', 400, "body"),
    "NaN": ("[" + " " * 1_100_000 + "NaN]", 400, "body"),
    "too deep": ("[" + " " * 1_100_000 + "[" * 70 + "]" * 71, 422, "body"),
    "far too deep": ("[" + " " * 1_100_000 + "[" * 10_000 + "]" * 10_001, 400, "body"),
    "empty": ("[" + " " * 1_100_000 + "]", 422, "body"),
}


@pytest.mark.parametrize("case", LARGE)
async def test_large_lists_of_events_are_refused_for_the_same_reasons(house: House, case: str):
    text, status, field = LARGE[case]
    answer = await house.raw("POST", "/v1/events", text.encode(errors="surrogateescape"))
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (status, field), answer.text
    assert len(answer.text) < 1000


UNSTORABLE = {
    "NUL": ({"a": "x\x00y"}, "NUL"),
    "NUL in a name": ({"x\x00y": 1}, "NUL"),
    "surrogate": ({"a": "x\ud800y"}, "surrogate"),
    "surrogate in a name": ({"x\udfffy": 1}, "surrogate"),
}


@pytest.mark.parametrize("case", UNSTORABLE)
async def test_payload_that_cannot_be_stored_is_refused(house: House, case: str):
    payload, reason = UNSTORABLE[case]
    [error] = await house.refuses("POST", "/v1/events", event(payload))
    assert (error["field"], reason in error["message"]) == ("payload", True)
    await house.refuses("POST", f"/v1/webhooks/{house.webhook}/test", {"mode": "filters", "event": payload})
    await house.refuses(
        "POST",
        f"/v1/perspectives/{house.perspective}/conversations/c1/end",
        {"status": "completed", "structured_output": payload},
    )


@pytest.mark.parametrize("case", ["payload", "sample", "ending"])
async def test_number_beyond_json_is_refused(house: House, case: str):
    endless = {"n": [float("inf")]}
    path, body = {
        "payload": ("/v1/events", event(endless)),
        "sample": (f"/v1/webhooks/{house.webhook}/test", {"mode": "filters", "event": endless}),
        "ending": (
            f"/v1/perspectives/{house.perspective}/conversations/c1/end",
            {"status": "partial", "structured_output": endless},
        ),
    }[case]
    [error] = await house.refuses("POST", path, body)
    assert "cannot be written as JSON" in error["message"]


async def test_escaped_backslash_before_u0000_is_no_nul(house: House):
    payload = {"a": "C:\\u0000", "b": "\\\\u0000"}
    accepted = await house.api.event("purchase", payload)
    assert (await house.api.get(f"/v1/events/{accepted['id']}"))["payload"] == payload


EVENTS: list[tuple[Any, str, str]] = [
    ({"payload": {}}, "type", "is required"),
    ({"type": "purchase"}, "payload", "is required"),
    (event({}, type=""), "type", "must be a text of 1 to 128 characters"),
    (event({}, type="x" * 129), "type", "must be a text of 1 to 128 characters"),
    (event({}, type="two words"), "type", "use 1 to 128 letters"),
    (event({}, type=7), "type", "must be a text of 1 to 128 characters; got 7"),
    *((event(value), "payload", "must be an object") for value in ([], "text", 7, None)),
    (event({}, id=""), "id", "must be a text of 1 to 200 characters"),
    (event({}, id="x" * 201), "id", "must be a text of 1 to 200 characters"),
    (event({}, id="a b"), "id", "visible ASCII"),
    (event({}, id="é"), "id", "visible ASCII"),
    (event({}, id="a\nb"), "id", "visible ASCII"),
    (event({}, id=7), "id", "must be a text of 1 to 200 characters; got 7"),
    (event({}, perspective_id="psp_none"), "perspective_id", "there is no perspective 'psp_none'"),
    (event({}, perspective_id=7), "perspective_id", "must be a text of 1 to 64 characters; got 7"),
    (event({}, perspective_id="\ud800"), "perspective_id", "surrogate"),
    *(
        (event({}, occurred_at=value), "occurred_at", "must be a time")
        for value in (
            "yesterday",
            "2026-01-01",
            "2026-01-01T00:00:00",
            "2026-13-01T00:00:00Z",
            "0001-01-01T00:00:00Z",
            True,
            [],
        )
    ),
    (event({}, test=True), "test", "is not a field here"),
]


@pytest.mark.parametrize(("body", "field", "message"), EVENTS, ids=[f"{f}-{n}" for n, (_, f, _) in enumerate(EVENTS)])
async def test_event_is_refused_by_field_alone_and_in_a_list(house: House, body: Any, field: str, message: str):
    [error] = await house.refuses("POST", "/v1/events", body)
    assert error["field"] == field
    assert message in error["message"]
    good = event({}, id=f"kept-out-{field}")
    errors = await house.refuses("POST", "/v1/events", [good, body])
    assert errors[0]["field"] in {f"1.{field}", "perspective_id"}
    assert (await house.api.client.get(f"/v1/events/kept-out-{field}")).status_code == 404


async def test_more_than_1000_events_are_refused(house: House):
    [error] = await house.refuses("POST", "/v1/events", [event({})] * 1001)
    assert error == {"field": "body", "message": "must hold 1 to 1000 events; got 1001"}


ENDINGS: list[tuple[str, Any, str]] = [
    *(("status", value, "must be one of 'completed', 'partial' or 'abandoned'") for value in ("done", "COMPLETE", 7)),
    *(("tags", value, "must be a list") for value in ("pricing", {}, 7, None)),
    ("tags.0", [""], "must be a text of 1 to 64 characters"),
    ("tags.0", ["x" * 65], "must be a text of 1 to 64 characters"),
    ("tags.0", [7], "must be a text of 1 to 64 characters; got 7"),
    ("tags", ["a"] * 51, "must have at most 50 entries; got 51"),
    *(("trust_score", value, "must be a number from 0 to 100; got") for value in (-1, 100.5, "70", True, [70])),
    ("summary", "x" * 20_001, "must be a text of 0 to 20000 characters; got 20001 characters"),
    ("summary", 7, "must be a text"),
    *(("structured_output", value, "must be an object") for value in ([], "text", 7)),
    *(("participant_metadata", value, "must be an object") for value in ([], "text", 7)),
    ("returned_after_partial_conversation", "yes", "must be true or false; got 'yes'"),
    ("returned_after_partial_conversation", None, "must be true or false; got None"),
    ("trustscore", 7, "is not a field here; did you mean trust_score?"),
]


@pytest.mark.parametrize(("field", "value", "message"), ENDINGS)
async def test_ending_of_a_conversation_is_refused_by_field(house: House, field: str, value: Any, message: str):
    path = f"/v1/perspectives/{house.perspective}/conversations/c1/end"
    body = {"status": "completed", field.split(".", maxsplit=1)[0]: value}
    [error] = await house.refuses("POST", path, body)
    assert error["field"] == field
    assert message in error["message"]


OTHERS: list[tuple[str, Any, str, str]] = [
    ("/v1/perspectives", {"kind": "interviewer"}, "name", "is required"),
    ("/v1/perspectives", {"name": "a"}, "kind", "is required"),
    ("/v1/perspectives", {"name": " ", "kind": "interviewer"}, "name", "must not be blank"),
    ("/v1/perspectives", {"name": "a", "kind": "interviwer"}, "kind", "Did you mean `interviewer`"),
    ("/v1/perspectives", {"name": "a", "kind": 7}, "kind", "must be a text of 1 to 64 characters; got 7"),
    ("/v1/perspectives", {"name": "a", "kind": "\ud800"}, "kind", "surrogate"),
    ("/v1/perspectives", {"\ud800": 1, "name": "a", "kind": "funnel"}, "body", "unicode"),
    ("/test", {"mode": "both"}, "mode", "must be one of 'delivery' or 'filters'; got 'both'"),
    ("/test", {"event_type": "two words"}, "event_type", "use 1 to 128 letters"),
    ("/test", {"event_type": ""}, "event_type", "must be a text of 1 to 128 characters"),
    ("/test", {"event": []}, "event", "must be an object; got []"),
    ("/rotate-secret", {"overlap_seconds": -1}, "overlap_seconds", "from 0 to 604800 seconds; got -1"),
    ("/rotate-secret", {"overlap_seconds": 604_801}, "overlap_seconds", "from 0 to 604800 seconds; got 604801"),
    ("/rotate-secret", {"overlap_seconds": "1"}, "overlap_seconds", "from 0 to 604800 seconds; got '1'"),
    ("/rotate-secret", {"overlap_seconds": 1.5}, "overlap_seconds", "from 0 to 604800 seconds; got 1.5"),
    ("/rotate-secret", {"overlap": 1}, "overlap", "is not a field here; did you mean overlap_seconds?"),
    ("/replay", {}, "since", "is required"),
    ("/replay", {"since": "now"}, "since", "must be a time with its zone, such as 2026-01-31T12:00:00Z; got 'now'"),
    ("/replay", {"since": "2026-01-01T00:00:00"}, "since", "must be a time with its zone"),
    ("/replay", {"since": "0001-01-01T00:00:00+23:59"}, "since", "must be a time from 1970 to 9998"),
    ("/replay", {"since": "9999-12-31T23:59:59-23:59"}, "since", "must be a time from 1970 to 9998"),
    ("/replay", {"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "until", "later than since"),
    ("/replay", {"since": "2026-01-02T00:00:00Z", "status": "delivered"}, "status", "'failed' or 'all'"),
    ("/v1/chat", {}, "message", "is required"),
    ("/v1/chat", {"message": ""}, "message", "must be a text of 1 to 8000 characters"),
    ("/v1/chat", {"message": "   "}, "message", "blank"),
    ("/v1/chat", {"message": "x" * 8001}, "message", "1 to 8000 characters; got 8001 characters"),
    ("/v1/chat", {"message": 7}, "message", "1 to 8000 characters; got 7"),
    ("/v1/chat", {"message": "a\x00b"}, "message", "NUL"),
    ("/v1/chat", {"message": "a\ud800b"}, "message", "surrogate"),
    ("/v1/chat", {"message": "hi", "conversation_id": 7}, "conversation_id", "must be a text of 1 to 64 characters"),
    ("/v1/chat", {"text": "hi", "message": "hi"}, "text", "is not a field here"),
    ("/v1/chat/cht_none/resume", {"value": {}}, "interrupt_id", "is required"),
    ("/v1/chat/cht_none/resume", {"interrupt_id": "int_1"}, "value", "is required"),
    ("/v1/chat/cht_none/resume", {"interrupt_id": "int_1", "value": {"note": "\ud800"}}, "value", "surrogate"),
    ("/v1/chat/cht_none/resume", {"interrupt_id": "int_1", "value": {"note": "x" * 20_000}}, "value", "16384 bytes"),
    ("/v1/chat/cht_none/resume", {"interrupt_id": "int_1", "value": "yes"}, "value", "must be an object"),
]


@pytest.mark.parametrize(("path", "body", "field", "message"), OTHERS)
async def test_other_bodies_are_refused_by_field(house: House, path: str, body: Any, field: str, message: str):
    full = path if path.startswith("/v1") else f"/v1/webhooks/{house.webhook}{path}"
    [error] = await house.refuses("POST", full, body)
    assert error["field"] == field
    assert message in error["message"]
