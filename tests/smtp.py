"""A mail server of the tests' own: as much of SMTP as clients need, over TLS, by STARTTLS, or without."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from typing import Any


@dataclass
class SmtpServer:
    """Takes mails; `tls` is `implicit`, `starttls` or `none`. With a `login`, nobody mails without it."""

    tls: str = "none"
    context: ssl.SSLContext | None = None
    login: tuple[str, str] | None = None
    refuses: frozenset[str] = frozenset()
    says_no: bytes = b"550 5.1.1 no such person"
    mails: list[Any] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    sessions: int = 0

    @asynccontextmanager
    async def serve(self, port: int = 0) -> AsyncIterator[int]:
        """Listen and give the port."""
        context = self.context if self.tls == "implicit" else None
        server = await asyncio.start_server(self._session, "127.0.0.1", port, ssl=context)
        async with server:
            yield server.sockets[0].getsockname()[1]

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.sessions += 1
        try:
            writer.write(b"220 tests ESMTP\r\n")
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        secure, known = self.tls == "implicit", self.login is None
        by, to = "", []
        while line := (await reader.readline()).decode().rstrip("\r\n"):
            verb, _, rest = line.partition(" ")
            match verb.upper():
                case "EHLO":
                    offers = ["tests"]
                    offers += ["STARTTLS"] if self.tls == "starttls" and not secure else []
                    offers += ["AUTH PLAIN"] if self.login and (secure or self.tls == "none") else []
                    answer = "\r\n".join([f"250-{one}" for one in offers[:-1]] + [f"250 {offers[-1]}"])
                case "STARTTLS":
                    writer.write(b"220 go ahead\r\n")
                    await writer.start_tls(self.context)
                    secure, answer = True, ""
                case "AUTH":
                    known = base64.b64decode(rest.split()[1]).decode().split("\0")[1:] == list(self.login or ())
                    answer = "235 welcome" if known else f"535 5.7.8 no such login {rest.split()[1]}"
                case "MAIL":
                    by, to = rest.partition("<")[2].partition(">")[0], []
                    answer = "250 ok" if known else "530 5.7.0 authenticate first"
                case "RCPT":
                    address = rest.partition("<")[2].partition(">")[0]
                    answer = self.says_no.decode() if address in self.refuses else "250 ok"
                    to += [] if address in self.refuses else [address]
                case "DATA":
                    writer.write(b"354 go on\r\n")
                    text = (await reader.readuntil(b"\r\n.\r\n"))[:-3]
                    self.mails.append(message_from_bytes(text.replace(b"\r\n..", b"\r\n."), policy=policy.default))
                    self.envelopes.append((by, to))
                    answer = "250 taken"
                case "QUIT":
                    writer.write(b"221 bye\r\n")
                    return
                case _:
                    answer = "250 ok"
            writer.write(f"{answer}\r\n".encode() if answer else b"")
            await writer.drain()
