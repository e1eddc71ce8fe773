"""The frozen state of turns that wait for a person.

LangGraph needs a checkpointer to interrupt and resume. Ours keeps a turn's checkpoint in memory while the turn runs and
hands it over as one blob when the turn stops at a question; `agent.turn` stores that blob in the transaction that
stores the question, and forgets it in the one that stores the answer. A turn without a question writes nothing.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import ormsgpack
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    writes_sort_key,
)
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

_Writes = dict[tuple[str, int], tuple[str, str, Any, str]]


@dataclass(slots=True)
class _Frozen:
    """The last checkpoint of one thread, and what tasks wrote after it (the two may arrive in either order)."""

    checkpoint: Checkpoint | None = None
    metadata: CheckpointMetadata = field(default_factory=CheckpointMetadata)
    writes: dict[str, _Writes] = field(default_factory=dict)


class TurnSaver(BaseCheckpointSaver[str]):
    """Keeps the last checkpoint of each running turn, and turns it into bytes and back.

    Only LangChain's own messages and plain data are ever read back (`allowed_msgpack_modules`): a blob cannot name code
    to be run.
    """

    def __init__(self) -> None:
        super().__init__(serde=JsonPlusSerializer(allowed_msgpack_modules=None))
        self._turns: dict[str, _Frozen] = {}

    def freeze(self, thread_id: str) -> bytes:
        """Return a turn's checkpoint as bytes."""
        turn = self._turns[thread_id]
        if turn.checkpoint is None:
            raise KeyError(thread_id)
        writes = list(turn.writes.get(turn.checkpoint["id"], {}).items())
        return bytes(ormsgpack.packb(self.serde.dumps_typed((turn.checkpoint, turn.metadata, writes))))

    def thaw(self, thread_id: str, blob: bytes) -> None:
        """Bring back what `freeze` returned, so that the turn can be resumed."""
        kind, data = ormsgpack.unpackb(blob)
        checkpoint, metadata, writes = self.serde.loads_typed((kind, data))
        restored: _Writes = {(key[0], key[1]): (value[0], value[1], value[2], value[3]) for key, value in writes}
        self._turns[thread_id] = _Frozen(checkpoint, metadata, {checkpoint["id"]: restored})

    def forget(self, thread_id: str) -> None:
        """Drop a turn."""
        self._turns.pop(thread_id, None)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return the turn's last checkpoint."""
        thread_id = config["configurable"]["thread_id"]
        turn = self._turns.get(thread_id)
        if turn is None or turn.checkpoint is None:
            return None
        writes = turn.writes.get(turn.checkpoint["id"], {})
        ordered = sorted(writes.items(), key=lambda item: writes_sort_key(item[1][3], *item[0]))
        return CheckpointTuple(
            config=_locate(thread_id, turn.checkpoint["id"]),
            checkpoint=turn.checkpoint,
            metadata=turn.metadata,
            pending_writes=[(task_id, channel, value) for _, (task_id, channel, value, _) in ordered],
        )

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Replace the turn's checkpoint: older ones are never needed."""
        del new_versions
        thread_id = config["configurable"]["thread_id"]
        turn = self._turns.setdefault(thread_id, _Frozen())
        turn.checkpoint, turn.metadata = checkpoint, metadata
        turn.writes = {checkpoint["id"]: turn.writes.get(checkpoint["id"], {})}
        return _locate(thread_id, checkpoint["id"])

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Keep what a finished task wrote, so that it does not run again on resume."""
        turn = self._turns.setdefault(config["configurable"]["thread_id"], _Frozen())
        kept = turn.writes.setdefault(config["configurable"]["checkpoint_id"], {})
        for index, (channel, value) in enumerate(writes):
            kept[task_id, WRITES_IDX_MAP.get(channel, index)] = (task_id, channel, value, task_path)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: Mapping[str, Any] | None = None,  # noqa: A002 - the base class names it
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """Yield the turn's only checkpoint."""
        del filter, before, limit
        found = await self.aget_tuple(config) if config else None
        if found:
            yield found

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Refuse: turns run on the event loop only."""
        raise NotImplementedError

    def list(self, config: RunnableConfig | None, **_: Any) -> Iterator[CheckpointTuple]:
        """Refuse: turns run on the event loop only."""
        raise NotImplementedError

    def get_next_version(self, current: str | int | None, channel: None) -> str:
        """Count up, in a form that also sorts as text."""
        del channel
        number = int(str(current).split(".")[0]) if current else 0
        return f"{number + 1:032}"


def _locate(thread_id: str, checkpoint_id: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread_id, "checkpoint_ns": "", "checkpoint_id": checkpoint_id}}
