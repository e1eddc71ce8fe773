"""Credentials written into an integration itself instead of the vault: never shown to a model or in a record."""

import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import unquote_plus

from rules.header_fields import MASK, looks_secret

_ONLY_A_VARIABLE = re.compile(r"(?:[A-Za-z]{1,16} +)?(?:\$\{[^}]*\}|\$[\w.\-\[\]]+)?")
_SCHEME = re.compile(r"(?:Basic|Bearer|Digest|Key|Token|ApiKey) +", re.IGNORECASE)
_SHORTEST = 8  # characters; a shorter text in a body is as likely an ordinary word
_NEW = " (new value)"
_PAIR = re.compile(r"([?&])([^=&#?]+)=([^&#]+)")


def masked(integration: Mapping[str, Any]) -> dict[str, Any]:
    """Return an integration with the credentials masked that are written out in its headers or its URL's query.

    `Bearer $token` stays as it is: a variable says nothing. `Bearer abc` becomes `Bearer ••••••`.
    """
    headers = [
        {**header, "value": mask_value(header["value"])} if looks_secret(header["key"]) else header
        for header in integration.get("headers") or ()
    ]
    return {**integration, "url": _PAIR.sub(_mask_pair, integration["url"]), "headers": headers}


def masked_change(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> dict[str, Any]:
    """Return `masked(after)`, saying where something masked is another than before."""
    shown = masked(after)
    if before is None:
        return shown
    old = [(header["key"], header["value"]) for header in before.get("headers") or ()]
    headers = [
        {**clean, "value": clean["value"] + _NEW}
        if clean != header and (header["key"], header["value"]) not in old
        else clean
        for clean, header in zip(shown["headers"], after.get("headers") or (), strict=True)
    ]
    replaced = before["url"] != after["url"] and shown["url"] == masked(before)["url"]
    return {**shown, "url": shown["url"] + _NEW if replaced else shown["url"], "headers": headers}


def mask_value(value: str) -> str:
    """Mask a header value that holds more than a scheme and one variable; the scheme stays."""
    return value if _ONLY_A_VARIABLE.fullmatch(value) else _but_its_scheme(value)


def mask_url(url: str, template: str) -> str:
    """Mask, in the query of a rendered URL, the credentials that its template writes out."""
    names = {pair[2] for pair in _PAIR.finditer(template) if _mask_pair(pair) != pair[0]}
    return _PAIR.sub(lambda pair: f"{pair[1]}{pair[2]}={MASK}" if pair[2] in names else pair[0], url) if names else url


def mask_body(body: Any, template: Any) -> Any:
    """Mask, in a rendered JSON body, the texts of 8 characters or more that its template writes out as credentials.

    Args:
        body: The rendered value; what is shaped otherwise than the template is returned as it is.
        template: The value that it was rendered from.

    """
    if isinstance(body, Mapping) and isinstance(template, Mapping):
        return {name: _mask_member(name, value, template.get(name)) for name, value in body.items()}
    if isinstance(body, list) and isinstance(template, list) and len(body) == len(template):
        return [mask_body(one, written) for one, written in zip(body, template, strict=True)]
    return body


def _mask_member(name: str, value: Any, written: Any) -> Any:
    if not isinstance(value, str) or not isinstance(written, str):
        return mask_body(value, written)
    literal = len(written) >= _SHORTEST and not _ONLY_A_VARIABLE.fullmatch(written)
    return _but_its_scheme(value) if literal and looks_secret(name) else value


def written_in(url: str) -> list[str]:
    """Return the credentials that a URL's template writes out in its query, as they are before percent-encoding."""
    pairs = [pair for pair in _PAIR.finditer(url) if "$" not in pair[3] and _mask_pair(pair) != pair[0]]
    return [unquote_plus(pair[3]) for pair in pairs]


def header_templates(integration: Mapping[str, Any]) -> frozenset[str]:
    """Return the values of an integration's headers as they are written."""
    return frozenset(header["value"] for header in integration.get("headers") or ())


def stays_open(value: str, written: Collection[str]) -> bool:
    """Whether a rendered header is still the template that was written: a variable nobody has, not a credential."""
    return value in written and mask_value(value) == value


def mask_headers(headers: Mapping[str, str], written: Collection[str] = ()) -> dict[str, str]:
    """Mask the values of rendered headers that look secret by their name; the scheme stays.

    Args:
        headers: As they are sent.
        written: The values in the template: one that is still the same and only names a variable is shown.

    """
    return {
        name: _but_its_scheme(value) if looks_secret(name) and not stays_open(value, written) else value
        for name, value in headers.items()
    }


def _but_its_scheme(value: str) -> str:
    scheme = _SCHEME.match(value)
    return (scheme[0] if scheme else "") + MASK


def _mask_pair(pair: re.Match[str]) -> str:
    sign, name, value = pair.groups()
    return f"{sign}{name}={MASK}" if looks_secret(name) and not _ONLY_A_VARIABLE.fullmatch(value) else pair[0]
