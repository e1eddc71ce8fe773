"""`hookwright listen`: a receiver in the terminal."""

import asyncio
import contextlib
import re
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from rules.errors import InvalidInput, Unavailable
from rules.signature import decode_secret
from server.cleaning import clean
from server.receiver import Received, Receiver
from server.verifying import HEX_HEADER, KeySet, key_bytes

_out = Console()
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m)?")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}
_SHOWN_BODY = 2_000
_KEY_PREFIXES = ("whpk_", "whsk_", "hwk_")


def listen(
    *,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.", min=0, max=65535)] = 9000,
    status: Annotated[int, typer.Option(help="HTTP status to answer with.", min=200, max=599)] = 200,
    delay: Annotated[str, typer.Option(help="How long to wait before answering: 250ms, 3s, 1m.")] = "0s",
    secret: Annotated[
        str | None, typer.Option(envvar="HOOKWRIGHT_LISTEN_SECRET", help="Secret to verify signatures with.")
    ] = None,
    public_key: Annotated[
        list[str] | None, typer.Option(help="`whpk_…` key to verify v1a signatures with; may be repeated.")
    ] = None,
    jwks: Annotated[
        str | None, typer.Option(help="URL of the webhook's key set, http://…/jwks/ID, to verify v1a signatures with.")
    ] = None,
    signature_header: Annotated[str, typer.Option(help="Header that carries a hex signature.")] = HEX_HEADER,
    auth_header: Annotated[
        str | None, typer.Option(envvar="HOOKWRIGHT_LISTEN_AUTH_HEADER", help="`Name: value` to require.")
    ] = None,
) -> None:
    """Receive webhooks, verify them, and print them."""
    receiver = Receiver(
        secret=_secret(secret),
        public_keys=_keys(public_key or []),
        key_set=KeySet(jwks) if jwks else None,
        signature_header=signature_header,
        auth_header=_header(auth_header),
        status=status,
        delay_seconds=_seconds(delay),
        on_request=_show,
    )
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_listen(receiver, port))


async def _listen(receiver: Receiver, port: int) -> None:
    async with contextlib.AsyncExitStack() as stack:
        try:
            url = await stack.enter_async_context(receiver.serve(port))
        except OSError:
            raise Unavailable(
                f"Cannot listen on 127.0.0.1:{port}. --port chooses another; 0 takes a free one."
            ) from None
        _out.print(f"Listening on [bold]{url}[/bold]. Ctrl+C ends it.")
        if receiver.secret is not None and not _signs_standard(receiver.secret):
            header = receiver.signature_header
            _out.print(
                f"The secret is no `whsec_…`: it verifies hex signatures, in {header}, and no others.", markup=False
            )
        await asyncio.Event().wait()


def _show(received: Received) -> None:
    colour = {True: "green", False: "red", None: "yellow"}[received.verified]
    _out.print(Text.assemble((f"● {received.how}", colour), f" → {received.status}  {clean(received.path)}"))
    for name, value in received.headers.items():
        if name.startswith(("webhook-", "x-", "content-type")):
            _out.print(clean(f"  {name}: {value}"), style="dim", highlight=False, markup=False)
    _out.print(clean(received.body.decode(errors="replace")[:_SHOWN_BODY]), highlight=False, markup=False)


def _seconds(text: str) -> float:
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise InvalidInput.of("--delay", f"must be a duration such as 250ms, 3s or 1m; got {text!r}")
    return float(match[1]) * _UNITS[match[2] or "s"]


def _secret(text: str | None) -> str | None:
    """Refuse what nothing was ever signed with; only a hex signature's secret may be any text."""
    if text is not None and not text.strip():
        raise InvalidInput.of("--secret", "must be the webhook's signing secret; it is empty")
    if text and text.startswith(_KEY_PREFIXES):
        raise InvalidInput.of(
            "--secret", "must be a signing secret, such as `whsec_…`; a `whpk_…` key is a --public-key"
        )
    if text and text.startswith("whsec_"):
        decode_secret(text, field="--secret")
    return text


def _signs_standard(secret: str) -> bool:
    """Tell whether a secret can have signed by Standard Webhooks."""
    try:
        decode_secret("whsec_" + secret.removeprefix("whsec_"))
    except InvalidInput:
        return False
    return True


def _keys(given: list[str]) -> list[str]:
    for key in given:
        try:
            key_bytes(key)
        except ValueError:
            raise InvalidInput.of("--public-key", f"must be `whpk_` and 32 bytes in base64; got {key!r}") from None
    return given


def _header(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    name, colon, value = text.partition(":")
    if not colon or not name.strip() or not value.strip():
        raise InvalidInput.of("--auth-header", "must be `Name: value`")
    return name.strip(), value.strip()
