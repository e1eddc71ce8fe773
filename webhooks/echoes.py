"""Endpoints that repeat our secrets in their answers: masked before anything is stored or shown."""

from rules.echoes import echoes_of
from rules.outcomes import Exchange, Reply
from webhooks.request import Request


def without_echoes(exchange: Exchange, request: Request) -> Exchange:
    """Mask the values of a request's secret headers in its answer, however they are written there."""
    if not isinstance(exchange, Reply) or request.shown_headers is request.headers:
        return exchange
    secrets = frozenset(value for name, value in request.headers.items() if request.shown_headers.get(name) != value)
    if not secrets:
        return exchange
    echoes = echoes_of(secrets)
    body = echoes.scrub_bytes(exchange.body, cut=exchange.truncated)
    headers = {name: echoes.scrub_text(value) for name, value in exchange.headers.items()}
    return exchange._replace(body=body, headers=headers)
