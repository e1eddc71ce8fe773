"""Single events: "send a purchase event to CRM" asks for one request now, as a test, not for a filter."""

from agent.guided.slots.page import Page
from agent.guided.slots.values import Contents
from agent.guided.tokens import Kind, Token

_SENDING = ("send", "fire", "deliver", "forward", "trigger")
_NOT = {"do", "not", "never"}
_ONE = ("a", "an", "one", "another")
_FEW = ("some", "few", "couple", "several")
_TO = {"to", "at", "into"}
_STANDING = {"only", "just", "when", "whenever", "if", "for", "where", "every", "each", "once", "unless", "also", "too"}


def is_single(page: Page, found: Contents) -> bool:
    """Tell whether one event is to be sent now ("send a purchase event")."""
    words = {token.norm for token in page.tokens}
    return _begins_with(page, _ONE) and words.isdisjoint(_STANDING | _NOT | {*_FEW}) and _about_one_event(found)


def doubt_about(page: Page, found: Contents, mode: str) -> str:
    """Name the doubt about a filter that may be one event or some, not all of a kind ("send purchase to CRM")."""
    if not found.values.events or mode == "also":
        return ""
    counted = _begins_with(page, _ONE + _FEW) or _is_number(page)
    single = counted or (_is_singular(page, found) and _about_one_event(found))
    return {"skip": "negation"}.get(mode, "once") if single else ""


def _begins_with(page: Page, words: tuple[str, ...]) -> bool:
    return any(token.is_word(*words) for token in _object(page)[:1])


def _is_number(page: Page) -> bool:
    return any(token.kind is Kind.NUMBER for token in _object(page)[:1])


def _object(page: Page) -> list[Token]:
    return [token for token in _sent(page) if not token.is_word("me", "us", "out", "off")]


def _is_singular(page: Page, found: Contents) -> bool:
    sent = _sent(page)
    understood = [token.norm for token in sent if token.text not in found.residue]
    return bool(sent) and not any(norm in _STANDING or norm.endswith("s") for norm in understood)


def _sent(page: Page) -> tuple[Token, ...]:
    """Give the words for what is to be sent: those between the verb and "to"."""
    verb = next((place for place, token in enumerate(page.tokens) if token.norm not in _NOT), len(page.tokens) - 1)
    if not page.tokens[verb].is_word(*_SENDING):
        return ()
    end = next((place for place, token in enumerate(page.tokens) if token.norm in _TO), len(page.tokens))
    return page.tokens[verb + 1 : end]


def _about_one_event(found: Contents) -> bool:
    values = found.values
    more = values.tags or values.tests or values.comparisons or len(values.events) > 1
    return not more and bool(values.events or "event" in found.nouns)
