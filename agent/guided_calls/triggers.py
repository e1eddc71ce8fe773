"""Triggers: what this session's assistant can do, read from the bound tool definitions."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic_core import from_json, to_json

from agent.guided_calls.lexicon import words
from agent.guided_calls.parameters import Parameter, parameters_of
from agent.guided_calls.stems import named, plain

_LONGEST_DEED = 90
_ABOUT_ITSELF = re.compile(
    r"^(?:use )?this (?:tool|trigger|function|action|endpoint|api)(?: to| can| will)? ", re.IGNORECASE
)
_NO_DEED = frozenset({"use", "call", "this", "when", "trigger", "invoke", "for", "if", "run", "the", "a", "an", "to"})


@dataclass(frozen=True, slots=True)
class Trigger:
    """One function that can be called."""

    name: str
    description: str
    schema: Mapping[str, Any]
    parameters: tuple[Parameter, ...]

    @property
    def words(self) -> str:
        """Give its name in words."""
        return named(self.name)

    @property
    def deed(self) -> str:
        """Say what it does for the person, as a command in plain words: how its description begins, or its name."""
        return addressed(self._deed)

    @property
    def request(self) -> str:
        """Say what it does as the person would ask for it ("cancel my subscription")."""
        return addressed(self._deed, mine=True)

    @property
    def _deed(self) -> str:
        first, *rest = _ABOUT_ITSELF.sub("", " ".join(self.description.split())).split(". ")[0].rstrip(".").split(
            " "
        ) or [""]
        sentence = " ".join([_imperative(first), *rest])
        if plain(first) in _NO_DEED or not rest or len(sentence) > _LONGEST_DEED or not first.isalpha():
            return self.words
        return sentence

    @property
    def reads(self) -> bool:
        """Tell whether it only looks something up, as far as its name tells."""
        return bool(set(self.words.split()[:1]) & words("reads")) or (
            self.words.split()[-1] in words("reads") and not set(self.words.split()) & _WRITES
        )

    @property
    def described_as_reading(self) -> bool:
        """Tell whether it only looks something up, as far as its description tells; a name that writes outdoes it."""
        described = set(plain(self._deed).split()[:1])
        return bool(described & words("reads")) and not set(self.words.split()) & _WRITES

    def parameter(self, field: str) -> Parameter | None:
        """Find a parameter by its path."""
        return next((one for one in self.parameters if one.field == field), None)


_WRITES = frozenset({"set", "update", "change", "cancel", "create", "delete", "remove", "add", "book", "send", "edit"})


_ADDRESSED = (
    (r"\b(?:the |a )?(?:customer|user|client)(?:'s|’s)\b", "your"),
    (r"\b(?:for|of) the (?:customer|user|client)\b", ""),
    (r"\b(?:the |a )?(?:customer|user|client) (?:has|is having)\b", "you have"),
    (r"\b(?:the |a )?(?:customer|user|client) is\b", "you are"),
    (r"\b(?:the |a )?(?:customer|user|client) (\w+[^s\W])s\b", r"you \1"),
    (r"\bthe (?:customer|user|client)\b", "you"),
)
_MINE = ((r"\byour\b", "my"), (r"\byou are\b", "I am"), (r"\bcall you\b", "call me"), (r"\byou\b", "I"))


def addressed(text: str, *, mine: bool = False) -> str:
    """Say "you" to the person of whom a description speaks; or let the person speak."""
    for pattern, words_ in (*_ADDRESSED, *(_MINE if mine else ())):
        text = re.sub(pattern, words_, text, flags=re.IGNORECASE)
    return " ".join(text.split())


def _imperative(word: str) -> str:
    """Make "Looks" a command ("look"), and begin in lower case."""
    lowered = word[:1].lower() + word[1:]
    if lowered.endswith(("ches", "shes", "sses", "xes")):
        return lowered[:-2]
    return lowered[:-1] if lowered.endswith("s") and not lowered.endswith(("ss", "us", "is")) else lowered


def triggers_of(tools: Sequence[Mapping[str, Any]]) -> tuple[Trigger, ...]:
    """Read the bound tools; one with a broken definition takes no arguments that we could fill."""
    return _read(to_json([{key: tool.get(key) for key in ("name", "description", "parameters")} for tool in tools]))


@lru_cache(maxsize=64)
def _read(tools: bytes) -> tuple[Trigger, ...]:
    found = []
    for tool in from_json(tools):
        schema = tool["parameters"] if isinstance(tool["parameters"], dict) else {}
        name, description = str(tool["name"]), str(tool["description"] or "")
        found.append(Trigger(name, description, schema, parameters_of(schema)))
    return tuple(found)
