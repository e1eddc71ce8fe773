"""Comparisons: "at least 70", "between 60 and 90", "over $100", "trust 70+"."""

from dataclasses import dataclass, replace
from typing import Literal, cast

from agent.guided.lexicon import mapping
from agent.guided.phrase import spans, spans_at
from agent.guided.slots.bare_fields import bare_field
from agent.guided.slots.page import Page
from agent.guided.tokens import Kind

Operator = Literal["gt", "gte", "lt", "lte", "eq", "ne", "between"]
FLIPPED: dict[str, Operator] = {"gt": "lte", "gte": "lt", "lt": "gte", "lte": "gt", "eq": "ne", "ne": "eq"}
PERIODS = frozenset({"min", "h", "d", "w", "month", "year"})
TIMES = PERIODS | {"s", "ms"}
_UNITS = mapping("units")
_SUBJECTS = ("trust", "timeout", "retries")
_NEAR = 5
_BETWEEN = {"score", "filter", "min", "max", "minimum", "maximum", "should", "must", "not", "only", "and", "being"}
_BREAKS = {"and", "or", "but", ",", "&"}
_LINKS = {
    "is",
    "of",
    "to",
    "at",
    "a",
    "an",
    "the",
    "be",
    "value",
    "by",
    "for",
    "with",
    "that",
    "has",
    "are",
    "it",
    "than",
    "as",
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """A number compared with something: `subject` is trust, timeout, retries, a payload field, or not said ("")."""

    operator: Operator
    value: float
    upper: float | None = None
    subject: str = ""
    unit: str = ""
    bare: bool = False
    guessed: bool = False
    bare_field: bool = False

    @property
    def low(self) -> float | None:
        """Give the inclusive lower bound, counting in whole numbers."""
        if self.operator in {"gte", "between", "eq"}:
            return self.value
        return self.value + 1 if self.operator == "gt" else None

    @property
    def high(self) -> float | None:
        """Give the inclusive upper bound, counting in whole numbers."""
        if self.operator == "between":
            return self.upper
        if self.operator in {"lte", "eq"}:
            return self.value
        return self.value - 1 if self.operator == "lt" else None


@dataclass(frozen=True, slots=True)
class _Found:
    comparison: Comparison
    start: int
    end: int


def read_comparisons(page: Page) -> list[Comparison]:
    """Read every number of the clause with its comparison and subject, and mark them."""
    found: list[_Found] = []
    floor = 0
    for index in page.of_kind(Kind.NUMBER):
        if index < floor or (page.tokens[index].unit in PERIODS | {"th"} and not _measures(page, index)):
            continue
        one = _compare(page, index, floor)
        if one:
            page.mark(range(one.start, one.end))
            found.append(one)
            floor = one.end
    told = [_with_subject(page, one, [other for other in found if other is not one]) for one in found]
    return told or _one_unit(page)


def _one_unit(page: Page) -> list[Comparison]:
    """Read a timeout of "an hour" or "one minute"."""
    for index in page.of_kind(Kind.WORD) if page.spans("nouns", "timeout") else ():
        unit = _UNITS.get(page.tokens[index].norm, "")
        if unit in TIMES and index and page.tokens[index - 1].is_word("a", "an", "one"):
            page.mark([index - 1, index])
            return [Comparison("eq", 1, subject="timeout", unit=unit, bare=True)]
    return []


def _measures(page: Page, index: int) -> bool:
    """Tell whether a number of hours or days is a timeout or is compared with a field, not a moment or a while."""
    field = any(token.kind is Kind.FIELD for token in page.tokens[max(0, index - _NEAR) : index])
    return page.tokens[index].unit != "th" and (field or bool(page.spans("nouns", "timeout")))


def _compare(page: Page, index: int, floor: int) -> _Found | None:
    token = page.tokens[index]
    value, unit = float(token.value), token.unit
    pair = _range(page, index, floor)
    if pair:
        return pair
    before = _phrase_before(page, index, floor)
    if before:
        operator, start = before
        return _Found(Comparison(operator, value, unit=unit), start, index + 1)
    if unit == "+":
        return _Found(Comparison("gte", value), index, index + 1)
    after = spans_at(page.tokens, index + 1, "after")
    if after:
        return _Found(Comparison(cast("Operator", after[0].key), value, unit=unit), index, after[0].end)
    return _Found(Comparison("eq", value, unit=unit, bare=True), index, index + 1)


def _range(page: Page, index: int, floor: int) -> _Found | None:
    """Read "between 60 and 90", "from 60 to 90", "60-90"."""
    tokens = page.tokens
    second = index + 2
    if second >= len(tokens) or tokens[second].kind is not Kind.NUMBER:
        if (
            index + 1 < len(tokens)
            and tokens[index + 1].kind is Kind.NUMBER
            and tokens[index + 1].value.startswith("-")
        ):
            return _pair(page, index, index + 1, index)
        return None
    link = tokens[index + 1].norm
    lead = tokens[index - 1].norm if index > floor else ""
    if link in {"to", "-", "–", "—", "through", "till", "until"} or (
        link == "and" and lead in {"between", "from", "within"}
    ):
        return _pair(page, index, second, index - 1 if lead in {"between", "from", "within"} else index)
    return None


def _pair(page: Page, first: int, second: int, start: int) -> _Found:
    values = sorted((abs(float(page.tokens[first].value)), abs(float(page.tokens[second].value))))
    unit = page.tokens[second].unit or page.tokens[first].unit
    return _Found(Comparison("between", values[0], values[1], unit=unit), start, second + 1)


def _phrase_before(page: Page, index: int, floor: int) -> tuple[Operator, int] | None:
    """Find the comparison that ends right before the number, a link word or two apart at most."""
    for start in range(max(floor, index - 6), index):
        for span in spans_at(page.tokens, start, "before"):
            between = page.tokens[span.end : index]
            if span.end <= index and all(token.norm in _LINKS for token in between):
                return cast("Operator", span.key), start
    return None


def _with_subject(page: Page, one: _Found, others: list[_Found]) -> Comparison:
    if one.comparison.unit == "$":
        _mark_field(page, one)
        return replace(one.comparison, subject="properties.value", guessed=True)
    left = max((other.end for other in others if other.end <= one.start), default=0)
    right = min((other.start for other in others if other.start >= one.end), default=len(page.tokens))
    after = _setting_after(page, one, left)
    if after:
        return replace(one.comparison, subject=after)
    before = _subject_before(page, one, left)
    if before:
        return before
    if one.comparison.unit in {"s", "ms"} and any(True for _ in spans(page.tokens, "nouns", ("timeout",))):
        return replace(one.comparison, subject="timeout")
    return _subject_after(page, one, right)


def _subject_before(page: Page, one: _Found, floor: int) -> Comparison | None:
    """Find the subject that stands before a comparison; an everyday word may be one in the condition of a filter."""
    for index in range(one.start - 1, floor - 1, -1):
        subject = _subject_ending(page, index, floor)
        if subject:
            return replace(one.comparison, subject=subject[0], guessed=subject[1])
        if page.tokens[index].norm not in _LINKS | _BETWEEN:
            compared = not one.comparison.bare or page.tokens[one.start - 1].is_word("is")
            field = bare_field(page, index) if compared else None
            page.mark(field.indexes if field else [])
            return replace(one.comparison, subject=field.key, guessed=True, bare_field=True) if field else None
    return None


def _subject_after(page: Page, one: _Found, end: int) -> Comparison:
    """Find the subject that stands after a comparison ("over 100 in order value"), but not that of the next one."""
    for index in range(one.end, min(end, one.end + 3)):
        if page.tokens[index].norm in _BREAKS or not page.free(index):
            break
        subject = _subject_starting(page, index)
        if subject:
            return replace(one.comparison, subject=subject[0], guessed=subject[1])
    field = "" if one.comparison.bare else _field_after(page, one.end, end)
    return replace(one.comparison, subject=field) if field else one.comparison


def _setting_after(page: Page, one: _Found, floor: int) -> str:
    """Find the setting named right after its number ("10 s timeout and 5 retries"), unless one stands right before."""
    if one.start > floor and spans_at(page.tokens, one.start - 1, "nouns", ("timeout", "retries")):
        return ""
    here = spans_at(page.tokens, one.end, "nouns", ("timeout", "retries"))
    if not here or (here[0].key == "retries" and one.comparison.unit in {"s", "ms"}):
        return ""
    page.mark(here[0].indexes)
    return here[0].key


def _field_after(page: Page, start: int, end: int) -> str:
    """Find a payload field typed out after the number ("over 100 in properties.value"), and mark it."""
    index = start
    while index < end and page.tokens[index].norm in {"in", "for", "as", "on", "of", "the", "field"}:
        index += 1
    if index >= end or not page.free(index) or page.tokens[index].kind is not Kind.FIELD:
        return ""
    between = page.tokens[index + 1 : end]
    if end < len(page.tokens) and all(token.norm in _LINKS for token in between):
        return ""  # the field belongs to the comparison that follows it
    page.mark([index])
    return _path(page.tokens[index].value)


def _mark_field(page: Page, one: _Found) -> None:
    for span in page.spans("fields"):
        if span.key == "properties.value" and abs(span.end - one.start) <= 3:
            page.mark(span.indexes)


def _subject_ending(page: Page, index: int, floor: int) -> tuple[str, bool] | None:
    """Find a subject whose last word is here, and mark it."""
    token = page.tokens[index]
    if token.kind is Kind.FIELD:
        page.mark([index])
        return _path(token.value), False
    for start in range(max(floor, index - 3), index + 1):
        for book, keys in (("nouns", _SUBJECTS), ("fields", None)):
            for span in spans_at(page.tokens[: index + 1], start, book, keys):
                if span.end == index + 1:
                    page.mark(span.indexes)
                    return span.key, book == "fields"
    return None


def _subject_starting(page: Page, index: int) -> tuple[str, bool] | None:
    if page.tokens[index].kind is Kind.FIELD:
        return None
    for book, keys in (("nouns", _SUBJECTS), ("fields", None)):
        for span in spans_at(page.tokens, index, book, keys):
            page.mark(span.indexes)
            return span.key, book == "fields"
    return None


def _path(field: str) -> str:
    """Give the payload path of a field as it was typed ("utm_source" is context.utm_source)."""
    return f"context.{field}" if field.startswith("utm_") else field
