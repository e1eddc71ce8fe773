"""Processes of a measurement: how they are started and stopped, and the CPU seconds that they have used (Linux)."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import bench

_TICKS = os.sysconf("SC_CLK_TCK")
_PATIENCE_SECONDS = 60
_LEAVE_SECONDS = 20
_ROOT = Path(bench.__path__[0]).parent
_HOOKWRIGHT = [sys.executable, "-c", "from server.cli import main; main()"]


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the CPU seconds, user and system, that some processes have used; those that are gone count nothing."""
    total = 0
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / _TICKS


def machine_cpu_seconds() -> float:
    """Return the CPU seconds that everything on this machine has used."""
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / _TICKS


def memory_bytes(pid: int) -> int:
    """Return the resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextlib.contextmanager
def hookwright(words: list[str], environ: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `hookwright` with some words; it is asked to stop at the end, and killed if it does not."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*_HOOKWRIGHT, *words],
            env={**kept, **environ, "PYTHONPATH": str(_ROOT)},
            cwd=log.parent,
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def receiver() -> Iterator[tuple[str, int]]:
    """Run `bench/sink.py` and give its URL and process id."""
    process = subprocess.Popen([sys.executable, _ROOT / "bench" / "sink.py"], stdout=subprocess.PIPE, text=True)
    try:
        port = process.stdout.readline().strip() if process.stdout else ""
        yield f"http://127.0.0.1:{port}/hook", process.pid
    finally:
        process.terminate()
        process.wait()


def wait_for(words: str, log: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until a log has some words; raises RuntimeError when its process ends, or has not said them in a minute."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while words not in (text := log.read_text() if log.exists() else ""):
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"it did not start: {text[-500:]}")
        time.sleep(0.05)
