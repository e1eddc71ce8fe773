"""The vault: secrets that are sealed at rest, bound to hosts, and never shown again (X07)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rules.errors import Conflict, InvalidInput, NotFound
from rules.integration_spec import SecretDraft, check_secret_name
from rules.times import time_text
from store import vault as store
from store.pages import Page, Row
from store.sealing import SealingBox
from store.session import Database


@dataclass(frozen=True, slots=True)
class SecretView:
    """A secret as GET /v1/secrets shows it: never its value."""

    name: str
    hosts: list[str]
    created_at: datetime
    updated_at: datetime

    def as_dict(self) -> dict[str, Any]:
        """Return the shape of API.md."""
        times = {"created_at": time_text(self.created_at), "updated_at": time_text(self.updated_at)}
        return {"name": self.name, "hosts": self.hosts, "set": True, **times}


@dataclass(frozen=True, slots=True)
class OpenSecret:
    """A secret with its value, for the executor only."""

    name: str
    value: str
    hosts: list[str]


class Vault:
    """The secrets of every workspace."""

    def __init__(self, database: Database, box: SealingBox) -> None:
        self._database = database
        self._box = box

    async def put(self, workspace_id: str, name: str, draft: SecretDraft) -> SecretView:
        """Store a secret, replacing its value and hosts when there is one of this name; raises InvalidInput."""
        try:
            check_secret_name(name)
        except ValueError as error:
            raise InvalidInput.of("name", f"{error}; got {name[:80]!r}") from None
        now, hosts = datetime.now(UTC), sorted(set(draft.hosts))
        async with self._database.write() as connection:
            sealed = self._box.seal(draft.value)
            await store.put(connection, workspace_id, name, value_sealed=sealed, hosts=hosts, now=now)
            return _view((await store.named(connection, workspace_id, [name]))[0])

    async def add(self, workspace_id: str, name: str, draft: SecretDraft) -> None:
        """Store a secret under a new name; raises Conflict, and changes nothing, when there is one of this name."""
        now, hosts = datetime.now(UTC), sorted(set(draft.hosts))
        async with self._database.write() as connection:
            sealed = self._box.seal(draft.value)
            if not await store.add(connection, workspace_id, name, value_sealed=sealed, hosts=hosts, now=now):
                raise Conflict(f"There is a secret named {name} already; try again, or remove it first.")

    async def list(self, workspace_id: str, *, limit: int = 50, offset: int = 0) -> Page[SecretView]:
        """List the secrets of a workspace by name, without their values."""
        async with self._database.read() as connection:
            return (await store.page(connection, workspace_id, limit, offset)).map(_view)

    async def names(self, workspace_id: str) -> frozenset[str]:
        """Return the names of all secrets of a workspace."""
        async with self._database.read() as connection:
            return await store.names(connection, workspace_id)

    async def bindings(self, workspace_id: str) -> Mapping[str, Sequence[str]]:
        """Return the hosts that each secret of a workspace may be sent to, by name."""
        async with self._database.read() as connection:
            names = await store.names(connection, workspace_id)
            return {row["name"]: row["hosts"] for row in await store.named(connection, workspace_id, names)}

    async def delete(self, workspace_id: str, name: str) -> None:
        """Delete a secret for good; raises NotFound. Triggers that use it go without it from then on."""
        async with self._database.write() as connection:
            if not await store.remove(connection, workspace_id, name):
                raise NotFound("secret", name)

    async def open(self, workspace_id: str, names: Collection[str]) -> Sequence[OpenSecret]:
        """Unseal the secrets of these names; those that do not exist are left out."""
        async with self._database.read() as connection:
            rows = await store.named(connection, workspace_id, names)
        return [OpenSecret(row["name"], self._box.open(row["value_sealed"]), row["hosts"]) for row in rows]


def _view(row: Row) -> SecretView:
    return SecretView(**{name: row[name] for name in SecretView.__slots__})
