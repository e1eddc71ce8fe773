"""What a call leaves behind, in one transaction: the session's client data and the row of the log (C06, C09)."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from rules.client_data import MAX_BYTES, Merged, merge_client_data
from store import sessions as store
from store.pages import Row
from store.session import Database


@dataclass(frozen=True, slots=True)
class Merge:
    """Client data that an answer returned; `returned` is None when it returned none, or (`oversized`) too much."""

    session_id: str | None
    returned: Any
    held_back: int
    secrets: frozenset[str]
    failed: bool = False
    oversized: bool = False

    def given_up(self) -> "Merge":
        """Merge nothing, because that failed."""
        return replace(self, returned=None, held_back=0, failed=self.returned is not None)

    def warnings(self) -> tuple[str, ...]:
        """Say what was left out because it repeats a secret."""
        if self.failed:
            return ("session.client_data was not merged: this server could not store it.",)
        if self.oversized:
            return (f"session.client_data was not merged: it takes more than {MAX_BYTES} bytes.",)
        if not self.held_back:
            return ()
        words = (
            "entry of session.client_data repeats" if self.held_back == 1 else "entries of session.client_data repeat"
        )
        return (f"{self.held_back} {words} a secret of this call; left out.",)


async def merge_and_log(
    database: Database,
    workspace_id: str,
    merge: Merge,
    client_data: dict[str, Any],
    row: Callable[[tuple[str, ...]], Row],
) -> Merged:
    """Merge into the session as it is now, and log the call: both or neither.

    Args:
        database: Where.
        workspace_id: Whose.
        merge: What to merge.
        client_data: What the call was rendered with; the base of the merge when there is no session.
        row: Renders the row of the log, given the merge's warnings.

    """
    async with database.write() as connection:
        merged = await _merged(connection, workspace_id, merge, client_data)
        merged = Merged(merged.client_data, (*merged.warnings, *merge.warnings()))
        await store.put_call(connection, row(merged.warnings))
    return merged


async def _merged(connection: AsyncConnection, workspace_id: str, merge: Merge, client_data: dict[str, Any]) -> Merged:
    if merge.returned is None:
        return Merged(client_data, ())
    if merge.session_id is None:
        return merge_client_data(client_data, merge.returned, secrets=merge.secrets)
    session = await store.get(connection, workspace_id, merge.session_id, for_update=True)
    current = json.loads(session["client_data"])
    merged = merge_client_data(current, merge.returned, secrets=merge.secrets)
    if merged.client_data != current:
        values = {
            "client_data": json.dumps(merged.client_data, ensure_ascii=False),
            "updated_at": datetime.now(UTC),
        }
        await store.set_values(connection, merge.session_id, values)
    return merged
