"""A trigger that was read from elsewhere, before a person confirms it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from integrations.importers.credentials import looks_credential
from integrations.importers.names import identifier, lower_identifier, telling_label
from integrations.importers.placeholders import Hole, join
from rules.echoes import SHORTEST
from rules.errors import InvalidInput
from rules.variables import SYSTEM_NAMES

_SYSTEM_ROOTS: Final = frozenset({"session", "company", "assistant", "images"})
_TOO_GENERAL: Final = frozenset(
    {"token", "key", "api_key", "apikey", "secret", "password", "auth", "auth_token", "access_token", "bearer"}
    | {"bearer_token", "bearerauth", "apikeyauth", "basicauth", "authorization", "x_api_key", "cookie", "credentials"}
    | {"your_token", "your_api_key", "my_token", "my_api_key"}
)
_MAX_NAME: Final = 60  # leaves room for `_99`
_MAX_NOTE: Final = 500
_MAX_VARIABLES: Final = 100  # a model is at a loss with more


@dataclass(frozen=True, slots=True)
class FoundSecret:
    """A credential to be put into the vault.

    `value` is None when it is not known: hidden in a chat, a placeholder, or named by an OpenAPI document only.
    """

    name: str
    value: str | None = field(repr=False)
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """What an import found.

    Attributes:
        trigger: A body for `POST /v1/assistants/{id}/triggers`, without any credential in it.
        secrets: What the trigger needs in the vault before it can be saved.
        notes: What was left out, changed or guessed, in sentences for a person.

    """

    trigger: dict[str, Any]
    secrets: tuple[FoundSecret, ...]
    notes: tuple[str, ...]


class DraftBuilder:
    """Collects the variables of one request: each name is used once, and secrets are bound to the request's host."""

    def __init__(self, host: str, taken_secrets: Collection[str] = (), *, field_name: str = "curl") -> None:
        """Begin without variables.

        Args:
            host: Where the request goes: lower case, with its port when the URL has one.
            taken_secrets: Names in the workspace's vault, which neither parameters nor new secrets may have.
            field_name: What errors call the text that is read.

        """
        self.host = host
        self.field_name = field_name
        self.label = telling_label(host)
        self.parameters: dict[str, dict[str, Any]] = {}
        self._notes: dict[str, None] = {}
        self._kept: dict[str, None] = {}
        self._taken = frozenset(taken_secrets)
        self._used = {*self._taken, *_SYSTEM_ROOTS}
        self._numbers: dict[str, int] = {}
        self._secrets: dict[str, FoundSecret] = {}
        self._by_value: dict[str, str] = {}
        self._holes: dict[str, str] = {}

    @property
    def secrets(self) -> tuple[FoundSecret, ...]:
        """The credentials found so far, in the order of the request."""
        return tuple(self._secrets.values())

    @property
    def notes(self) -> tuple[str, ...]:
        """What to tell the person, in the order it was noticed."""
        kept = ", ".join(list(self._kept)[:20])
        said = f"These stay as they are; make them parameters if they should vary: {kept}."
        return (*self._notes, *([said] if kept else []))

    def keep(self, name: str) -> None:
        """Remember a field whose value stays as it is, to say so."""
        self._kept[name[:60]] = None

    def note(self, sentence: str) -> None:
        """Tell the person something once."""
        self._notes[sentence[:_MAX_NOTE]] = None

    def parameter(self, wished: str, schema: Mapping[str, Any]) -> str:
        """Add a required parameter and return the name it got; raises InvalidInput beyond a hundred."""
        if len(self.parameters) >= _MAX_VARIABLES:
            raise self._too_many("values that may vary")
        name = self._free(identifier(wished))
        self.parameters[name] = dict(schema)
        return name

    def secret(self, role: str, value: str | None, *, hole: str | None = None) -> str:
        """Add a credential and return the name it got; the same value gets the same name.

        Args:
            role: What kind it is, such as `token` or `api_key`; the host's telling label is put before it.
            value: The credential, None when unknown.
            hole: The name that the person wrote in its place, which is kept unless it could be anybody's.

        """
        named = lower_identifier(hole) if hole else ""
        if named in self._taken:
            self.note(f"${named} is the secret of that name in the vault.")
            return named
        if hole and (known := self._holes.get(named)):
            return known
        if value and value in self._by_value:
            return self._by_value[value]
        if len(self._secrets) >= _MAX_VARIABLES:
            raise self._too_many("credentials")
        name = self._free(self._secret_name(role, named))
        self._by_value[value or ""] = name
        if value and len(value) < SHORTEST:
            self.note(f"What stands for ${name} is shorter than {SHORTEST} characters: too short for the vault.")
        self._secrets[name] = FoundSecret(name, value or None, (self.host,))
        if hole:
            self._holes[named] = name
        return name

    def hole(self, hole: Hole, schema: Mapping[str, Any] | None = None) -> str:
        """Return the variable for a placeholder that the person wrote: a system variable, a secret or a parameter."""
        if hole.name in SYSTEM_NAMES or hole.name.startswith("images["):
            return hole.name
        lowered = lower_identifier(hole.name)
        if lowered in self._taken or looks_credential(hole.name):
            return self.secret(lowered, None, hole=hole.name)
        wished = lowered if hole.name.isupper() else identifier(hole.name)
        if wished not in self._holes:
            described = {"type": "string"} if schema is None else schema
            self._holes[wished] = self.parameter(wished, described)
        return self._holes[wished]

    def filled(self, pieces: Sequence[str | Hole]) -> str:
        """Write a template of texts and placeholders."""
        return join([Hole(self.hole(piece)) if isinstance(piece, Hole) else piece for piece in pieces])

    def named_in(self, url: str) -> list[str]:
        """Return the parameters that stand in a URL."""
        return [name for name in self.parameters if f"${name}" in url or f"${{{name}}}" in url]

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the trigger's arguments, all of them required."""
        schema: dict[str, Any] = {"type": "object", "properties": self.parameters}
        if self.parameters:
            schema["required"] = list(self.parameters)
        return schema

    def _too_many(self, what: str) -> InvalidInput:
        fix = "Leave out what need not be sent, or mark with $name what varies."
        return InvalidInput.of(self.field_name, f"The request has more than {_MAX_VARIABLES} {what}. {fix}")

    def _secret_name(self, role: str, named: str) -> str:
        if named and named not in _TOO_GENERAL:
            return named
        role = lower_identifier(role)
        return role if role.startswith(f"{self.label}_") else f"{self.label}_{role}"

    def _free(self, wished: str) -> str:
        name = wished = wished[:_MAX_NAME]
        number = self._numbers.get(wished, 1)
        while name in self._used:
            number += 1
            name = f"{wished}_{number}"
        self._numbers[wished] = number
        self._used.add(name)
        return name
