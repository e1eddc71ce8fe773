"""What an endpoint answered, after every secret in it was masked: for the model, the caller and the log."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from rules.echoes import Echoes
from rules.header_fields import redact
from rules.outcomes import Exchange, Reply, cause_of_status
from rules.response_body import read_text, storable_text
from rules.responses import CallResult, read_reply, returned_client_data

_LOGGED_BODY_BYTES: Final = 16_384
_LOGGED_HEADERS: Final = 40
_LOGGED_HEADER: Final = 512  # characters
_LARGE: Final = 65_536  # bytes; masking more than this would hold up everyone else


@dataclass(frozen=True, slots=True)
class Answer:
    """One exchange as it may be shown.

    Args:
        result: For the model.
        headers: Of the response; {} when there was none.
        text: The body as text, for the log; None when there was none.
        returned: `session.client_data` of a 2xx answer; None when there is none.
        held_back: How many entries of it repeated a secret, and are not in `returned`.

    """

    result: CallResult
    headers: dict[str, str]
    text: str | None
    returned: Any
    held_back: int
    error: dict[str, str] | None

    @property
    def accepted(self) -> bool:
        """Whether the endpoint took the call: a 2xx answer."""
        return self.result.status is not None and 200 <= self.result.status < 300


async def read_answer(exchange: Exchange, method: str, echoes: Echoes) -> Answer:
    """Read an exchange and mask secrets in it; a large one on another thread."""
    if isinstance(exchange, Reply) and len(exchange.body) > _LARGE:
        return await asyncio.to_thread(_read, exchange, method, echoes)
    return _read(exchange, method, echoes)


def _read(exchange: Exchange, method: str, echoes: Echoes) -> Answer:
    found = read_reply(exchange, method=method)
    result = replace(found, hint=echoes.scrub_text(found.hint), body=_masked(found, echoes))
    if not isinstance(exchange, Reply):
        error = {"cause": str(exchange.cause), "message": echoes.scrub_text(exchange.message)}
        return Answer(result, {}, None, None, 0, error)
    ok = 200 <= exchange.status < 300
    returned, held_back = _returned(found.body, echoes) if ok else (None, 0)
    text = echoes.scrub_text(read_text(exchange.body, exchange.headers), cut=exchange.truncated)
    refusal = {"cause": str(cause_of_status(exchange.status)), "message": f"HTTP {exchange.status}"}
    headers = _headers(exchange, echoes)
    return Answer(result, headers, _capped(text), returned, held_back, None if ok else refusal)


def _masked(found: CallResult, echoes: Echoes) -> Any:
    if isinstance(found.body, str):
        return echoes.scrub_text(found.body, cut=found.truncated)
    return echoes.scrub_json(found.body)


def _returned(body: Any, echoes: Echoes) -> tuple[Any, int]:
    """Leave out client data that repeats a secret: masked, it would be of no use in a later call."""
    returned = returned_client_data(body)
    if not isinstance(returned, Mapping):
        return returned, 0
    clean = {name: value for name, value in returned.items() if echoes.scrub_json({name: value}) == {name: value}}
    return clean, len(returned) - len(clean)


def _headers(reply: Reply, echoes: Echoes) -> dict[str, str]:
    """Return a response's headers without cookies, tokens and our own secrets; the first 40, shortened."""
    first = list(reply.headers.items())[:_LOGGED_HEADERS]
    clean = {name: storable_text(echoes.scrub_text(value))[:_LOGGED_HEADER] for name, value in first}
    return redact({storable_text(echoes.scrub_text(name)): value for name, value in clean.items()})


def _capped(text: str) -> str | None:
    data = text.encode()
    if len(data) > _LOGGED_BODY_BYTES:
        return data[:_LOGGED_BODY_BYTES].decode(errors="ignore")
    return text or None
