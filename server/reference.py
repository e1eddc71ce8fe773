"""The API reference: an OpenAPI document as groups of operations, with fields in words and a curl line each."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")
_DEEPEST = 3
_PROBLEM = "application/problem+json"
_UNNAMED = "Who is calling"
_OPERATING = "Operations"
# Where a requirement came from is for those who maintain a route, not for those who call it.
_SOURCES = re.compile(r" \([A-Z]\d\d(?:[ ,to-]+[A-Z]\d\d)*\)")
_LIMITS = (("minLength", "maxLength", " characters"), ("minimum", "maximum", ""), ("minItems", "maxItems", " entries"))

# Routes that are not part of the document: they answer others than the API's callers.
_OPERATIONS = {
    "/healthz": "Answer as long as the process does.",
    "/readyz": "Answer 200 when the store answers and a worker is alive, else 503.",
    "/metrics": "Metrics for Prometheus, for a key of the first workspace or the metrics' own token.",
    "/openapi.json": "This reference, for programs.",
    "/docs": "This reference, for people.",
    "/": "The console; `hookwright console-link` prints a link that signs in.",
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One field of a path, a query or a body."""

    name: str
    kind: str
    required: bool
    note: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    anchor: str
    method: str
    path: str
    text: str
    parameters: tuple[Parameter, ...]
    fields: tuple[Parameter, ...]
    answers: tuple[Parameter, ...]
    curl: str


@dataclass(frozen=True, slots=True)
class Group:
    """Operations that belong together."""

    anchor: str
    title: str
    operations: tuple[Operation, ...]


def reference(document: Mapping[str, Any]) -> list[Group]:
    """Turn an OpenAPI document into groups, in the document's order, and the routes for operating the server."""
    schemas = document.get("components", {}).get("schemas", {})
    groups: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                title = (methods[method].get("tags") or [_UNNAMED])[0]
                groups.setdefault(title, []).append(_operation(method, path, methods[method], schemas))
    operating = [_operation("get", path, {"description": text}, schemas) for path, text in _OPERATIONS.items()]
    groups.setdefault(_OPERATING, []).extend(operating)
    return [Group(_anchor(title), title, tuple(operations)) for title, operations in groups.items()]


def _operation(method: str, path: str, described: Mapping[str, Any], schemas: Mapping[str, Any]) -> Operation:
    media = described.get("requestBody", {}).get("content", {}).get("application/json", {})
    return Operation(
        anchor=_anchor(f"{method} {path}"),
        method=method.upper(),
        path=path,
        text=_SOURCES.sub("", described.get("description") or described.get("summary", "")),
        parameters=tuple(_parameter(each, schemas) for each in described.get("parameters", ())),
        fields=tuple(_fields(media.get("schema", {}), schemas)),
        answers=tuple(_answers(described.get("responses", {}))),
        curl=_curl(method, path, media.get("example")),
    )


def _parameter(described: Mapping[str, Any], schemas: Mapping[str, Any]) -> Parameter:
    schema = described.get("schema", {})
    kind = f"{described['in']}, {_kind(schema, schemas)}"
    note = ", ".join(filter(None, (described.get("description", ""), _note(schema))))
    return Parameter(described["name"], kind, described.get("required", False), note)


def _answers(responses: Mapping[str, Any]) -> Iterator[Parameter]:
    """List the refusals that a route has of its own; what all have in common is said once, above."""
    for status, answer in responses.items():
        if _PROBLEM in answer.get("content", {}):
            yield Parameter(status, answer["description"], required=False, note="")


def _anchor(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "root"


def _fields(schema: Mapping[str, Any], schemas: Mapping[str, Any], prefix: str = "") -> Iterator[Parameter]:
    """List the fields of an object with those of the objects in it, named `integration.url`."""
    whole = _resolved(schema, schemas)
    required = whole.get("required", ())
    for name, own in whole.get("properties", {}).items():
        path = f"{prefix}{name}"
        yield Parameter(path, _kind(own, schemas), name in required, _note(own))
        inner = _inner(own, schemas)
        if path.count(".") + 1 < _DEEPEST and inner.get("properties"):
            is_list = _resolved(own, schemas).get("type") == "array"
            yield from _fields(inner, schemas, f"{path}[]." if is_list else f"{path}.")


def _resolved(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference, and take the first of several forms that is not null."""
    if "$ref" in schema:
        return _resolved(schemas.get(schema["$ref"].rpartition("/")[2], {}), schemas)
    forms = [form for form in schema.get("anyOf", ()) if form.get("type") != "null"]
    return _resolved(forms[0], schemas) if forms else schema


def _inner(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    whole = _resolved(schema, schemas)
    return _resolved(whole.get("items", {}), schemas) if whole.get("type") == "array" else whole


def _kind(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(form, schemas) for form in schema["anyOf"]))
    whole = _resolved(schema, schemas)
    if "enum" in whole:
        return " | ".join(json.dumps(value, ensure_ascii=False) for value in whole["enum"])
    if "const" in whole:
        return json.dumps(whole["const"], ensure_ascii=False)
    if whole.get("type") == "array":
        return f"list of {_kind(whole.get('items', {}), schemas)}"
    return str(whole.get("format") or whole.get("type") or "any JSON")


def _note(schema: Mapping[str, Any]) -> str:
    """Say a field's limits and default."""
    forms = [schema, *schema.get("anyOf", ())]
    limits = next(filter(None, (_limits(form) for form in forms)), "")
    default = schema.get("default")
    known = "" if default is None or default in ([], {}, "") else f"default {json.dumps(default, ensure_ascii=False)}"
    return ", ".join(filter(None, (limits, known)))


def _limits(schema: Mapping[str, Any]) -> str:
    for low, high, unit in _LIMITS:
        if high in schema:
            return f"{schema.get(low, 0):,} to {schema[high]:,}{unit}"
    return ""


def _curl(method: str, path: str, example: Any) -> str:
    url = re.sub(r"\{(\w+)\}", lambda match: f"${match[1].upper()}", path)
    verb = "" if method == "get" or (method == "post" and example is not None) else f"-X {method.upper()} "
    lines = [f'curl {verb}"$HOOKWRIGHT_URL{url}"', '-H "Authorization: Bearer $HOOKWRIGHT_KEY"']
    if example is not None:
        body = json.dumps(example, ensure_ascii=False, indent=2)
        lines += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(body)}"]
    return " \\\n  ".join(lines)
