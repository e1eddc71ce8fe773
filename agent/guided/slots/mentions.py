"""Mentions: which webhook a clause speaks of, which events, which tags."""

from dataclasses import dataclass
from typing import Literal

from agent.guided.lexicon import mapping, words
from agent.guided.slots.page import Page
from agent.guided.tokens import Kind

_PRONOUNS = words("pronouns")
_ORDINALS = mapping("ordinals")
_STATES = mapping("state_words")
_HEADS = words("webhook_heads")


@dataclass(frozen=True, slots=True)
class Mention:
    """How a webhook was named: ids, names in quotes, hosts, a pronoun, an ordinal, a state, all of them."""

    ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    ordinals: tuple[int, ...] = ()
    state: str = ""
    pronoun: bool = False
    plural: Literal["", "all", "both", "them"] = ""
    other: bool = False
    excepted: bool = False
    noun: bool = False

    @property
    def explicit(self) -> bool:
        """Tell whether the clause itself points at something."""
        return bool(
            self.ids
            or self.names
            or self.hosts
            or self.ordinals
            or self.state
            or self.pronoun
            or self.plural
            or self.other
        )


@dataclass(frozen=True, slots=True)
class EventMention:
    """An event type; `loose` when an everyday word was used that may mean another kind's event ("completed")."""

    name: str
    loose: bool = False


def read_events(page: Page) -> list[EventMention]:
    """Read the event types named, in the order they stand, and mark them."""
    found: dict[int, EventMention] = {}
    for index in page.of_kind(Kind.EVENT):
        found[index] = EventMention(page.tokens[index].value)
        page.mark([index])
    for span in page.spans("events"):
        found[span.start] = EventMention(span.key, loose=span.key.split(".")[-1] in _LOOSE_ENDS)
        page.mark(span.indexes)
    for index in page.of_kind(Kind.WORD):
        if "_" in page.tokens[index].norm and not _after_number(page, index):
            page.mark([index])
            found[index] = EventMention(page.tokens[index].norm)
    return list(dict.fromkeys(found[index] for index in sorted(found)))


def _after_number(page: Page, index: int) -> bool:
    """Tell whether a word names what a number was read from ("over 100 in order_value"): a field, no event."""
    before = page.tokens[max(0, index - 2) : index]
    return len(before) > 1 and before[0].kind is Kind.NUMBER and before[1].is_word("in", "of", "for", "as")


_LOOSE_ENDS = {"completed", "partial", "abandoned"}


def read_custom_events(page: Page) -> list[EventMention]:
    """Read custom event names: quoted or dotted names, and a word beside "event"."""
    found: list[EventMention] = []
    for span in page.spans("nouns", "event"):
        for index in (span.end, span.start - 1):
            if page.free(index) and page.tokens[index].kind in {Kind.QUOTED, Kind.FIELD} and not _field(page, index):
                found.append(EventMention(page.tokens[index].value))
                page.mark([index])
        page.mark(span.indexes)
    for index in page.of_kind(Kind.FIELD):
        if _field(page, index):
            continue
        found.append(EventMention(page.tokens[index].value))
        page.mark([index])
    return found


def _field(page: Page, index: int) -> bool:
    """Tell whether a dotted name is a path in the payload; a custom event is a bare name such as order.shipped."""
    token = page.tokens[index]
    return token.kind is Kind.FIELD and token.value.split(".")[0].casefold() in _FIELD_ROOTS


_FIELD_ROOTS = words("field_roots")
_TAG_STOPS = words("tag_stops")
_TAG_WALLS = words("tag_walls")


def read_tags(page: Page) -> list[str]:
    """Read the tags named beside "tag", "tagged" …, and mark them; they are checked against the catalogue later."""
    found: list[str] = []
    for span in page.spans("nouns", "tag"):
        page.mark(span.indexes)
        after = _tags_after(page, span.end)
        found += after or _tags_before(page, span.start)
    return list(dict.fromkeys(found))


def _tags_after(page: Page, index: int) -> list[str]:
    found: list[str] = []
    words: list[str] = []
    while index < len(page.tokens) and page.tokens[index].norm in {
        "as",
        "with",
        "is",
        "are",
        "either",
        "both",
        "any",
        "all",
        "of",
        "to",
        ":",
        "the",
        "=",
        "must",
        "be",
        "should",
        "include",
        "one",
        "equals",
        "contains",
        "at",
        "least",
        "like",
    }:
        index += 1
    while index < len(page.tokens):
        token = page.tokens[index]
        if token.norm in _TAG_STOPS and words:
            found.append(" ".join(words))
            words = []
        elif token.norm in _TAG_STOPS or token.norm in {"the", "tag", "either", "both"}:
            pass
        elif token.kind is Kind.QUOTED:
            words.append(token.value)
            page.mark([index])
        elif token.kind is Kind.WORD and page.free(index) and token.norm not in _TAG_WALLS:
            words.append(token.text)
            page.mark([index])
        else:
            break
        index += 1
    return [*found, " ".join(words)] if words else found


def _tags_before(page: Page, index: int) -> list[str]:
    found: list[str] = []
    words: list[str] = []
    for position in range(index - 1, -1, -1):
        token = page.tokens[position]
        if token.norm in _TAG_STOPS and (words or found):
            found.insert(0, " ".join(words))
            words = []
        elif token.kind is Kind.QUOTED:
            words.insert(0, token.value)
            page.mark([position])
        elif token.kind is Kind.WORD and page.free(position) and token.norm not in _TAG_WALLS:
            words.insert(0, token.text)
            page.mark([position])
        else:
            break
    return [tag for tag in [" ".join(words), *found] if tag]


def read_mention(page: Page) -> Mention:
    """Read how a webhook is pointed at, and mark it."""
    ids = tuple(_take(page, index) for index in page.of_kind(Kind.ID) if page.tokens[index].value.startswith("wh_"))
    names = tuple(_take(page, index) for index in page.of_kind(Kind.QUOTED, Kind.NAME))
    hosts = tuple(_take(page, index) for index in page.of_kind(Kind.HOST, Kind.URL))
    ordinals, state, other, excepted = _ordinals(page), "", False, False
    plural: Literal["", "all", "both", "them"] = ""
    pronoun = noun = False
    for index in page.of_kind(Kind.WORD):
        word = page.tokens[index].norm
        following = page.tokens[index + 1].norm if index + 1 < len(page.tokens) else ""
        if word in _STATES and (following in _HEADS or following == ""):
            state = state or _STATES[word]
        elif word in {"all", "every", "everything", "each"} and (
            following in _HEADS | {"of", "the", "my", "our", "", "but", "except", "apart", "besides"}
        ):
            plural = "all"
        elif word == "both":
            plural = "both"
        elif word in {"them", "those", "these"}:
            plural = plural or "them"
        elif word == "other":
            other = True
        elif word in {"but", "except", "apart"}:
            excepted = True
        elif word in _HEADS:
            noun = True
            pronoun = pronoun or (index > 0 and page.tokens[index - 1].norm in {"this", "that"})
        elif word in _PRONOUNS:
            pronoun = pronoun or following != "perspective"
        else:
            continue
        page.mark([index])
    return Mention(ids, names, hosts, ordinals, state, pronoun, plural, other, excepted, noun)


def _take(page: Page, index: int) -> str:
    page.mark([index])
    return page.tokens[index].value


def _ordinals(page: Page) -> tuple[int, ...]:
    found: list[int] = []
    for index, token in enumerate(page.tokens):
        following = page.tokens[index + 1].norm if index + 1 < len(page.tokens) else ""
        before = page.tokens[index - 1].norm if index else ""
        if not page.free(index):
            continue
        if token.norm in _ORDINALS and (following in _HEADS or (following == "" and before == "the")):
            found.append(_ORDINALS[token.norm])
            page.mark([index, index + 1] if following else [index])
        elif token.kind is Kind.NUMBER and (
            (token.unit == "th" and following in _HEADS | {""}) or before in {"#", "number", "no"} | _HEADS
        ):
            found.append(int(float(token.value)))
            page.mark([index])
    return tuple(found)
