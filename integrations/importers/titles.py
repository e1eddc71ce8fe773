"""What a trigger is called, and the sentence by which the model chooses it."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import Final

from integrations.importers.identifiers import noun_of
from integrations.importers.names import identifier, words
from rules.integration_spec import MAX_DESCRIPTION

_MAX_NAME: Final = 60
_VERBS: Final = frozenset(
    {
        "get",
        "fetch",
        "find",
        "list",
        "search",
        "query",
        "lookup",
        "check",
        "verify",
        "validate",
        "create",
        "add",
        "make",
    }
    | {"send", "post", "submit", "publish", "notify", "update", "set", "edit", "change", "replace", "delete", "remove"}
    | {"cancel", "approve", "reject", "confirm", "close", "open", "reopen", "archive", "restore", "refund", "capture"}
    | {"pay", "charge", "book", "reserve", "schedule", "reschedule", "assign", "start", "stop", "run", "execute"}
    | {"trigger", "analyze", "analyse", "translate", "convert", "calculate", "estimate", "generate", "upload", "import"}
    | {
        "export",
        "download",
        "login",
        "logout",
        "subscribe",
        "unsubscribe",
        "activate",
        "deactivate",
        "enable",
        "disable",
    }
    | {"resend", "retry", "resolve", "merge", "move", "copy", "clone", "track", "ship", "return", "transfer"}
)
_AN: Final = re.compile(r"(?!uni|use|usa|uti|eu|one)[aeiou]")
_BY_METHOD: Final = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "update", "DELETE": "delete"}


def call_name(method: str, segments: Sequence[str | None], label: str) -> str:
    """Return verb and noun: `get_order` for GET /orders/{id}, `cancel_order` for POST /orders/{id}/cancel.

    Args:
        method: The HTTP method.
        segments: The path: constant segments, and None for each that varies.
        label: What to call the thing when the path does not say: the host's telling label.

    """
    nouns = [(place, noun_of(segment)) for place, segment in enumerate(segments) if segment is not None]
    nouns = [(place, noun) for place, noun in nouns if noun]
    last = segments[nouns[-1][0]] if nouns else None
    found = words(last or "")
    if found and found[0] in _VERBS:
        return _fit("_".join((*found, *([nouns[-2][1]] if len(found) == 1 and len(nouns) > 1 else []))))
    verb, one = _BY_METHOD.get(method, "call"), bool(segments) and segments[-1] is None
    if not nouns:
        return _fit(f"{'get' if method == 'GET' else 'call'}_{label}")
    noun = nouns[-1][1]
    many = method == "GET" and not one and noun != "_".join(found[-4:])
    parent = nouns[-2][1] if len(nouns) > 1 and None in segments[nouns[-2][0] : nouns[-1][0]] else ""
    named = "_".join(found[-4:]) if many else noun
    return _fit("_".join(part for part in ("list" if many else verb, parent, named) if part))


def call_sentence(name: str, parameters: Sequence[str]) -> str:
    """Describe a call in a sentence, such as: Gets an order by its id. Where it goes is no business of a model's."""
    verb, *rest = words(name)
    thing = " ".join(rest)
    if not thing:
        return f"Calls “{verb}”."
    article = "" if verb in {"list", "search"} else "an " if _AN.match(thing) else "a "
    keys = [" ".join(words(each)) or each for each in list(parameters)[:3]]
    keys = [re.sub(rf"^{re.escape(thing)} ", "its ", key) for key in keys]
    given = f" by {' and '.join(keys)}" if keys and verb not in {"create", "list"} else ""
    return clean(f"{_third_person(verb).capitalize()} {article}{thing}{given}.", MAX_DESCRIPTION)


def tool_name(wished: str) -> str:
    """Return a name given elsewhere as the name of a tool: letters, digits, _ and -, beginning with a letter."""
    fit = re.sub(r"[^A-Za-z0-9_-]+", "_", wished).strip("_-")[:_MAX_NAME]
    return fit if fit[:1].isalpha() else _fit(fit or "call")


def clean(text: str, limit: int) -> str:
    """Return a text from outside on one line, without control characters, and not longer than `limit`."""
    kept = "".join(" " if mark.isspace() else mark for mark in text[: limit * 8] if _is_visible(mark))
    kept = " ".join(kept.split())
    return kept if len(kept) <= limit else f"{kept[: limit - 1].rstrip()}…"


def unique_name(name: str, used: Collection[str]) -> str:
    """Return the name, with a number when it is used already."""
    number, free = 2, name
    while free in used:
        free = f"{name}_{number}"
        number += 1
    return free


def _is_visible(mark: str) -> bool:
    return mark.isspace() or unicodedata.category(mark)[0] != "C"


def _fit(name: str) -> str:
    fit = identifier(name).strip("_")[:_MAX_NAME].strip("_")
    return fit if fit[:1].isalpha() else f"call_{fit}".strip("_")


def _third_person(verb: str) -> str:
    if re.search(r"(?:s|x|z|ch|sh|o)$", verb):
        return f"{verb}es"
    return f"{verb[:-1]}ies" if re.search(r"[^aeiou]y$", verb) else f"{verb}s"
