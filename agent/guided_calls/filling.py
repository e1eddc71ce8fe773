"""Filling: the arguments of a trigger from what a person typed; what is not there, or not clear, is left out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from agent.guided_calls.candidates import bare_place, find, quoted
from agent.guided_calls.matching import request_stems
from agent.guided_calls.page import Candidate, Page
from agent.guided_calls.parameters import Parameter
from agent.guided_calls.stems import plain, stem
from agent.guided_calls.triggers import Trigger
from agent.guided_calls.validity import fits
from agent.guided_calls.wording import first_words, is_question, keyed, own_words, query
from rules.typed_secrets import HIDDEN

_ORDER = (
    "email", "url", "moment", "date", "time", "phone", "choice", "id", "pattern", "list", "integer", "number", "name",
    "boolean", "address", "place", "other",
)  # fmt: skip
_IN_TURN = {"date", "time"}
_LEAST_ID, _FEWEST_WORDS = 3, 2
_LINES = frozenset({"text", "title", "query", "question"})
_KEYED = _LINES | {"name", "place", "address"}
_NO = ("no", "without", "not", "dont")
_CONSENT = frozenset({"confirm", "confirmed", "consent", "agree", "agreed", "accept", "accepted"})


@dataclass(slots=True)
class Filled:
    """What a text says: values, values among which it does not choose, and values that the schema does not allow."""

    values: dict[str, Any] = field(default_factory=dict)
    doubts: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)


def fill(
    trigger: Trigger,
    text: str,
    *,
    today: date | None = None,
    known: Iterable[str] = (),
    refused: Mapping[str, Sequence[Any]] | None = None,
    prose: bool = True,
) -> Filled:
    """Read a text for the parameters of a trigger.

    Args:
        trigger: Whose parameters are wanted.
        text: What the person typed.
        today: The date of today, when it is known.
        known: Parameters that have a value already.
        refused: Values that were refused before, by parameter.
        prose: Whether the message itself may serve as a description or a search.

    """
    page, filled = Page(text, today), Filled()
    taken = set(known)
    wanted = [one for one in trigger.parameters if one.field not in taken]
    typed = sorted((one for one in wanted if one.role in _ORDER), key=lambda one: _ORDER.index(one.role))
    for near in (True, False):
        for one in typed:
            if one.field not in filled.values and one.field not in filled.doubts:
                _fill_one(page, one, trigger, filled, near=near)
    _fill_in_turn(page, typed, trigger, filled)
    _fill_bare_place(page, typed, trigger, filled)
    _fill_lines(page, wanted, trigger, filled, prose=prose)
    _drop_refused(filled, refused or {})
    _drop_hidden(filled, trigger)
    return filled


def _fill_one(page: Page, one: Parameter, trigger: Trigger, filled: Filled, *, near: bool) -> None:
    if one.role == "boolean":
        _fill_boolean(page, one, filled)
        return
    if one.role == "list":
        _fill_list(page, one, trigger, filled, near=near)
        return
    if one.role == "other":
        _fill_other(page, one, trigger, filled, near=near)
        return
    found = find(page, one, trigger.schema)
    chosen = _near(page, found, one) if near else _loose(page, found, one, trigger)
    _settle(page, one, chosen, filled)


def _settle(page: Page, one: Parameter, chosen: list[Candidate], filled: Filled) -> None:
    fitting = [each for each in chosen if each.value is not None]
    distinct = list(dict.fromkeys(str(each.value) for each in fitting))
    if len(distinct) > 1:
        filled.doubts[one.field] = tuple(dict.fromkeys(each.value for each in fitting))
    elif fitting:
        filled.values[one.field] = fitting[0].value
        filled.wrong.pop(one.field, None)
        page.take(fitting[0])
    elif chosen:
        filled.wrong[one.field] = chosen[0].text


def _near(page: Page, found: list[Candidate], one: Parameter) -> list[Candidate]:
    """Choose the candidates that stand by the parameter's name; the nearest, or all of a list ("1042 and 1043")."""
    counted = [each for each in found if one.role == "id" and page.counts(each, one.keys)]
    measured = [(page.distance(each, one.keys), each) for each in found if each not in counted]
    near = sorted(((gap, each) for gap, each in measured if gap is not None), key=lambda pair: pair[0])
    if not near:
        return []
    first = near[0][1]
    return [first, *(each for _, each in near[1:] if _listed(page.text, first, each))]


def _listed(text: str, first: Candidate, other: Candidate) -> bool:
    between = text[first.end : other.start] if first.end <= other.start else text[other.end : first.start]
    return plain(between) in {"and", "or", ""} and len(between) <= len(" and ") and bool(between.strip())


def _loose(page: Page, found: list[Candidate], one: Parameter, trigger: Trigger) -> list[Candidate]:
    """Choose among candidates whose place does not tell what they are; when in doubt, none."""
    rivals = [each for each in trigger.parameters if each.role == one.role and each.required]
    if one.role in _IN_TURN | {"integer", "number", "id", "pattern", "phone"} and len(rivals) > 1:
        return []
    if not one.required and one.role in {"id", "pattern", "integer", "number", "phone"}:
        return []
    if one.role == "id":
        found = [each for each in found if not page.counts(each, one.keys)]
        found = [each for each in found if len(each.text.lstrip("#")) >= _LEAST_ID or each.text.startswith("#")]
    if one.role == "choice":
        found = [each for each in found if _choice_is_meant(page, each, trigger)]
    return found


def _choice_is_meant(page: Page, each: Candidate, trigger: Trigger) -> bool:
    """Tell whether an allowed value in a sentence is meant as one: "my battery is low" gives no priority."""
    asking = request_stems(trigger)
    if any(stem(word) in asking for word in plain(each.text).split()):
        return False
    if not any(one.role in {"text", "title"} for one in trigger.parameters):
        return True
    after = plain(page.text[each.end : each.end + 40]).split()[:2]
    return bool(after) and any(stem(word) in asking for word in after)


def _fill_in_turn(page: Page, typed: list[Parameter], trigger: Trigger, filled: Filled) -> None:
    """Give as many dates as there are date parameters in the order in which both stand ("from … to …")."""
    for role in sorted(_IN_TURN):
        missing = [one for one in typed if one.role == role and one.required and one.field not in filled.values]
        found = find(page, missing[0], trigger.schema) if missing else []
        if len(found) == len(missing):
            for one, each in zip(missing, found, strict=True):
                _settle(page, one, [each], filled)


def _fill_bare_place(page: Page, typed: list[Parameter], trigger: Trigger, filled: Filled) -> None:
    """Read "weather lisbon": what a look-up that needs only a place says besides what it asks for."""
    needed = [one for one in trigger.parameters if one.required and one.field not in filled.values]
    if not trigger.reads or page.taken or len(needed) != 1 or needed[0].role != "place" or needed[0] not in typed:
        return
    rest = bare_place(page.text, request_stems(trigger))
    if rest and fits(trigger.schema, needed[0].schema, rest):
        filled.values[needed[0].field] = rest


def _fill_boolean(page: Page, one: Parameter, filled: Filled) -> None:
    said = plain(page.text)
    if set(plain(one.label).split()) & _CONSENT:
        return
    for key in (plain(one.label), plain(one.path[-1].replace("_", " "))):
        before, found, after = said.partition(key)
        if not found or one.field in filled.values:
            continue
        lead = f" {before}"
        denied = lead.rstrip().endswith(tuple(word.strip() for word in _NO))
        filled.values[one.field] = not (denied or after.split()[:2] in (["is", "no"], ["is", "false"]))


def _fill_list(page: Page, one: Parameter, trigger: Trigger, filled: Filled, *, near: bool) -> None:
    if near or (not one.required and one.item.role != "choice"):
        return
    found = [each for each in find(page, one.item, trigger.schema) if each.value is not None]
    values = list(dict.fromkeys(each.value for each in found))
    if values and fits(trigger.schema, one.schema, values):
        filled.values[one.field] = values
        for each in found:
            page.take(each)


def _fill_other(page: Page, one: Parameter, trigger: Trigger, filled: Filled, *, near: bool) -> None:
    text = keyed(page, one, trigger)
    if not text and not near and one.required and not _prose(trigger):
        marks = quoted(page)
        text = str(marks[0].value) if len(marks) == 1 else ""
    if text and fits(trigger.schema, one.schema, text):
        filled.values[one.field] = text
        start = page.text.find(text)
        page.take(Candidate(text, start, start + len(text), text))
    elif text:
        filled.wrong[one.field] = text


def _prose(trigger: Trigger) -> list[Parameter]:
    return [one for one in trigger.parameters if one.role in _LINES]


def _fill_lines(page: Page, wanted: list[Parameter], trigger: Trigger, filled: Filled, *, prose: bool) -> None:
    """Fill descriptions, titles, searches, and anything else that "key: value" names, with the person's own words."""
    marks = quoted(page)
    for one in wanted:
        if one.field in filled.values or one.role in {"boolean", "list", "object", "choice"}:
            continue
        text = keyed(page, one, trigger) if one.role in _KEYED else ""
        if text and fits(trigger.schema, one.schema, text):
            filled.values[one.field] = text
    lines = [one for one in wanted if one.role in _LINES and one.field not in filled.values]
    if not prose or not lines:
        return
    told = str(marks[0].value) if len(marks) == 1 else own_words(page, trigger)
    aside = told and told.strip(" .!?") != page.text.strip(" .!?")
    for one in lines:
        if one.required or (aside and one.role == "text" and not any(each.required for each in lines)):
            _fill_line(one, trigger, filled, told, page)


def _fill_line(one: Parameter, trigger: Trigger, filled: Filled, told: str, page: Page) -> None:
    announced = page.text.rpartition(":")[2].strip(" .!?") == told.strip(" .!?")
    text = told if announced or len(told.split()) >= _FEWEST_WORDS else ""
    if one.role == "query":
        marks = quoted(page)
        text = str(marks[0].value) if marks else query(page.text, trigger)
    elif one.role == "question":
        text = page.text if is_question(page.text) else told
    elif one.role == "title":
        text = first_words(str(_text_value(trigger, filled) or told))
    if text and fits(trigger.schema, one.schema, text):
        filled.values[one.field] = text


def _text_value(trigger: Trigger, filled: Filled) -> Any:
    return next((filled.values.get(one.field) for one in trigger.parameters if one.role == "text"), None)


def _drop_refused(filled: Filled, refused: Mapping[str, Sequence[Any]]) -> None:
    for name, values in refused.items():
        if name in filled.values and filled.values[name] in values:
            filled.wrong[name] = str(filled.values.pop(name))


def _drop_hidden(filled: Filled, trigger: Trigger) -> None:
    """Leave out what stands where a password was hidden from us; in a description it may stay."""
    for one in trigger.parameters:
        if one.role not in {"text", "title"} and HIDDEN in str(filled.values.get(one.field, "")):
            del filled.values[one.field]
