"""API calls inside a conversation, rows C01 to C06 and C09, X07 and X08, by the test button of a real server."""

import json
from typing import Any

import pytest

from tests.acceptance.stub import Answer, StubApi
from tests.serving import Api

COMPANY = "$company.id"


async def assistant(api: Api, name: str = "Support") -> str:
    return (await api.post("/v1/assistants", {"name": name}, status=201))["id"]


def schema(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


def draft(
    url: str, method: str = "GET", parameters: dict[str, Any] | None = None, **integration: Any
) -> dict[str, Any]:
    """A trigger's body; every parameter that is not named in `parameters` is a text."""
    more = {name: integration.pop(name) for name in ("interpret_response", "confirm") if name in integration}
    return {
        "name": "call_it",
        "description": "Calls the stub.",
        "parameters": parameters or schema(x={"type": "string"}, y={}),
        "integration": {"type": "WEBHOOK", "url": url, "method": method, **integration},
        **more,
    }


async def trigger(api: Api, *arguments: Any, **fields: Any) -> str:
    path = f"/v1/assistants/{await assistant(api)}/triggers"
    return (await api.post(path, draft(*arguments, **fields), status=201))["id"]


async def run(api: Api, trigger_id: str, **request: Any) -> dict[str, Any]:
    return await api.post(f"/v1/triggers/{trigger_id}/run", {"arguments": {}, **request})


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
async def test_c01_every_method_is_sent_with_its_headers(api: Api, stub: StubApi, method: str):
    body = {} if method in {"GET", "DELETE"} else {"body": {"field": "value"}}
    made = await trigger(
        api,
        f"{stub.url}/endpoint",
        method,
        headers=[{"key": "Authorization", "value": "Bearer my_token"}, {"key": "X-Twice", "value": "$x"}],
        responseDirective="Confirm to the user.",
        **body,
    )
    report = await run(api, made, arguments={"x": "é"})
    [seen] = stub.seen
    assert (seen.method, seen.target) == (method, "/endpoint")
    assert seen.headers["authorization"] == "Bearer my_token"
    assert seen.headers["x-twice"].encode("utf-8", "surrogateescape") == "é".encode()
    assert seen.body == (b'{"field":"value"}' if body else b"")
    assert seen.headers.get("content-type") == ("application/json" if body else None)
    assert report["response"]["status"] == 200
    assert report["response"]["body"] == {"ok": True}
    assert report["responseDirective"] == "Confirm to the user."
    assert report["request"]["headers"]["Authorization"] != "Bearer my_token"  # a literal credential is masked too


async def test_c01_what_cannot_be_an_integration_is_refused_by_field(api: Api):
    path = f"/v1/assistants/{await assistant(api)}/triggers"
    bad = {
        "integration.method": {"method": "TRACE"},
        "integration.timeout_ms": {"timeout_ms": 500},
        "integration.url": {"url": "ftp://example.com/"},
        "integration.type": {"type": "SMTP"},
        "integration.headers.0.key": {"headers": [{"key": "X-$x", "value": "1"}]},
        "integration.headers.0.value": {"headers": [{"key": "X-A", "value": "a\r\nX-B: b"}]},
        "integration.body": {"method": "POST", "body": '{"a": $x,}'},
    }
    for field, change in bad.items():
        body = draft("https://api.example.com/")
        body["integration"].update(change)
        errors = await api.refused("POST", path, body)
        assert errors[0]["field"].startswith(field), (field, errors)
    assert (await api.get(path))["total"] == 0


@pytest.mark.parametrize(
    "url", ["$x://example.com/", "https://$x/", "https://$x@example.com/", "https://example.com:$x/", "https://a.$x/"]
)
async def test_c01_a_variable_that_would_choose_where_to_send_is_refused_with_its_column(api: Api, url: str):
    path = f"/v1/assistants/{await assistant(api)}/triggers"
    [error] = await api.refused("POST", path, draft(url))
    assert error["field"] == "integration.url"
    assert "column" in error["message"]
    assert "$" in error["message"]


async def test_c02_a_trigger_has_a_name_for_the_model_and_a_short_description(api: Api):
    owner = await assistant(api)
    path = f"/v1/assistants/{owner}/triggers"
    body = draft("https://api.example.com/")
    for change, field in [
        ({"name": "two words"}, "name"),
        ({"description": "x" * 351}, "description"),
        ({"description": ""}, "description"),
        ({"parameters": {"type": "array"}}, "parameters"),
        ({"parameters": {"type": "object", "properties": {"x": {"type": "strin"}}}}, "parameters"),
    ]:
        errors = await api.refused("POST", path, {**body, **change})
        assert errors[0]["field"].startswith(field), errors
    made = await api.post(path, {**body, "description": "x" * 350}, status=201)
    await api.refused("POST", path, body, status=409)
    assert made["id"].startswith("trg_")
    assert (made["interpret_response"], made["confirm"], made["integration"]["timeout_ms"]) == (True, False, 20_000)
    assert (await api.get(f"/v1/triggers/{made['id']}"))["name"] == "call_it"


async def test_c02_a_variable_that_nobody_declared_is_warned_of(api: Api):
    path = f"/v1/assistants/{await assistant(api)}/triggers"
    made = await api.post(path, draft("https://api.example.com/$x/$order_numbre?s=$session.id"), status=201)
    [warning] = made["warnings"]
    assert warning.startswith("$order_numbre is no parameter")
    patched = await api.patch(f"/v1/triggers/{made['id']}", {"integration": {"url": "https://api.example.com/$x"}})
    assert patched["warnings"] == []


async def test_c02_arguments_are_validated_before_anything_is_sent(api: Api, stub: StubApi):
    parameters = schema(
        "order_number",
        order_number={"type": "string", "pattern": "^[0-9]{4,}$"},
        priority={"enum": ["low", "high"]},
        mail={"type": "string", "format": "email"},
    )
    made = await trigger(api, f"{stub.url}/orders/$order_number", parameters=parameters)
    path = f"/v1/triggers/{made}/run"
    for arguments, field in [
        ({}, "arguments.order_number"),
        ({"order_number": 1042}, "arguments.order_number"),
        ({"order_number": "12"}, "arguments.order_number"),
        ({"order_number": "1042", "priority": "urgent"}, "arguments.priority"),
        ({"order_number": "1042", "mail": "nobody"}, "arguments.mail"),
        ({"order_number": "1042", "made_up": "1"}, "arguments.made_up"),
    ]:
        errors = await api.refused("POST", path, {"arguments": arguments})
        assert [error["field"] for error in errors] == [field], errors
    assert stub.seen == []
    await run(api, made, arguments={"order_number": "1042", "priority": "high", "mail": "ana@example.com"})
    assert stub.seen[0].target == "/orders/1042"


async def test_c03_system_beats_secret_beats_client_data_beats_argument(api: Api, stub: StubApi):
    await api.call("PUT", "/v1/secrets/key", {"value": "from-the-vault", "hosts": ["127.0.0.1"]})
    names = ("session.id", "key", "plan", "only_argument")
    body = {name.replace(".", "_"): f"${name}" for name in names}
    made = await trigger(api, f"{stub.url}/", "POST", schema(**{name: {} for name in names}), body=body)
    session = (await api.post("/session", {"assistant_id": await owner(api, made), "client_data": {"plan": "pro"}}))[
        "id"
    ]
    arguments = dict.fromkeys(names, "from-the-model")
    report = await run(api, made, session_id=session, arguments=arguments)
    assert stub.seen[0].json == {
        "session_id": session,
        "key": "from-the-vault",
        "plan": "pro",
        "only_argument": "from-the-model",
    }
    assert "from-the-vault" not in json.dumps(report)


async def owner(api: Api, trigger_id: str) -> str:
    return (await api.get(f"/v1/triggers/{trigger_id}"))["assistant_id"]


async def test_c03_system_variables_and_images(api: Api, stub: StubApi):
    body = {"company": "$company.id", "assistant": "$assistant.id", "first": "$images[0]", "none": "$images[9]"}
    made = await trigger(api, f"{stub.url}/", "POST", body=body)
    images = ["https://img.example.com/1.png", "https://img.example.com/2.png"]
    report = await run(api, made, images=images)
    assert stub.seen[0].json == {
        "company": api.platform.workspace_id,
        "assistant": await owner(api, made),
        "first": images[0],
        "none": "",
    }
    assert any("images[9]" in warning for warning in report["warnings"])


async def test_c04_the_longest_name_wins_and_a_value_is_never_scanned_again(api: Api, stub: StubApi):
    made = await trigger(api, f"{stub.url}/", "POST", body={"text": "Session: $session_id: company: $session.company"})
    await run(api, made, client_data={"session_id": "$session $company.id", "session": "S"})
    assert stub.seen[0].json == {"text": "Session: $session $company.id: company: S.company"}


async def test_c05_each_context_has_its_encoding(api: Api, stub: StubApi):
    nasty = 'a/b c?&"\\\n€'
    made = await trigger(
        api,
        f"{stub.url}/orders/$x?q=$x&fixed=%2B#$x",
        "POST",
        headers=[{"key": "X-Plan", "value": "plan $y"}],
        body='{"text": "say $x", "bare": $x, "list": $images, "n": $y}',
    )
    report = await run(api, made, arguments={"x": nasty, "y": 12345678901234567890}, images=["https://a.example/1"])
    assert report["error"] is None, report
    encoded = "a%2Fb%20c%3F%26%22%5C%0A%E2%82%AC"
    [seen] = stub.seen
    assert seen.target == f"/orders/{encoded}?q={encoded}&fixed=%2B"
    assert seen.headers["x-plan"] == "plan 12345678901234567890"
    assert seen.json == {
        "text": f"say {nasty}",
        "bare": nasty,
        "list": ["https://a.example/1"],
        "n": 12345678901234567890,
    }


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\0b"])
async def test_c05_a_value_that_would_break_out_of_its_header_is_refused(api: Api, stub: StubApi, value: str):
    made = await trigger(api, f"{stub.url}/", headers=[{"key": "X-A", "value": "$y"}], parameters=schema(y={}))
    answer = await api.client.post(f"/v1/triggers/{made}/run", json={"arguments": {"y": value}})
    assert answer.status_code == 422, answer.text
    assert stub.seen == []


@pytest.mark.parametrize("value", [".", "..", "", None])
async def test_c05_an_order_lookup_never_becomes_a_list_of_all_orders(api: Api, stub: StubApi, value: str | None):
    made = await trigger(api, f"{stub.url}/orders/$y", parameters=schema(y={"type": "string"}))
    arguments = {} if value is None else {"y": value}
    [error] = await api.refused("POST", f"/v1/triggers/{made}/run", {"arguments": arguments})
    assert error["field"] == "integration.url"
    assert stub.seen == []


async def test_c06_returned_client_data_is_there_for_the_next_call(api: Api, stub: StubApi):
    made = await trigger(api, f"{stub.url}/p?id=$patient_id", parameters=schema())
    opened = await api.post("/session", {"assistant_id": await owner(api, made), "client_data": {"plan": "pro"}})
    stub.says({"session": {"client_data": {"patient_id": "pat_12345", "patient_name": "Ana Smith"}}})
    first = await run(api, made, session_id=opened["id"])
    assert first["client_data"] == {"plan": "pro", "patient_id": "pat_12345", "patient_name": "Ana Smith"}
    await run(api, made, session_id=opened["id"])
    assert [seen.target for seen in stub.seen] == ["/p?id=$patient_id", "/p?id=pat_12345"]
    assert (await api.get(f"/session/{opened['id']}"))["client_data"] == first["client_data"]


async def test_c06_nothing_is_merged_that_could_pass_for_the_system_or_a_secret(api: Api, stub: StubApi):
    await api.call("PUT", "/v1/secrets/erp_token", {"value": "secret-value", "hosts": ["127.0.0.1"]})
    made = await trigger(api, f"{stub.url}/", parameters=schema())
    session = (await api.post("/session", {"assistant_id": await owner(api, made)}))["id"]
    hostile = {"session.id": "x", "images": [], "erp_token": "x", "a b": 1, "good": {"nested": [1]}}
    stub.says({"session": {"client_data": hostile}})
    report = await run(api, made, session_id=session)
    assert report["client_data"] == {"good": {"nested": [1]}}
    assert len(report["warnings"]) == 4
    for body, status in [({"session": {"client_data": {"late": 1}}}, 500), ({"session": {"client_data": [1]}}, 200)]:
        stub.says(body, status)
        assert (await run(api, made, session_id=session))["client_data"] == {"good": {"nested": [1]}}


async def test_c09_every_call_is_in_the_log_with_secrets_redacted(api: Api, stub: StubApi):
    await api.call("PUT", "/v1/secrets/erp_token", {"value": "tok-5up3r53cr3t", "hosts": ["127.0.0.1"]})
    made = await trigger(api, f"{stub.url}/orders/$x", headers=[{"key": "Authorization", "value": "Bearer $erp_token"}])
    session = (await api.post("/session", {"assistant_id": await owner(api, made)}))["id"]
    stub.answer = lambda seen: Answer({"you_sent": seen.headers["authorization"]}, 404, {"X-Echo": "tok-5up3r53cr3t"})
    report = await run(api, made, session_id=session, arguments={"x": "42"})
    assert stub.seen[0].headers["authorization"] == "Bearer tok-5up3r53cr3t"
    page = await api.get(f"/session/{session}/logs")
    [entry] = page["items"]
    assert page["total"] == 1
    assert (entry["id"], entry["trigger"], entry["status"]) == (report["log_id"], "call_it", 404)
    assert entry["variables"]["x"] == "42"
    assert "erp_token" in entry["variables"]
    assert entry["duration_ms"] >= 0
    assert "5up3r53cr3t" not in json.dumps([report, page])


async def test_c09_a_dry_run_shows_the_request_and_sends_nothing(api: Api, stub: StubApi):
    made = await trigger(api, f"{stub.url}/orders", "POST", body={"n": "$x"})
    session = (await api.post("/session", {"assistant_id": await owner(api, made)}))["id"]
    report = await run(api, made, session_id=session, arguments={"x": "1"}, dry_run=True)
    assert report["request"]["url"] == f"{stub.url}/orders"
    assert (report["request"]["method"], report["request"]["body"]) == ("POST", {"n": "1"})
    assert (report["response"], report["log_id"], stub.seen) == (None, None, [])
    assert (await api.get(f"/session/{session}/logs"))["total"] == 0


async def test_c09_what_goes_wrong_on_the_way_is_told_and_logged(api: Api):
    made = await trigger(api, "http://127.0.0.1:9/")
    session = (await api.post("/session", {"assistant_id": await owner(api, made)}))["id"]
    report = await run(api, made, session_id=session)
    assert report["response"] is None
    assert report["error"]["cause"] == "connection_refused"
    [entry] = (await api.get(f"/session/{session}/logs"))["items"]
    assert entry["status"] is None
    assert entry["error"]


async def test_x07_a_secret_is_never_shown_and_goes_to_its_own_hosts_only(api: Api, stub: StubApi):
    put = await api.call("PUT", "/v1/secrets/erp_token", {"value": "s3cr3t-value", "hosts": ["erp.company.com"]})
    listed = await api.get("/v1/secrets")
    assert (put["name"], listed["items"][0]["hosts"]) == ("erp_token", ["erp.company.com"])
    assert "s3cr3t" not in json.dumps([put, listed])
    path = f"/v1/assistants/{await assistant(api)}/triggers"
    headers = [{"key": "Authorization", "value": "Bearer $erp_token"}]
    [error] = await api.refused("POST", path, draft(f"{stub.url}/", headers=headers))
    assert error["field"] == "integration.url"
    assert "erp_token" in error["message"]
    await api.post(path, draft("https://erp.company.com/x", headers=headers), status=201)


async def test_x07_a_binding_that_was_narrowed_later_holds_at_the_next_call(api: Api, stub: StubApi):
    await api.call("PUT", "/v1/secrets/erp_token", {"value": "s3cr3t-value", "hosts": ["127.0.0.1"]})
    made = await trigger(api, f"{stub.url}/", headers=[{"key": "X-Key", "value": "$erp_token"}])
    await run(api, made)
    await api.call("PUT", "/v1/secrets/erp_token", {"value": "s3cr3t-value", "hosts": ["other.example.com"]})
    await api.refused("POST", f"/v1/triggers/{made}/run", {"arguments": {}})
    assert len(stub.seen) == 1


async def test_x07_secrets_of_another_workspace_do_not_exist(api: Api):
    await api.call("PUT", "/v1/secrets/mine", {"value": "v" * 8, "hosts": ["a.example"]})
    await api.call("DELETE", "/v1/secrets/mine", status=204)
    await api.refused("DELETE", "/v1/secrets/mine", None, status=404)
    for name in ("two-words", "9x", "session", "images"):
        await api.refused("PUT", f"/v1/secrets/{name}", {"value": "v" * 8, "hosts": ["a.example"]})


async def test_x08_a_curl_line_becomes_a_draft_that_runs(api: Api, stub: StubApi):
    line = f"curl -H 'Authorization: Bearer tok-5up3r53cr3t' '{stub.url}/orders/1042?expand=items'"
    path = f"/v1/assistants/{await assistant(api)}/triggers"
    imported = await api.post(f"{path}/import", {"curl": line})
    assert "5up3r53cr3t" not in json.dumps(imported)
    [made] = imported["drafts"]
    assert (await api.get(path))["total"] == 0
    [secret] = made["secrets"]
    assert secret["stored"] is True
    created = await api.post(path, made["trigger"], status=201)
    [name] = created["parameters"]["required"]
    kind = created["parameters"]["properties"][name]["type"]
    await run(api, created["id"], arguments={name: 7 if kind == "integer" else "7"})
    assert stub.seen[0].target == "/orders/7?expand=items"
    assert stub.seen[0].headers["authorization"] == "Bearer tok-5up3r53cr3t"


async def test_x08_an_openapi_document_becomes_drafts(api: Api, stub: StubApi):
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Shop", "version": "1"},
        "servers": [{"url": stub.url}],
        "paths": {
            "/orders/{id}": {
                "get": {
                    "operationId": "getOrder",
                    "summary": "Look up an order",
                    "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                },
                "delete": {"operationId": "deleteOrder", "parameters": []},
            }
        },
    }
    path = f"/v1/assistants/{await assistant(api)}/triggers"
    [made] = (await api.post(f"{path}/import", {"openapi": document, "operations": ["getOrder"]}))["drafts"]
    created = await api.post(path, made["trigger"], status=201)
    await run(api, created["id"], arguments={"id": "A 1"})
    assert stub.seen[0].target == "/orders/A%201"
    await api.refused("POST", f"{path}/import", {"openapi": document, "operations": ["getOrders"]})
    await api.refused("POST", f"{path}/import", {"curl": "wget https://example.com"})


async def test_x02_changes_to_a_trigger_are_recorded_and_undone(api: Api):
    made = await trigger(api, "https://api.example.com/")
    changed = await api.patch(f"/v1/triggers/{made}", {"integration": {"url": "https://api.example.com/v2"}})
    assert changed["integration"]["method"] == "GET"
    page = await api.get("/v1/changes")
    assert [change["action"] for change in page["items"]] == ["update", "create", "create"]
    assert page["items"][0]["trigger_id"] == made
    await api.post(f"/v1/changes/{changed['change_id']}/undo")
    assert (await api.get(f"/v1/triggers/{made}"))["integration"]["url"] == "https://api.example.com/"
    await api.call("DELETE", f"/v1/triggers/{made}", status=204)
    await api.refused("GET", f"/v1/triggers/{made}", None, status=404)
    deletion = (await api.get("/v1/changes", limit=1))["items"][0]
    await api.post(f"/v1/changes/{deletion['id']}/undo")
    assert (await api.get(f"/v1/triggers/{made}"))["name"] == "call_it"
