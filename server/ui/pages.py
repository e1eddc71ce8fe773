"""The console's pages, rendered once: nothing in them depends on who asks, everything else comes over the API."""

from pathlib import Path
from typing import Any

from fastapi import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from server.ui.assets import STYLESHEET, Asset, AssetPack

UI = Path(__file__).parent

# Scripts and styles come only from our own files, and no string ever becomes markup or code: `trusted-types 'none'`
# makes the browser refuse innerHTML and its kin even if a later change used them by mistake.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
PAGE_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


class Pages:
    """Templates turned into pages that load their files from one pack."""

    def __init__(self, pack: AssetPack) -> None:
        self._pack = pack
        self._templates = Environment(
            loader=FileSystemLoader(UI / "templates"), autoescape=True, undefined=StrictUndefined
        )

    def render(self, name: str, entry: str | None = None, **facts: Any) -> Asset:
        """Render a template; its page starts with the module `entry`, when it has one."""
        modules = self._pack.modules_of(entry) if entry else []
        own = {"base": f"/static/{self._pack.version}", "stylesheet": STYLESHEET, "entry": entry, "modules": modules}
        return Asset.of(
            self._templates.get_template(name).render(own | facts).encode(), media_type="text/html; charset=utf-8"
        )


def respond(asset: Asset, accept_encoding: str, headers: dict[str, str], status: int = 200) -> Response:
    """Answer with an asset, compressed for whoever takes that."""
    packed = "gzip" in accept_encoding.lower()
    encoding = {"Content-Encoding": "gzip"} if packed else {}
    body = asset.packed if packed else asset.body
    all_headers = headers | encoding | {"Vary": "Accept-Encoding"}
    return Response(body, status, all_headers, media_type=asset.media_type)
