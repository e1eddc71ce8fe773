"""Regular expressions from a trigger's JSON Schema: read as ECMA-262 writes them, and never able to freeze the process.

They come from people (and from imported documents), and run on texts that a model or a stranger wrote. The `regex`
package matches with a time limit; Python's own `re` has none.
"""

import re
from functools import lru_cache
from time import perf_counter
from typing import Any

import regex

MAX_PATTERN = 1_000  # characters
MAX_WRITTEN_OUT = 5_000  # characters, when what is repeated at least n times is written n times
SECONDS = 0.1  # for all searches of one check together

_DIGIT, _WORD = "0-9", "0-9A-Za-z_"
# What ECMA-262 and Python read differently: `$` is the very end, and \d and \w are ASCII.
_TOKENS = re.compile(r"\\u\{([0-9A-Fa-f]{1,6})\}|\\.|\[\^?\]?|\]|\$", re.DOTALL)
_OUTSIDE = {"$": r"\Z", r"\d": f"[{_DIGIT}]", r"\D": f"[^{_DIGIT}]", r"\w": f"[{_WORD}]", r"\W": f"[^{_WORD}]"}
_INSIDE = {r"\d": _DIGIT, r"\w": _WORD}
_PIECES = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{([0-9]+)(?:,[0-9]*)?\}|.", re.DOTALL)
_FREE_FORM = re.compile(r"\?(?:#|[A-Za-z]*x)")  # after a bracket: what may part a thing from its {n}
_LARGE = 9  # digits, of a number that is too large whatever it repeats


class PatternTimeoutError(Exception):
    """The patterns of one check took longer than `SECONDS` together."""


class Stopwatch:
    """The time that the patterns of one check may still take."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self.left = seconds

    def search(self, pattern: str, text: str) -> bool:
        """Say whether a pattern matches anywhere in a text; raises PatternTimeoutError when the time is used up."""
        if self.left <= 0:
            raise PatternTimeoutError(pattern)
        started = perf_counter()
        try:
            return compiled(pattern).search(text, timeout=self.left) is not None
        except TimeoutError:
            raise PatternTimeoutError(pattern) from None
        finally:
            self.left -= perf_counter() - started


@lru_cache(maxsize=256)
def compiled(pattern: str) -> Any:
    """Compile an ECMA-262 pattern; raises ValueError, whose text says what is wrong and where."""
    if len(pattern) > MAX_PATTERN:
        raise ValueError(f"must have at most {MAX_PATTERN} characters; got {len(pattern)}")
    if _written_out(pattern) > MAX_WRITTEN_OUT:
        raise ValueError(f"repeats too much: written out, it must have at most {MAX_WRITTEN_OUT} characters")
    try:
        return regex.compile(_translated(pattern), regex.VERSION0)
    except (regex.error, RecursionError, OverflowError) as error:
        words = getattr(error, "msg", None) or "it is nested too deeply"
        raise ValueError(f"is not a regular expression: {words}") from None


def _written_out(pattern: str) -> int:
    """Bound how long a pattern is when `a{3}` is written `aaa`: so it is compiled, at some 300 bytes a character."""
    groups, last = [0], 0
    for piece in _PIECES.finditer(pattern):
        text = piece[0]
        if text == "(":
            if _FREE_FORM.match(pattern, piece.end()):
                raise ValueError("is not a regular expression: comments and the flag x are unknown in ECMA-262")
            groups.append(0)
            last = 1
        elif text == ")" and len(groups) > 1:
            last = groups.pop() + 1
        elif piece[1]:
            times = int(piece[1]) if len(piece[1]) <= _LARGE else MAX_WRITTEN_OUT
            groups[-1] += last * max(times - 1, 0)
            last *= max(times, 1)
            continue
        elif text in "*+?":
            continue
        else:
            last = 2 if text.startswith("[") else 1
        if text != "(":
            groups[-1] += last
    return sum(groups)


def _translated(pattern: str) -> str:
    """Spell a pattern so that Python reads it as ECMA-262 means it."""
    inside = False

    def spell(match: re.Match[str]) -> str:
        nonlocal inside
        token = match[0]
        if match[1] and int(match[1], 16) < 0x110000:
            return re.escape(chr(int(match[1], 16)))
        known = _INSIDE if inside else _OUTSIDE
        if not token.startswith("\\"):
            inside = not token.endswith("]") if inside else token.startswith("[")
        return known.get(token, token)

    return _TOKENS.sub(spell, pattern)
