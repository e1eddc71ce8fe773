"""The command line in wrong hands: one line that says what is wrong, no trace, a code that is not zero."""

import subprocess
from pathlib import Path

import pytest

from server.commands import listening
from server.receiver import Received
from tests.processes import HOOKWRIGHT, environment, free_port


def run(home: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environ = environment(home, free_port(), "hwk_key_of_the_command_tests", **settings)
    return subprocess.run(
        [*HOOKWRIGHT, *arguments], env=environ, cwd=home, capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("HOOKWRIGHT_MASTER_KEY", "too-short-to-be-a-key"),
        ("HOOKWRIGHT_EGRESS_ALLOW", "not-a-network"),
        ("HOOKWRIGHT_EGRESS_PROXY", "garbage"),
        ("HOOKWRIGHT_EGRESS_CA_FILE", "/nowhere/ca.pem"),
        ("HOOKWRIGHT_DATABASE_URL", "sqlite:////proc/nowhere/x.db"),
        ("HOOKWRIGHT_HOST", "192.0.2.1"),
    ],
)
def test_bad_setting_is_one_line(tmp_path: Path, setting: str, value: str) -> None:
    done = run(tmp_path, "serve", **{setting: value})
    assert done.returncode in {1, 2}
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert "too-short-to-be-a-key" not in done.stderr


def test_error_text_is_not_markup(tmp_path: Path) -> None:
    run(tmp_path, "migrate")
    done = run(tmp_path, "keys", "revoke", "[/x]")
    assert done.returncode == 2
    assert "[/x]" in done.stderr
    assert "Traceback" not in done.stderr


def test_misspelt_setting_is_noticed(tmp_path: Path) -> None:
    done = run(tmp_path, "keys", "list", HOOKWRIGHT_EGRES_ALLOW="10.0.0.0/8")
    assert "did you mean HOOKWRIGHT_EGRESS_ALLOW" in done.stderr


def test_receiver_does_not_let_a_request_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show = listening._show  # noqa: SLF001 - what `listen` prints
    show(Received("/[/x]\x1b[2J", {"x-a": "\x1b]0;title\x07"}, b"\x1b[31mred [/y]", None, "nothing", 200))
    printed = capsys.readouterr().out
    assert "\x1b]" not in printed
    assert "\x1b[2J" not in printed
    assert "[31mred [/y]" in printed
