"""Handing one mail over to an SMTP server."""

import asyncio
import contextlib
import smtplib
import ssl
import threading
from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from rules.alerting_mail import MailServer
from rules.alerting_words import one_line

_TIMEOUT_SECONDS = 20


class MailRefused(Exception):
    """A mail could not be handed over. Its words name no password."""


class Postman:
    """Hands mails over, one connection each.

    Args:
        server: Where.
        ca_file: PEM file of further certificate authorities to trust.

    """

    def __init__(self, server: MailServer, ca_file: Path | None = None) -> None:
        self._server = server
        self._tls = ssl.create_default_context()
        if ca_file is not None:
            self._tls.load_verify_locations(ca_file)

    async def send(self, message: EmailMessage, *, by: str, to: Sequence[str]) -> Sequence[str]:
        """Hand a mail over for some addresses; returns those that were refused while others were not.

        Raises MailRefused when it was handed over for nobody.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Sequence[str]] = loop.create_future()

        def deliver() -> None:
            refused: Sequence[str] = ()
            failed: MailRefused | None = None
            try:
                refused = self._deliver(message, by, to)
            except (smtplib.SMTPException, OSError) as error:
                failed = MailRefused(self._words(error))
            except Exception as error:  # noqa: BLE001 - whoever waits hears of it, and does not wait for ever
                failed = MailRefused(f"the mail cannot be written: {type(error).__name__}")
            with contextlib.suppress(RuntimeError):  # the process has ended without us
                loop.call_soon_threadsafe(_settle, done, refused, failed)

        # A thread of its own, and not an executor's: a mail server that hangs does not keep the process from ending.
        threading.Thread(target=deliver, name="mail", daemon=True).start()
        return await done

    def _deliver(self, message: EmailMessage, by: str, to: Sequence[str]) -> Sequence[str]:
        with self._connected(by.rpartition("@")[2]) as smtp:
            if self._server.tls == "starttls":
                smtp.starttls(context=self._tls)
            if self._server.user is not None and self._server.password is not None:
                smtp.login(self._server.user, self._server.password)
            return sorted(smtp.sendmail(by, to, message.as_bytes(policy=SMTP)))

    def _connected(self, name: str) -> smtplib.SMTP:
        place = (self._server.host, self._server.port)
        if self._server.tls == "implicit":
            return smtplib.SMTP_SSL(*place, local_hostname=name, timeout=_TIMEOUT_SECONDS, context=self._tls)
        return smtplib.SMTP(*place, local_hostname=name, timeout=_TIMEOUT_SECONDS)

    def _words(self, error: Exception) -> str:
        """Say what went wrong; of what the server says of a login, nothing but its number."""
        match error:
            case smtplib.SMTPAuthenticationError():
                return f"the mail server refused the user or the password of HOOKWRIGHT_SMTP_URL ({error.smtp_code})"
            case smtplib.SMTPNotSupportedError():
                return f"the mail server lacks something: {self._line(error)}"
            case smtplib.SMTPRecipientsRefused():
                first = next(iter(error.recipients.values()), (0, b""))
                return f"the mail server refused all recipients: {first[0]} {self._line(_text(first[1]))}"
            case smtplib.SMTPResponseException():
                return f"the mail server answered {error.smtp_code} {self._line(_text(error.smtp_error))}"
            case ssl.SSLCertVerificationError():
                return f"the mail server's certificate is not trusted: {self._line(error.verify_message)}"
            case _:
                return f"the mail server cannot be reached: {self._line(error) or type(error).__name__}"

    def _line(self, words: object) -> str:
        text = str(words)
        if self._server.password:
            text = text.replace(self._server.password, "***")
        return one_line(text, 200)


def _settle(done: "asyncio.Future[Sequence[str]]", refused: Sequence[str], failed: MailRefused | None) -> None:
    if done.done():
        return
    if failed is None:
        done.set_result(refused)
    else:
        done.set_exception(failed)


def _text(words: bytes | str) -> str:
    return words.decode(errors="replace") if isinstance(words, bytes) else words
