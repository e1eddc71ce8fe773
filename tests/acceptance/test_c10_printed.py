"""The documentation's integrations run as they are printed there, with a model and without (row C10)."""

import json
from pathlib import Path

from tests.acceptance.printed_integrations import (
    IMAGE_ANALYSIS,
    NOTHING,
    ORDER_SCHEMA,
    ORDER_STATUS,
    SUPPORT_TICKET,
    TICKET_SCHEMA,
)
from tests.acceptance.shop import PLANTED, Shop, called, opened
from tests.acceptance.stub import StubApi
from tests.agent.openai_server import OpenAIServer, Turn
from tests.serving import serving


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
