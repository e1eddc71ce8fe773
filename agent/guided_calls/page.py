"""Pages: a text that a person typed, with the places that are already understood."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

_NEAR_BEFORE, _NEAR_AFTER = 24, 3
_BREAK = re.compile(r"[.!?;\n](?:\s|$)|,")
_NOT = re.compile(r"\b(?:not|isn't|instead of|rather than)\s+(?:the\s+|a\s+|in\s+|on\s+)?$", re.IGNORECASE)
_MOST_WORDS = 4
_DENIAL = 30


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value that stands in a text; `value` is None when it is there but cannot be made exact."""

    value: Any
    start: int
    end: int
    text: str


@dataclass(slots=True)
class Page:
    """A text being read. What one argument has taken is not read as another one."""

    text: str
    today: date | None = None
    taken: list[tuple[int, int]] = field(default_factory=list)

    def free(self, candidates: Iterable[Candidate]) -> list[Candidate]:
        """Leave out the candidates that are taken, and those that the person has ruled out ("not 1042")."""
        return [one for one in candidates if not self._taken(one) and not self._denied(one)]

    def _taken(self, one: Candidate) -> bool:
        return any(start < one.end and one.start < end for start, end in self.taken)

    def _denied(self, one: Candidate) -> bool:
        return bool(_NOT.search(self.text[max(0, one.start - _DENIAL) : one.start]))

    def take(self, one: Candidate) -> None:
        """Mark a candidate's place as understood."""
        self.taken.append((one.start, one.end))

    def distance(self, one: Candidate, keys: Sequence[str]) -> int | None:
        """Tell how far a candidate stands from the words that name it; None when they are not near."""
        found: list[int] = []
        for rank, key in enumerate(keys):
            for match in key_pattern(key).finditer(self.text):
                gap = self._gap(match.start(), match.end(), one)
                if gap is not None:
                    found.append(gap + rank)
        return min(found, default=None)

    def counts(self, one: Candidate, keys: Sequence[str]) -> bool:
        """Tell whether a number says how many there are ("2 orders")."""
        after = self.text[one.end :].lstrip()
        found = [key_pattern(key).match(after) for key in keys]
        return any(match and match.group(0).lower() == f"{key}s" for key, match in zip(keys, found, strict=True))

    def _gap(self, start: int, end: int, one: Candidate) -> int | None:
        if end <= one.start and one.start - end <= _NEAR_BEFORE:
            between = self.text[end : one.start]
            if not _BREAK.search(between) and len(between.split()) <= _MOST_WORDS:
                return one.start - end
        if one.end <= start and start - one.end <= _NEAR_AFTER and not _BREAK.search(self.text[one.end : start]):
            return start - one.end + _NEAR_BEFORE // 2
        return None


@lru_cache(maxsize=2048)
def key_pattern(key: str) -> re.Pattern[str]:
    """Build the pattern of a name in a text ("order number", "order_number", "Order-Number")."""
    return re.compile(r"(?<!\w)" + r"[\s_-]*".join(map(re.escape, key.split())) + r"s?(?!\w)", re.IGNORECASE)
