"""Drafts: a request that is being gathered, argument by argument."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agent.guided_calls.parameters import Parameter
from agent.guided_calls.triggers import Trigger
from agent.guided_calls.validity import faults

CONFIRMATION = "?"


@dataclass(frozen=True, slots=True)
class Draft:
    """What is known of a request. `asked` is the parameter that was asked for last, or `CONFIRMATION`.

    A doubtful request is confirmed before it is made, unless the person answers a question about it; a risky one is
    confirmed always.
    """

    trigger: Trigger
    values: Mapping[str, Any] = field(default_factory=dict)
    reused: frozenset[str] = frozenset()
    refused: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    left: frozenset[str] = frozenset()
    asked: str = ""
    tries: int = 0
    doubtful: bool = False
    risky: bool = False
    options: tuple[Any, ...] = ()
    typed: str = ""

    def given(self, values: Mapping[str, Any]) -> "Draft":
        """Take in values that the person typed."""
        fresh = frozenset(values)
        return replace(self, values={**self.values, **values}, reused=self.reused - fresh)

    def without(self, name: str) -> "Draft":
        """Forget a value that was refused, so that it is not tried again."""
        kept = {key: value for key, value in self.values.items() if key != name}
        seen = (*self.refused.get(name, ()), *([self.values[name]] if name in self.values else []))
        return replace(self, values=kept, refused={**self.refused, name: seen})

    def missing(self) -> list[Parameter]:
        """List what is required and not there, a title after the text that it is the title of."""
        gone = [one for one in self.trigger.parameters if one.required and one.field not in self.complete()]
        told = any(one.role == "text" for one in gone)
        return sorted(gone, key=lambda one: told and one.role == "title")

    def complete(self) -> dict[str, Any]:
        """Give all values, with the defaults and the single allowed values of the schema."""
        found: dict[str, Any] = {}
        for one in self.trigger.parameters:
            needed = one.required or (len(one.path) == 1 and "const" not in one.schema)
            if one.field in self.values:
                found[one.field] = self.values[one.field]
            elif one.schema.get("default") is not None and needed:
                found[one.field] = one.schema["default"]
            elif one.required and len(one.choices) == 1:
                found[one.field] = one.choices[0]
        return found

    def arguments(self) -> dict[str, Any]:
        """Give the arguments as the schema nests them."""
        arguments: dict[str, Any] = {}
        complete = self.complete()
        for one in self.trigger.parameters:
            if one.field not in complete:
                continue
            here = arguments
            for step in one.path[:-1]:
                here = here.setdefault(step, {})
            here[one.path[-1]] = complete[one.field]
        return arguments

    def fault(self) -> tuple[Parameter | None, str]:
        """Find what keeps the arguments from being valid: the parameter, and what is wrong with it."""
        found = faults(self.trigger.schema, self.arguments())
        for one in found:
            parameter = place(self.trigger, one.field)
            if parameter is not None:
                return parameter, one.message
        return None, found[0].message if found else ""


def place(trigger: Trigger, path: str) -> Parameter | None:
    """Find the parameter at the path of an error."""
    path = path.replace("[", ".").replace("]", "")
    for one in trigger.parameters if path else ():
        if path == one.field or path.startswith(one.field + ".") or one.field.startswith(path + "."):
            return one
    return None


def draft_of_call(trigger: Trigger, arguments: Mapping[str, Any]) -> Draft:
    """Make the draft of a call that was made before."""
    values = {}
    for one in trigger.parameters:
        here: Any = arguments
        for step in one.path:
            here = here.get(step) if isinstance(here, Mapping) else None
        if here is not None:
            values[one.field] = here
    return Draft(trigger, values)
