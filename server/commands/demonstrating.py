"""`hookwright demo`: everything on one machine, with sample data; `--once` does the main job by itself."""

import asyncio
import contextlib
import ipaddress
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from rich.console import Console

from rules.actor import Actor
from rules.integration_spec import AssistantDraft, SecretDraft, SessionDraft, TriggerDraft
from rules.validation import parse
from rules.webhook_spec import WebhookDraft
from server.cleaning import clean
from server.commands.call_job import CallJob
from server.commands.main_job import MainJob
from server.commands.serving import running
from server.commands.shop import TOKEN, Shop, triggers
from server.receiver import Received, Receiver
from server.settings import Settings
from server.wiring import Platform

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
SAMPLES: list[dict[str, Any]] = [
    {"status": "completed", "tags": ["pricing"], "trust_score": 88, "summary": "Would upgrade if billing were yearly."},
    {
        "status": "completed",
        "tags": ["feature_request"],
        "trust_score": 74,
        "summary": "Asked for a Slack integration.",
    },
    {"status": "partial", "tags": ["pricing"], "trust_score": 41, "summary": "Left when asked for the budget."},
    {"status": "completed", "tags": [], "trust_score": 93, "summary": "Happy with the onboarding."},
    {"status": "abandoned", "summary": "Closed the page after the first question."},
]

WELCOME = """
Console, signed in (the link works once):
  [bold]{url}/login?token={token}[/bold]
Receiver, an endpoint URL for webhooks (what it gets is printed here):
  [bold]{receiver_url}/hooks[/bold]
A customer's session with an assistant that calls a shop's API (the page shows its log):
  {url}/console/sessions/{session}
  Speak as the customer, with KEY from `.venv/bin/hookwright keys create me`:
  curl {url}/session/{session}/messages -H "Authorization: Bearer $KEY" \\
    -d '{{"message": "Where is my order 1042?"}}'
API reference:
  {url}/docs

Choose a perspective, and say “set up a webhook on this perspective”.
Ctrl+C ends the demo; the data stays.
"""

_out = Console(highlight=False)


def local(settings: Settings) -> Settings:
    """Permit what only a demonstration on one machine needs: plain HTTP to loopback."""
    allowed = (*settings.egress_allow, *LOOPBACK)
    return settings.model_copy(update={"egress_allow": allowed, "egress_allow_http": True})


async def demo(settings: Settings) -> None:
    """Serve with sample data until a signal."""
    async with (
        _receiving(settings.port + 1) as receiver_url,
        _free(Shop().serve, settings.port + 2) as shop_url,
        running(local(settings)) as (url, platform),
    ):
        await seed(platform, receiver_url)
        session = await seed_shop(platform, shop_url)
        platform.assistant.warm()
        token = await platform.gatekeeper.create_link_token(platform.workspace_id)
        _out.print(WELCOME.format(url=url, token=token, receiver_url=receiver_url, session=session), soft_wrap=True)
        await _until_interrupted()


async def once() -> None:
    """Do the main job in a temporary folder and print what was really observed; raises when a step was not seen."""
    with tempfile.TemporaryDirectory(prefix="hookwright-demo-") as folder:
        home = Path(folder)
        settings = Settings(
            database_url=f"sqlite:///{home}/hookwright.db",
            home=home,
            port=0,
            api_key=None,
            openai_api_key=None,
            openai_base_url=None,
            model=None,
        )
        receiver = Receiver()
        async with receiver.serve() as receiver_url, running(local(settings)) as (url, platform):
            _, key = await platform.gatekeeper.create_key(platform.workspace_id, "demo")
            await MainJob(url, key, receiver, receiver_url, _out.print).run()
            shop = Shop()
            async with shop.serve() as shop_url:
                await CallJob(url, key, shop, shop_url, _out.print).run()
            _out.print("[green]Every step was seen.[/green]")


async def seed(platform: Platform, receiver_url: str) -> None:
    """Store two perspectives, a webhook and a handful of conversations, unless there are perspectives already."""
    workspace_id = platform.workspace_id
    if (await platform.perspectives.list(workspace_id, limit=1)).total:
        return
    survey = await platform.perspectives.create(workspace_id, "Customer interviews", "interviewer")
    await platform.perspectives.create(workspace_id, "Website concierge", "concierge")
    draft = WebhookDraft(name="CRM sync", url=f"{receiver_url}/hooks/crm", perspective_id=survey["id"])
    await platform.registry.create(workspace_id, draft, Actor("system", "demo"))
    for number, ending in enumerate(SAMPLES, 1):
        await platform.intake.end_conversation(workspace_id, survey["id"], f"sample-{number}", ending)


async def seed_shop(platform: Platform, shop_url: str) -> str:
    """Store an assistant that calls the shop's API, and return its session's id; uses what an earlier demo stored."""
    workspace_id, actor = platform.workspace_id, Actor("system", "demo")
    if (known := await platform.sessions.list(workspace_id, limit=1)).total:
        return known.items[0].id
    secret = SecretDraft(value=TOKEN, hosts=["127.0.0.1"])
    await platform.vault.put(workspace_id, "shop_token", secret)
    draft = AssistantDraft(name="Shop support", instructions="You help the customers of a small shop.")
    assistant = (await platform.assistants.create(workspace_id, draft, actor)).assistant
    for trigger in triggers(shop_url):
        await platform.triggers.create(workspace_id, assistant.id, parse(TriggerDraft, trigger), actor)
    session = SessionDraft(assistant_id=assistant.id, client_data={"plan": "pro"})
    return (await platform.sessions.create(workspace_id, session)).id


def _receiving(port: int) -> AbstractAsyncContextManager[str]:
    return _free(Receiver(on_request=_show).serve, port)


@contextlib.asynccontextmanager
async def _free(serve: Callable[[int], AbstractAsyncContextManager[str]], port: int) -> AsyncIterator[str]:
    """Serve on a port, or on a free one when that is taken."""
    async with contextlib.AsyncExitStack() as stack:
        try:
            url = await stack.enter_async_context(serve(port))
        except OSError:
            url = await stack.enter_async_context(serve(0))
        yield url


def _show(received: Received) -> None:
    told = received.how if received.probe else f"{len(received.body)} bytes"
    _out.print(
        f"  receiver: {clean(received.path)} → {received.status} ({told})",
        style="dim",
        markup=False,
    )


async def _until_interrupted() -> None:
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
