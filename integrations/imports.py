"""Triggers read from elsewhere: drafts to look at, with the credentials that were found already in the vault (X08)."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.importers.curl import from_curl
from integrations.importers.draft import Draft, FoundSecret
from integrations.importers.openapi import from_openapi
from integrations.triggers import Triggers
from integrations.vault import Vault
from rules.echoes import SHORTEST
from rules.errors import Conflict, FieldError, InvalidInput
from rules.integration_spec import SecretDraft, TriggerDraft
from rules.validation import parse


@dataclass(frozen=True, slots=True)
class ImportedDraft:
    """One draft: what to post to create the trigger, its secrets, and why it could not be saved as it is."""

    trigger: dict[str, Any]
    secrets: list[dict[str, Any]]
    notes: list[str]
    problems: list[FieldError]

    def as_dict(self) -> dict[str, Any]:
        """Return the shape of the import's answer; no secret's value is in it."""
        problems = [{"field": problem.field, "message": problem.message} for problem in self.problems]
        return {"trigger": self.trigger, "secrets": self.secrets, "notes": self.notes, "problems": problems}


class Imports:
    """Reads triggers for every workspace; nothing but secrets is stored."""

    def __init__(self, vault: Vault, triggers: Triggers) -> None:
        self._vault = vault
        self._triggers = triggers

    async def from_curl(self, workspace_id: str, assistant_id: str, command: str) -> ImportedDraft:
        """Read a curl command; raises InvalidInput."""
        taken = await self._vault.names(workspace_id)
        return await self._imported(workspace_id, assistant_id, from_curl(command, taken))

    async def from_openapi(
        self,
        workspace_id: str,
        assistant_id: str,
        document: str | Mapping[str, Any],
        operations: Sequence[str] | None = None,
    ) -> list[ImportedDraft]:
        """Read the operations of an OpenAPI document, or those of the given ids; raises InvalidInput."""
        # A large YAML document takes seconds to read.
        drafts = await asyncio.to_thread(from_openapi, document, operations, await self._vault.names(workspace_id))
        return [await self._imported(workspace_id, assistant_id, draft) for draft in drafts]

    async def _imported(self, workspace_id: str, assistant_id: str, draft: Draft) -> ImportedDraft:
        secrets = [await self._stored(workspace_id, secret) for secret in draft.secrets]
        problems = await self._problems(workspace_id, assistant_id, draft.trigger)
        return ImportedDraft(draft.trigger, secrets, list(draft.notes), problems)

    async def _stored(self, workspace_id: str, secret: FoundSecret) -> dict[str, Any]:
        """Put a found credential under its new name; one that exists already is never touched."""
        hosts = list(secret.hosts)
        known = secret.value is not None and len(secret.value) >= SHORTEST
        if known:
            await self._vault.add(workspace_id, secret.name, SecretDraft(value=secret.value or "", hosts=hosts))
        stored = known or secret.name in await self._vault.names(workspace_id)
        return {"name": secret.name, "hosts": hosts, "stored": stored}

    async def _problems(self, workspace_id: str, assistant_id: str, trigger: Mapping[str, Any]) -> list[FieldError]:
        try:
            await self._triggers.check(workspace_id, assistant_id, parse(TriggerDraft, trigger))
        except InvalidInput as error:
            return error.errors
        except Conflict as error:
            return [FieldError("name", error.detail)]
        return []
