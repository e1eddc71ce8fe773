"""Commands on the store: they find the server's, or say where they looked; they never make another one by mistake."""

import os
import subprocess
from pathlib import Path

import pytest

from server.commands.options import finding
from server.version import VERSION
from tests.processes import HOOKWRIGHT, environment, free_port, server_process

ROOT = Path(__file__).parents[2]


def run(folder: Path, *arguments: str, typed: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **settings}
    return subprocess.run(
        [*HOOKWRIGHT, *arguments],
        env=environ,
        cwd=folder,
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "command", [("console-link",), ("keys", "create", "ci"), ("keys", "list"), ("keys", "revoke", "key_1"), ("chat",)]
)
def test_where_there_is_no_store_none_is_made(tmp_path: Path, command: tuple[str, ...]):
    done = run(tmp_path, *command)
    assert done.returncode == 2
    assert f"There is no store at {tmp_path / '.hookwright' / 'hookwright.db'}." in done.stderr
    assert "HOOKWRIGHT_HOME" in done.stderr
    assert "HOOKWRIGHT_DATABASE_URL" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_home_holds_the_database(tmp_path: Path):
    home = tmp_path / "elsewhere"
    assert run(tmp_path, "migrate", HOOKWRIGHT_HOME=str(home)).returncode == 0
    assert (home / "hookwright.db").exists()
    assert not (tmp_path / ".hookwright").exists()
    assert run(tmp_path, "keys", "create", "ci", HOOKWRIGHT_HOME=str(home)).stdout.startswith("hwk_")


def test_console_link_names_the_address_of_the_server(tmp_path: Path):
    run(tmp_path, "migrate")
    for arguments, settings, start in (
        ((), {}, "http://127.0.0.1:8080/login?token="),
        (("--port", "9191"), {}, "http://127.0.0.1:9191/login?token="),
        ((), {"HOOKWRIGHT_PORT": "9292", "HOOKWRIGHT_HOST": "::1"}, "http://[::1]:9292/login?token="),
        ((), {"HOOKWRIGHT_PUBLIC_URL": "https://hooks.example.com/"}, "https://hooks.example.com/login?token="),
    ):
        assert run(tmp_path, "console-link", *arguments, **settings).stdout.startswith(start)


def test_console_link_and_chat_ask_for_the_server_and_not_where_to_listen(tmp_path: Path):
    for command in ("console-link", "chat"):
        shown = run(tmp_path, command, "--help", COLUMNS="200").stdout
        assert "--port" in shown
        assert "Port of the server" in shown
        assert "listen" not in shown


def test_chat_says_which_port_it_tried(tmp_path: Path):
    run(tmp_path, "migrate")
    port = free_port()
    done = run(tmp_path, "chat", "--port", str(port), typed="hello\n")
    assert done.returncode == 2
    assert f"No server answers at http://127.0.0.1:{port}" in done.stderr
    assert "--port" in done.stderr


def test_chat_with_a_server_elsewhere_asks_for_a_key(tmp_path: Path):
    done = run(tmp_path, "chat", "--url", "http://127.0.0.1:9")
    assert done.returncode == 2
    assert "--key" in done.stderr
    assert "HOOKWRIGHT_API_KEY" in done.stderr
    assert "keys create" in done.stderr
    assert "There is no store" not in done.stderr


@pytest.mark.parametrize("url", ["foo", "foo:8080", "ftp://example.com", "http://", "http://a:b", "http://[::1"])
def test_chat_says_that_a_url_is_none(tmp_path: Path, url: str):
    done = run(tmp_path, "chat", "--url", url, "--key", "hwk_some-key-of-it")
    assert done.returncode == 2
    assert f"--url: must be the server's URL, such as http://127.0.0.1:8080; got {url!r}" in done.stderr


def test_version_is_said(tmp_path: Path):
    done = run(tmp_path, "--version")
    assert (done.returncode, done.stdout) == (0, f"hookwright {VERSION}\n")


@pytest.mark.parametrize(
    ("host", "port", "options"),
    [
        (None, None, ""),
        (None, 18080, " --port 18080"),
        ("::1", 9, " --host ::1 --port 9"),
        ("0.0.0.0", None, ""),
    ],
)
def test_commands_find_a_server_by_what_it_was_started_with(host: str | None, port: int | None, options: str):
    assert finding(host, port) == options


async def test_serve_names_a_command_that_finds_it(tmp_path: Path):
    port, log = free_port(), tmp_path / "log"
    environ = environment(tmp_path, port, "hwk_a-key-of-the-tests")
    async with server_process(environ, log, "--port", str(port)):
        assert f"`hookwright console-link --port {port}` prints a link" in log.read_text()


@pytest.mark.parametrize("name", ["", "  "])
def test_a_key_without_a_name_is_refused(tmp_path: Path, name: str):
    run(tmp_path, "migrate")
    done = run(tmp_path, "keys", "create", name)
    assert done.returncode == 2
    assert "NAME: must say what the key is for" in done.stderr
    assert len(run(tmp_path, "keys", "list").stdout.splitlines()) == 1
