"""Alerts end to end: an operational webhook, e-mail, the list, and the assistant's word (E07)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from server.receiver import Receiver
from tests.faultlab import FaultLab
from tests.serving import Api, serving, until
from tests.smtp import SmtpServer

pytestmark = pytest.mark.both_databases

QUICK = {"strategy": "schedule", "schedule": [0.1] * 10, "jitter": 0}
NO_BREAKER = {"consecutive_failures": 0}


async def looked(api: Api, topic: str, *, is_open: bool = True) -> dict[str, Any]:
    """Let the watch look until there is an alert of a topic, and return it."""

    async def found() -> dict[str, Any] | None:
        await api.platform.alert_watch.look()
        items = (await api.get("/v1/alerts", topic=topic, open="true" if is_open else "false"))["items"]
        return items[0] if items else None

    return await until(found)


async def attempts(api: Api, webhook: dict[str, Any], count: int) -> None:
    await api.webhook_until(webhook["id"], lambda seen: seen["health"]["total"] >= count)


async def test_e07_a_failing_endpoint_is_told_by_webhook_by_mail_in_the_list_and_by_the_assistant(
    tmp_path: Path, receiver: Receiver, endpoint: str
):
    mail, lab = SmtpServer(), FaultLab()
    async with mail.serve() as port:
        settings = {
            "smtp_url": f"smtp://127.0.0.1:{port}?starttls=never",
            "alert_from": "Hookwright <alerts@hooks.example>",
            "alert_emails": "ops@example.com",
            "public_url": "https://hooks.example/",
        }
        async with serving(tmp_path / "home", **settings) as api:
            channel = await api.webhook(endpoint, name="On call", operational=True)
            receiver.secret = channel["secret"]
            shop = await api.webhook(await lab.status(500), name="Shop", retry=QUICK, circuit_breaker=NO_BREAKER)
            await api.event()
            await attempts(api, shop, 10)
            alert = await looked(api, "success_rate.dropped")
            assert (alert["webhook_id"], alert["cause"], alert["closed_at"]) == (shop["id"], "server_error", None)

            told = await receiver.wait_for(1)
            link = f"https://hooks.example/#fix={shop['id']}"
            assert told.verified is True
            assert (told.json["type"], told.json["data"]["fix_url"]) == ("success_rate.dropped", link)
            assert told.json["data"]["alert_id"] == alert["id"]

            async def mailed() -> bool | None:
                return True if mail.mails else None

            await until(mailed)
            assert mail.mails[0]["To"] == "ops@example.com"
            assert "“Shop” delivers only 0 %" in mail.mails[0]["Subject"]
            assert link in mail.mails[0].get_content()

            async def marked() -> bool | None:
                return (await api.get("/v1/alerts"))["items"][0]["mailed_at"] and True

            await until(marked)
            reply = await api.say("is everything ok?")
            assert "Open alerts:\n- “Shop” delivers only 0 %" in reply["reply"]
    await lab.close()


async def test_e07_one_event_type_that_keeps_failing_is_told(api: Api, receiver: Receiver, endpoint: str):
    await api.webhook(endpoint, name="On call", operational=True)
    lab = FaultLab()
    picky = await lab.status(200)
    shop = await api.webhook(picky, name="Shop", retry=QUICK, circuit_breaker=NO_BREAKER)
    for number in range(8):
        await api.event("purchase", {"number": number})
    await attempts(api, shop, 8)
    # The endpoint's address changes to one that fails, as an endpoint would that rejects one type.
    await api.patch(f"/v1/webhooks/{shop['id']}", {"url": await lab.status(422)})
    await api.event("refund")
    await attempts(api, shop, 14)
    alert = await looked(api, "event_type.failing")
    assert (alert["subject_id"], alert["details"]["event_type"]) == (f"{shop['id']} refund", "refund")

    async def told() -> bool | None:
        types = [request.json["type"] for request in receiver.received]
        return True if "event_type.failing" in types else None

    await until(told)
    await lab.close()


async def test_e07_late_deliveries_are_told_where_no_worker_is(tmp_path: Path):
    async with serving(tmp_path / "idle", with_worker=False) as api:
        await api.webhook("https://example.com/hook")
        await api.event()
        await api.platform.alert_watch.look(datetime.now(UTC) + timedelta(minutes=6))
        [alert] = (await api.get("/v1/alerts", open="true"))["items"]
        assert (alert["topic"], alert["cause"]) == ("backlog.late", "no_worker")
        assert alert["summary"].endswith("No worker is running.")
