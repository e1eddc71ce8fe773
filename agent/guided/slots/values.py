"""Values: everything that a clause carries, read in the order that leaves the least to doubt."""

from dataclasses import replace
from datetime import date
from typing import NamedTuple

from agent.guided.lexicon import words
from agent.guided.reading import Values
from agent.guided.slots.comparisons import read_comparisons
from agent.guided.slots.mentions import Mention, read_custom_events, read_events, read_mention, read_tags
from agent.guided.slots.page import Page
from agent.guided.slots.texttests import read_text_tests
from agent.guided.tokens import Kind

_STATES = {"failing", "broken", "errored"}
_FAILED = words("failed")
_LISTS = {"both", "either", "any", "all", "each"}


class Contents(NamedTuple):
    """What is on a page: its values, the webhook pointed at, the nouns, the words left over."""

    values: Values
    mention: Mention
    nouns: frozenset[str]
    residue: tuple[str, ...]


def read_light(page: Page) -> Contents:
    """Read only which webhook is meant: for requests such as "disable", where event words may belong to its name."""
    delivery, change, _ = _identifiers(page)
    page.mark(page.of_kind(Kind.HIDDEN, Kind.STOP))
    page.mark(index for index in page.of_kind(Kind.WORD) if page.tokens[index].is_word("event", "request", "delivery"))
    mention = read_mention(page)
    page.mark(index for span in page.spans("nouns", "webhook", "test", "sample") for index in span.indexes)
    return Contents(Values(delivery_id=delivery, change_id=change), mention, frozenset(), page.residue())


def read_values(page: Page) -> Contents:
    """Read every value of a clause."""
    nouns = frozenset(span.key for span in page.spans("nouns"))
    values = _endpoint_values(page, _filter_values(page, _plain_values(page), nouns))
    page.mark(index for span in page.spans("nouns") if span.key != "webhook" for index in span.indexes)
    mention = read_mention(page)
    page.mark(index for span in page.spans("nouns") for index in span.indexes)
    return Contents(values, mention, nouns, page.residue())


def _plain_values(page: Page) -> Values:
    delivery, change, event = _identifiers(page)
    return Values(delivery_id=delivery, change_id=change, event_id=event, since=_since(page), status=_status(page))


def _filter_values(page: Page, values: Values, nouns: frozenset[str]) -> Values:
    tests = tuple(read_text_tests(page))
    comparisons = tuple(read_comparisons(page))
    everything = _everything(page)
    events = read_events(page)
    tags = tuple(read_tags(page))
    if "event" in nouns or not tags:
        events = [*events, *read_custom_events(page)]
    match = _tag_match(page) if tags or "tag" in nouns else ""
    return replace(
        values,
        tests=tests,
        comparisons=comparisons,
        everything=everything,
        events=tuple(dict.fromkeys(events)),
        tags=tags,
        tag_match=match,
    )


def _endpoint_values(page: Page, values: Values) -> Values:
    urls, headers, hidden = page.of_kind(Kind.URL), page.of_kind(Kind.HEADER), page.of_kind(Kind.HIDDEN)
    page.mark([*urls[:1], *headers, *hidden])
    return replace(
        values,
        url=page.tokens[urls[0]].value if urls else "",
        header=page.tokens[headers[0]].value if headers else "",
        secret=bool(hidden),
        quoted=tuple(page.tokens[index].value for index in page.of_kind(Kind.QUOTED)),
    )


def _identifiers(page: Page) -> tuple[str, str, str]:
    """Give the delivery id, the change id and the event id."""
    found = {"dlv": "", "chg": "", "evt": ""}
    for index in page.of_kind(Kind.ID):
        prefix = page.tokens[index].value.split("_")[0]
        if prefix in found:
            found[prefix] = page.tokens[index].value
        if prefix != "wh":
            page.mark([index])
    return found["dlv"], found["chg"], found["evt"]


def _is_date(text: str) -> bool:
    """Tell whether the calendar has this day."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _since(page: Page) -> str:
    for index in page.of_kind(Kind.DATE):
        if index and page.tokens[index - 1].is_word("since", "from", "after") and _is_date(page.tokens[index].value):
            page.mark([index - 1, index])
            return page.tokens[index].value
    for span in page.spans("spans"):
        if span.key != "everything":
            page.mark(span.indexes)
            page.mark(index for index in page.of_kind(Kind.WORD) if page.tokens[index].is_word("since", "from"))
            return span.key
    for index in page.of_kind(Kind.NUMBER):
        unit = page.tokens[index].unit
        before = {token.norm for token in page.tokens[max(0, index - 2) : index]}
        if unit in {"h", "d", "w", "min"} and before & {"last", "past", "since", "from"}:
            page.mark([index])
            page.mark(place for place in page.of_kind(Kind.WORD) if page.tokens[place].is_word("since", "from"))
            return page.tokens[index].value + unit
    return ""


def _status(page: Page) -> str:
    said = {token.norm for token in page.tokens}
    page.mark(index for index in page.of_kind(Kind.WORD) if page.tokens[index].norm in _FAILED - _STATES)
    if said & _FAILED:
        return "failed"
    if said & {"delivered", "succeeded", "successful", "successes"}:
        return "delivered"
    return "retrying" if said & {"retrying"} else "pending" if said & {"pending", "queued", "waiting"} else ""


def _everything(page: Page) -> bool:
    found = page.spans("spans", "everything")
    page.mark(index for span in found for index in span.indexes)
    return bool(found)


def _tag_match(page: Page) -> str:
    norms = {token.norm for token in page.tokens}
    page.mark(index for index in page.of_kind(Kind.WORD) if page.tokens[index].norm in _LISTS)
    if norms & {"all", "both", "every", "each"}:
        return "all"
    return "any" if norms & {"any", "either", "or", "one", "some"} else ""
