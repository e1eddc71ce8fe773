"""What changed: field by field, and as a record of who did it (X02)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rules.times import time_text

_SUBJECTS = {"wh": "webhook_id", "trg": "trigger_id", "ast": "assistant_id"}


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field before and after."""

    field: str
    before: Any
    after: Any

    def as_dict(self) -> dict[str, Any]:
        """Return {field, before, after}."""
        return {"field": self.field, "before": self.before, "after": self.after}


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A recorded change as GET /v1/changes shows it; `before` is null for a creation, `after` for a deletion.

    `subject_id` is the id of what was changed: a webhook, a trigger or an assistant, as its prefix tells.
    """

    id: str
    actor: str
    action: str
    subject_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    at: datetime
    undoable: bool

    @property
    def subject(self) -> str:
        """Return the name of the field that the subject's id goes by: webhook_id, trigger_id or assistant_id."""
        return _SUBJECTS[self.subject_id.partition("_")[0]]

    def as_dict(self) -> dict[str, Any]:
        """Return the shape of API.md, with the fields that differ listed beside it."""
        return {
            "id": self.id,
            "actor": self.actor,
            "action": self.action,
            self.subject: self.subject_id,
            "before": self.before,
            "after": self.after,
            "diff": [change.as_dict() for change in unfolded(diff(self.before, self.after))],
            "at": time_text(self.at),
            "undoable": self.undoable,
        }


def change_view(row: Mapping[str, Any]) -> ChangeView:
    """Read a change row."""
    undoable = row["undo_sealed"] is not None and row["undone_by"] is None
    names = ("id", "actor", "action", "subject_id", "before", "after", "at")
    return ChangeView(**{name: row[name] for name in names}, undoable=undoable)


def diff(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[FieldChange]:
    """List the fields that differ between two records."""
    old, new = before or {}, after or {}
    names = [*old, *(name for name in new if name not in old)]
    return [FieldChange(n, old.get(n), new.get(n)) for n in names if not _same(old.get(n), new.get(n))]


def _same(one: Any, other: Any) -> bool:
    """Compare JSON values: unlike in Python, true is not 1; 5 and 5.0 are the same number."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def unfolded(changes: Iterable[FieldChange]) -> list[FieldChange]:
    """Name what changed inside a trigger's `integration` by its own fields, such as `url`, not as one object."""
    found: list[FieldChange] = []
    for change in changes:
        inside = diff(change.before, change.after) if change.field == "integration" else [change]
        found += inside
    return found


def only_differences(
    before: dict[str, Any] | None, after: dict[str, Any] | None
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Reduce two records to the fields that differ; a creation or deletion keeps its one side whole."""
    if before is None or after is None:
        return before, after
    names = [change.field for change in diff(before, after)]
    return {name: before.get(name) for name in names}, {name: after.get(name) for name in names}
