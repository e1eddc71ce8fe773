"""The request of one operation as a template: path, query, headers, body, and the credentials that it asks for."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from integrations.importers.bare_json import Bare, as_body
from integrations.importers.credentials import looks_credential
from integrations.importers.curl_headers import secret_role
from integrations.importers.draft import DraftBuilder
from integrations.importers.json_fields import field_label
from integrations.importers.openapi_document import Document, Operation
from integrations.importers.openapi_schema import Schemas, fixed_value, is_text, required_of
from integrations.importers.placeholders import Hole, join, literal
from integrations.importers.titles import clean
from integrations.importers.yaml_text import refused
from rules.header_fields import is_connections, looks_secret

_OPEN: Final = re.compile(r"\{([^{}/]{1,100})\}")
_JSON: Final = re.compile(r"application/json|[\w.-]+/[\w.-]+\+json|\*/\*|application/\*", re.IGNORECASE)
_FORM: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"
_DESCRIBED: Final = frozenset({"accept", "content-type", "authorization"})  # OpenAPI: ignored as parameters
_MAX_DEPTH: Final = 4


@dataclass(slots=True)
class Request:
    """A request in its parts, templates all of them."""

    path: str
    query: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    has_body: bool = False


def operation_request(document: Document, operation: Operation, builder: DraftBuilder) -> Request:
    """Write an operation as a template; raises InvalidInput, field `openapi`, for what no trigger can send."""
    writer = _Writer(document, operation, builder)
    request = writer.request()
    if writer.left_out:
        names = ", ".join(writer.left_out)
        builder.note(f"Optional, and left out because a template has no conditions: {names}.")
    if writer.schemas.cut:
        builder.note("A part of a parameter's schema was cut, because it is circular, very deep or very large.")
    return request


class _Writer:
    def __init__(self, document: Document, operation: Operation, builder: DraftBuilder) -> None:
        self.document, self.operation, self.builder = document, operation, builder
        self.schemas = Schemas(document)
        self.left_out: list[str] = []

    def request(self) -> Request:
        placed: dict[str, list[Mapping[str, Any]]] = {}
        for parameter in self.document.parameters(self.operation):
            placed.setdefault(parameter["in"], []).append(parameter)
        request = Request(self.path(placed.get("path", [])))
        self.authorize(request)
        for parameter in placed.get("query", []):
            request.query += self.query(parameter)
        for parameter in placed.get("header", []):
            self.header(parameter, request)
        for parameter in placed.get("cookie", []):
            self.builder.note(f"The cookie {clean(parameter['name'], 60)} was left out.")
        self.body(request)
        return request

    def path(self, parameters: list[Mapping[str, Any]]) -> str:
        described = {parameter["name"]: parameter for parameter in parameters}
        names: dict[str, str] = {}
        pieces: list[str | Hole] = []
        end = 0
        for match in _OPEN.finditer(self.operation.path):
            name = match[1]
            if name not in names:
                names[name] = self.parameter(name, described.get(name, {}))
            pieces += [self.operation.path[end : match.start()], Hole(names[name])]
            end = match.end()
        written = join([*pieces, self.operation.path[end:]])
        return quote(written, safe="%/:;=,@!$&'()*+~[]{}?")

    def parameter(self, name: str, node: Mapping[str, Any]) -> str:
        schema = self.schemas.described(_schema_of(node), node.get("description"))
        return self.builder.parameter(
            name, schema if "type" in schema or "anyOf" in schema else {"type": "string"} | schema
        )

    def query(self, node: Mapping[str, Any]) -> Iterator[str]:
        value = self.value(node, "query")
        if value is not None:
            yield f"{_encoded(node['name'])}={value}"

    def header(self, node: Mapping[str, Any], request: Request) -> None:
        name = node["name"]
        if (
            name.lower() in _DESCRIBED
            or is_connections(name)
            or name.lower() in {key.lower() for key in request.headers}
        ):
            return
        value = self.value(node, "header")
        if value is not None:
            request.headers[name] = value

    def value(self, node: Mapping[str, Any], place: str) -> str | None:
        """Return a parameter's template; None when it is optional and so left out."""
        name, required = node["name"], node.get("required") is True
        secret = looks_credential(name) or (place == "header" and looks_secret(name))
        if secret and required:
            return join([Hole(self.builder.secret(secret_role(name), None))])
        schema = self.schemas.schema(_schema_of(node))
        fixed, constant = fixed_value(schema, self.schemas.object_of(_schema_of(node)), required=required)
        if fixed:
            return _encoded(_text(constant)) if place == "query" else literal(_text(constant))
        if not required:
            self.left_out.append(clean(name, 60))
            return None
        if "array" in str(schema.get("type")) or schema.get("type") == "object":
            self.builder.note(
                f"{clean(name, 60)} takes several values: the assistant gives them as one text with commas."
            )
            schema = {"type": "string"}
        schema = self.schemas.described(schema, node.get("description"))
        return join([Hole(self.builder.parameter(name, schema))])

    def authorize(self, request: Request) -> None:
        for name in self.required_schemes():
            schemes = self.document.resolve(self.document.root.get("components")).get("securitySchemes")
            scheme = self.document.resolve(schemes.get(name) if isinstance(schemes, Mapping) else None)
            self.credential(clean(name, 60), scheme, request)

    def required_schemes(self) -> list[str]:
        """Return the first alternative that asks for anything; the operation's own list wins over the document's."""
        listed = self.operation.node.get("security", self.document.root.get("security"))
        alternatives = [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
        if len(alternatives) > 1:
            self.builder.note("The operation takes several kinds of credentials; the first one was taken.")
        return [str(name) for name in next((each for each in alternatives if each), {})]

    def credential(self, name: str, scheme: Mapping[str, Any], request: Request) -> None:
        kind, way = str(scheme.get("type")), str(scheme.get("scheme", "")).lower()
        if kind == "http" and way == "basic":
            secret = self.builder.secret("login", None)
            request.headers["Authorization"] = join(["Basic ", Hole(secret)])
            self.builder.note(f"The value of ${secret} is user:password in Base64: printf '%s' user:password | base64")
        elif kind in {"oauth2", "openIdConnect"} or (kind == "http" and way in {"bearer", ""}):
            request.headers["Authorization"] = join(["Bearer ", Hole(self.builder.secret("token", None))])
            if kind != "http":
                self.builder.note(
                    f"{name} is OAuth: put a token that lasts into the vault; tokens are not renewed here."
                )
        elif kind == "apiKey" and isinstance(scheme.get("name"), str):
            self.api_key(scheme["name"], scheme.get("in"), request)
        else:
            raise self.refused(f"asks for {name}, a kind of authentication that triggers do not have")

    def api_key(self, name: str, place: Any, request: Request) -> None:
        secret = Hole(self.builder.secret(secret_role(name), None))
        if place == "query":
            request.query.append(f"{_encoded(name)}={join([secret])}")
        elif place == "cookie":
            request.headers["Cookie"] = join([f"{name}=", secret])
        else:
            request.headers[name] = join([secret])

    def body(self, request: Request) -> None:
        node = self.document.resolve(self.operation.node.get("requestBody"))
        content = node.get("content")
        if not isinstance(content, Mapping) or not content:
            return
        if self.operation.method in {"GET", "DELETE"} and node.get("required") is not True:
            self.builder.note("The body is optional, and was left out.")
            return
        media_type, media = self.media(content)
        request.headers["Content-Type"] = media_type
        request.body, request.has_body = self.content(media_type, media.get("schema")), True

    def media(self, content: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        offered = {str(name).partition(";")[0].strip(): self.document.resolve(media) for name, media in content.items()}
        for wanted in (_JSON.fullmatch, _FORM.__eq__, _MULTIPART.__eq__, re.compile("text/plain").fullmatch):
            chosen = next((name for name in offered if _is(wanted, name.lower())), None)
            if chosen:
                return ("application/json" if "*" in chosen else chosen), offered[chosen]
        raise self.refused(f"takes only {clean(', '.join(offered), 100)}, which triggers do not send")

    def content(self, media_type: str, schema: Any) -> Any:
        if media_type == "text/plain":
            return join([Hole(self.builder.parameter("body", {"type": "string", "description": "The text to send."}))])
        if media_type in {_FORM, _MULTIPART}:
            fields = self.fields(self.schemas.object_of(schema), (), flat=True)
            return {name: value if isinstance(value, str) else f"${value.name}" for name, value in fields.items()}
        return as_body(self.json(schema, ()))

    def json(self, node: Any, path: tuple[str, ...]) -> Any:
        merged = self.schemas.object_of(node)
        required = [name for name in required_of(merged) if name in self.schemas.fields(merged)]
        if required and len(path) < _MAX_DEPTH:
            return self.fields(merged, path, flat=False)
        name = field_label(path) if path else "body"
        schema = self.schemas.described(node)
        if not path and self.schemas.fields(merged):
            self.builder.note(
                "No field of the body is required, so it is one parameter: an object with the fields to send."
            )
        variable = self.builder.parameter(name, schema)
        return join([Hole(variable)]) if is_text(schema) else Bare(variable)

    def fields(self, merged: Mapping[str, Any], path: tuple[str, ...], *, flat: bool) -> dict[str, Any]:
        """Write an object: required fields vary, optional ones stay at their default or are left out."""
        required = set(required_of(merged))
        written = {}
        for name, node in self.schemas.fields(merged).items():
            value = self.field(node, (*path, clean(name, 100)), required=name in required, flat=flat)
            if value is not None:
                written[literal(name)] = value
        return written

    def field(self, node: Any, path: tuple[str, ...], *, required: bool, flat: bool) -> Any:
        merged = self.schemas.object_of(node)
        fixed, constant = fixed_value(merged, merged, required=required)
        if fixed:
            return literal(_text(constant)) if flat or isinstance(constant, str) else constant
        if not required:
            self.left_out.append(".".join(path))
            return None
        if merged.get("format") == "binary":
            raise self.refused(f"needs a file in {path[-1]}, which a trigger cannot send")
        if looks_credential(path[-1]):
            return join([Hole(self.builder.secret(path[-1], None))])
        if not flat:
            return self.json(node, path)
        return join([Hole(self.builder.parameter(field_label(path), self.schemas.described(node)))])

    def refused(self, why: str) -> Exception:
        return refused(f"{self.operation.title} {why} ({self.operation.pointer}).")


def _schema_of(parameter: Mapping[str, Any]) -> Any:
    content = parameter.get("content")
    if isinstance(content, Mapping) and content:
        media = next(iter(content.values()))
        return media.get("schema") if isinstance(media, Mapping) else None
    return parameter.get("schema")


def _is(wanted: Callable[[str], Any], name: str) -> bool:
    return wanted(name) not in {None, False, NotImplemented}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _encoded(text: str) -> str:
    return quote(literal(text), safe="$[]")
