"""The grammar of `$variables` in any text: `$name`, `${any name}`, and `$$` for a dollar sign."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from rules.errors import InvalidInput
from rules.template_limits import MAX_NAME_LENGTH, MAX_NAME_STEPS
from rules.variables import Reference

_INDEX: Final = re.compile(r"\[(?:0|[1-9][0-9]{0,8})\]")

Where = Callable[[int], str]
"""Says in words where the character at an offset (from 0) of a text stands in what the person wrote."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A reference, and the offset (from 0) of its `$` in the text."""

    reference: Reference
    at: int


def place_in(text: str) -> Where:
    """Make the function that names a place in a text: its column from 1, and its line when there are several."""

    def where(at: int) -> str:
        line = text.count("\n", 0, at) + 1
        column = at - (text.rfind("\n", 0, at) + 1) + 1
        return f"line {line}, column {column}" if "\n" in text else f"column {column}"

    return where


def parse_text(text: str, field: str, where: Where) -> list[str | Mention]:
    """Split a text into its literal parts and the variables between them.

    A bare `$name` is the longest run of words joined by `.` or `-`, with `[N]` after any of them; any other `$` is
    itself.

    Args:
        text: The template.
        field: The name of the field in errors.
        where: Names a place in the text for errors.

    Raises:
        InvalidInput: `${` without `}` or a name, or a name that is too long.

    """
    parts: list[str | Mention] = []
    literal: list[str] = []
    done = 0
    while (at := text.find("$", done)) >= 0:
        literal.append(text[done:at])
        if text.startswith("$$", at):
            literal.append("$")
            done = at + 2
        elif (reference := read_reference(text, at, field, where)) is not None:
            parts += ["".join(literal), Mention(reference, at)]
            literal = []
            done = at + len(reference.written)
        else:
            literal.append("$")
            done = at + 1
    parts.append("".join([*literal, text[done:]]))
    return [part for part in parts if part != ""]


def read_reference(text: str, at: int, field: str, where: Where) -> Reference | None:
    """Read the variable whose `$` is at an offset; None when this `$` is no variable's."""
    if text.startswith("${", at):
        reference = _read_braced(text, at, field, where)
    else:
        ends = _bare_ends(text, at + 1)
        if not ends:
            return None
        reference = Reference(
            text[at : ends[-1]],
            text[at + 1 : ends[-1]],
            tuple(end - at - 1 for end in reversed(ends)),
            whole=False,
        )
    if len(reference.name) > MAX_NAME_LENGTH or len(reference.ends) > MAX_NAME_STEPS:
        raise InvalidInput.of(
            field,
            f"the variable at {where(at)} has a name that is too long: at most {MAX_NAME_LENGTH} characters "
            f"and {MAX_NAME_STEPS} parts; write $$ for a plain dollar sign",
        )
    return reference


def _read_braced(text: str, at: int, field: str, where: Where) -> Reference:
    end = text.find("}", at, at + MAX_NAME_LENGTH + 4)
    if end < 0:
        raise InvalidInput.of(field, f"the ${{ at {where(at)} is not closed: add }}, or write $${{ for the plain text")
    if end == at + 2:
        raise InvalidInput.of(field, f"the ${{}} at {where(at)} names no variable")
    return Reference.whole_name(text[at + 2 : end], text[at : end + 1])


def _bare_ends(text: str, start: int) -> list[int]:
    """Return the offsets where a bare name from `start` may end, the shortest first; none when there is no name."""
    end = _word_end(text, start)
    if end == start:
        return []
    ends = [end]
    while True:
        if text[end : end + 1] in {".", "-"} and (after := _word_end(text, end + 1)) > end + 1:
            end = after
        elif index := _INDEX.match(text, end):
            end = index.end()
        else:
            return ends
        ends.append(end)


def _word_end(text: str, at: int) -> int:
    while at < len(text) and _in_word(text[at]):
        at += 1
    return at


def _in_word(mark: str) -> bool:
    # Vowel signs and accents of their own belong to a word too, but are not alphanumeric.
    return mark.isalnum() or mark == "_" or (mark > "\x7f" and f"a{mark}".isidentifier())
