"""Mails about alerts: where they go, and that nobody's words become headers (E07)."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.alerting import Topic
from rules.alerting_mail import MailServer, Recipients, checked_address, compose, sender, wait_after

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
BY = sender("Hookwright <alerts@hooks.example>")


def alert(number: int = 1, **more: Any) -> dict[str, Any]:
    base = {"id": f"alr_{number}", "workspace_id": "ws_1", "workspace_name": "One", "topic": str(Topic.RATE)}
    details = {"webhook_name": "CRM sync", "success_rate": 0.0, "attempts": 10}
    times = {"opened_at": AT, "closed_at": None}
    return {**base, "webhook_id": "wh_1", "cause": "server_error", "details": details, **times, **more}


def parsed(*alerts: dict[str, Any]) -> Any:
    mail = compose(list(alerts), by=BY, to=["ops@example.com"], base="https://hooks.example", now=AT)
    return message_from_bytes(mail.as_bytes(), policy=policy.default)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example", MailServer("mail.example", 587, "starttls")),
        ("smtp://mail.example:25?starttls=never", MailServer("mail.example", 25, "none")),
        ("smtps://u%40x:p%3A%2F@mail.example", MailServer("mail.example", 465, "implicit", "u@x", "p:/")),
        ("smtp://u:p@[::1]:2525", MailServer("::1", 2525, "starttls", "u", "p")),
    ],
)
def test_a_mail_server_is_read_from_its_url(url: str, expected: MailServer):
    assert MailServer.parse(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        *("http://mail.example", "smtp://", "mail.example:25", "smtp://u@mail.example", "smtp://m.example/path"),
        *("smtp://m.example:99999", "smtp://m.example?starttls=maybe", "smtps://m.example?starttls=never"),
        *("smtp://m.example?x=1", "smtp://u:hunter2@m.example#x"),
    ],
)
def test_what_names_no_mail_server_is_refused_without_quoting_it(url: str):
    with pytest.raises(ValueError, match=r"\w") as caught:
        MailServer.parse(url)
    assert "hunter2" not in str(caught.value)
    assert "m.example/" not in str(caught.value)


def test_a_password_is_not_shown():
    assert "hunter2" not in repr(MailServer.parse("smtps://u:hunter2@m.example"))


def test_a_workspace_with_addresses_of_its_own_gets_only_these():
    recipients = Recipients.parse(["ops@example.com", "ws_1=a@example.com", "ws_1=b@example.com", "ops@example.com"])
    assert recipients.of("ws_1") == ("a@example.com", "b@example.com")
    assert recipients.of("ws_2") == ("ops@example.com",)
    assert Recipients().of("ws_2") == ()


@pytest.mark.parametrize("text", ["", "ops", "a@b\r\nBcc: x@y.z", "a b@c.d", "a@b@c", "<a@b.c>", "a@-b", "a@b.c\n"])
def test_what_is_no_address_is_refused(text: str):
    with pytest.raises(ValueError, match="not an e-mail address"):
        checked_address(text)


@given(text=st.text(max_size=300))
def test_no_name_becomes_a_header(text: str):
    hostile = f"x\r\nBcc: evil@example.com\r\n\r\n{text}"
    plain = parsed(alert())
    mail = parsed(alert(details={"webhook_name": hostile, "last_error": hostile}, workspace_name=hostile))
    assert mail.keys() == plain.keys()
    assert (mail["To"], mail["From"]) == (plain["To"], plain["From"])
    assert mail.defects == []


@given(
    parts=st.lists(
        st.sampled_from(
            [
                *("=?us-ascii?q?=0D=0ABcc:_x@evil.example?=", "=?utf-8?q?=0AX:_y?=", "=?us-ascii?q?=0AX:?="),
                *("=?utf-8?b?////?=", "=?unicode_escape?q?=5cud800?=", "==??", " ", "  ", "b" * 60, "ü"),
            ]
        ),
        max_size=8,
    )
)
def test_an_encoded_word_in_a_name_is_not_decoded(parts: list[str]):
    name = "".join(parts)
    mail = compose(
        [alert(details={"webhook_name": name})], by=BY, to=["ops@example.com"], base="https://hooks.example", now=AT
    )
    head = mail.as_bytes().partition(b"\r\n\r\n")[0]
    written = [line.partition(b":")[0].decode() for line in head.split(b"\n") if not line.startswith((b" ", b"\t"))]
    assert written == mail.keys()
    assert b"\r" not in head.replace(b"\r\n", b"")


def test_one_alert_is_named_in_the_subject_and_leads_to_fix_it():
    mail = parsed(alert())
    assert "“CRM sync” delivers only 0 %" in mail["Subject"]
    assert "Fix it: https://hooks.example/#fix=wh_1" in mail.get_content()
    assert mail["Auto-Submitted"] == "auto-generated"


def test_many_alerts_are_one_mail_with_the_open_and_worst_first():
    over = alert(1, closed_at=AT, topic=str(Topic.DISABLED))
    mail = parsed(over, alert(2), *[alert(n, topic=str(Topic.DISABLED)) for n in range(3, 80)])
    assert mail["Subject"] == "[Hookwright] 79 alerts: 78 open, 1 over"
    body = mail.get_content()
    assert body.startswith("“CRM sync” was disabled")
    assert "… and 29 more" in body


def test_the_same_alerts_have_the_same_message_id():
    assert parsed(alert(1), alert(2))["Message-ID"] == parsed(alert(2), alert(1))["Message-ID"]
    assert parsed(alert(1))["Message-ID"] != parsed(alert(1, closed_at=AT))["Message-ID"]


@given(attempts=st.integers(1, 10_000))
def test_waits_grow_to_a_quarter_of_an_hour(attempts: int):
    wait = wait_after(attempts)
    assert timedelta(seconds=30) <= wait <= timedelta(minutes=15)
    assert wait_after(attempts + 1) >= wait
