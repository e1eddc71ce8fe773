"""Commands that talk to a running server: events and deliveries."""

import json
from typing import Annotated, Any

import httpx2
import typer

from rules.errors import HookwrightError, InvalidInput, Unavailable
from server.commands.admin import local_key
from server.commands.options import ServerHostOption, ServerPortOption, settings_with
from server.settings import Settings

events = typer.Typer(no_args_is_help=True)
deliveries = typer.Typer(no_args_is_help=True)


@events.command("send")
def send_event(
    event_type: Annotated[str, typer.Argument(help="The event type, such as purchase.")],
    payload: Annotated[str, typer.Argument(help="The payload, a JSON object.")] = "{}",
    event_id: Annotated[str | None, typer.Option("--id", help="An id that makes it idempotent.")] = None,
    perspective: Annotated[str | None, typer.Option(help="The perspective that it belongs to.")] = None,
    *,
    host: ServerHostOption = None,
    port: ServerPortOption = None,
) -> None:
    """Send one event."""
    try:
        value = json.loads(payload)
    except ValueError as error:
        raise InvalidInput.of("payload", f"is not JSON: {error}") from None
    given = {"type": event_type, "payload": value, "id": event_id, "perspective_id": perspective}
    event = {name: value for name, value in given.items() if value is not None}
    answer = _call(settings_with(host=host, port=port), "/v1/events", event)
    typer.echo(json.dumps(answer["events"][0]))


@deliveries.command("retry")
def retry(delivery_id: str, *, host: ServerHostOption = None, port: ServerPortOption = None) -> None:
    """Send one delivery again now."""
    answer = _call(settings_with(host=host, port=port), f"/v1/deliveries/{delivery_id}/retry")
    typer.echo(f"{answer['id']} is due now.")


@deliveries.command("replay")
def replay(
    webhook_id: str,
    since: Annotated[str, typer.Option(help="RFC 3339 time, such as 2026-11-21T00:00:00Z.")],
    until: Annotated[str | None, typer.Option(help="RFC 3339 time; now by default.")] = None,
    status: Annotated[str, typer.Option(help="failed or all.")] = "failed",
    *,
    host: ServerHostOption = None,
    port: ServerPortOption = None,
) -> None:
    """Send the finished deliveries of a time range again."""
    given = {"since": since, "until": until, "status": status}
    wanted = {name: value for name, value in given.items() if value is not None}
    answer = _call(settings_with(host=host, port=port), f"/v1/webhooks/{webhook_id}/replay", wanted)
    typer.echo(f"{answer['count']} deliveries are due now.")


def _call(settings: Settings, path: str, body: Any = None) -> Any:
    url = settings.address + path
    headers = {"Authorization": f"Bearer {local_key(settings)}"}
    try:
        response = httpx2.post(url, json=body, headers=headers, timeout=30)
    except httpx2.TransportError as error:
        raise Unavailable(
            f"no server answers at {url}: {error}. `hookwright serve` starts one; --port finds one."
        ) from None
    answer = response.json()
    if response.status_code >= 400:
        raise HookwrightError(answer.get("detail", response.text))
    return answer
