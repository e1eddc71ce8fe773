"""Tokens: what a person typed, cut into words, numbers, ids, URLs, quotations, fields and secrets."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from agent.guided.lexicon import mapping, words
from agent.guided.patterns import HIDDEN_NAME, HIDDEN_VALUE, SCANNER
from agent.guided.plain_names import is_plain_name
from agent.guided.spelling import corrected


class Kind(StrEnum):
    """What a token is."""

    WORD = "word"
    NUMBER = "number"
    DATE = "date"
    ID = "id"
    URL = "url"
    HOST = "host"
    FIELD = "field"
    EVENT = "event"
    QUOTED = "quoted"
    HEADER = "header"
    HIDDEN = "hidden"
    NAME = "name"
    COMPARE = "compare"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Token:
    """One token: `norm` is what the grammar compares, `text` what was typed, `value` what it stands for."""

    kind: Kind
    norm: str
    text: str
    value: str = ""
    unit: str = ""

    def is_word(self, *words: str) -> bool:
        """Tell whether this is one of the words."""
        return self.kind is Kind.WORD and self.norm in words


_CONTRACTIONS = mapping("contractions")
_NUMBER_WORDS = mapping("number_words")
_TENS = 20
_LONG = 20  # a header value that long is no plain label
_UNITS = mapping("units")
_COMPARE = mapping("comparisons")


def tokenise(text: str, names: tuple[str, ...] = ()) -> tuple[Token, ...]:
    """Cut a message into tokens; `names` are known webhook names, each to be kept whole."""
    tokens: list[Token] = []
    position = 0
    for start, end, name in _name_spans(text, names):
        tokens += _scan(text[position:start])
        tokens.append(Token(Kind.NAME, "<name>", text[start:end], name))
        position = end
    tokens += _scan(text[position:])
    return tuple(_hide_secrets(_join_numbers(tokens)))


def _name_spans(text: str, names: tuple[str, ...]) -> list[tuple[int, int, str]]:
    """Find the longest known names in the text, outside quotation marks."""
    spans: list[tuple[int, int, str]] = []
    for name in sorted(names, key=len, reverse=True):
        for match in re.finditer(rf"(?<![\w\"“'])({re.escape(name)})(?![\w\"”'])", text, re.IGNORECASE):
            whole = len(name.split()) > 1 or is_plain_name(name, text, match.start(), match.end())
            if whole and all(match.end() <= start or match.start() >= end for start, end, _ in spans):
                spans.append((match.start(), match.end(), name))
    return sorted(spans)


def _scan(text: str) -> list[Token]:
    found: list[Token] = []
    for match in SCANNER.finditer(text.replace("’", "'").replace("\u00a0", " ")):
        found += _tokens_of(match)
    return found


def _tokens_of(match: re.Match[str]) -> list[Token]:
    if match.group("header"):
        return [_header(match.group("hname"), match.group("hvalue"))]
    group, text = match.lastgroup or "stop", match.group(0)
    if group in _KINDS:
        kind, value = _KINDS[group]
        return [Token(kind, f"<{kind}>", text, value(text))]
    return _READERS[group](text)


def _words(text: str) -> list[Token]:
    lowered = text.lower()
    if "_" in lowered:
        return [Token(Kind.WORD, lowered, text)]
    expanded = _CONTRACTIONS.get(lowered)
    if expanded:
        return [Token(Kind.WORD, word, text if index == 0 else "") for index, word in enumerate(expanded.split())]
    bare = lowered.removesuffix("'s")
    if bare in _NUMBER_WORDS:
        return [Token(Kind.NUMBER, "<number>", text, str(_NUMBER_WORDS[bare]), "word")]
    return [Token(Kind.WORD, corrected(bare), text)]


def _number(text: str) -> list[Token]:
    match = re.match(r"([-−]?)([$€£]?)([\d,]+(?:\.\d+)?)(\+?)[\s-]?(\S*)", text)
    if match is None:  # the scanner's pattern is narrower than this one
        return [Token(Kind.STOP, text, text)]
    sign, money, digits, plus, unit = match.groups()
    number = digits.replace(",", "")
    unit = "$" if money else "+" if plus else _UNITS.get(unit.lower(), "")
    if unit == "k":
        number, unit = str(round(float(number) * 1000)), ""
    return [Token(Kind.NUMBER, "<number>", text.strip(), ("-" if sign else "") + number, unit)]


def _address(text: str) -> list[Token]:
    bare = text.rstrip(".,;!?)'\"”")
    rest = [Token(Kind.STOP, char, char) for char in text[len(bare) :]]
    if "@" in bare.split("//")[-1].split("/")[0]:
        return [Token(Kind.HIDDEN, "<hidden>", "…", "url"), *rest]
    kind = Kind.URL if "://" in bare else Kind.HOST
    return [Token(kind, f"<{kind}>", bare, bare), *rest]


def _header(name: str, value: str) -> Token:
    named = re.fullmatch(HIDDEN_NAME, name, re.IGNORECASE) or re.search(HIDDEN_VALUE, value)
    if named or re.match(r"(?:Bearer|Basic|Token)\s", value, re.IGNORECASE) or len(value) >= _LONG:
        return Token(Kind.HIDDEN, "<hidden>", "…", "header")
    return Token(Kind.HEADER, "<header>", f"{name}: {value}", f"{name}:{value.strip(chr(34)).rstrip('.!?')}")


_KINDS: dict[str, tuple[Kind, Callable[[str], str]]] = {
    "quoted": (Kind.QUOTED, lambda text: text[1:-1].strip()),
    "id": (Kind.ID, str.lower),
    "date": (Kind.DATE, str),
    "event": (Kind.EVENT, lambda text: text.lower().replace("_", ".", 1)),
    "field": (Kind.FIELD, str),
    "dotted": (Kind.FIELD, str),
}
_READERS: dict[str, Callable[[str], list[Token]]] = {
    "word": _words,
    "mixed": _words,
    "number": _number,
    "url": _address,
    "host": _address,
    "secret": lambda _: [Token(Kind.HIDDEN, "<hidden>", "…")],
    "long": lambda _: [Token(Kind.HIDDEN, "<hidden>", "…")],
    "compare": lambda text: [Token(Kind.COMPARE, _COMPARE.get(text, text), text)],
    "stop": lambda text: [Token(Kind.STOP, text, text)],
}


def _join_numbers(tokens: list[Token]) -> list[Token]:
    """Join "seventy five", and a unit that stands apart after a number word."""
    joined: list[Token] = []
    for token in tokens:
        last = joined[-1] if joined else None
        if last and last.unit == "word" and token.kind is Kind.NUMBER and token.unit == "word":
            tens, ones = int(last.value), int(token.value)
            if tens >= _TENS > 10 > ones:
                joined[-1] = replace(last, value=str(tens + ones))
                continue
        if last and last.unit == "word" and token.kind is Kind.WORD and token.text.lower() in _UNITS:
            joined[-1] = replace(last, unit=_UNITS[token.text.lower()])
            continue
        joined.append(token)
    return joined


_SECRET_NOUNS = words("secret_nouns")
_LINKS = {"is", "to", "=", ":", "be", "as", "value", "with", "now", "should", "header", "token", "key"}
_PLAIN = words("not_secret")


def _hide_secrets(tokens: list[Token]) -> list[Token]:
    """Replace what is said to be a token, password or key: it is neither used nor repeated."""
    hidden = list(tokens)
    for index, token in enumerate(tokens):
        if token.kind is not Kind.WORD or token.norm not in _SECRET_NOUNS:
            continue
        place, linked = index + 1, False
        while place < len(tokens) and tokens[place].norm in _LINKS:
            linked = linked or tokens[place].norm in {"is", "to", "=", ":", "be", "as", "with"}
            place += 1
        if place < len(tokens) and _may_be_secret(tokens[place], linked=linked):
            hidden[place] = Token(Kind.HIDDEN, "<hidden>", "…", "value")
    return hidden


def _may_be_secret(token: Token, *, linked: bool) -> bool:
    if token.kind in {Kind.QUOTED, Kind.NUMBER, Kind.HOST, Kind.FIELD}:
        return linked
    if token.kind is not Kind.WORD or token.norm in _PLAIN:
        return False
    return linked or any(char.isdigit() for char in token.text)
