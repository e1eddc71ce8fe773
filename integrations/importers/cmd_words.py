"""Words of a command line for Windows' cmd.exe, as browsers write it for "Copy as cURL (cmd)"."""

import re
from typing import Final

from integrations.importers.shell_words import Command
from rules.errors import InvalidInput

_SIGNS: Final = re.compile(r"[ \t]\^(?:\r?\n|\")")
_OUTSIDE: Final = re.compile(r"[^\^\"\r\n&|<>]+")
_INSIDE: Final = re.compile(r"[^\"]+")
_BLANKS: Final = re.compile(r"[ \t\n]+")
_BACKSLASHES: Final = re.compile(r"\\+")
_WORD_RUN: Final = re.compile(r"[^ \t\n\"\\]+")
_QUOTED_RUN: Final = re.compile(r"[^\"\\]+")


def is_for_cmd(text: str) -> bool:
    """Tell whether carets continue the command's lines or escape its quotes."""
    return _SIGNS.search(text) is not None


def cmd_words(text: str, start: int = 0) -> Command:
    """Split one command of cmd.exe into words: first its carets, then quotes as the C runtime reads them.

    Raises:
        InvalidInput: Field `curl`: an open quote, or more than one command.

    """
    line, end = _without_carets(text, start)
    return Command(_arguments(line), end, [])


def _without_carets(text: str, place: int) -> tuple[str, int]:
    """Return the line that the program gets, and where it ended; quotes keep carets, escaped quotes do not."""
    pieces: list[str] = []
    quoted = False
    while place < len(text):
        mark = text[place]
        if run := (_INSIDE if quoted else _OUTSIDE).match(text, place):
            pieces.append(run.group())
            place = run.end()
        elif mark == '"':
            quoted = not quoted
            pieces.append(mark)
            place += 1
        elif mark == "^":
            place, escaped = _escaped(text, place)
            pieces.append(escaped)
        elif mark in "\r\n":
            break
        else:
            raise InvalidInput.of(
                "curl", f"The command has {mark} outside of quotes at character {place + 1}: give one command only."
            )
    return "".join(pieces), place


def _escaped(text: str, place: int) -> tuple[int, str]:
    """Read what follows a caret: at a line's end the next line's first character, literally."""
    newline = re.compile(r"\r?\n").match(text, place + 1)
    place = newline.end() if newline else place + 1
    if newline and text[place : place + 1] not in {"\r", "\n"}:
        return place, ""
    escaped = text[place : place + 2] if text.startswith("\r\n", place) else text[place : place + 1]
    return place + len(escaped), "\n" if newline else escaped


def _arguments(line: str) -> list[str]:
    """Split a line into arguments: `""` in quotes is a quote, and so is an odd number of backslashes before one."""
    words: list[str] = []
    pieces: list[str] | None = None
    quoted, place = False, 0
    while place < len(line):
        if not quoted and (blanks := _BLANKS.match(line, place)):
            words += [] if pieces is None else ["".join(pieces)]
            pieces, place = None, blanks.end()
            continue
        pieces = [] if pieces is None else pieces
        if run := (_QUOTED_RUN if quoted else _WORD_RUN).match(line, place):
            pieces.append(run.group())
            place = run.end()
        elif backslashes := _BACKSLASHES.match(line, place):
            piece, place = _backslashes(line, backslashes)
            pieces.append(piece)
        elif quoted and line.startswith('""', place):
            pieces.append('"')
            place += 2
        else:
            quoted = not quoted
            place += 1
    if quoted:
        raise InvalidInput.of("curl", 'The command has a quote " without its end.')
    return words + ([] if pieces is None else ["".join(pieces)])


def _backslashes(line: str, found: re.Match[str]) -> tuple[str, int]:
    count, place = len(found.group()), found.end()
    if not line.startswith('"', place):
        return found.group(), place
    return "\\" * (count // 2) + ('"' if count % 2 else ""), place + count % 2
