"""Text tests: "properties.currency is USD", "context.utm_source exists", "summary contains refund"."""

from dataclasses import dataclass, replace
from typing import Literal, cast

from agent.guided.phrase import Span, spans_at
from agent.guided.slots.bare_fields import bare_field
from agent.guided.slots.page import Page
from agent.guided.tokens import Kind

TestOperator = Literal["eq", "ne", "contains", "exists"]
_ARTICLES = {"a", "an", "the", "to", "be", "must", "should"}


@dataclass(frozen=True, slots=True)
class TextTest:
    """A payload field tested against a text, or for being there; `guessed` when the path was not typed out."""

    field: str
    operator: TestOperator
    value: str | bool | None = None
    guessed: bool = False
    bare_field: bool = False


def read_text_tests(page: Page) -> list[TextTest]:
    """Read the tests of payload fields that are no comparison of numbers, and mark them."""
    found: list[TextTest] = []
    for span, guessed in _fields(page):
        test = _test(page, span, guessed=guessed)
        if test:
            page.mark(span.indexes)
            found.append(test)
    return found + _bare_tests(page)


def _bare_tests(page: Page) -> list[TextTest]:
    """Read tests of everyday words ("only send stock if status is paid"); those against a number are comparisons."""
    found: list[TextTest] = []
    for index in page.of_kind(Kind.WORD):
        field = bare_field(page, index) if spans_at(page.tokens, index + 1, "tests") else None
        test = _test(page, field, guessed=True) if field else None
        if field and test:
            page.mark(field.indexes)
            found.append(replace(test, bare_field=True))
    return found


def _fields(page: Page) -> list[tuple[Span, bool]]:
    direct = [(Span(_path(page.tokens[index].value), (index,)), False) for index in page.of_kind(Kind.FIELD)]
    snakes = [
        (Span(_path(page.tokens[index].norm), (index,)), False)
        for index in page.of_kind(Kind.WORD)
        if "_" in page.tokens[index].norm
        and spans_at(page.tokens, index + 1, "tests")
        and not spans_at(page.tokens, index, "events")
    ]
    named = [(span, True) for span in page.spans("fields")]
    taken = {span.start for span, _ in direct + snakes}
    return direct + snakes + [one for one in named if one[0].start not in taken]


def _path(field: str) -> str:
    return f"context.{field}" if field.startswith("utm_") else field


def _test(page: Page, field: Span, *, guessed: bool) -> TextTest | None:
    index = field.end
    while index < len(page.tokens) and page.tokens[index].norm in {"must", "should", "has", "that", "field", "to"}:
        index += 1
    for span in spans_at(page.tokens, index, "tests"):
        operator = cast("TestOperator", span.key)
        if operator == "exists":
            page.mark(range(field.end, span.end))
            return TextTest(field.key, "exists", guessed=guessed)
        value = _value(page, span.end)
        if value is not None:
            page.mark(range(field.end, value[1]))
            return TextTest(field.key, operator, value[0], guessed)
    before = page.tokens[field.start - 1].norm if field.start else ""
    compared = spans_at(page.tokens, index, "before") or any(one.is_word("between") for one in page.tokens[index:][:1])
    if before in {"has", "have", "with", "having"} and not guessed and not compared:
        return TextTest(field.key, "exists", guessed=guessed)
    return None


def _value(page: Page, index: int) -> tuple[str | bool, int] | None:
    while index < len(page.tokens) and page.tokens[index].norm in _ARTICLES:
        index += 1
    if index >= len(page.tokens):
        return None
    token = page.tokens[index]
    if token.kind is Kind.QUOTED:
        return token.value, index + 1
    if token.norm in {"true", "false"}:
        return token.norm == "true", index + 1
    if token.kind in {Kind.WORD, Kind.HOST, Kind.EVENT, Kind.FIELD} and token.norm not in {
        "not",
        "only",
        "at",
        "above",
        "below",
        "over",
        "under",
        "more",
        "less",
        "greater",
        "between",
        "within",
        "exactly",
        "lower",
        "higher",
        "smaller",
        "bigger",
        "larger",
        "fewer",
    }:
        return token.text, index + 1
    return None
