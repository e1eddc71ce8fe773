"""API calls inside a conversation: a customer's session with a model on the wire, rows C02, C03, C06 to C10."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.acceptance.house import JSON
from tests.acceptance.stub import Answer, Seen, StubApi
from tests.acceptance.test_bad_bodies import MALFORMED
from tests.agent.openai_server import KEY, MODEL, OpenAIServer, Turn
from tests.databases import everything_stored
from tests.serving import Api, serving, until

PLANTED = "planted-71c0de9a44"
STREAM = {"accept": "text/event-stream"}

ORDER_STATUS = """{
"url": "https://erp.company.com/api/orders/$order_number",
"method": "GET",
"headers": [
{ "key": "Authorization", "value": "Bearer $erp_token" }
],
"responseDirective": "Inform the customer of the order status clearly. If the status is 'delivered', congratulate them. If 'in_transit', provide the estimated delivery."
}"""  # noqa: E501 - as printed
SUPPORT_TICKET = """{
"url": "https://helpdesk.company.com/api/tickets",
"method": "POST",
"headers": [
{ "key": "Authorization", "value": "Bearer $helpdesk_api_key" },
{ "key": "X-Session-ID", "value": "$session.id" }
],
"body": {
"title": "$issue_title",
"description": "$issue_description",
"priority": "$priority",
"customer": {
"name": "$customer_name",
"email": "$customer_email"
},
"origin": {
"channel": "whatsapp",
"session": "$session.id",
"company": "$company.id"
}
},
"responseDirective": "Confirm the created ticket number to the customer and say our team will get in touch within 24h."
}"""
IMAGE_ANALYSIS = """{
"url": "https://api.vision.company.com/analyze",
"method": "POST",
"headers": [
{ "key": "Authorization", "value": "Bearer $vision_api_key" }
],
"body": {
"image_url": "$images[0]",
"all_images": $images,
"session_ref": "$session.id"
},
"responseDirective": "Describe what was identified in the image in a way that's useful for the user."
}"""
ORDER_SCHEMA = {
    "type": "object",
    "properties": {"order_number": {"type": "string", "pattern": "^[0-9]{4,}$"}},
    "required": ["order_number"],
}
TICKET_SCHEMA = {
    "type": "object",
    "properties": {
        "issue_title": {"type": "string"},
        "issue_description": {"type": "string"},
        "priority": {"enum": ["low", "normal", "high"]},
    },
    "required": ["issue_title", "issue_description", "priority"],
}
NOTHING = {"type": "object", "properties": {}}


@dataclass
class Shop:
    """A company with an assistant, a session with it, an API to call, and a model that follows a script."""

    api: Api
    stub: StubApi
    model: OpenAIServer
    assistant: str
    session: str
    replies: list[dict[str, Any]] = field(default_factory=list)

    @property
    def host(self) -> str:
        return self.stub.url.removeprefix("http://")

    async def trigger(self, name: str, printed: str, parameters: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """Post a trigger whose integration is written to the letter as in the documentation; only hosts change."""
        for host in ("erp.company.com", "helpdesk.company.com", "api.vision.company.com"):
            printed = printed.replace(f"https://{host}", self.stub.url)
        fields = {"name": name, "description": f"Use {name}.", "parameters": parameters, **more}
        body = json.dumps(fields)[:-1] + f', "integration": {printed}}}'
        answer = await self.api.client.post(f"/v1/assistants/{self.assistant}/triggers", content=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def secret(self, name: str, value: str = PLANTED) -> None:
        await self.api.call("PUT", f"/v1/secrets/{name}", {"value": value, "hosts": [self.host]})

    async def say(self, message: str, *turns: Turn, **more: Any) -> dict[str, Any]:
        self.model.script = list(turns)
        reply = await self.api.post(f"/session/{self.session}/messages", {"message": message, **more})
        assert not self.model.script, "the model was not asked as often as expected"
        self.replies.append(reply)
        return reply

    async def stream(self, message: str, *turns: Turn, **more: Any) -> str:
        self.model.script = list(turns)
        body = {"message": message, **more}
        async with self.api.client.stream(
            "POST", f"/session/{self.session}/messages", json=body, headers=STREAM
        ) as response:
            assert response.status_code == 200
            return "".join([piece async for piece in response.aiter_text()])

    def read_by_model(self) -> list[dict[str, Any]]:
        """The results of calls in the last request to the model."""
        return [json.loads(said["content"]) for said in self.model.requests[-1]["messages"] if said["role"] == "tool"]

    async def shown(self) -> dict[str, Any]:
        return await self.api.get(f"/session/{self.session}")

    async def first_seen(self) -> Seen | None:
        return self.stub.seen[0] if self.stub.seen else None

    async def logs(self) -> list[dict[str, Any]]:
        return (await self.api.get(f"/session/{self.session}/logs"))["items"]


@pytest.fixture
async def stub() -> AsyncIterator[StubApi]:
    async with StubApi().serve() as running:
        yield running


@pytest.fixture
async def shop(tmp_path: Path, stub: StubApi) -> AsyncIterator[Shop]:
    async with OpenAIServer().serve() as model:
        settings = {"openai_base_url": model.url, "openai_api_key": KEY, "model": MODEL}
        async with serving(tmp_path / "home", with_worker=False, **settings) as api:
            yield await opened(api, stub, model)


async def opened(api: Api, stub: StubApi, model: OpenAIServer) -> Shop:
    assistant = (await api.post("/v1/assistants", {"name": "Ana's shop", "instructions": "Say du."}, status=201))["id"]
    session = (await api.post("/session", {"assistant_id": assistant}, status=201))["id"]
    return Shop(api, stub, model, assistant, session)


def called(name: str, **arguments: Any) -> Turn:
    return Turn(calls=[(name, arguments)])


async def test_c10_order_status_runs_as_printed(shop: Shop):
    await shop.secret("erp_token")
    await shop.trigger("order_status", ORDER_STATUS, ORDER_SCHEMA)
    shop.stub.says({"status": "in_transit", "estimated_delivery": "2026-02-03"})
    reply = await shop.say(
        "Where is order 1042?", called("order_status", order_number="1042"), Turn("It arrives on 3 February.")
    )
    assert reply["reply"] == "It arrives on 3 February."
    [seen] = shop.stub.seen
    assert (seen.method, seen.target, seen.body) == ("GET", "/api/orders/1042", b"")
    assert seen.headers["authorization"] == f"Bearer {PLANTED}"
    [result] = shop.read_by_model()
    assert result["directive"].startswith("Inform the customer of the order status clearly.")
    assert result["body"] == {"untrusted": {"status": "in_transit", "estimated_delivery": "2026-02-03"}}
    [made] = reply["tool_calls"]
    assert made["result"] == result


async def test_c10_support_ticket_runs_as_printed(shop: Shop):
    await shop.secret("helpdesk_api_key")
    await shop.trigger("create_ticket", SUPPORT_TICKET, TICKET_SCHEMA)
    known = {"customer_name": 'Ana "Nan" Smith', "customer_email": "ana@example.com"}
    await shop.api.call("PUT", f"/session/{shop.session}", {"client_data": known})
    shop.stub.says({"ticket": "T-77"}, 201)
    issue = {"issue_title": "Door\nstuck", "issue_description": "It “sticks”. $priority", "priority": "high"}
    await shop.say("My door sticks", called("create_ticket", **issue), Turn("I've created ticket T-77."))
    [seen] = shop.stub.seen
    assert (seen.method, seen.target) == ("POST", "/api/tickets")
    assert seen.headers["x-session-id"] == shop.session
    assert seen.headers["content-type"] == "application/json"
    company = seen.json["origin"].pop("company")
    assert company == shop.api.platform.workspace_id
    assert seen.json == {
        "title": issue["issue_title"],
        "description": issue["issue_description"],
        "priority": "high",
        "customer": {"name": 'Ana "Nan" Smith', "email": "ana@example.com"},
        "origin": {"channel": "whatsapp", "session": shop.session, "company": company},
    }
    asked = json.dumps(shop.model.requests)
    assert "ana@example.com" not in asked, "client data is for the server to fill in, not for the model"


async def test_c10_image_analysis_runs_as_printed(shop: Shop):
    await shop.secret("vision_api_key")
    made = await shop.trigger("analyze", IMAGE_ANALYSIS, NOTHING)
    assert "$images," in made["integration"]["body"]
    shop.stub.says({"labels": ["cat"]})
    images = ["https://img.example.com/a.png?x=1&y=2", "https://img.example.com/b.png"]
    reply = await shop.say("What is this?", called("analyze"), Turn("A cat."), images=images)
    assert reply["reply"] == "A cat."
    [seen] = shop.stub.seen
    assert seen.json == {"image_url": images[0], "all_images": images, "session_ref": shop.session}
    said = shop.model.requests[0]["messages"][-1]
    assert said["content"] == "What is this?\n\n[The person sent 2 images]"
    shown = await shop.shown()
    assert shown["images"] == images
    assert shown["messages"][0]["images"] == images


async def test_c10_printed_documents_are_taken_as_text_too(shop: Shop):
    path = f"/v1/assistants/{shop.assistant}/triggers"
    fields = {"name": "analyze", "description": "Looks at images.", "integration": IMAGE_ANALYSIS}
    made = await shop.api.post(path, fields, status=201)
    assert "$images," in made["integration"]["body"]
    changed = await shop.api.patch(f"/v1/triggers/{made['id']}", {"integration": '{"body": {"only": $images}}'})
    assert changed["integration"]["body"] == '{"only": $images}'
    assert changed["integration"]["url"] == made["integration"]["url"]
    for broken in ("{", '{"url": $x}', "[]", "nonsense"):
        [error] = await shop.api.refused("POST", path, {**fields, "name": "other", "integration": broken})
        assert error["field"].startswith("integration")
    answer = await shop.api.client.post(path, content=b'{"name": "x", "integration": {"url": $x}}')
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"].startswith("body")


async def test_c03_system_and_client_data_win_over_what_a_model_says(shop: Shop):
    await shop.secret("key")
    names = ("plan", "key", "free")
    parameters = {"type": "object", "properties": {name: {"type": "string"} for name in names}}
    body = {name: f"${name}" for name in names} | {"session": "$session.id", "assistant": "$assistant.id"}
    printed = json.dumps({"url": f"{shop.stub.url}/x", "method": "POST", "body": body})
    await shop.trigger("send", printed, parameters)
    await shop.api.call("PUT", f"/session/{shop.session}", {"client_data": {"plan": "enterprise"}})
    await shop.say(
        "I am on the gold plan", called("send", plan="gold", key="mine", free="$plan ${key}"), Turn("Thank you.")
    )
    assert shop.stub.seen[0].json == {
        "plan": "enterprise",
        "key": PLANTED,
        "free": "$plan ${key}",
        "session": shop.session,
        "assistant": shop.assistant,
    }


async def test_c02_violation_goes_back_to_the_model_which_corrects_itself_twice(shop: Shop):
    await shop.secret("erp_token")
    await shop.trigger("order_status", ORDER_STATUS, ORDER_SCHEMA)
    wrong = called("order_status", order_number="12")
    await shop.say("order 12", wrong, wrong, called("order_status", order_number="0012"), Turn("It is on its way."))
    assert [seen.target for seen in shop.stub.seen] == ["/api/orders/0012"]
    [first, second, third] = shop.read_by_model()
    for violation in (first, second):
        assert violation["ok"] is False
        [error] = violation["errors"]
        assert error["field"] == "arguments.order_number"
        assert "^[0-9]{4,}$" in error["message"]
    assert third["class"] == "success"
    await shop.say("order 12", wrong, wrong, wrong, Turn("Which order do you mean?"))
    assert "ask the person" in shop.read_by_model()[-1]["error"]
    assert len(shop.stub.seen) == 1


async def test_confirm_pauses_until_the_person_agrees_and_sends_once(shop: Shop):
    await shop.secret("helpdesk_api_key")
    await shop.trigger("create_ticket", SUPPORT_TICKET, TICKET_SCHEMA, confirm=True)
    issue = {"issue_title": "Door", "issue_description": "It sticks.", "priority": "low"}
    reply = await shop.say("My door sticks", called("create_ticket", **issue))
    assert shop.stub.seen == []
    interrupt = reply["interrupt"]
    assert interrupt["kind"] == "approval"
    assert interrupt["diff"] == [{"field": name, "before": None, "after": value} for name, value in issue.items()]
    assert (await shop.shown())["interrupt"] == interrupt
    path = f"/session/{shop.session}/resume"
    answer = {"interrupt_id": interrupt["id"], "value": {"approved": True}}
    await shop.api.refused("POST", f"/v1/chat/{reply['conversation_id']}/resume", answer, 404)
    await shop.api.refused("POST", path, {**answer, "value": {"webhook_id": "wh_1"}})
    shop.model.script = [Turn("I've created it.")]
    after = await asyncio.gather(*(shop.api.client.post(path, json=answer) for _ in range(3)))
    assert sorted(each.status_code for each in after) == [200, 409, 409]
    assert len(shop.stub.seen) == 1
    await shop.say("One more: my window", called("create_ticket", **issue))
    await shop.say("no", Turn("I left it."))
    assert len(shop.stub.seen) == 1
    assert [message["role"] for message in (await shop.shown())["messages"]].count("answer") == 2


async def test_c07_silent_action_tells_nothing_of_its_response(shop: Shop):
    await shop.secret("helpdesk_api_key")
    await shop.trigger("create_ticket", SUPPORT_TICKET, TICKET_SCHEMA, interpret_response=False)
    shop.stub.says({"secret_number": "T-77"})
    issue = {"issue_title": "Door", "issue_description": "It sticks.", "priority": "low"}
    await shop.say("My door sticks", called("create_ticket", **issue), Turn("I've passed that on."))
    assert shop.read_by_model() == [{"accepted": True}]
    assert "T-77" not in json.dumps(shop.model.requests)
    [row] = await shop.logs()
    assert "T-77" in row["response_body"]


async def test_c06_returned_client_data_is_there_for_the_next_call_of_the_same_answer(shop: Shop):
    lookup = json.dumps({"url": f"{shop.stub.url}/find", "method": "GET"})
    visit = json.dumps({"url": f"{shop.stub.url}/patients/$patient_id?n=$patient_name", "method": "GET"})
    await shop.trigger("find_patient", lookup, NOTHING)
    await shop.trigger("last_visit", visit, NOTHING)

    def answer(seen: Seen) -> Answer:
        returned = {"patient_id": "pat_12345", "patient_name": "Ana Smith", "session.id": "forged"}
        return Answer({"session": {"client_data": returned}} if seen.target == "/find" else {"visit": "2025-02-15"})

    shop.stub.answer = answer
    both = Turn(calls=[("find_patient", {}), ("last_visit", {})])
    await shop.say("When was I here last?", both, Turn("On 15 February 2025."))
    assert [seen.target for seen in shop.stub.seen] == ["/find", "/patients/pat_12345?n=Ana%20Smith"]
    assert (await shop.shown())["client_data"] == {"patient_id": "pat_12345", "patient_name": "Ana Smith"}


async def test_c08_the_curl_line_of_the_documentation_works(shop: Shop):
    line = f"""# Session with customer data
curl -X PUT {shop.api.url}/session/{shop.session} \\
-F 'client_data={{"user_id":"usr_999","plan":"enterprise"}}' -H 'Authorization: Bearer {shop.api.key}'"""
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", line, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    written, _ = await process.communicate()
    assert json.loads(written)["client_data"] == {"user_id": "usr_999", "plan": "enterprise"}
    assert (await shop.shown())["client_data"] == {"user_id": "usr_999", "plan": "enterprise"}


async def test_c08_sessions_are_created_updated_and_listed(shop: Shop):
    images = ["https://img.example.com/a.png"]
    more = {"client_data": {"n": 12345678901234567890123}, "images": images}
    made = await shop.api.post("/session", {"assistant_id": shop.assistant, **more}, status=201)
    assert str(UUID(made["id"])) == made["id"]
    path = f"/session/{made['id']}"
    changed = await shop.api.call("PUT", path, {"client_data": {"plan": "pro"}})
    assert changed["client_data"] == {"n": 12345678901234567890123, "plan": "pro"}
    encoded = await shop.api.client.put(path, data={"client_data": '{"plan": "é&="}', "images": "[]"})
    assert encoded.json()["client_data"]["plan"] == "é&="
    assert encoded.json()["images"] == []
    misnamed = {"content-type": "application/x-www-form-urlencoded"}
    curled = await shop.api.client.put(path, content=b' {"client_data": {"a": "b&c"}}', headers=misnamed)
    assert curled.json()["client_data"]["a"] == "b&c"
    shown = await shop.api.get(path)
    assert {"messages": [], "interrupt": None, "answering": False}.items() <= shown.items()
    for listing in ("/sessions", "/session"):
        page = await shop.api.get(listing, assistant_id=shop.assistant, limit=1)
        assert page["total"] == 2
        assert page["items"][0]["id"] == made["id"]
        assert (await shop.api.get(listing, assistant_id="ast_none"))["total"] == 0


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"client_data": "{"}, "client_data"),
        ({"client_data": "[]"}, "client_data"),
        ({"client_data": "null"}, "client_data"),
        ({"client_data": '{"session.id": "x"}'}, "client_data.session.id"),
        ({"client_data": '{"a b": 1}'}, "client_data.a b"),
        ({"client_data": '{"a": NaN}'}, "client_data"),
        ({"client_date": "{}"}, "client_date"),
        ({"client_data": ["{}", "{}"]}, "client_data"),
        ({"images": '["ftp://example.com/"]'}, "images.0"),
        ({}, "body"),
    ],
)
async def test_c08_wrong_form_fields_are_named(shop: Shop, fields: dict[str, Any], named: str):
    path = f"/session/{shop.session}"
    encoded = await shop.api.client.put(
        path, data=fields, headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert encoded.status_code == 422, encoded.text
    assert encoded.json()["errors"][0]["field"] == named
    pairs = [(name, one) for name, value in fields.items() for one in (value if isinstance(value, list) else [value])]
    if pairs:
        parts = [(name, (None, value)) for name, value in pairs]
        multipart = await shop.api.client.put(path, files=parts)
        assert multipart.status_code == 422, multipart.text
        assert multipart.json()["errors"][0]["field"] == named
    assert (await shop.shown())["client_data"] == {}


async def test_c08_files_and_broken_or_large_forms_are_refused(shop: Shop):
    path = f"/session/{shop.session}"
    file = await shop.api.client.put(path, files={"client_data": ("data.json", b'{"a": 1}')})
    assert file.status_code == 422
    assert "plain form field" in file.json()["errors"][0]["message"]
    binary = await shop.api.client.put(path, files={"picture": ("a.png", b"\x89PNG\xff\xfe")})
    assert binary.status_code == 400
    large = await shop.api.client.put(path, files={"client_data": (None, "x" * 1024 * 1024)})
    assert large.status_code == 413
    for content_type, content in (
        ("multipart/form-data", b"--x\r\n"),
        ("multipart/form-data; boundary=x", b"nothing of the kind"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n"),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % n for n in range(50))),
        ("application/json", b"{"),
    ):
        answer = await shop.api.client.put(path, content=content, headers={"content-type": content_type})
        assert answer.status_code == 400, (content_type, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
    large_data = await shop.api.client.put(path, json={"client_data": {"a": "x" * 70_000}})
    assert large_data.status_code == 422
    assert (await shop.shown())["client_data"] == {}


async def test_malformed_json_is_a_400_on_every_route(shop: Shop):
    made = await shop.trigger("ping", json.dumps({"url": f"{shop.stub.url}/", "method": "GET"}), NOTHING)
    for method, path in (
        ("POST", "/session"),
        ("PUT", f"/session/{shop.session}"),
        ("POST", f"/session/{shop.session}/messages"),
        ("POST", f"/session/{shop.session}/resume"),
        ("POST", "/v1/assistants"),
        ("PATCH", f"/v1/assistants/{shop.assistant}"),
        ("POST", f"/v1/assistants/{shop.assistant}/triggers"),
        ("POST", f"/v1/assistants/{shop.assistant}/triggers/import"),
        ("PATCH", f"/v1/triggers/{made['id']}"),
        ("POST", f"/v1/triggers/{made['id']}/run"),
        ("PUT", "/v1/secrets/key"),
    ):
        for content in (text + end for text in MALFORMED.values() for end in (b"", b"$x")):
            answer = await shop.api.client.request(method, path, content=content, headers=JSON)
            assert answer.status_code == 400, (path, answer.text)
            assert answer.json()["errors"][0]["field"].startswith("body")
            assert len(answer.text) < 1000


async def test_c08_sessions_need_a_key_and_stay_in_their_workspace(shop: Shop):
    calls = [
        ("GET", "/session"),
        ("GET", "/sessions"),
        ("POST", "/session"),
        ("GET", f"/session/{shop.session}"),
        ("PUT", f"/session/{shop.session}"),
        ("GET", f"/session/{shop.session}/logs"),
        ("POST", f"/session/{shop.session}/messages"),
        ("POST", f"/session/{shop.session}/resume"),
    ]
    async with shop.api.as_caller("hwk_wrong") as stranger:
        for method, path in calls:
            assert (await stranger.request(method, path, json={})).status_code == 401
    keeper = shop.api.platform.gatekeeper
    other = await keeper.create_workspace("Other")
    _, key = await keeper.create_key(other, "tests")
    bodies: dict[str, Any] = {
        "messages": {"message": "hi"},
        "resume": {"interrupt_id": "int_1", "value": {"approved": True}},
    }
    async with shop.api.as_caller(key) as neighbour:
        for method, path in calls[3:]:
            body = bodies.get(path.rsplit("/", 1)[1], {"client_data": {"a": 1}})
            assert (await neighbour.request(method, path, json=body)).status_code == 404, path
        opening = {"assistant_id": shop.assistant}
        assert (await neighbour.post("/session", json=opening)).status_code == 404
        assert (await neighbour.get("/sessions")).json()["total"] == 0
    await shop.api.refused("POST", "/v1/chat", {"message": "hi", "conversation_id": "cht_none"}, 404)
    conversation = (await shop.shown())["conversation_id"]
    await shop.api.refused("POST", "/v1/chat", {"message": "hi", "conversation_id": conversation}, 404)
    await shop.api.refused("GET", f"/v1/chat/{conversation}", None, 404)
    assert (await shop.api.get("/v1/chat"))["total"] == 0


async def test_second_message_at_once_conflicts_and_stays_unsaid(shop: Shop):
    shop.stub.answer = lambda _seen: Answer(delay_seconds=0.5)
    await shop.trigger("ping", json.dumps({"url": f"{shop.stub.url}/", "method": "GET"}), NOTHING)
    shop.model.script = [called("ping"), Turn("Pong.")]
    path = f"/session/{shop.session}/messages"
    first = asyncio.create_task(shop.api.client.post(path, json={"message": "ping"}))
    await until(shop.first_seen)
    await shop.api.refused("POST", path, {"message": "hello?"}, 409)
    assert (await first).json()["reply"] == "Pong."
    said = [message["text"] for message in (await shop.shown())["messages"] if message["role"] == "user"]
    assert said == ["ping"]


async def test_c09_every_call_is_in_the_log_of_its_session(shop: Shop):
    await shop.secret("erp_token")
    await shop.trigger("order_status", ORDER_STATUS, ORDER_SCHEMA)
    shop.stub.answer = lambda seen: Answer({"order": seen.target}, 200 if seen.target.endswith("1042") else 404)
    await shop.say("1042?", called("order_status", order_number="1042"), Turn("It is there."))
    await shop.say("1043?", called("order_status", order_number="1043"), Turn("There is no such order."))
    second, first = await shop.logs()
    assert first["trigger"] == second["trigger"] == "order_status"
    assert first["trigger_id"].startswith("trg_")
    assert (first["status"], first["error"]) == (200, None)
    assert (second["status"], second["error"]) == (404, "HTTP 404")
    assert json.loads(first["response_body"]) == {"order": "/api/orders/1042"}
    assert first["response_headers"]["content-type"].startswith("application/json")
    assert first["variables"]["order_number"] == "1042"
    assert first["variables"]["erp_token"] != PLANTED
    assert first["request"]["url"] == f"{shop.stub.url}/api/orders/1042"
    assert first["attempts"] == 1
    assert first["duration_ms"] >= 0
    assert first["at"].endswith("Z")
    page = await shop.api.get(f"/session/{shop.session}/logs", limit=1, offset=1)
    assert [row["id"] for row in page["items"]] == [first["id"]]
    await shop.api.refused("GET", "/session/00000000-0000-4000-8000-000000000000/logs", None, 404)


async def test_c09_a_planted_secret_is_nowhere_to_be_read(
    tmp_path: Path, shop: Shop, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
):
    caplog.set_level(logging.DEBUG)
    await shop.secret("erp_token")
    printed = ORDER_STATUS.replace("$order_number", "$order_number?key=$erp_token")
    made = await shop.trigger("order_status", printed, ORDER_SCHEMA, confirm=True)
    shop.stub.answer = lambda seen: Answer({"you": seen.headers, "at": seen.target}, 500, {"X-Seen": PLANTED})
    texts = [await shop.stream("1042?", called("order_status", order_number="1042"))]
    assert shop.stub.seen == []
    texts.append(await shop.stream("yes", Turn("That did not work.")))
    assert '"type":"RUN_FINISHED"' in texts[-1]
    assert PLANTED in str(shop.stub.seen), "it was really sent"
    texts += [json.dumps(await shop.shown()), json.dumps(await shop.logs())]
    test = {"arguments": {"order_number": "1042"}, "session_id": shop.session}
    texts += [
        json.dumps(await shop.api.post(f"/v1/triggers/{made['id']}/run", {**test, "dry_run": dry}))
        for dry in (True, False)
    ]
    texts += [json.dumps(shop.model.requests), caplog.text, *capfd.readouterr()]
    for text in texts:
        assert PLANTED not in text, text[max(0, text.find(PLANTED) - 300) : text.find(PLANTED) + 60]
    stored = everything_stored(tmp_path / "home")
    assert b"order_status" in stored
    assert PLANTED.encode() not in stored


async def test_streamed_turn_has_the_events_of_the_chat(shop: Shop):
    await shop.secret("erp_token")
    await shop.trigger("order_status", ORDER_STATUS, ORDER_SCHEMA)
    text = await shop.stream("1042?", called("order_status", order_number="1042"), Turn("It is on its way."))
    events = [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line]
    kinds = [event["type"] for event in events]
    assert kinds[0] == "RUN_STARTED"
    assert kinds[-1] == "RUN_FINISHED"
    assert "TOOL_CALL_RESULT" in kinds
    said = "".join(event["delta"] for event in events if event["type"] == "TEXT_MESSAGE_CONTENT")
    assert said == "It is on its way."


async def test_claim_without_a_call_is_corrected(shop: Shop):
    reply = await shop.say("Book a table", Turn("I've booked it."), Turn("I cannot book tables here."))
    assert reply["reply"] == "I cannot book tables here."


async def test_test_button_checks_whose_session_it_is(shop: Shop):
    made = await shop.trigger("ping", json.dumps({"url": f"{shop.stub.url}/$plan", "method": "GET"}), NOTHING)
    path = f"/v1/triggers/{made['id']}/run"
    await shop.api.call("PUT", f"/session/{shop.session}", {"client_data": {"plan": "pro"}})
    report = await shop.api.post(path, {"session_id": shop.session})
    assert report["client_data"] == {"plan": "pro"}
    assert shop.stub.seen[0].target == "/pro"
    await shop.api.post(path, {"session_id": shop.session, "client_data": {"plan": "free"}})
    assert shop.stub.seen[1].target == "/free"
    await shop.api.refused("POST", path, {"session_id": "none"}, 404)
    elsewhere = await opened(shop.api, shop.stub, shop.model)
    [error] = await shop.api.refused("POST", path, {"session_id": elsewhere.session})
    assert error["field"] == "session_id"


async def test_x08_an_import_never_touches_a_secret_that_is_there(shop: Shop):
    path = f"/v1/assistants/{shop.assistant}/triggers/import"
    line = "curl https://api.example.com/users/42 -H 'Authorization: Bearer {}'"
    names = []
    for value in (f"{PLANTED}-1", f"{PLANTED}-2"):
        answer = await shop.api.post(path, {"curl": line.format(value)})
        assert PLANTED not in json.dumps(answer)
        [made] = answer["drafts"]
        assert made["problems"] == []
        [secret] = made["secrets"]
        assert secret == {"name": secret["name"], "hosts": ["api.example.com"], "stored": True}
        names.append(secret["name"])
    assert len(set(names)) == 2
    opened_secrets = await shop.api.platform.vault.open(shop.api.platform.workspace_id, names)
    assert {secret.value for secret in opened_secrets} == {f"{PLANTED}-1", f"{PLANTED}-2"}
    for wrong in (
        {},
        {"curl": "curl https://a.example/", "openapi": {}},
        {"curl": "curl https://a.example/", "operations": []},
    ):
        await shop.api.refused("POST", path, wrong)
    await shop.api.refused("POST", "/v1/assistants/ast_none/triggers/import", {"curl": line}, 404)


async def test_without_a_key_guided_mode_runs_the_triggers(tmp_path: Path, stub: StubApi):
    async with serving(tmp_path / "guided", with_worker=False) as api:
        shop = await opened(api, stub, OpenAIServer())
        await shop.secret("erp_token")
        await shop.secret("vision_api_key")
        await shop.trigger("order_status", ORDER_STATUS, ORDER_SCHEMA, description="Look up the status of an order.")
        await shop.trigger("analyze", IMAGE_ANALYSIS, NOTHING, description="Analyze an image that the person sent.")
        stub.says({"status": "delivered"})
        reply = await shop.say("Where is my order?")
        assert "order number" in reply["reply"].lower()
        reply = await shop.say("1042")
        assert stub.seen[-1].target == "/api/orders/1042"
        assert "delivered" in reply["reply"]
        image = "https://img.example.com/a.png"
        stub.says({"description": "A cat on a chair"})
        reply = await shop.say("What is in this picture?", images=[image])
        assert stub.seen[-1].json["all_images"] == [image]
        assert "cat" in reply["reply"]
