"""Requests as templates: compiled when an integration is saved, rendered in one pass for each call (C01, C04, C05)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rules.body_template import NO_BODY, BodyTemplate, Kind, check_size, compile_body
from rules.encodings import TOO_LONG
from rules.errors import InvalidInput
from rules.form_template import choose_boundary
from rules.header_template import HeaderTemplate, compile_headers
from rules.rendering import Rendering
from rules.template_limits import MAX_RENDERED_BYTES, MAX_SLOTS, size
from rules.url_template import UrlTemplate, compile_url
from rules.variables import Scope

__all__ = [
    "NO_BODY",
    "BodyTemplate",
    "Rendered",
    "RequestTemplate",
    "Shown",
    "compile_body",
    "compile_request",
    "render",
]

METHODS: Final = ("GET", "POST", "PUT", "DELETE", "PATCH")


@dataclass(frozen=True, slots=True)
class RequestTemplate:
    """A request ready for rendering.

    Args:
        method: In upper case.
        scheme: `http` or `https`.
        host: In lower case, with its port only when one is written.
        references: The variables as written, without `$` and braces.

    """

    method: str
    scheme: str
    host: str
    references: frozenset[str]
    candidates: frozenset[str]
    url: UrlTemplate
    headers: tuple[HeaderTemplate, ...]
    body: BodyTemplate | None

    def may_use(self, name: str) -> bool:
        """Tell whether the template can substitute a variable of this name, whatever else there is."""
        return name in self.candidates


@dataclass(frozen=True, slots=True)
class Shown:
    """A rendered request for logs and eyes: each secret's value is a mask. A JSON body is its value, any other text."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Rendered:
    """A request to be sent; only `shown` and `used` (full name to value, secrets masked) may be logged."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None
    shown: Shown
    used: dict[str, Any]
    secrets: frozenset[str]
    warnings: tuple[str, ...]


def compile_request(
    *, method: str, url: str, headers: Sequence[tuple[str, str]], body: Any = NO_BODY
) -> RequestTemplate:
    """Compile a request whose URL, header values and body hold `$variables`.

    Args:
        method: One of `METHODS`, in any case.
        url: http or https; variables in path, query and fragment.
        headers: Names and templates.
        body: A JSON value, or a text (see `compile_body`); None for no body.

    Raises:
        InvalidInput: `method`, `url`, `headers.N.key`, `headers.N.value` or `body…`, with the column where there is
            one: the template could not be safe, is larger than 64 KiB, or has more than 1 000 variables.

    """
    if method.upper() not in METHODS:
        raise InvalidInput.of("method", f"must be one of {', '.join(METHODS)}")
    length = size(url) + sum(size(str(text)) for header in headers for text in header)
    check_size(length, "url")
    address = compile_url(url)
    fields = compile_headers(headers)
    content = None if body is NO_BODY else compile_body(body, _content_type(headers))
    check_size(length + (content.size if content else 0), "body")
    slots = [*address.slots, *(slot for field in fields for slot in field.slots), *(content.slots if content else ())]
    if len(slots) > MAX_SLOTS:
        raise InvalidInput.of("body", f"the request has {len(slots)} variables; at most {MAX_SLOTS} are allowed")
    references = {slot.reference for slot in slots}
    return RequestTemplate(
        method=method.upper(),
        scheme=address.scheme,
        host=address.host,
        references=frozenset(reference.name for reference in references),
        candidates=frozenset().union(*(reference.candidates() for reference in references)),
        url=address,
        headers=fields,
        body=content,
    )


def _content_type(headers: Sequence[tuple[str, str]]) -> str | None:
    return next((value for name, value in headers if name.lower() == "content-type"), None)


def render(template: RequestTemplate, scope: Scope) -> Rendered:
    """Fill in the variables, each encoded for where it stands; a value is never read again.

    Args:
        template: From `compile_request`.
        scope: The values of this call.

    Raises:
        InvalidInput: With the field names of `compile_request`: a value cannot stand where it would, or the request
            would be longer than 1 MiB. Messages never contain a value.

    """
    out = Rendering(scope)
    url, shown_url = out.run(template.url.parts, "url")
    headers: dict[str, str] = {}
    shown_headers: dict[str, str] = {}
    for field in template.headers:
        headers[field.name], shown_headers[field.name] = (
            text.strip(" \t") for text in out.run(field.parts, field.field)
        )
    body, shown_body = None, None
    if template.body is not None:
        body, shown_body, content_type = _render_body(template.body, out)
        for fields in (headers, shown_headers):
            _set_content_type(fields, content_type, replace=template.body.kind is Kind.MULTIPART)
    _check_length(url, headers, body)
    return Rendered(
        method=template.method,
        url=url,
        headers=headers,
        body=body,
        shown=Shown(template.method, shown_url, shown_headers, shown_body),
        used=out.used,
        secrets=frozenset(out.secrets),
        warnings=tuple(out.warnings),
    )


def render_body(template: BodyTemplate, scope: Scope) -> tuple[bytes, tuple[str, ...]]:
    """Fill in the variables of a body alone; returns its bytes and warnings, raises InvalidInput as `render` does."""
    out = Rendering(scope)
    body, _, _ = _render_body(template, out)
    if len(body) > MAX_RENDERED_BYTES:
        raise InvalidInput.of("body", f"this {TOO_LONG}")
    return body, tuple(out.warnings)


def _render_body(template: BodyTemplate, out: Rendering) -> tuple[bytes, Any, str]:
    text, shown = out.run(template.parts, "body")
    if template.kind is Kind.JSON:
        return text.encode(), json.loads(shown), template.content_type
    if template.kind is not Kind.MULTIPART:
        return text.encode(), shown, template.content_type
    boundary = choose_boundary(text, shown)
    for place in out.boundaries:
        out.pieces[place] = boundary
    return "".join(out.pieces).encode(), out.shown(), f"{template.content_type}; boundary={boundary}"


def _set_content_type(headers: dict[str, str], content_type: str, *, replace: bool) -> None:
    name = next((name for name in headers if name.lower() == "content-type"), None)
    if name is None or replace:
        headers[name or "Content-Type"] = content_type


def _check_length(url: str, headers: Mapping[str, str], body: bytes | None) -> None:
    length = len(url.encode()) + sum(len(f"{name}{value}".encode()) for name, value in headers.items())
    if length + len(body or b"") > MAX_RENDERED_BYTES:
        raise InvalidInput.of("url" if length > MAX_RENDERED_BYTES else "body", f"this {TOO_LONG}")
