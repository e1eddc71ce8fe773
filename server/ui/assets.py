"""The console's files, read once: hashed into a version, compressed in advance."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_LEVEL = 9


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
        """The files by name; only types that a page may load."""
        paths = sorted(path for path in self._folder.iterdir() if path.suffix in _MEDIA_TYPES)
        return {path.name: Asset.of(path.read_bytes(), _MEDIA_TYPES[path.suffix]) for path in paths}

    @cached_property
    def version(self) -> str:
        """Twelve hexadecimal digits over all names and bodies."""
        digest = hashlib.sha256()
        for name, asset in self.files.items():
            digest.update(name.encode() + b"\0" + asset.body + b"\0")
        return digest.hexdigest()[:12]

    def named(self, suffix: str) -> list[str]:
        """List the names that end in `suffix`, in order."""
        return [name for name in self.files if name.endswith(suffix)]
