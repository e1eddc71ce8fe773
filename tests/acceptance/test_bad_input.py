"""Whatever is wrong with a field is answered by its name, its value and its range, and nothing is saved."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.acceptance.house import House, open_house

pytestmark = pytest.mark.asyncio(loop_scope="module")

LONG = "x" * 2000
HUGE = 10**4000
TEXT = "must be a text of"
WHOLE = "must be a whole number from"
NUMBER = "must be a number from"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with open_house(tmp_path_factory.mktemp("fields")) as one:
        yield one


def nested(path: str, value: Any) -> dict[str, Any]:
    """Build the body that has a value at a dotted path."""
    head, _, tail = path.partition(".")
    return {head: nested(tail, value) if tail else value}


# Field, value, and what the message says beside the value.
BOTH: list[tuple[str, Any, str]] = [
    *(("name", value, f"{TEXT} 1 to 120 characters") for value in ("", "x" * 121, 7, ["CRM"], {}, True)),
    ("name", "   ", "must not be blank"),
    ("name", "a\x00b", "NUL"),
    ("name", "a\ud800b", "surrogate"),
    *(("url", value, f"{TEXT} 1 to 2048 characters") for value in ("", "https://a.example/" + LONG * 2, 7, [], {})),
    *(("description", value, f"{TEXT} 0 to 1000 characters") for value in ("x" * 1001, 7, [])),
    *(("enabled", value, "must be true or false") for value in ("true", 1, 0, "yes", [])),
    *(("event_filter", value, "must be an object") for value in ("purchase", ["purchase"], 7, True)),
    *(("event_filter.mode", value, "must be one of 'include' or 'exclude'") for value in ("all", "INCLUDE", 7, None)),
    *(("event_filter.events", value, "must be a list") for value in ("purchase", {"0": "purchase"}, None)),
    ("event_filter.events", ["x"] * 101, "must have at most 100 entries; got 101"),
    ("event_filter.events.0", ["not valid"], "use 1 to 128 letters"),
    ("event_filter.events.0", [""], f"{TEXT} 1 to 128 characters"),
    ("event_filter.events.1", ["ok", "x" * 129], f"{TEXT} 1 to 128 characters"),
    ("event_filter.events.0", [7], f"{TEXT} 1 to 128 characters"),
    ("event_filter.names", ["purchase"], "is not a field here"),
    *(("conditions", value, "must be a list") for value in ({}, "a > 1", 7)),
    ("conditions", [{"field": "a", "operator": "exists"}] * 51, "must have at most 50 entries; got 51"),
    ("conditions.0", ["a > 1"], "must be an object"),
    ("conditions.0.field", [{"operator": "exists"}], "is required"),
    ("conditions.0.operator", [{"field": "a"}], "is required"),
    ("conditions.0.operator", [{"field": "a", "operator": ">", "value": 1}], "must be one of 'eq', 'ne', 'gt'"),
    ("conditions.0.field", [{"field": "", "operator": "exists"}], f"{TEXT} 1 to 256 characters"),
    ("conditions.0.field", [{"field": ["a"], "operator": "exists"}], f"{TEXT} 1 to 256 characters"),
    ("conditions.0", [{"field": "a", "operator": "gt", "value": "many"}], "gt compares numbers"),
    ("conditions.0", [{"field": "a", "operator": "lte"}], "lte compares numbers"),
    ("conditions.0", [{"field": "a", "operator": "contains"}], "contains needs a value"),
    ("conditions.0.value", [{"field": "a", "operator": "eq", "value": "\ud800"}], "surrogate"),
    ("conditions.0.value", [{"field": "a", "operator": "eq", "value": {"a\x00": 1}}], "NUL"),
    ("conditions.0.value", [{"field": "a", "operator": "gt", "value": float("inf")}], "beyond what JSON can hold"),
    (
        "conditions.0.value",
        [{"field": "a", "operator": "eq", "value": LONG * 3}],
        "at most 4096 bytes as JSON; got 6002",
    ),
    ("conditions.0.op", [{"field": "a", "operator": "exists", "op": 1}], "is not a field here"),
    *(("tag_filter", value, "must be an object") for value in ("pricing", ["pricing"], 7)),
    ("tag_filter.match", {"match": "some", "tags": ["pricing"]}, "must be one of 'any' or 'all'"),
    ("tag_filter.tags", {"match": "any"}, "is required"),
    ("tag_filter.tags", {"tags": []}, "must have at least 1 entries; got 0"),
    ("tag_filter.tags", {"tags": "pricing"}, "must be a list"),
    ("tag_filter.tags.0", {"tags": [7]}, f"{TEXT} 1 to 64 characters"),
    ("tag_filter.tags.0", {"tags": ["nonexistent"]}, "There is no tag `nonexistent`"),
    *(("trust_score", value, "must be an object") for value in (70, "70", [70])),
    ("trust_score", {}, "give min, max or both"),
    ("trust_score", {"min": None, "max": None}, "give min, max or both"),
    ("trust_score", {"min": 80, "max": 70}, "min 80 is above max 70"),
    *(("trust_score.min", value, f"{NUMBER} 0 to 100") for value in (-1, 100.1, "70", True, HUGE, [])),
    *(("trust_score.max", value, f"{NUMBER} 0 to 100") for value in (-0.5, 101, "70", False)),
    ("trust_score.minimum", 70, "is not a field here"),
    ("auth_header.name", {"value": "planted"}, "is required"),
    *(
        ("auth_header.name", {"name": name, "value": "planted"}, "must be a header name")
        for name in ("", "a b", "a:b", "Å", "x\r\ny", 7, None)
    ),
    ("auth_header.name", {"name": "Host", "value": "planted"}, "is set by the HTTP connection itself"),
    *(
        ("auth_header.value", {"name": "X-Key", "value": value}, reason)
        for value, reason in (
            ("", "must be a text of 1 to 4096 characters"),
            ("planted" * 1000, "must be a text of 1 to 4096 characters"),
            (["planted"], "must be a text of 1 to 4096 characters"),
            ("planted\r\nX: y", "must not contain line breaks"),
            ("planted\x00", "must not contain line breaks or control characters"),
            (" planted", "must not begin or end with a space"),
            ("planted\ud800", "surrogate"),
            ("••••••", "is the placeholder"),
        )
    ),
    ("auth_header", "Bearer planted", "must be an object"),
    ("headers", ["X-A: planted"], "must be an object"),
    ("headers", {"Authorization": "planted"}, "set it as auth_header"),
    ("headers", {"X-A": "planted", "x-a": "planted"}, "is given twice"),
    ("headers", {f"X-{n}": "planted" for n in range(51)}, "at most 50 headers"),
    ("headers.X-A", {"X-A": 7}, "must be a text of 1 to 4096 characters"),
    ("headers.X-A", {"X-A": "planted\nX-B: 1"}, "must not contain line breaks"),
    *(("secret", value, "") for value in (7, ["planted"], {}, True)),
    ("secret", "planted", "8 to 512 characters"),
    ("secret", "planted" * 100, "8 to 512 characters"),
    ("secret", "planted-\ud800-secret", "surrogate"),
    ("secret", "planted-\x00-secret", "NUL"),
    ("secret", "planted-secret", "starts with `whsec_`"),
    ("secret", "whsec_planted!!", "standard base64"),
    ("secret", "whsec_cGxhbnRlZA==", "24 to 64 bytes; this one holds 7"),
    *(("retry", value, "must be an object") for value in (3, [1, 2], "3")),
    *(("retry.max_retries", value, f"{WHOLE} 0 to 10") for value in (-1, 11, 3.0, "3", True, HUGE)),
    *(("retry.strategy", value, "must be one of 'exponential' or 'schedule'") for value in ("linear", 7)),
    *(("retry.base_seconds", value, f"{NUMBER} 0.1 to 60") for value in (0, -1, 61, "2")),
    ("retry.schedule", [], "must have at least 1 entries; got 0"),
    ("retry.schedule", [1] * 11, "must have at most 10 entries; got 11"),
    ("retry.schedule", 60, "must be a list"),
    *(("retry.schedule.0", [value], f"{NUMBER} 0.1 to 604800") for value in (0, 604_801, "1", None)),
    *(("retry.jitter", value, f"{NUMBER} 0 to 1") for value in (-0.1, 1.1, "0.5", True)),
    *(("retry.retry_4xx", value, "must be true or false") for value in (1, "no")),
    ("retry", {"strategy": "schedule", "schedule": [1], "base_seconds": 2}, "belongs to the strategy exponential"),
    ("retry", {"strategy": "exponential", "schedule": [1]}, "belongs to the strategy schedule"),
    ("retry", {"schedule": [1], "max_retries": 2}, "schedule has 1 delays but max_retries is 2"),
    ("retry.max_retrys", 3, "is not a field here"),
    *(("timeout_ms", value, f"{WHOLE} 1000 to 30000 milliseconds") for value in (999, 30_001, 5e3, "5000", True, HUGE)),
    *(("rate_limit_per_second", value, f"{NUMBER} 0.1 to 10000") for value in (0, -1, 10_001, "1")),
    *(("max_in_flight", value, f"{WHOLE} 1 to 1000") for value in (0, 1001, 1.5, "1")),
    ("timeout", 5000, "is not a field here; did you mean timeout_ms?"),
    ("id", "wh_1", "is not a field here"),
]
SECRET = ("auth_header", "headers", "secret")


def at(path: str, value: Any) -> dict[str, Any]:
    """Build the body; a list or object given for a deeper path is that path's container."""
    parts = path.split(".")
    if parts[0] in {"conditions", "headers"}:
        return {parts[0]: value}
    if parts[0] in {"auth_header", "tag_filter"} and isinstance(value, dict):
        return {parts[0]: value}
    deep = [part for part in parts if not part.isdigit()]
    return nested(".".join(deep), value)


def named(field: str, value: Any) -> str:
    return f"{field}={str(value)[:30]!a}"


@pytest.mark.parametrize(("field", "value", "message"), BOTH, ids=[named(f, v) for f, v, _ in BOTH])
async def test_field_of_a_webhook_is_refused_by_name(house: House, field: str, value: Any, message: str):
    body = at(field, value)
    new = {"name": "CRM", "url": "http://127.0.0.1:9/", "profile": "standard", "perspective_id": house.perspective}
    for method, path, sent in (
        ("POST", "/v1/webhooks", {**new, **body}),
        ("PATCH", f"/v1/webhooks/{house.webhook}", body),
    ):
        errors = await house.refuses(method, path, sent)
        about = [error for error in errors if error["field"] == field]
        assert about, errors
        assert message in about[0]["message"], errors
        assert "planted" not in str(errors)
        scalar = isinstance(value, int | float | str) and not isinstance(value, bool) and len(str(value)) < 60
        if scalar and value and not field.startswith(SECRET) and "got" in message:
            assert repr(value) in about[0]["message"]


NEW_ONLY: list[tuple[str, Any, str]] = [
    ("name", None, f"{TEXT} 1 to 120 characters; got None"),
    ("url", None, f"{TEXT} 1 to 2048 characters; got None"),
    ("enabled", None, "must be true or false; got None"),
    ("conditions", None, "must be a list; got None"),
    ("perspective_id", "psp_none", "there is no perspective 'psp_none'"),
    ("perspective_id", 7, f"{TEXT} 1 to 64 characters; got 7"),
    ("perspective_id", "psp_\ud800", "surrogate"),
    ("profile", "slack", "must be one of 'standard', 'perspective', 'perspection' or 'funnel'; got 'slack'"),
    ("profile", 7, "must be one of"),
]
NO_CHANGE: list[tuple[str, Any, str]] = [
    *((field, None, f"{field}: cannot be null") for field in ("name", "url", "enabled")),
    ("perspective_id", "psp_1", "is not a field here"),
    ("profile", "standard", "is not a field here"),
    ("auth_header", {"name": "X-Key"}, "no value is stored yet"),
]


@pytest.mark.parametrize(("field", "value", "message"), NEW_ONLY)
async def test_new_webhook_cannot_be(house: House, field: str, value: Any, message: str):
    body = {"name": "CRM", "url": "http://127.0.0.1:9/", field: value}
    [error] = await house.refuses("POST", "/v1/webhooks", body)
    assert error["field"] == field
    assert message in error["message"]


@pytest.mark.parametrize(("field", "value", "message"), NO_CHANGE)
async def test_webhook_cannot_become(house: House, field: str, value: Any, message: str):
    [error] = await house.refuses("PATCH", f"/v1/webhooks/{house.webhook}", {field: value})
    assert field in f"{error['field']} {error['message']}"
    assert message in error["message"]


async def test_every_wrong_field_is_named_at_once_and_none_is_saved(house: House):
    body = {"name": "", "timeout_ms": 1, "retry": {"max_retries": 99}, "description": "fine"}
    errors = await house.refuses("PATCH", f"/v1/webhooks/{house.webhook}", body)
    assert {error["field"] for error in errors} == {"name", "timeout_ms", "retry.max_retries"}


async def test_required_fields_are_named(house: House):
    errors = await house.refuses("POST", "/v1/webhooks", {})
    assert errors == [{"field": name, "message": "is required"} for name in ("name", "url")]
