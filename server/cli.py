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
from server.settings import Settings, read_settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Webhooks that you configure by talking to them.",
)
app.add_typer(admin.keys, name="keys", help="API keys: create, list, revoke.")
app.add_typer(sending.events, name="events", help="Send events to a running server.")
app.add_typer(sending.deliveries, name="deliveries", help="Retry and replay deliveries on a running server.")
app.command(name="migrate")(admin.migrate_store)
app.command(name="console-link")(admin.console_link)
app.command(name="listen")(listening.listen)

HostOption = Annotated[str | None, typer.Option(help="Address to listen on (HOOKWRIGHT_HOST).")]
PortOption = Annotated[int | None, typer.Option(help="Port to listen on (HOOKWRIGHT_PORT).", min=0, max=65535)]


@app.command()
def serve(host: HostOption = None, port: PortOption = None, *, worker: bool = True) -> None:
    """Run the API, the console and, unless --no-worker, a delivery worker."""
    from server.commands import serving  # noqa: PLC0415 - the other commands start without the web framework

    settings = _settings(host=host, port=port)
    logs.configure(settings.log_format, settings.log_level)
    run(serving.serve(settings, with_worker=worker))


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

    run(demonstrating.once() if once else demonstrating.demo(_settings(host=host, port=port)))


@app.command()
def chat(
    url: Annotated[str | None, typer.Option(help="The server; http://HOST:PORT of the settings by default.")] = None,
    key: Annotated[str | None, typer.Option(envvar="HOOKWRIGHT_API_KEY", help="An API key.")] = None,
    perspective: Annotated[str | None, typer.Option(help="Talk about this perspective.")] = None,
) -> None:
    """Talk to the assistant of a running server in the terminal."""
    from server import terminal  # noqa: PLC0415 - as above

    settings = read_settings()
    base = url or f"http://{settings.host}:{settings.port}"
    run(terminal.converse(base, key or admin.local_key(settings), perspective_id=perspective))


def _settings(**given: Any) -> Settings:
    return read_settings(**{name: value for name, value in given.items() if value is not None})


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
