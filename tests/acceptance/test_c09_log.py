"""The log of a session's calls, in which no secret stands (row C09)."""

import json
import logging
from pathlib import Path

import pytest

from tests.acceptance.printed_integrations import ORDER_SCHEMA, ORDER_STATUS
from tests.acceptance.shop import PLANTED, Shop, called
from tests.acceptance.stub import Answer
from tests.agent.openai_server import Turn
from tests.databases import everything_stored


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
