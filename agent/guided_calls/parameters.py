"""Parameters: what a trigger needs to know, read from its JSON Schema."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from agent.guided_calls.lexicon import roles, table
from agent.guided_calls.stems import named, plain

_DEEPEST, _DEEPEST_REFERENCE = 3, 8
_OWN = frozenset({"customer", "user", "client", "caller"})
_FORMATS = {
    "email": "email",
    "idn-email": "email",
    "uri": "url",
    "iri": "url",
    "date": "date",
    "date-time": "moment",
    "time": "clock",
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value that a trigger takes; `path` leads to it through nested objects."""

    path: tuple[str, ...]
    schema: Mapping[str, Any]
    required: bool

    @property
    def field(self) -> str:
        """Give its path as errors write it."""
        return ".".join(self.path)

    @property
    def label(self) -> str:
        """Give its name in words ("order number")."""
        title = self.schema.get("title")
        return (
            plain_title(title)
            if isinstance(title, str) and plain_title(title)
            else _capital(named(" ".join(self.path)))
        )

    @property
    def spoken(self) -> str:
        """Give its name as one says it to the person ("your email")."""
        label = f"{self.label} address" if self.label.endswith("email") else self.label
        first, _, rest = label.partition(" ")
        return f"your {rest}" if first in _OWN and rest else f"the {label}"

    @property
    def description(self) -> str:
        """Give its description."""
        return str(self.schema.get("description") or "").strip()

    @property
    def keys(self) -> tuple[str, ...]:
        """Give the phrases that introduce its value ("order number", "order", "number"), the surest first."""
        names = [plain(self.label), plain(named(self.path[-1]))]
        parts = names[-1].split()
        if parts[:1] and parts[0] in words_of_people() and len(parts) > 1:
            names.append(" ".join(parts[1:]))
        names += [parts[-1], *(part for part in parts[:-1] if part not in words_of_people())]
        if "email" in parts or "mail" in parts:
            names += ["email address", "e mail", "mail"]
        return tuple(dict.fromkeys(name for name in names if name))

    @property
    def choices(self) -> tuple[Any, ...]:
        """Give its allowed values, if there is a list of them."""
        if "const" in self.schema:
            return (self.schema["const"],)
        allowed = self.schema.get("enum")
        return tuple(one for one in allowed if one is not None) if isinstance(allowed, list) else ()

    @property
    def item(self) -> "Parameter":
        """Give what its list holds."""
        items = self.schema.get("items")
        inner = dict(items) if isinstance(items, Mapping) else {}
        inner.setdefault("title", self.label.removesuffix("s"))
        return Parameter(self.path, inner, self.required)

    @property
    def role(self) -> str:
        """Tell how its value is to be looked for: by its type, its format, its pattern, or its name."""
        kind = self.schema.get("type")
        if kind == "array":
            return "list"
        if self.choices:
            return "choice"
        if kind in {"boolean", "integer", "number"}:
            return str(kind)
        if kind == "object":
            return "object"
        if self.schema.get("format") in _FORMATS:
            return _FORMATS[str(self.schema["format"])]
        return _role_by_name(self)


def _capital(words: str) -> str:
    return " ".join({"id": "ID", "sku": "SKU", "url": "URL", "iban": "IBAN"}.get(word, word) for word in words.split())


def plain_title(title: str) -> str:
    """Write a title as words in a sentence; short forms in capitals stay."""
    return " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in title.split())[:80]


@cache
def words_of_people() -> frozenset[str]:
    """Give the words that say whose a value is."""
    return frozenset(table("words")["person"]["words"])


def _role_by_name(parameter: Parameter) -> str:
    own = named(parameter.path[-1]).split()
    if {"email", "mail"} & set(own):
        return "email"
    found = [roles()[word] for word in reversed(own) if word in roles()]
    if not found:
        found = [roles()[word] for word in reversed(plain(parameter.label).split()) if word in roles()]
    role = found[0] if found else ""
    if role == "name" and not (own == ["name"] or set(own) & words_of_people() or len(own) == 1):
        return "other"
    if role == "id" and own[-1] == "number" and "phone" in [roles().get(word) for word in own]:
        return "phone"
    if role:
        return role
    return "pattern" if "pattern" in parameter.schema else "other"


def parameters_of(schema: Mapping[str, Any]) -> tuple[Parameter, ...]:
    """List the parameters of a schema, nested ones by their path; those that are required come first."""
    found = list(_walk(schema, schema, (), required=True))
    return tuple(sorted(found, key=lambda one: not one.required))


def _walk(
    root: Mapping[str, Any], schema: Mapping[str, Any], path: tuple[str, ...], *, required: bool
) -> Iterator[Parameter]:
    properties = schema.get("properties")
    needed = schema.get("required")
    needed = set(needed) if isinstance(needed, list) else set()
    for name, part in properties.items() if isinstance(properties, Mapping) else ():
        one = _resolved(root, part)
        here, asked = (*path, str(name)), required and name in needed
        if one.get("type") == "object" and isinstance(one.get("properties"), Mapping) and len(here) < _DEEPEST:
            yield from _walk(root, one, here, required=asked)
        else:
            yield Parameter(here, one, asked)


def _resolved(root: Mapping[str, Any], given: Any, depth: int = 0) -> dict[str, Any]:
    """Follow local references and drop "or null": what is left is what a person can be asked for."""
    if not isinstance(given, Mapping) or depth > _DEEPEST_REFERENCE:
        return {}
    part = dict(given)
    if isinstance(reference := part.pop("$ref", None), str):
        part = {**_resolved(root, _pointed(root, reference), depth + 1), **part}
    for key in ("anyOf", "oneOf"):
        options = [one for one in part.get(key) or () if isinstance(one, Mapping) and one.get("type") != "null"]
        if len(options) == 1:
            part = {
                **_resolved(root, options[0], depth + 1),
                **{name: one for name, one in part.items() if name != key},
            }
    kinds = part.get("type")
    if isinstance(kinds, list):
        part["type"] = next((kind for kind in kinds if kind != "null"), "string")
    return part


def _pointed(root: Mapping[str, Any], reference: str) -> Mapping[str, Any]:
    here: Any = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        here = here.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(here, Mapping) else None
    return here if isinstance(here, Mapping) else {}
