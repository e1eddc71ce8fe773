"""`hookwright migrate --from … --to …`: what is stored moves from SQLite to PostgreSQL."""

import asyncio
import time

import typer

from store.move import Moved, Progress, move

_SILENCE_BEATS = 5
_TELL_SECONDS = 1.0


def move_store(source: str, target: str) -> None:
    """Move, say how far it is, and show the counts of both ends."""
    from webhooks.heart import HEARTBEAT  # noqa: PLC0415 - the other commands start without the engine

    moved = asyncio.run(move(source, target, silence=_SILENCE_BEATS * HEARTBEAT, tell=_Teller().tell))
    _show(moved)
    typer.echo("All rows are there. Secrets moved as they were sealed: start the servers and workers of the new")
    typer.echo("database with the same HOOKWRIGHT_MASTER_KEY, or the same file master.key, as those of the old one.")


class _Teller:
    """Says once a second how far the move is."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def tell(self, progress: Progress) -> None:
        """Print the progress, if it is time."""
        if time.monotonic() - self._last >= _TELL_SECONDS:
            self._last = time.monotonic()
            typer.echo(f"{progress.table}: {progress.done} of {progress.total} rows …")


def _show(moved: list[Moved]) -> None:
    width = max(len(entry.table) for entry in moved)
    typer.echo(f"{'TABLE'.ljust(width)}  {'SOURCE':>10}  {'TARGET':>10}")
    for entry in moved:
        typer.echo(f"{entry.table.ljust(width)}  {entry.source:>10}  {entry.target:>10}")
