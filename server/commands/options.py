"""Options that several commands share, what they mean for another command, and the settings with them in place."""

from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from rules.errors import InvalidInput
from server.settings import Settings, read_settings

HostOption = Annotated[str | None, typer.Option(help="Address to listen on (HOOKWRIGHT_HOST).")]
PortOption = Annotated[int | None, typer.Option(help="Port to listen on (HOOKWRIGHT_PORT).", min=0, max=65535)]

ServerHostOption = Annotated[str | None, typer.Option(help="Address of the server (HOOKWRIGHT_HOST).")]
ServerPortOption = Annotated[int | None, typer.Option(help="Port of the server (HOOKWRIGHT_PORT).", min=1, max=65535)]
_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - recognised, not bound: nobody is reached at it by name


def finding(host: str | None, port: int | None) -> str:
    """Return the options by which other commands find a server that was started with these, a space before each."""
    given = {"host": None if host in _EVERYWHERE else host, "port": port}
    return "".join(f" --{name} {value}" for name, value in given.items() if value)


def checked_url(url: str) -> str:
    """Return the URL of a server; raises InvalidInput when it is none."""
    try:
        parts = urlsplit(url)
        if parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0:
            return url
    except ValueError:
        pass
    raise InvalidInput.of("--url", f"must be the server's URL, such as http://127.0.0.1:8080; got {url!r}")


def settings_with(**given: Any) -> Settings:
    """Read the settings, with the options that were given in place of them; raises InvalidInput."""
    return read_settings(**{name: value for name, value in given.items() if value is not None})
