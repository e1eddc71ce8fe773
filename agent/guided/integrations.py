"""Integrations: whole messages about customers' assistants, their API calls and secrets.

Only a message that is nothing but such a request is read here: what is negated, asked about or said along with more
matches none of the forms, and goes the way of all other messages.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from agent.guided.lexicon import table
from agent.guided.memory import Memory

_OTHER_IDS = re.compile(r"(?:wh|dlv|evt|chg|psp|cht)_\w+")
_PATTERN_PARTS = ("noun", "name", "of")


@dataclass(frozen=True, slots=True)
class Wish:
    """One request: its kind (`show`, `test`, `import` …), the names in it, and the rest of what was said.

    `plain` tells that the message says itself that an API call is meant ("the get_order call"). `given` are arguments
    that were said before.
    """

    kind: str
    name: str = ""
    of: str = ""
    rest: str = ""
    text: str = ""
    how: str = ""
    plain: bool = False
    given: Mapping[str, Any] = field(default_factory=dict)


def read(text: str, memory: Memory) -> Wish | None:
    """Read a message that is wholly about integrations; None when it is not."""
    return _import(text) or _short(" ".join(text.split()), memory)


def mentions_call(text: str, memory: Memory) -> bool:
    """Tell whether a message speaks of an API call, so that what it asks for is not about a webhook."""
    said = text.casefold()
    if re.search(r"\bapi calls?\b|\b[a-z0-9]+_\w+ (?:calls?|trigger)\b", said):
        return True
    names = {str(row.get("name") or "").casefold() for row in memory.triggers.values()}
    return any(name and re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", said) for name in names)


def points_at_call(text: str, memory: Memory) -> bool:
    """Tell whether "it" means the API call that was spoken of last."""
    pronouns = "|".join(table("integrations")["never"]["pronouns"])
    return bool(memory.trigger) and re.search(rf"\b(?:{pronouns})\b", text.casefold()) is not None


def _import(text: str) -> Wish | None:
    parts = table("integrations")["import"]
    lead = table("integrations")["lead"]
    for kind in ("curl", "openapi"):
        found = _compiled(f"{lead}{parts['intro']}(?P<text>{parts[kind]})", dotted=True).fullmatch(text.strip())
        if found and not _says(text, "taken_back"):
            of = (found["of"] or found["bare"] or "").strip()
            return Wish(f"import_{kind}", of=of, text=found["text"].strip("` \n"))
    return None


def _short(text: str, memory: Memory) -> Wish | None:
    asked = text.endswith("?")
    bare = text.rstrip(" .!?")
    for group in ("reads", "acts"):
        for kind, found in _matches(bare, group):
            if group == "acts" and asked and not _asks_politely(bare):
                return None
            wish = _wish(kind, found.groupdict(), bare)
            if group == "acts" and _is_doubtful(wish, text):
                return None
            if _names_something(wish, memory):
                return wish
    return None


def _matches(text: str, group: str) -> Iterator[tuple[str, re.Match[str]]]:
    entries = table("integrations")
    parts = {part: str(entries[part]) for part in _PATTERN_PARTS}
    for kind, forms in entries[group].items():
        for form in forms:
            for part in _PATTERN_PARTS:
                form = form.replace(f"{{{part}}}", parts[part])  # noqa: PLW2901 - filled in piece by piece
            found = _compiled(f"{entries['lead']}{form}{entries['tail']}").fullmatch(text)
            if found:
                yield kind, found


@cache
def _compiled(pattern: str, *, dotted: bool = False) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | (re.DOTALL if dotted else re.NOFLAG))


def _is_doubtful(wish: Wish, text: str) -> bool:
    """Tell whether a wish is taken back or put off; what a description or directive says is not about the wish."""
    free = wish.kind in {"description", "directive", "secret"}
    return _says(text, "taken_back") or (not free and _says(f"{wish.rest} {wish.of}", "put_off"))


def _says(text: str, doubt: str) -> bool:
    outside = re.sub(r"\"[^\"]*\"|“[^”]*”", "", text)
    return _compiled(str(table("integrations")["doubt"][doubt])).search(outside.strip()) is not None


def _asks_politely(text: str) -> bool:
    return re.match(table("integrations")["asking"], text, re.IGNORECASE) is not None


def _wish(kind: str, found: Mapping[str, Any], text: str) -> Wish:
    name = found.get("name") or (found.get("secret") or "").removeprefix("$")
    after = text.partition(name)[2].lstrip("\"”'`") if name else ""
    noun = re.match(rf" {table('integrations')['noun']}\b", after, re.IGNORECASE)
    return Wish(
        kind,
        name=name,
        of=(found.get("of") or "").strip(),
        rest=(found.get("rest") or "").strip(),
        how=(found.get("how") or "").lower(),
        plain=noun is not None and not noun[0].casefold().strip().startswith("integration"),
    )


def _names_something(wish: Wish, memory: Memory) -> bool:
    """Tell whether the name in a request can be a trigger's or a secret's, not a webhook's or just a word."""
    never = table("integrations")["never"]
    name = wish.name.casefold()
    if not name:
        return not wish.kind.endswith("_it") or bool(memory.trigger)
    if wish.kind == "secret":
        return name not in never["secrets"]
    if name in never["pronouns"]:
        return bool(memory.trigger)
    if name in never["names"] or _OTHER_IDS.fullmatch(name):
        return False
    known = {str(row.get("name") or "").casefold() for row in memory.triggers.values()} | set(memory.triggers)
    return wish.plain or name in known or name.startswith("trg_") or _sounds_like_one(name)


def _sounds_like_one(name: str) -> bool:
    """Tell whether a bare name has the form of a trigger's and is no event's ("get_order", but not "page_view")."""
    return "_" in name and name.replace("_", " ") not in _event_words() and name not in _event_words()


@cache
def _event_words() -> frozenset[str]:
    events = table("events")
    said = {phrase for phrases in events.values() for phrase in phrases}
    return frozenset(said | set(events))
