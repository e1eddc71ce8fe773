"""The path of a curl command's URL as a template: ids become parameters, and so does what was marked."""

import re
from typing import Final
from urllib.parse import quote, unquote

from integrations.importers.credentials import known_value, looks_key
from integrations.importers.draft import DraftBuilder
from integrations.importers.examples import described
from integrations.importers.identifiers import find_identifier, noun_of
from integrations.importers.placeholders import Hole, join, literal, split_segment
from rules.typed_secrets import HIDDEN

_SAFE: Final = "%/:;=,?@!$&'()*+~[]{}<>|^`\"\\"
# Addresses that let in whoever knows them: incoming webhooks of chats and the like.
_HOOKS: Final = frozenset({"services", "webhooks", "webhook", "hooks", "hook", "catch"})
_HOOK_TOKEN: Final = re.compile(r"(?=[\w-]*[0-9])(?=[\w-]*[A-Za-z])[\w-]{20,200}|X{16,}", re.ASCII)
_BOT_TOKEN: Final = re.compile(r"(bot)([0-9]+:[\w-]{20,100})", re.ASCII)


def path_template(path: str, builder: DraftBuilder, *, marked: bool) -> str:
    """Write a path as a template and collect its variables; `marked`: only what the writer marked varies."""
    written, before = [], ""
    segments = path.split("/")
    hook = _is_hook(segments)
    for place, segment in enumerate(segments):
        last = place == len(segments) - 1
        secret = _secret(segment, builder, token=hook and last)
        written.append(secret or _segment(segment, before, builder, marked=marked or hook))
        before = segment if noun_of(unquote(segment)) else before
    return "/".join(written)


def path_segments(path: str) -> list[str | None]:
    """Return a path's constant segments, decoded, and None for those that vary or let somebody in."""
    found: list[str | None] = []
    begun = inside = False
    segments = path.strip("/").split("/")
    hook = _is_hook(segments)
    for segment in segments:
        decoded = unquote(segment)
        varies = any(isinstance(piece, Hole) for piece in split_segment(segment))
        varies = varies or find_identifier(decoded, first=not begun) is not None
        varies = varies or _lets_in(decoded) or inside
        inside = inside or (hook and decoded.lower() in _HOOKS)
        found.append(None if varies else re.sub(r"\.(?:json|xml|php|aspx?)$", "", decoded))
        begun = begun or (not varies and noun_of(decoded) != "")
    return found if path.strip("/") else []


def encoded(text: str) -> str:
    """Percent-encode what no URL can hold, and leave the rest as it was written."""
    return quote(text, safe=_SAFE)


def _segment(segment: str, before: str, builder: DraftBuilder, *, marked: bool) -> str:
    pieces = split_segment(segment)
    if any(isinstance(piece, Hole) for piece in pieces):
        return encoded(builder.filled(pieces))
    found = None if marked else find_identifier(unquote(segment), first=not before)
    if found is None:
        return encoded(literal(segment))
    name = found.name_after(unquote(before))
    schema: dict[str, str] = {"type": "string"}
    if found.format:
        schema["format"] = found.format
    schema |= described(name, "" if found.kind == "email" else found.text)
    return join([Hole(builder.parameter(name, schema)), found.ending])


def _is_hook(segments: list[str]) -> bool:
    token = segments[-1] == HIDDEN or _HOOK_TOKEN.fullmatch(segments[-1]) is not None
    return token and any(segment.lower() in _HOOKS for segment in segments[:-1])


def _secret(segment: str, builder: DraftBuilder, *, token: bool) -> str:
    decoded = unquote(segment)
    if bot := _BOT_TOKEN.fullmatch(decoded):
        return join([bot[1], Hole(builder.secret("bot_token", bot[2]))])
    if token or _lets_in(decoded):
        builder.note("A part of the path lets in whoever knows it, so it became a secret.")
        return join([Hole(builder.secret("path_token", known_value(decoded)))])
    return ""


def _lets_in(segment: str) -> bool:
    return segment == HIDDEN or _BOT_TOKEN.fullmatch(segment) is not None or looks_key("id", segment)
