"""The console's files, read once: hashed into a version, compressed in advance."""

import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_LEVEL = 9
_STATIC_IMPORT = re.compile(rb'from "\./([\w.]+)"')
# Only comments that fill their lines: nothing inside a line is looked at, so no string can be mistaken for one.
_COMMENT = re.compile(rb"^ *(?:/\*\*?(?:(?!\*/).)*\*/|//[^\n]*)$", re.MULTILINE | re.DOTALL)
# No text of ours spans lines, so what begins a line is layout.
_INDENT = re.compile(rb"^ +", re.MULTILINE)
STYLESHEET = "console.css"
# a_base.css, b_controls.css, …: what every page needs. Other style sheets belong to the pages that name them.
_SHARED_SHEET = re.compile(r"[a-z]_\w+\.css")


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it goes over the wire: `body` as written, `packed` gzipped."""

    body: bytes
    packed: bytes
    media_type: str

    @classmethod
    def of(cls, body: bytes, media_type: str) -> "Asset":
        """Compress a body once, so that no request pays for it."""
        return cls(body, gzip.compress(body, _LEVEL, mtime=0), media_type)


class AssetPack:
    """Every static file of one folder, under one version that changes when any of them does.

    The version is part of the path (`/static/<version>/app.js`), so a browser may keep a file for ever and relative
    imports between modules stay inside the same version.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def files(self) -> dict[str, Asset]:
        """The files by name; the style sheets that every page needs all of are one file in their order."""
        paths = sorted(path for path in self._folder.iterdir() if path.suffix in _MEDIA_TYPES)
        shared = [path for path in paths if _SHARED_SHEET.fullmatch(path.name)]
        bodies = {path.name: path.read_bytes() for path in paths if path not in shared}
        bodies[STYLESHEET] = b"".join(path.read_bytes() for path in shared)
        return {
            name: Asset.of(_INDENT.sub(b"", _without_comments(body)), _MEDIA_TYPES[Path(name).suffix])
            for name, body in bodies.items()
        }

    @cached_property
    def version(self) -> str:
        """Twelve hexadecimal digits over all names and bodies."""
        digest = hashlib.sha256()
        for name, asset in self.files.items():
            digest.update(name.encode() + b"\0" + asset.body + b"\0")
        return digest.hexdigest()[:12]

    def modules_of(self, name: str) -> list[str]:
        """List a module and everything that it imports before it can run, so that a page can ask for all at once."""
        found, waiting = [name], [name]
        while waiting:
            for match in _STATIC_IMPORT.findall(self.files[waiting.pop()].body):
                if (imported := match.decode()) not in found:
                    found.append(imported)
                    waiting.append(imported)
        return sorted(found)


def _without_comments(body: bytes) -> bytes:
    """Leave out what only readers of the source need, a fifth of the bytes; line numbers stay as they are."""
    return _COMMENT.sub(lambda match: b"\n" * match[0].count(b"\n"), body)
