"""`hookwright worker`: a process that only delivers."""

import asyncio
import contextlib
import signal

from rich.console import Console

from rules.errors import InvalidInput
from server.engine import Engine
from server.settings import Settings
from server.settling import settle_memory
from store.session import driver_url

_out = Console()
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


async def work(settings: Settings) -> None:
    """Deliver until a signal, then finish what is in flight and leave; a second signal ends the process at once."""
    _check(settings)
    engine = Engine(settings)
    told = _told_to_stop()
    try:
        await engine.start(with_worker=True)
        settle_memory()
        _out.print(f"Worker {_worker_id(engine)} delivers what is stored in {_place(settings)}.")
        await _until(told, engine)
    finally:
        await engine.close()


def _check(settings: Settings) -> None:
    """Raise InvalidInput when there can be no second process, or when it could not read what the others sealed."""
    if driver_url(settings.database_url).get_backend_name() == "sqlite":
        raise InvalidInput.of(
            "HOOKWRIGHT_DATABASE_URL",
            "names SQLite, whose server delivers by itself (`hookwright serve`); workers of their own need "
            "postgresql://…, and `hookwright migrate --from sqlite:///… --to postgresql://…` moves what is stored",
        )
    if settings.master_key is None and not (settings.home / "master.key").exists():
        raise InvalidInput.of(
            "HOOKWRIGHT_MASTER_KEY", f"is needed, or the server's file master.key in {settings.home}, to read secrets"
        )


def _told_to_stop() -> asyncio.Event:
    told, loop = asyncio.Event(), asyncio.get_running_loop()

    def hear() -> None:
        told.set()
        for number in _SIGNALS:
            loop.remove_signal_handler(number)

    with contextlib.suppress(NotImplementedError):  # Windows: Ctrl+C interrupts
        for number in _SIGNALS:
            loop.add_signal_handler(number, hear)
    return told


async def _until(told: asyncio.Event, engine: Engine) -> None:
    """Wait for a signal, or for the worker's end, which raises what ended it."""
    waiting, ended = asyncio.create_task(told.wait()), asyncio.create_task(engine.worked())
    await asyncio.wait({waiting, ended}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if ended.done():
        ended.result()
    ended.cancel()


def _worker_id(engine: Engine) -> str:
    return engine.worker.id if engine.worker else ""


def _place(settings: Settings) -> str:
    url = driver_url(settings.database_url)
    return f"{url.database} at {url.host or 'the local socket'}"
