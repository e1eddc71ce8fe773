"""Is this process able to work: does the store answer, is a worker alive, can secrets be read."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from server.master_key import MasterKey
from store.sealed import newest_sealed
from store.session import Database
from store.space import FULL, REMEDY
from store.workers import newest_heartbeat
from webhooks.heart import HEARTBEAT

_STORE_SECONDS = 5.0  # a store that takes longer is taken for gone
_MISSED_BEATS = 5


async def readiness(
    database: Database, working: "asyncio.Task[None] | None", master_key: MasterKey
) -> dict[str, dict[str, Any]]:
    """Check the store, the workers and the master key.

    Args:
        database: The store.
        working: This process's own worker, if it has one; once that has ended by itself, this process is not ready,
            whatever other workers do.
        master_key: What opens the secrets that are stored.

    Returns:
        `{store: {ok, detail?}, worker: {ok, detail?, silent_seconds?}, secrets?: {ok, detail?}}`; a
        `detail` names no address and no secret.

    """
    try:
        async with asyncio.timeout(_STORE_SECONDS), database.read() as connection:
            beat = await newest_heartbeat(connection)
            stored = await newest_sealed(connection)
    except Exception as error:  # noqa: BLE001 - whatever ails the store, it is not ready
        gone = f"the store does not answer: {type(error).__name__}"
        return {
            "store": {"ok": False, "detail": gone},
            "worker": {"ok": False, "detail": "not known without the store"},
        }
    store = {"ok": False, "detail": f"{FULL}. {REMEDY}"} if database.space.is_full else {"ok": True}
    problem = master_key.problem(stored)
    sealed = {"ok": True} if problem is None else {"ok": False, "detail": problem}
    return {"store": store, "worker": _worker(beat, working), "secrets": sealed}


def _worker(beat: datetime | None, working: "asyncio.Task[None] | None") -> dict[str, Any]:
    if working is not None and working.done():
        return {"ok": False, "detail": "the delivery worker of this process has ended"}
    if beat is None:
        return {"ok": False, "detail": "no delivery worker is alive"}
    silent = round(max(0.0, (datetime.now(UTC) - beat).total_seconds()), 1)
    if silent > _MISSED_BEATS * HEARTBEAT.total_seconds():
        return {"ok": False, "detail": "no delivery worker is alive", "silent_seconds": silent}
    return {"ok": True, "silent_seconds": silent}
