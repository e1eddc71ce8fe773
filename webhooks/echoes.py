"""Endpoints that repeat our secrets in their answers: masked before anything is stored or shown.

Request echoes and messages such as `invalid token abc` would otherwise carry an auth header's value into the log, the
API and the assistant's context.
"""

import json
from dataclasses import replace
from urllib.parse import quote

from rules.header_fields import MASK
from rules.outcomes import Exchange, Reply
from webhooks.request import Request

SHORTEST = 4  # masking still shorter texts would hide most of an answer


def without_echoes(exchange: Exchange, request: Request) -> Exchange:
    """Mask the values of a request's secret headers, with and without their scheme (`Bearer …`), in its answer."""
    if not isinstance(exchange, Reply) or request.shown_headers is request.headers:
        return exchange
    secrets = _secrets(request)
    if not secrets:
        return exchange
    body, headers = exchange.body, dict(exchange.headers)
    for secret in secrets:
        body = body.replace(secret.encode(), MASK.encode())
        body = _without_beginning(body, secret.encode()) if exchange.truncated else body
        headers = {name: value.replace(secret, MASK) for name, value in headers.items()}
    return replace(exchange, body=body, headers=headers)


def _without_beginning(body: bytes, secret: bytes) -> bytes:
    """Mask the beginning of a secret where an answer was cut off in the middle of it."""
    lengths = range(len(secret) - 1, SHORTEST - 1, -1)
    cut = next((length for length in lengths if body.endswith(secret[:length])), 0)
    return body[:-cut] + MASK.encode() if cut else body


def _secrets(request: Request) -> list[str]:
    values = [value for name, value in request.headers.items() if request.shown_headers.get(name) != value]
    parts = [part for value in values for part in (value, value.rpartition(" ")[2])]
    every = {form for part in parts for form in (part, json.dumps(part)[1:-1], quote(part, safe=""))}
    return sorted((text for text in every if len(text) >= SHORTEST), key=len, reverse=True)
