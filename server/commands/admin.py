"""Commands that work on the store itself: keys, links, migrations."""

import asyncio
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from rules.errors import InvalidInput, Unavailable
from server.auth import Gatekeeper
from server.cleaning import clean
from server.commands import moving
from server.commands.options import ServerHostOption, ServerPortOption, settings_with
from server.settings import Settings, read_settings
from store.migrate import migrate
from store.session import Database, driver_url

_KEY_COLUMNS = ("ID", "WORKSPACE", "ENDS IN", "CREATED (UTC)", "REVOKED (UTC)", "NAME")

keys = typer.Typer(no_args_is_help=True)


async def _with_gatekeeper(settings: Settings, job: Any) -> Any:
    database = Database(settings.database_url)
    try:
        await migrate(database)
        gatekeeper = Gatekeeper(database)
        return await job(gatekeeper, await gatekeeper.default_workspace())
    finally:
        await database.close()


def _run(job: Any, settings: Settings | None = None, *, new: bool = False) -> Any:
    """Do a job on the store, which has to be there unless it may be `new`."""
    settings = settings or read_settings()
    if not new:
        _check_store(settings)
    return asyncio.run(_with_gatekeeper(settings, job))


def _check_store(settings: Settings) -> None:
    """Raise Unavailable where there is no store: an empty one, made here, would be another than the server's."""
    url = driver_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        raise Unavailable(
            f"There is no store at {Path(url.database).absolute()}. Start this command in the folder in which the "
            "server was started, or name the server's folder with HOOKWRIGHT_HOME or its database with "
            "HOOKWRIGHT_DATABASE_URL. `hookwright serve` makes a new store."
        )


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    workspace: Annotated[str | None, typer.Option(help="Its workspace; the first one by default.")] = None,
    *,
    new_workspace: Annotated[bool, typer.Option(help="Create a workspace of the same name for it.")] = False,
) -> None:
    """Create an API key and print it, this one time."""
    if not name.strip():
        raise InvalidInput.of("NAME", "must say what the key is for, such as ci; it is empty")

    async def job(gatekeeper: Gatekeeper, first: str) -> tuple[str, str]:
        chosen = await gatekeeper.create_workspace(name) if new_workspace else workspace or first
        return await gatekeeper.create_key(chosen, name)

    key_id, key = _run(job)
    typer.echo(key)
    typer.echo(f"{key_id}: keep it now, it is not shown again.", err=True)


@keys.command("list")
def list_keys() -> None:
    """List the API keys."""

    async def job(gatekeeper: Gatekeeper, _first: str) -> list[dict[str, Any]]:
        return await gatekeeper.keys()

    rows = [
        ("ID", "WORKSPACE", "ENDS IN", "CREATED (UTC)", "REVOKED (UTC)", "NAME"),
        *(_key_row(key) for key in _run(job)),
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _key_row(key: dict[str, Any]) -> tuple[str, ...]:
    times = (f"{key[name]:%Y-%m-%d %H:%M}" if key[name] else "-" for name in ("created_at", "revoked_at"))
    return key["id"], key["workspace_id"], key["hint"], *times, clean(key["name"])


@keys.command("revoke")
def revoke_key(key_id: Annotated[str, typer.Argument(help="The id that `keys list` shows.")]) -> None:
    """Revoke an API key at once."""

    async def job(gatekeeper: Gatekeeper, _first: str) -> bool:
        return await gatekeeper.revoke_key(key_id)

    if not _run(job):
        raise InvalidInput.of("key_id", f"there is no valid key {key_id!r}; `hookwright keys list` shows them")
    typer.echo(f"{key_id} is revoked.")


def migrate_store(
    source: Annotated[str | None, typer.Option("--from", help="Move from this database: sqlite:///path.")] = None,
    target: Annotated[
        str | None, typer.Option("--to", help="Move to this one: postgresql://…; HOOKWRIGHT_DATABASE_URL by default.")
    ] = None,
) -> None:
    """Bring the database up to the newest schema; with --from, move all that is stored to another one."""
    if source is not None:
        moving.move_store(source, target or read_settings().database_url)
        return
    if target is not None:
        raise InvalidInput.of("--from", "must say where to move from")

    async def job(_gatekeeper: Gatekeeper, _first: str) -> None:
        return None

    settings = read_settings()
    _run(job, settings, new=True)
    typer.echo(f"{settings.database_url.split('@')[-1]} is up to date.")


def console_link(host: ServerHostOption = None, port: ServerPortOption = None) -> None:
    """Print a link that signs a browser in to the console, once, within 15 minutes."""

    async def job(gatekeeper: Gatekeeper, first: str) -> str:
        return await gatekeeper.create_link_token(first)

    settings = settings_with(host=host, port=port)
    typer.echo(f"{settings.console}/login?token={_run(job, settings)}")


def key_for(url: str | None, settings: Settings) -> str:
    """Return the key for a server: this machine's own; raises InvalidInput where there is none for that URL."""
    try:
        return local_key(settings)
    except Unavailable:
        if url is None:
            raise
        raise InvalidInput.of(
            "--key",
            f"(or HOOKWRIGHT_API_KEY) must hold an API key of {url}: this is not the folder of its server. "
            "`hookwright keys create NAME`, there, prints one",
        ) from None


def local_key(settings: Settings) -> str:
    """Return the pinned API key, or this machine's own, made at first use and kept in a 0600 file beside the store."""
    if settings.api_key is not None:
        return settings.api_key.get_secret_value()
    path = settings.home / "cli.key"

    async def job(gatekeeper: Gatekeeper, first: str) -> str:
        if path.exists() and await gatekeeper.is_valid(path.read_text()):
            return path.read_text()
        key = (await gatekeeper.create_key(first, "command line"))[1]
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(key)
        return key

    key: str = _run(job, settings)
    return key
