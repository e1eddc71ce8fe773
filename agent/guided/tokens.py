"""Tokens: what a person typed, cut into words, numbers, ids, URLs, quotations, fields and secrets."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from agent.guided.lexicon import mapping, words
from agent.guided.spelling import corrected


class Kind(StrEnum):
    """What a token is."""

    WORD = "word"
    NUMBER = "number"
    ID = "id"
    URL = "url"
    HOST = "host"
    FIELD = "field"
    EVENT = "event"
    QUOTED = "quoted"
    HEADER = "header"
    SECRET = "secret"
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


_FIELD_ROOTS = (
    "properties|context|participant_metadata|structured_output|profile|meta|traits|payload|data|user|summary"
    "|contact|call|campaign|integration|body|event|metadata|answers|page|items"
)
_EVENT_ROOTS = "interview|call|contact|campaign|integration"
_EVENT_ENDS = "completed|partial|abandoned|started|failed|created|updated|deleted|paused|resumed|connected|disconnected"
_TLDS = (
    "com|net|org|io|dev|app|co|ai|eu|uk|de|fr|nl|us|ca|au|in|jp|ch|at|be|es|it|se|no|fi|dk|pl|br|me|tv|xyz|info|biz"
    "|cloud|tech|online|site|store|shop|sh|so|to|gg|test|example|local|internal|localhost|invalid|run|link|page"
)
_SECRET_NAME = r"(?:authori[sz]ation|auth|[\w-]*(?:token|secret|key|password|passwd|credential|cookie|signature)s?)"
_SECRET_VALUE = r"(?:sk|pk|rk)[-_][\w-]{4,}|whsec_\S+|gh[pousr]_\w+|github_pat_\w+|xox[a-z]-\S+|eyJ[\w-]{10,}[\w.-]*|AKIA\w{12,}|hk_\w{8,}"

_PATTERNS: tuple[tuple[str, str], ...] = (
    (
        "secret",
        rf"\b(?:Bearer|Basic)\s+(?!token\b|auth\b|header\b)(?=\S*[\d\W_]|\S{{12}})[^\s,;]+|\b(?:{_SECRET_VALUE})",
    ),
    (
        "header",
        rf"(?<![\w.])(?P<hname>{_SECRET_NAME}|[A-Za-z]\w*(?:-\w+)+)\s*(?::(?!//)|=(?!=))\s*"
        r"(?P<hvalue>(?:(?:Bearer|Basic|Token)\s+)?(?:\"[^\"]*\"|[^\s,;]+))",
    ),
    ("quoted", r"\"[^\"\n]*\"|“[^”\n]*”|«[^»\n]*»|`[^`\n]+`|(?<!\w)['‘][^'’\n]+['’](?!\w)"),
    ("url", r"[a-zA-Z][a-zA-Z0-9+]{1,9}://[^\s\"'<>]+"),
    ("id", r"\b(?:wh|dlv|evt|chg|psp|cht|ast|trg)_[0-9a-zA-Z]+\b"),
    ("event", rf"\b(?:{_EVENT_ROOTS})[._](?:{_EVENT_ENDS})\b"),
    ("field", rf"\b(?:{_FIELD_ROOTS})(?:\.\w+)+|\butm_[a-z]+\b|\btrust_score\b(?=\s*[<>=!]{{3}})"),
    (
        "host",
        rf"\b(?:[a-z0-9-]+\.)+(?:{_TLDS})\b(?::\d+)?(?:/[^\s\"'<>,;]*)?|\blocalhost\b(?::\d+)?(?:/\S*)?|\b\d+(?:\.\d+){{3}}(?::\d+)?(?:/\S*)?",
    ),
    ("dotted", r"\b[a-z_]\w*(?:\.\w+)+"),
    ("secret2", r"\b(?=[A-Za-z0-9_+/=-]*\d)(?=[A-Za-z0-9_+/=-]*[A-Za-z])[A-Za-z0-9_+/=-]{20,}"),
    (
        "number",
        r"[-−]?[$€£]?\d+(?:,\d{3})*(?:\.\d+)?\+?\s?(?:%|percent\b|ms\b|milliseconds?\b|msec\b|s\b|secs?\b|seconds?\b|sec\b|k\b|usd\b|dollars?\b|bucks\b|eur\b|euros?\b|m\b|mins?\b|minutes?\b|h\b|hrs?\b|hours?\b|d\b|days?\b|weeks?\b|x\b|times\b|st\b|nd\b|rd\b|th\b)?(?![A-Za-z_])",
    ),
    ("mixed", r"\d\w+"),
    ("compare", r">=|=>|<=|=<|==+|!==?|<>|≥|≤|≠|>|<|="),
    ("word", r"[^\W\d_](?:[\w]|[-'’](?=\w))*"),
    ("stop", r"[.,;!?:()\n&/+–—]|-(?=\s)|#|\S"),
)
_SCANNER = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _PATTERNS), re.IGNORECASE)

_CONTRACTIONS = mapping("contractions")
_NUMBER_WORDS = mapping("number_words")
_TENS = 20
_UNITS = mapping("units")
_COMPARE = mapping("comparisons")


def tokenise(text: str, names: tuple[str, ...] = ()) -> tuple[Token, ...]:
    """Cut a message into tokens; `names` are known webhook names of several words, each to be kept whole."""
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
        if len(name.split()) < 2:
            continue
        for match in re.finditer(rf"(?<![\w\"“'])({re.escape(name)})(?![\w\"”'])", text, re.IGNORECASE):
            if all(match.end() <= start or match.start() >= end for start, end, _ in spans):
                spans.append((match.start(), match.end(), name))
    return sorted(spans)


def _scan(text: str) -> list[Token]:
    found: list[Token] = []
    for match in _SCANNER.finditer(text.replace("’", "'").replace("\u00a0", " ")):
        found += _tokens_of(match)
    return found


def _tokens_of(match: re.Match[str]) -> list[Token]:
    group, text = match.lastgroup or "stop", match.group(0)
    if match.group("header"):
        return [_header(match.group("hname"), match.group("hvalue"))]
    if group in {"word", "mixed"}:
        return _words(text)
    if group == "number":
        return [_number(text)]
    if group in {"url", "host"}:
        return _address(group, text)
    if group in {"secret", "secret2"}:
        return [Token(Kind.SECRET, "<secret>", "…")]
    if group == "quoted":
        return [Token(Kind.QUOTED, "<quoted>", text, text[1:-1].strip())]
    if group == "id":
        return [Token(Kind.ID, "<id>", text, text.lower())]
    if group == "event":
        return [Token(Kind.EVENT, "<event>", text, text.lower().replace("_", ".", 1))]
    if group in {"field", "dotted"}:
        return [Token(Kind.FIELD, "<field>", text, text)]
    if group == "compare":
        return [Token(Kind.COMPARE, _COMPARE.get(text, text), text)]
    return [Token(Kind.STOP, text, text)]


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


def _number(text: str) -> Token:
    match = re.match(r"([-−]?)([$€£]?)([\d,]+(?:\.\d+)?)(\+?)\s?(\S*)", text)
    if match is None:  # the scanner's pattern is narrower than this one
        return Token(Kind.STOP, text, text)
    sign, money, digits, plus, unit = match.groups()
    number = digits.replace(",", "")
    unit = "$" if money else "+" if plus else _UNITS.get(unit.lower(), "")
    if unit == "k":
        number, unit = str(round(float(number) * 1000)), ""
    return Token(Kind.NUMBER, "<number>", text.strip(), ("-" if sign else "") + number, unit)


def _address(group: str, text: str) -> list[Token]:
    bare = text.rstrip(".,;!?)'\"”")
    rest = [Token(Kind.STOP, char, char) for char in text[len(bare) :]]
    if "@" in bare.split("//")[-1].split("/")[0]:
        return [Token(Kind.SECRET, "<secret>", "…", "url"), *rest]
    kind = Kind.URL if group == "url" else Kind.HOST
    return [Token(kind, f"<{kind}>", bare, bare), *rest]


def _header(name: str, value: str) -> Token:
    secret = re.fullmatch(_SECRET_NAME, name, re.IGNORECASE) or re.search(_SECRET_VALUE, value)
    secret = secret or re.match(r"(?:Bearer|Basic|Token)\s", value, re.IGNORECASE) or len(value) >= 20
    if secret:
        return Token(Kind.SECRET, "<secret>", "…", "header")
    return Token(Kind.HEADER, "<header>", f"{name}: {value}", f"{name}:{value.strip(chr(34)).rstrip('.!?')}")


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
            hidden[place] = Token(Kind.SECRET, "<secret>", "…", "value")
    return hidden


def _may_be_secret(token: Token, *, linked: bool) -> bool:
    if token.kind in {Kind.QUOTED, Kind.NUMBER, Kind.HOST, Kind.FIELD}:
        return linked
    if token.kind is not Kind.WORD or token.norm in _PLAIN:
        return False
    return linked or any(char.isdigit() for char in token.text)
