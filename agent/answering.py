"""What a person answers to a form or an approval, by a button or in words."""

import re
from typing import Any

from rules.errors import FieldError, InvalidInput
from rules.json_schema import Draft202012Validator
from store.conversations import Entry

_YES = frozenset(
    {
        "yes",
        "y",
        "yep",
        "yeah",
        "yes please",
        "yes do it",
        "ok",
        "okay",
        "sure",
        "approve",
        "approved",
        "i approve",
        "confirm",
        "confirmed",
        "do it",
        "go ahead",
        "go on",
        "yeah go on",
        "yes go ahead",
        "yeah go ahead",
        "yes please do",
        "please do",
        "sounds good",
        "mach das",
        "ja mach das",
        "ja",
        "ja bitte",
        "oui",
        "sí",
        "si",
        "sim",
        "sì",
    }
)
_NO = frozenset(
    {
        "no",
        "n",
        "nope",
        "no thanks",
        "no thank you",
        "cancel",
        "decline",
        "declined",
        "stop",
        "don't",
        "do not",
        "don't do it",
        "never mind",
        "nevermind",
        "nein",
        "nein danke",
        "non",
        "não",
        "nee",
        "abbrechen",
        "annuler",
        "cancelar",
    }
)
_MARKS = re.compile(r"[.,!]+")


def answer_in(text: str, kind: str) -> dict[str, Any] | None:
    """Read a message as the answer to a waiting question; None when it is anything but a plain yes or no.

    Args:
        text: What the person wrote. Only the whole message counts: "yes, but only the first" is a new request.
        kind: `approval`, or `form`, which can be cancelled by text but never filled in.

    """
    plain = " ".join(_MARKS.sub(" ", text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")).lower().split())
    if kind == "approval" and plain in _YES:
        return {"approved": True, "note": text}
    if plain in _NO:
        return {"approved": False, "note": text} if kind == "approval" else {"cancelled": True}
    return None


def check_answer(schema: dict[str, Any], value: Any) -> None:
    """Refuse an answer that is not of the form that its question asks for; raises InvalidInput."""
    problems = sorted(Draft202012Validator(schema).iter_errors(value), key=lambda problem: problem.json_path)
    if problems:
        raise InvalidInput([FieldError("value" + problem.json_path[1:], problem.message[:300]) for problem in problems])


def answer_entry(question: Any, value: Any) -> Entry:
    """Return what a transcript keeps of an answer."""
    request = question.request
    return Entry(
        "answer", {"interrupt_id": question.id, "kind": request["kind"], "title": request["title"], "value": value}
    )
