"""Alerts by e-mail, against a real SMTP server (E07)."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.errors import MessageError
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from rules.alerting import Topic
from rules.alerting_mail import MailServer, Recipients, sender
from server.mail import Postman
from server.mailing import Mailer
from store import access, alerts
from store.migrate import migrate
from store.session import Database
from tests.databases import url_for
from tests.faultlab import certificates
from tests.smtp import SmtpServer

pytestmark = pytest.mark.both_databases

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
SOON, LATER = NOW + timedelta(minutes=1), NOW + timedelta(minutes=6)
PASSWORD = "hunter2:/@"
QUOTED = "hunter2%3A%2F%40"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    made = Database(url_for(tmp_path))
    await migrate(made)
    async with made.write() as connection:
        for number in (1, 2):
            row = {"id": f"ws_{number}", "name": f"Workspace {number}", "created_at": NOW}
            await access.add_workspace(connection, row)
    yield made
    await made.close()


def mailer(
    database: Database, url: str, *, to: tuple[str, ...] = ("ops@example.com",), ca_file: Path | None = None
) -> Mailer:
    return Mailer(
        database,
        Postman(MailServer.parse(url), ca_file),
        by=sender("Hookwright <alerts@hooks.example>"),
        recipients=Recipients.parse(to),
        console="https://hooks.example",
    )


async def open_alert(
    database: Database, subject: str = "wh_1", *, workspace: str = "ws_1", name: str = "CRM sync", at: datetime = NOW
) -> str:
    alert = {
        "workspace_id": workspace,
        "topic": str(Topic.RATE),
        "subject_id": subject,
        "webhook_id": subject,
        "cause": "server_error",
        "details": {"webhook_name": name, "success_rate": 0.0, "attempts": 10},
    }
    async with database.write() as connection:
        row = await alerts.open_(connection, alert, at)
    assert row is not None
    return str(row["id"])


async def close(database: Database, alert_id: str, at: datetime) -> None:
    async with database.write() as connection:
        await alerts.close(connection, alert_id, at)


async def listed(database: Database) -> list[Any]:
    async with database.read() as connection:
        page = await alerts.page(connection, "ws_1", limit=100, offset=0)
    return [(row["mailed_at"], row["mail_due_at"], row["mail_attempts"]) for row in page.items]


@asynccontextmanager
async def plain(**more: Any) -> AsyncIterator[tuple[SmtpServer, str]]:
    server = SmtpServer(**more)
    async with server.serve() as port:
        yield server, f"smtp://127.0.0.1:{port}?starttls=never"


async def test_an_alert_is_mailed_once(database: Database):
    await open_alert(database)
    async with plain() as (server, url):
        assert await mailer(database, url).send_due(NOW) == 1
        assert await mailer(database, url).send_due(LATER) == 0
    [mail] = server.mails
    assert mail["To"] == "ops@example.com"
    assert mail["From"] == "Hookwright <alerts@hooks.example>"
    assert "“CRM sync” delivers only 0 %" in mail["Subject"]
    assert "https://hooks.example/#fix=wh_1" in mail.get_content()
    assert server.envelopes == [("alerts@hooks.example", ["ops@example.com"])]
    assert await listed(database) == [(NOW, None, 0)]


@pytest.mark.parametrize(("tls", "scheme"), [("implicit", "smtps"), ("starttls", "smtp")])
async def test_mails_go_over_tls_with_a_login(tmp_path: Path, database: Database, tls: str, scheme: str):
    await open_alert(database)
    server = SmtpServer(tls=tls, context=certificates.good(), login=("us@er", PASSWORD))
    async with server.serve() as port:
        url = f"{scheme}://us%40er:{QUOTED}@localhost:{port}"
        sent = await mailer(database, url, ca_file=certificates.write_authority(tmp_path)).send_due(NOW)
    assert (sent, len(server.mails)) == (1, 1)


async def test_a_server_that_nobody_vouches_for_gets_nothing(
    tmp_path: Path, database: Database, caplog: pytest.LogCaptureFixture
):
    await open_alert(database)
    server = SmtpServer(tls="starttls", context=certificates.untrusted(), login=("user", PASSWORD))
    async with server.serve() as port:
        url = f"smtp://user:{QUOTED}@localhost:{port}"
        assert await mailer(database, url, ca_file=certificates.write_authority(tmp_path)).send_due(NOW) == 0
    assert server.mails == []
    assert "certificate is not trusted" in caplog.text


async def test_without_starttls_neither_password_nor_mail_is_sent(database: Database, caplog: pytest.LogCaptureFixture):
    await open_alert(database)
    server = SmtpServer(login=("user", PASSWORD))
    async with server.serve() as port:
        assert await mailer(database, f"smtp://user:{QUOTED}@127.0.0.1:{port}").send_due(NOW) == 0
    assert server.mails == []
    assert "STARTTLS extension not supported" in caplog.text


async def test_a_wrong_password_is_said_in_the_log_without_it(database: Database, caplog: pytest.LogCaptureFixture):
    await open_alert(database)
    async with plain(login=("user", PASSWORD)) as (server, url):
        wrong = url.replace("smtp://", "smtp://user:wrong-secret@")
        with caplog.at_level(logging.DEBUG):
            assert await mailer(database, wrong).send_due(NOW) == 0
    assert server.mails == []
    assert "refused the user or the password of HOOKWRIGHT_SMTP_URL (535)" in caplog.text
    assert "wrong-secret" not in caplog.text
    assert "AHVzZXIAd3Jvbmctc2VjcmV0" not in caplog.text, "what the server repeats of the login"


async def test_a_server_that_was_down_gets_the_mail_once_when_it_is_back(database: Database):
    await open_alert(database)
    async with SmtpServer().serve() as port:
        pass
    url = f"smtp://127.0.0.1:{port}?starttls=never"
    assert await mailer(database, url).send_due(NOW) == 0
    assert await mailer(database, url).send_due(NOW) == 0, "it waits before it tries again"
    assert await listed(database) == [(None, NOW + timedelta(seconds=30), 1)]
    assert await mailer(database, url).send_due(NOW + timedelta(seconds=30)) == 0
    assert await listed(database) == [(None, NOW + timedelta(seconds=90), 2)]
    server = SmtpServer()
    async with server.serve(port):
        assert await mailer(database, url).send_due(NOW + timedelta(seconds=90)) == 1
        assert await mailer(database, url).send_due(NOW + timedelta(hours=1)) == 0
    assert len(server.mails) == 1


async def test_many_alerts_are_one_mail_and_the_next_waits_five_minutes(database: Database):
    for number in range(30):
        await open_alert(database, f"wh_{number}")
    await open_alert(database, workspace="ws_2")
    async with plain() as (server, url):
        assert await mailer(database, url).send_due(NOW) == 31
        await open_alert(database, "wh_new", at=SOON)
        assert await mailer(database, url).send_due(SOON) == 0
        assert await mailer(database, url).send_due(LATER) == 1
    first, second = server.mails
    assert first["Subject"] == "[Hookwright] 31 alerts: 31 open"
    assert "Workspace 2: " in first.get_content()
    assert "Workspace" not in second.get_content()


async def test_workspaces_with_addresses_of_their_own_are_told_apart(database: Database):
    await open_alert(database)
    await open_alert(database, workspace="ws_2")
    async with plain() as (server, url):
        to = ("ops@example.com", "ws_2=two@example.com")
        assert await mailer(database, url, to=to).send_due(NOW) == 2
    assert sorted(to for _, to in server.envelopes) == [["ops@example.com"], ["two@example.com"]]


async def test_what_nobody_is_to_be_told_is_forgotten(database: Database):
    await open_alert(database)
    async with plain() as (server, url):
        assert await mailer(database, url, to=("ws_2=two@example.com",)).send_due(NOW) == 0
    assert (server.sessions, await listed(database)) == (0, [(None, None, 0)])


async def test_that_it_is_over_is_mailed_if_the_beginning_was(database: Database):
    told = await open_alert(database)
    async with plain() as (server, url):
        await mailer(database, url).send_due(NOW)
        await close(database, told, SOON)
        untold = await open_alert(database, "wh_2", at=SOON)
        await close(database, untold, SOON)
        assert await mailer(database, url).send_due(LATER) == 2
    assert server.mails[1]["Subject"] == "[Hookwright] 2 alerts: 2 over"
    assert [mailed for mailed, *_ in await listed(database)] == [LATER, LATER]


async def test_what_ends_while_it_is_mailed_is_mailed_again(database: Database):
    ended = await open_alert(database)

    class Meanwhile(SmtpServer):
        async def _talk(self, reader: Any, writer: Any) -> None:
            await close(database, ended, SOON)
            await super()._talk(reader, writer)

    server = Meanwhile()
    async with server.serve() as port:
        url = f"smtp://127.0.0.1:{port}?starttls=never"
        assert await mailer(database, url).send_due(NOW) == 1
        assert await mailer(database, url).send_due(LATER) == 1
    assert "over at" in server.mails[1].get_content()


async def test_what_is_long_over_is_not_mailed(database: Database, caplog: pytest.LogCaptureFixture):
    await close(database, await open_alert(database), NOW)
    await open_alert(database, "wh_2")
    async with plain() as (server, url):
        assert await mailer(database, url).send_due(NOW + timedelta(hours=25)) == 1
    assert "1 alerts were not mailed" in caplog.text
    assert len(server.mails) == 1


async def test_a_mailer_that_died_leaves_its_mail_to_another(database: Database):
    await open_alert(database)

    class Dies(Postman):
        async def send(self, *_: Any, **__: Any) -> Any:
            raise KeyboardInterrupt

    async with plain() as (server, url):
        dying = Mailer(
            database,
            Dies(MailServer.parse(url)),
            by=sender("a@b.example"),
            recipients=Recipients(("ops@example.com",)),
            console="",
        )
        with pytest.raises(KeyboardInterrupt):
            await dying.send_due(NOW)
        assert await mailer(database, url).send_due(SOON) == 0, "another one has it"
        assert await mailer(database, url).send_due(NOW + timedelta(minutes=5)) == 1
    assert len(server.mails) == 1


async def test_some_recipients_are_refused(database: Database, caplog: pytest.LogCaptureFixture):
    await open_alert(database)
    async with plain(refuses=frozenset({"gone@example.com"})) as (server, url):
        assert await mailer(database, url, to=("gone@example.com", "ops@example.com")).send_due(NOW) == 1
    assert server.envelopes[0][1] == ["ops@example.com"]
    assert "refused 1 of 2 recipients" in caplog.text


async def test_all_recipients_are_refused(database: Database, caplog: pytest.LogCaptureFixture):
    await open_alert(database)
    async with plain(refuses=frozenset({"ops@example.com"}), says_no=b"550 no\tperson") as (server, url):
        assert await mailer(database, url).send_due(NOW) == 0
    assert server.mails == []
    assert "refused all recipients: 550 no person" in caplog.text


async def test_a_line_break_in_a_name_adds_no_header(database: Database):
    await open_alert(database, name="CRM\r\nBcc: evil@example.com\r\n\r\n.\r\nMAIL FROM:<evil@example.com>")
    async with plain() as (server, url):
        assert await mailer(database, url).send_due(NOW) == 1
    [mail] = server.mails
    assert mail["Bcc"] is None
    assert server.envelopes == [("alerts@hooks.example", ["ops@example.com"])]
    assert "CRM Bcc: evil@example.com . MAIL FROM:<evil@example.com>" in mail["Subject"]


async def test_an_encoded_word_in_a_name_adds_no_header(database: Database):
    await open_alert(
        database, name="CRM =?us-ascii?q?=0D=0ABcc:_evil@example.com?=" + "  =?us-ascii?q?=0AX-Evil:_1?=" * 2
    )
    async with plain() as (server, url):
        assert await mailer(database, url).send_due(NOW) == 1
    [mail] = server.mails
    assert mail["Bcc"] is None
    assert mail["X-Evil"] is None
    assert "CRM = ?us-ascii?q?=0D=0ABcc:_evil@example.com?=" in mail["Subject"]


async def test_a_mail_that_cannot_be_written_is_put_off(
    database: Database, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    await open_alert(database)

    def refuse(_message: EmailMessage, **_options: Any) -> bytes:
        raise MessageError("folded header contains newline")

    monkeypatch.setattr(EmailMessage, "as_bytes", refuse)
    async with plain() as (_server, url):
        assert await mailer(database, url).send_due(NOW) == 0
    assert "the mail cannot be written: MessageError" in caplog.text
