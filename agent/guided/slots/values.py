"""Values: everything that a clause carries, read in the order that leaves the least to doubt."""

from typing import NamedTuple

from agent.guided.reading import Values
from agent.guided.slots.comparisons import read_comparisons
from agent.guided.slots.mentions import Mention, read_custom_events, read_events, read_mention, read_tags
from agent.guided.slots.page import Page
from agent.guided.slots.texttests import read_text_tests
from agent.guided.tokens import Kind

_STATES = {"failing", "broken", "errored"}
_SINCE = (
    ("today", ("today",)), ("yesterday", ("yesterday",)), ("1h", ("last", "hour")), ("1h", ("past", "hour")), ("24h", ("last", "day")), ("24h", ("past", "day")),
    ("7d", ("last", "week")), ("7d", ("this", "week")), ("7d", ("past", "week")), ("30d", ("last", "month")), ("30d", ("this", "month")), ("today", ("this", "morning")), ("12h", ("last", "night")), ("yesterday", ("since", "yesterday")),
)  # fmt: skip
_FAILED = {
    "failed",
    "failing",
    "failures",
    "failure",
    "errors",
    "fail",
    "errored",
    "unsuccessful",
    "bounced",
    "broke",
    "broken",
    "error",
}
_EVERYTHING = (
    ("all", "events"),
    ("every", "event"),
    ("everything",),
    ("all", "event", "types"),
    ("all", "the", "events"),
    ("any", "event"),
    ("all", "types"),
    ("all", "kinds"),
    ("every", "type"),
    ("anything",),
    ("all", "of", "the", "events"),
    ("all", "conversations"),
    ("every", "conversation"),
    ("all", "interviews"),
)


class Contents(NamedTuple):
    """What is on a page: its values, the webhook pointed at, the nouns, the words left over."""

    values: Values
    mention: Mention
    nouns: frozenset[str]
    residue: tuple[str, ...]


def read_light(page: Page) -> Contents:
    """Read only which webhook is meant: for requests such as "disable", where event words may belong to its name."""
    identifiers = _identifiers(page)
    page.mark(index for index in page.of_kind(Kind.SECRET, Kind.STOP))
    page.mark(index for index in page.of_kind(Kind.WORD) if page.tokens[index].is_word("event", "request", "delivery"))
    mention = read_mention(page)
    page.mark(index for span in page.spans("nouns", "webhook", "test", "sample") for index in span.indexes)
    return Contents(Values(**identifiers), mention, frozenset(), page.residue())


def read_values(page: Page) -> Contents:
    """Read every value of a clause."""
    nouns = frozenset(span.key for span in page.spans("nouns"))
    identifiers = _identifiers(page)
    times = {"since": _since(page), "status": _status(page)}
    tests = read_text_tests(page)
    comparisons = read_comparisons(page)
    everything = _everything(page)
    events = read_events(page)
    tags = read_tags(page)
    if "event" in nouns or not tags:
        events = [*events, *read_custom_events(page)]
    match = _tag_match(page) if tags or "tag" in nouns else ""
    urls = page.of_kind(Kind.URL)
    url = page.tokens[urls[0]].value if urls else ""
    page.mark(urls[:1])
    header = [page.tokens[index].value for index in page.of_kind(Kind.HEADER)]
    secrets = [page.tokens[index].value or "value" for index in page.of_kind(Kind.SECRET)]
    page.mark(page.of_kind(Kind.HEADER, Kind.SECRET))
    quoted = tuple(page.tokens[index].value for index in page.of_kind(Kind.QUOTED))
    page.mark(index for span in page.spans("nouns") if span.key != "webhook" for index in span.indexes)
    mention = read_mention(page)
    page.mark(index for span in page.spans("nouns") for index in span.indexes)
    values = Values(
        tuple(dict.fromkeys(events)),
        tuple(tags),
        match,
        tuple(comparisons),
        tuple(tests),
        url,
        header[0] if header else "",
        secrets[0] if secrets else "",
        quoted,
        everything=everything,
        **identifiers,
        **times,
    )
    return Contents(values, mention, nouns, page.residue())


def _identifiers(page: Page) -> dict[str, str]:
    found = {"delivery_id": "", "change_id": ""}
    for index in page.of_kind(Kind.ID):
        prefix = page.tokens[index].value.split("_")[0]
        name = {"dlv": "delivery_id", "chg": "change_id"}.get(prefix)
        if name:
            found[name] = page.tokens[index].value
        if prefix != "wh":
            page.mark([index])
    return found


def _run(page: Page, words: tuple[str, ...]) -> range | None:
    """Find these words in a row."""
    norms = [token.norm for token in page.tokens]
    for start in range(len(norms) - len(words) + 1):
        if tuple(norms[start : start + len(words)]) == words:
            return range(start, start + len(words))
    return None


def _since(page: Page) -> str:
    for since, words in _SINCE:
        run = _run(page, words)
        if run:
            page.mark(run)
            page.mark(index for index in page.of_kind(Kind.WORD) if page.tokens[index].is_word("since", "from"))
            return since
    for index in page.of_kind(Kind.NUMBER):
        unit = page.tokens[index].unit
        before = {token.norm for token in page.tokens[max(0, index - 2) : index]}
        if unit in {"h", "d", "w", "min"} and before & {"last", "past", "since", "from"}:
            page.mark([index])
            return page.tokens[index].value + unit
    return ""


def _status(page: Page) -> str:
    words = {token.norm for token in page.tokens}
    page.mark(index for index in page.of_kind(Kind.WORD) if page.tokens[index].norm in _FAILED - _STATES)
    if words & _FAILED:
        return "failed"
    if words & {"delivered", "succeeded", "successful", "successes"}:
        return "delivered"
    return "retrying" if words & {"retrying"} else "pending" if words & {"pending", "queued", "waiting"} else ""


def _everything(page: Page) -> bool:
    for words in _EVERYTHING:
        run = _run(page, words)
        if run:
            page.mark(run)
            return True
    return False


def _tag_match(page: Page) -> str:
    norms = {token.norm for token in page.tokens}
    page.mark(
        index
        for index in page.of_kind(Kind.WORD)
        if page.tokens[index].norm in {"both", "either", "any", "all", "each"}
    )
    if norms & {"all", "both", "every", "each"}:
        return "all"
    return "any" if norms & {"any", "either", "or", "one", "some"} else ""
