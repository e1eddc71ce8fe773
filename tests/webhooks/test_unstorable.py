"""What cannot be stored of one attempt must not keep the results of all others from being written."""

import pytest

from server.receiver import Receiver
from tests.serving import Api, until
from tests.webhooks.rows import delivery_rows
from webhooks import attempt

pytestmark = pytest.mark.both_databases


async def test_words_that_cannot_be_stored_are_given_up_and_nothing_else(
    api: Api, receiver: Receiver, endpoint: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(attempt, "error_of", lambda _: "half a character: \ud800")
    failing = Receiver()
    failing.status = 500
    async with failing.serve() as url:
        ill = await api.webhook(url, name="ill")
        well = await api.webhook(endpoint, name="well")
        await api.post("/v1/events", [{"type": "purchase", "payload": {"n": n}} for n in range(5)])
        await receiver.wait_for(5)

        async def settled() -> list[dict] | None:
            rows = await delivery_rows(api, ill["id"]) + await delivery_rows(api, well["id"])
            return rows if all(row["attempts"] for row in rows) else None

        rows = await until(settled, 20)
    assert {row["status"] for row in rows if row["webhook_id"] == well["id"]} == {"delivered"}
    lost = [row for row in rows if row["webhook_id"] == ill["id"]]
    assert {row["status"] for row in lost} == {"retrying"}
    assert {row["last_status_code"] for row in lost} == {500}
    assert {row["last_error"] for row in lost} == {"What was said in this attempt could not be stored."}
