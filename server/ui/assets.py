"""The console's files, read once: joined where every page needs them, hashed into a version, compressed in advance."""

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
_STATIC_IMPORT = re.compile(rb'^import \{[^}]*\} from "\./([\w.]+)";$', re.MULTILINE)
# Only comments that fill their lines: nothing inside a line is looked at, so no string can be mistaken for one.
_COMMENT = re.compile(rb"^ *(?:/\*\*?(?:(?!\*/).)*\*/|//[^\n]*)$", re.MULTILINE | re.DOTALL)
# No text of ours spans lines, so what begins a line is layout.
_INDENT = re.compile(rb"^ +", re.MULTILINE)
STYLESHEET = "console.css"
# a_base.css, b_controls.css, …: what every page needs. Other style sheets belong to the pages that name them.
_SHARED_SHEET = re.compile(r"[a-z]_\w+\.css")
# What the first page's module needs before it can run is one file: a request costs more than the bytes in it.
FIRST_MODULE = "app.js"
SHARED_MODULE = "shared.js"


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
        """The files by name, with the style sheets and the modules that belong together as one file each."""
        paths = sorted(path for path in self._folder.iterdir() if path.suffix in _MEDIA_TYPES)
        bodies = {path.name: _INDENT.sub(b"", _without_comments(path.read_bytes())) for path in paths}
        joined = _join_modules(_join_sheets(bodies))
        return {name: Asset.of(body, _MEDIA_TYPES[Path(name).suffix]) for name, body in joined.items()}

    @cached_property
    def version(self) -> str:
        """Twelve hexadecimal digits over all names and bodies."""
        digest = hashlib.sha256()
        for name, asset in self.files.items():
            digest.update(name.encode() + b"\0" + asset.body + b"\0")
        return digest.hexdigest()[:12]

    def modules_of(self, name: str) -> list[str]:
        """List a module and everything that it imports before it can run, so that a page can ask for all at once."""
        return _imports_first({file: asset.body for file, asset in self.files.items()}, name)


def _join_sheets(bodies: dict[str, bytes]) -> dict[str, bytes]:
    """Make one sheet of those that every page needs all of, in their order."""
    shared = [name for name in bodies if _SHARED_SHEET.fullmatch(name)]
    rest = {name: body for name, body in bodies.items() if name not in shared}
    return rest | {STYLESHEET: b"".join(bodies[name] for name in shared)}


def _join_modules(bodies: dict[str, bytes]) -> dict[str, bytes]:
    """Make one module of those that the first page's imports; whoever imports one of them gets that module.

    They share one scope, so no two may use the same name at their top: a browser refuses such a module as a whole.
    Each begins with its name, and its own line numbers count from there.
    """
    shared = _imports_first(bodies, FIRST_MODULE)[:-1]
    parts = [b"// %s\n%s" % (name.encode(), _without_imports(bodies[name], set(shared))) for name in shared]
    rest = {name: _redirected(body, set(shared)) for name, body in bodies.items() if name not in shared}
    return rest | {SHARED_MODULE: b"".join(parts)}


def _without_imports(body: bytes, shared: set[str]) -> bytes:
    """Leave out imports of what is in the same file; the first page's module itself is not."""
    return _STATIC_IMPORT.sub(lambda found: b"" if found[1].decode() in shared else found[0], body)


def _redirected(body: bytes, shared: set[str]) -> bytes:
    """Import from the joined module what has become a part of it."""
    return _STATIC_IMPORT.sub(
        lambda found: found[0].replace(found[1], SHARED_MODULE.encode()) if found[1].decode() in shared else found[0],
        body,
    )


def _imports_first(bodies: dict[str, bytes], name: str) -> list[str]:
    """List a module after everything that it imports; where modules import each other, the first reached is last."""
    order: list[str] = []
    seen: set[str] = set()

    def visit(module: str) -> None:
        seen.add(module)
        for imported in _STATIC_IMPORT.findall(bodies[module]):
            if imported.decode() not in seen:
                visit(imported.decode())
        order.append(module)

    visit(name)
    return order


def _without_comments(body: bytes) -> bytes:
    """Leave out what only readers of the source need, a fifth of the bytes; line numbers stay as they are."""
    return _COMMENT.sub(lambda match: b"\n" * match[0].count(b"\n"), body)
