"""The console page and its static files."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from server.ui.assets import STYLESHEET, Asset, AssetPack

UI = Path(__file__).parent.parent / "ui"

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
}

SignedIn = Callable[[Request], Awaitable[bool]]


def console_router(signed_in: SignedIn) -> APIRouter:
    """Build the console's routes.

    Args:
        signed_in: Tells whether a request carries a session that is valid now.

    """
    router = APIRouter(include_in_schema=False)
    pack = AssetPack(UI / "static")
    page, signed_out = _pages(pack)

    @router.get("/")
    async def index(request: Request, accept_encoding: Annotated[str, Header()] = "") -> Response:
        asset = page if await signed_in(request) else signed_out
        return _respond(asset, accept_encoding, PAGE_HEADERS | {"Cache-Control": "no-store"})

    @router.get("/static/{version}/{name}")
    async def static(version: str, name: str, accept_encoding: Annotated[str, Header()] = "") -> Response:
        asset = pack.files.get(name)
        if asset is None:
            return Response(status_code=404)
        # A page opened before an upgrade may still ask for its old version: answer, but let nobody keep it.
        caching = "public, max-age=31536000, immutable" if version == pack.version else "no-store"
        return _respond(asset, accept_encoding, {"Cache-Control": caching, "X-Content-Type-Options": "nosniff"})

    return router


def _pages(pack: AssetPack) -> tuple[Asset, Asset]:
    """Render both pages once: nothing in them depends on who asks, everything else comes over the API."""
    templates = Environment(loader=FileSystemLoader(UI / "templates"), autoescape=True, undefined=StrictUndefined)
    facts = {"base": f"/static/{pack.version}", "modules": pack.modules_of("app.js"), "stylesheet": STYLESHEET}
    page, signed_out = (
        templates.get_template(name).render(facts).encode() for name in ("console.html", "signed_out.html")
    )
    return Asset.of(page, "text/html; charset=utf-8"), Asset.of(signed_out, "text/html; charset=utf-8")


def _respond(asset: Asset, accept_encoding: str, headers: dict[str, str]) -> Response:
    packed = "gzip" in accept_encoding.lower()
    encoding = {"Content-Encoding": "gzip"} if packed else {}
    body = asset.packed if packed else asset.body
    return Response(body, media_type=asset.media_type, headers=headers | encoding | {"Vary": "Accept-Encoding"})
