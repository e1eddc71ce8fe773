"""Who is calling: an API key, or a console session begun with a one-time link."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from rules.actor import Actor
from rules.errors import InvalidInput, Unauthenticated
from rules.ids import new_id
from store import access
from store.dialect import take_turns
from store.session import Database
from webhooks.gathering import Gathering

LINK_LIFETIME = timedelta(minutes=15)
SESSION_LIFETIME = timedelta(days=7)
KEY_PREFIX = "hwk_"


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller and the workspace that it is confined to."""

    workspace_id: str
    actor: Actor


class Gatekeeper:
    """Keys, links and sessions. Only hashes of them are stored."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lookups: Gathering[str, access.ValidKey | None] = Gathering(self._look_up, lanes=2)

    async def default_workspace(self, pinned_key: str | None = None) -> str:
        """Return the first workspace, creating it in an empty database; `pinned_key` becomes one of its keys."""
        async with self._database.write() as connection:
            await take_turns(connection, "first workspace")
            found = await access.first_workspace(connection)
            if found is None:
                found = {"id": new_id("ws"), "name": "Default", "created_at": datetime.now(UTC)}
                await access.add_workspace(connection, found)
            workspace_id = str(found["id"])
            if pinned_key and await access.key_by_hash(connection, _hash(pinned_key)) is None:
                await access.add_key(connection, _key_row(workspace_id, "pinned by HOOKWRIGHT_API_KEY", pinned_key))
        return workspace_id

    async def create_workspace(self, name: str) -> str:
        """Create another workspace."""
        workspace_id = new_id("ws")
        row = {"id": workspace_id, "name": name, "created_at": datetime.now(UTC)}
        async with self._database.write() as connection:
            await access.add_workspace(connection, row)
        return workspace_id

    async def create_key(self, workspace_id: str, name: str) -> tuple[str, str]:
        """Create an API key and return (id, key); the key is never shown again."""
        key = KEY_PREFIX + secrets.token_urlsafe(32)
        row = _key_row(workspace_id, name, key)
        async with self._database.write() as connection:
            if await access.workspace(connection, workspace_id) is None:
                raise InvalidInput.of("workspace", f"there is no workspace {workspace_id!r}")
            await access.add_key(connection, row)
        return row["id"], key

    async def keys(self) -> list[dict[str, Any]]:
        """List the keys without their hashes."""
        async with self._database.read() as connection:
            rows = await access.keys(connection)
        return [{name: value for name, value in row.items() if name != "key_hash"} for row in rows]

    async def revoke_key(self, key_id: str) -> bool:
        """Revoke a key; says whether it was valid until now."""
        async with self._database.write() as connection:
            return await access.revoke_key(connection, key_id, datetime.now(UTC))

    async def by_key(self, key: str) -> Caller:
        """Return the caller of an API key; raises Unauthenticated."""
        key_hash = _hash(key)
        seen = access.glance_at_key(self._database, key_hash)
        valid = await self._lookups.submit(key_hash) if seen is None else next(iter(seen), None)
        if valid is None:
            raise Unauthenticated("This API key is not valid. `hookwright keys create` makes a new one.")
        return Caller(valid.workspace_id, Actor("api_key", valid.id))

    async def _look_up(self, hashes: list[str]) -> list[access.ValidKey | Exception | None]:
        """Read the keys of callers who came at the same time at once; each lookup begins after its callers came."""
        async with self._database.look() as connection:
            found = await access.valid_keys(connection, set(hashes))
        return [found.get(one) for one in hashes]

    async def is_valid(self, key: str) -> bool:
        """Say whether a key works now."""
        try:
            await self.by_key(key)
        except Unauthenticated:
            return False
        return True

    async def create_link_token(self, workspace_id: str) -> str:
        """Create the token of a login link that works once, for 15 minutes."""
        return await self._issue(workspace_id, "link", LINK_LIFETIME)

    async def exchange_link(self, token: str) -> str:
        """Use up a login link and return the token of a new session; raises Unauthenticated."""
        now = datetime.now(UTC)
        async with self._database.write() as connection:
            await access.drop_expired_tokens(connection, now)
            workspace_id = await access.take_link(connection, _hash(token), now)
        if workspace_id is None:
            raise Unauthenticated("This link has been used or has expired. `hookwright console-link` makes a new one.")
        return await self._issue(workspace_id, "session", SESSION_LIFETIME)

    async def by_session(self, token: str) -> Caller:
        """Return the caller of a console session; raises Unauthenticated."""
        async with self._database.look() as connection:
            workspace_id = await access.session_workspace(connection, _hash(token), datetime.now(UTC))
        if workspace_id is None:
            raise Unauthenticated("The session is over. `hookwright console-link` prints a new link.")
        return Caller(workspace_id, Actor("console"))

    async def sign_out(self, token: str) -> None:
        """End a console session."""
        async with self._database.write() as connection:
            await access.drop_token(connection, _hash(token))

    async def workspace(self, workspace_id: str) -> dict[str, Any]:
        """Return a workspace's id and name."""
        async with self._database.read() as connection:
            row = await access.workspace(connection, workspace_id)
        return {"id": workspace_id, "name": row["name"] if row else ""}

    async def _issue(self, workspace_id: str, purpose: str, lifetime: timedelta) -> str:
        token, now = secrets.token_urlsafe(32), datetime.now(UTC)
        row = {
            "token_hash": _hash(token),
            "purpose": purpose,
            "workspace_id": workspace_id,
            "created_at": now,
            "expires_at": now + lifetime,
        }
        async with self._database.write() as connection:
            await access.add_token(connection, row)
        return token


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def _key_row(workspace_id: str, name: str, key: str) -> dict[str, Any]:
    return {
        "id": new_id("key"),
        "workspace_id": workspace_id,
        "name": name,
        "key_hash": _hash(key),
        "hint": "…" + key[-4:],
        "created_at": datetime.now(UTC),
    }
