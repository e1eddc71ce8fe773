"""The `hookwright` command."""

import asyncio
import os
import sys
from collections.abc import Coroutine
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text
from sqlalchemy.exc import SQLAlchemyError

from rules.errors import HookwrightError
from server import logs
from server.cleaning import clean
from server.commands import admin, listening, sending
from server.commands.options import (
    HostOption,
    PortOption,
    ServerHostOption,
    ServerPortOption,
    checked_url,
    finding,
    settings_with,
)
from server.settings import read_settings
from server.version import VERSION

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(admin.keys, name="keys", help="API keys: create, list, revoke.")
app.add_typer(sending.events, name="events", help="Send events to a running server.")
app.add_typer(sending.deliveries, name="deliveries", help="Retry and replay deliveries on a running server.")
app.command(name="migrate")(admin.migrate_store)
app.command(name="console-link")(admin.console_link)
app.command(name="listen")(listening.listen)


def _show_version(asked: bool) -> None:  # noqa: FBT001 - how an option's callback is called
    if asked:
        typer.echo(f"hookwright {VERSION}")
        raise typer.Exit


@app.callback()
def hookwright(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Say which release this is.")
    ] = False,
) -> None:
    """Webhooks that you configure by talking to them."""


@app.command()
def serve(host: HostOption = None, port: PortOption = None, *, worker: bool = True) -> None:
    """Run the API, the console and, unless --no-worker, a delivery worker."""
    from server.commands import serving  # noqa: PLC0415 - the other commands start without the web framework

    settings = settings_with(host=host, port=port)
    logs.configure(settings.log_format, settings.log_level)
    run(serving.serve(settings, with_worker=worker, found_by=finding(host, port)))


@app.command()
def worker() -> None:
    """Run a delivery worker and nothing else: any number of them, on any hosts, over one PostgreSQL."""
    from server.commands import working  # noqa: PLC0415 - as above

    settings = read_settings()
    logs.configure(settings.log_format, settings.log_level)
    run(working.work(settings))


@app.command()
def demo(
    host: HostOption = None,
    port: PortOption = None,
    *,
    once: Annotated[bool, typer.Option(help="Do the main job without a person, print each step, and exit.")] = False,
) -> None:
    """Run everything on this machine with sample data, a local receiver and a browser link."""
    from server.commands import demonstrating  # noqa: PLC0415 - as above

    run(demonstrating.once() if once else demonstrating.demo(settings_with(host=host, port=port)))


@app.command()
def chat(
    url: Annotated[
        str | None, typer.Option(help="The server, when it is elsewhere: https://hooks.example.com.")
    ] = None,
    host: ServerHostOption = None,
    port: ServerPortOption = None,
    key: Annotated[
        str | None, typer.Option(envvar="HOOKWRIGHT_API_KEY", help="An API key; not needed in the server's folder.")
    ] = None,
    perspective: Annotated[str | None, typer.Option(help="Talk about this perspective.")] = None,
) -> None:
    """Talk to the assistant of a running server in the terminal."""
    from server import terminal  # noqa: PLC0415 - as above

    settings = settings_with(host=host, port=port)
    base = settings.address if url is None else checked_url(url)
    run(terminal.converse(base, key or admin.key_for(url, settings), perspective_id=perspective))


def run(job: Coroutine[Any, Any, Any]) -> None:
    """Run a coroutine on the fastest loop that there is."""
    try:
        import uvloop  # noqa: PLC0415 - absent on Windows
    except ImportError:
        asyncio.run(job)
        return
    uvloop.run(job)


def main() -> None:
    """Run a command; an error that is ours is one line on stderr, not a trace."""
    os.environ.setdefault("LANGSMITH_TRACING", "false")
    logs.begin()
    try:
        app()
    except HookwrightError as error:
        _say_error(error.detail)
        sys.exit(2)
    except (OSError, SQLAlchemyError) as error:  # a port in use, a file that is not there, a store that is not ours
        _say_error(str(getattr(error, "orig", None) or error))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _say_error(text: str) -> None:
    Console(stderr=True).print(Text.assemble(("error: ", "red"), " ".join(clean(text).split())), soft_wrap=True)
