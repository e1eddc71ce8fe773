"""Disks that run full, for real: a small file system where one may be mounted, else a limit of the process.

Root may mount in most places, but not in every container. Without that, the server's own limit on the size of files
(RLIMIT_FSIZE, changed while it runs) makes the system refuse its writes with EFBIG, as a quota would.
"""

import contextlib
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

_MEGABYTES = 16
_CHUNK = b"\0" * 65_536


class Disk(Protocol):
    """A place for a server's home: `fill` leaves it no room, `free` gives it back."""

    folder: Path

    def fill(self, pid: int) -> None: ...

    def free(self, pid: int) -> None: ...


class SmallFileSystem:
    """A file system of 16 MB, which something else fills up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self, _pid: int) -> None:
        with self._ballast.open("ab", buffering=0) as ballast, contextlib.suppress(OSError):
            while ballast.write(_CHUNK):
                pass

    def free(self, _pid: int) -> None:
        self._ballast.unlink()


class SizeLimit:
    """A process that may not make its files any larger."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, pid: int) -> None:
        largest = max(file.stat().st_size for file in self.folder.glob("hookwright.db*"))
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))

    def free(self, pid: int) -> None:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """Mount a small file system at `folder` until the block ends, or limit the server's files where that is refused."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_MEGABYTES}m,mode=0700", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        yield SizeLimit(folder)
        return
    try:
        yield SmallFileSystem(folder)
    finally:
        subprocess.run(["umount", str(folder)], check=True)
