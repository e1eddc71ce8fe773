"""An assistant at the limit of operational webhooks says why, and changes nothing."""

from typing import Any

from rules.validation import parse
from rules.webhook_spec import WebhookDraft
from tests.serving import Api
from tests.tools.conftest import Person
from webhooks.operational_webhooks import MAX_ENABLED

ANYWHERE = "https://example.com/hook"
WHY = f"the limit is {MAX_ENABLED}; disable or delete one of them first"


async def made(person: Person, **fields: Any) -> str:
    draft = parse(WebhookDraft, {"name": "On call", "url": ANYWHERE, "operational": True, **fields})
    created = await person.house.services.registry.create(person.workspace_id, draft, person.actor)
    return created.webhook.id


async def enabled(person: Person) -> int:
    page = await person.house.services.registry.list(person.workspace_id, limit=100)
    return sum(webhook.operational and webhook.enabled for webhook in page.items)


async def test_tools_refuse_one_too_many_in_words_for_the_person(person: Person) -> None:
    *_, last = [await made(person) for _ in range(MAX_ENABLED)]
    off, ordinary = await made(person, enabled=False), await made(person, operational=False)
    person.answer = {"approved": True}
    change = (await person.run("delete_webhook", webhook_id=last))["change_id"]
    await made(person)
    for name, arguments in (
        ("set_enabled", {"webhook_id": off, "enabled": True}),
        ("edit_webhook", {"webhook_id": ordinary, "operational": True}),
        ("undo_change", {"change_id": change}),
    ):
        result = await person.run(name, **arguments)
        assert result["ok"] is False
        assert WHY in result["error"]
    assert await enabled(person) == MAX_ENABLED
    assert len(person.recorded) == 1


async def test_guided_mode_passes_on_why(api: Api) -> None:
    for _ in range(MAX_ENABLED):
        await api.webhook(ANYWHERE, operational=True)
    off = await api.webhook(ANYWHERE, name="Night shift", operational=True, enabled=False)
    reply = await api.say("Enable the webhook Night shift")
    assert WHY in reply["reply"]
    assert (await api.get(f"/v1/webhooks/{off['id']}"))["enabled"] is False
