"""What undoing a change needs: the columns it set, before and after, sealed into its record."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from rules.errors import Conflict
from store.pages import Row
from store.sealing import SealingBox


def seal_undo(box: SealingBox, before: Row | None, after: Row, names: Sequence[str]) -> str:
    """Seal which of the columns `names` a change set, with their values before and after.

    A creation (`before` is None) is undone by deleting. Of `deleted_at` only whether there is one is kept.
    """
    old = {**after, "deleted_at": after["updated_at"]} if before is None else before
    touched = [name for name in names if old[name] != after[name]]
    return box.seal({"before": {n: _plain(old[n]) for n in touched}, "after": {n: _plain(after[n]) for n in touched}})


def inverse(box: SealingBox, change: Row, row: Row) -> dict[str, Any]:
    """Return the columns that undo a change of `row`; raises Conflict when they were changed again since."""
    kept = box.open(change["undo_sealed"])
    wanted = {"deleted_at": None, **kept["after"]}
    again = sorted(name for name, value in wanted.items() if _plain(row[name]) != value)
    if again:
        names = ", ".join(again)
        raise Conflict(f"Cannot undo {change['id']}: {names} was changed again since. Undo the later change first.")
    now = datetime.now(UTC)
    return {n: (now if value else None) if n == "deleted_at" else value for n, value in kept["before"].items()}


def _plain(value: Any) -> Any:
    return True if isinstance(value, datetime) else value
