"""Directives: what a trigger's configuration says about its answer, as far as that is simple enough to follow.

A directive is written for a language model. Its conditions are evaluated, the fields that it names are told first, and
wording that it clearly gives ("say 'We will call you'") is said. The directive itself is never printed.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agent.guided_calls.lexicon import table
from agent.guided_calls.stems import terms

_IF = re.compile(
    r"^(?:if|when)\s+(?:the\s+)?(?:['\"‘“]?(?P<field>[\w.]+)['\"’”]?\s+(?:field\s+)?(?:is|equals|=+)\s+)?"
    r"(?:['\"‘“](?P<quoted>[^'\"’”]+)['\"’”]|(?P<bare>true|false))\s*,?\s*(?:then\s+)?(?P<rest>.+)$",
    re.IGNORECASE | re.DOTALL,
)
_QUOTED = re.compile(
    r"\b(?:say|tell|answer|reply|write|respond|use the words)\b[^'\"‘“.]{0,40}"
    r"(?:[\"“](?P<double>[^\"”]{3,300})[\"”]|(?<!\w)['‘](?P<single>[^'’]{8,300})['’](?!\w))",
    re.IGNORECASE,
)
_SAID = re.compile(
    r"\b(?:say|mention|inform|(?:tell|inform) (?:them|him|her|the (?:customer|user|person)))\s+(?:that\s+)?"
    r"(?P<words>(?:our|we|there (?:is|are)|your)\s[^.;'\"]{4,200}?)"
    r"(?=\s+and\s+(?:ask|offer|tell|confirm|then)\b|[.;]|$)",
    re.IGNORECASE,
)
_SENTENCES = re.compile(r"(?<=[.;!])\s+")
_LONGEST = 4000
_NAMES = re.compile(r"['\"‘“](\w+)['\"’”]")


@dataclass(frozen=True, slots=True)
class Guidance:
    """What a directive asks for: fields to be told, words to be said before and after them."""

    fields: frozenset[str] = frozenset()
    feelings: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


def guidance(directive: str, body: Any) -> Guidance:
    """Read a directive against an answer."""
    sentences = list(_applying(directive[:_LONGEST], body if isinstance(body, Mapping) else {}))
    text = " ".join(sentences)
    feelings = [
        said for stem, said in table("telling")["feelings"].items() if re.search(rf"\b{stem}", text, re.IGNORECASE)
    ]
    words = [one["double"] or one["single"] for one in _QUOTED.finditer(text)]
    words += [one["words"] for one in _SAID.finditer(text)]
    ended = tuple(_sentence(one) for one in words)
    return Guidance(frozenset(_NAMES.findall(text)) | frozenset(terms(text)), tuple(feelings), ended)


def _applying(directive: str, body: Mapping[str, Any]) -> Iterator[str]:
    """Give the sentences whose condition holds; one that cannot be evaluated does not."""
    field = ""
    for sentence in _SENTENCES.split(directive.strip()):
        found = _IF.match(sentence)
        if not found:
            if not re.match(r"(?:if|when|unless|otherwise|else)\b", sentence, re.IGNORECASE):
                yield sentence
            continue
        field = found["field"] or field
        if field in body and _same(body[field], found["quoted"] or found["bare"]):
            yield found["rest"]


def _same(value: Any, wanted: str) -> bool:
    written = str(value).lower() if isinstance(value, bool) else str(value)
    return written.strip().casefold() == wanted.strip().casefold()


def _sentence(words: str) -> str:
    text = words.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
