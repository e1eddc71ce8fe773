"""A workspace with more webhooks than an answer has room for."""

from tests.serving import Api


async def test_long_list_still_counts_failures(api: Api) -> None:
    failing = await api.webhook("http://127.0.0.1:9/", retry={"max_retries": 0})
    for _ in range(13):
        await api.webhook("http://127.0.0.1:9/", enabled=False)
    await api.event()
    await api.webhook_until(failing["id"], lambda webhook: webhook["state"] == "failing")
    assert "failing (1 in a row" in (await api.say("list my webhooks"))["reply"]
