"""Candidates: the values of each kind that stand in a text."""

import re
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Any

from agent.guided_calls.dates import Written, dates_in, times_in
from agent.guided_calls.lexicon import table, words
from agent.guided_calls.page import Candidate, Page
from agent.guided_calls.parameters import Parameter
from agent.guided_calls.stems import named, plain, stem
from agent.guided_calls.validity import allows, fits, harmless

_EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_URL = re.compile(r"https?://[^\s<>\"']+|\bwww\.[^\s<>\"']+", re.IGNORECASE)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)")
_PHONE = re.compile(r"(?<![\w@])\+?\(?\d[\d\s().-]{5,18}\d(?!\w)")
_ID = re.compile(r"(?<![\w@.-])#?(?=[\w/-]*\d)\w+(?:[-/]\w+)*(?![\w@])", re.ASCII)
_QUOTED = re.compile(r"\"([^\"\n]+)\"|“([^”\n]+)”|«([^»\n]+)»|(?<!\w)['‘]([^'’\n]+)['’](?!\w)")
_I_AM = re.compile(
    r"\b(?:[Mm]y (?:full )?name is|[Mm]y name'?s|[Cc]all me|[Nn]ame\s*[:=])\s+"
    r"(?P<said>[^\W\d_][\w'’-]*(?:\s+[^\W\d_][\w'’-]*){0,3})"
    r"|\b(?:I['’]m|I am|[Tt]his is|[Ii]t's)\s+"
    r"(?P<shown>[A-Z][\w'’-]*(?:\s+(?:(?:de|van|von|da|di|del|la|bin)\s+){0,2}[A-Z][\w'’-]*){0,3})"
)
_NAME_ENDS = re.compile(
    r"\s+(?:and|my|from|i|with|but|the|here|please|the|to|is|email|at|can|speaking)\b.*", re.IGNORECASE | re.DOTALL
)
_PLACE = r"(?P<place>[^\W\d_][\w'’.-]*(?:[\s]+[^\W\d_][\w'’.-]*){0,3})"
_PLACE_ENDS = re.compile(
    r"[\s,]+(?:and|please|today|tomorrow|tonight|now|next|this|on|at|for|in|from|to|with|right|by|is|are|be|like|will|or"
    r"|during|between|monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|february|march|april|june|july"
    r"|august|september|october|november|december|my|i|if|the weekend)\b.*",
    re.IGNORECASE | re.DOTALL,
)
_NO_PLACE = words("no_place")
_ADDRESS = re.compile(
    r"\b(?:address(?:\s+(?:is now|is|to|now))?\s*:?|moved to|live at|living at"
    r"|(?:ship|send|deliver)(?:\s+(?:it|them))? to)\s+"
    r"(?P<place>[^\n;!?]+?)(?=\s*(?:[.!?]\s+[A-Z]|[.!?]?\s*$|\n|;|,?\s+(?:and|please|from now)\b))",
    re.IGNORECASE,
)
_LONGEST_ID, _BARE, _MOST = 32, 3, 24
_MOST_WORDS, _LONGEST_WORD = 200, 64
_EDGES = ".,;:!?)(\"'”“ "


def find(page: Page, parameter: Parameter, root: Mapping[str, Any]) -> list[Candidate]:
    """List what may be a value of this parameter, in the order in which it stands; unfit ones have no value."""
    finder = _FINDERS.get(parameter.role)
    if finder is None:
        return []
    some = islice(finder(page, parameter), _MOST)
    found = page.free(_fitted(one, parameter, root) for one in some)
    marks = _quoted_ids(page, parameter, root) if parameter.role in {"id", "pattern"} else []
    return marks or found


def _quoted_ids(page: Page, parameter: Parameter, root: Mapping[str, Any]) -> list[Candidate]:
    """List the ids in quotation marks: the person has said exactly what is meant."""
    short = [one for one in quoted(page) if len(one.text) <= _LONGEST_ID and any(char.isdigit() for char in one.text)]
    fitted = [_fitted(one, parameter, root) for one in short]
    return [one for one in fitted if one.value is not None]


def _fitted(one: Candidate, parameter: Parameter, root: Mapping[str, Any]) -> Candidate:
    """Give a candidate the first of its forms that the schema allows."""
    forms = [] if one.value is None else _forms(one, parameter)
    value = next((form for form in forms if fits(root, parameter.schema, form)), None)
    return Candidate(value, one.start, one.end, one.text)


def _forms(one: Candidate, parameter: Parameter) -> list[Any]:
    if not isinstance(one.value, str) or parameter.role not in {"id", "pattern", "phone", "time", "other"}:
        return [one.value]
    bare = one.value.lstrip("#")
    forms = [bare, one.text.strip(), bare.upper(), bare.lower(), "#" + bare, re.sub(r"[\s().-]", "", bare)]
    return list(dict.fromkeys(forms))


def _matched(pattern: re.Pattern[str]) -> Callable[[Page, Parameter], Iterable[Candidate]]:
    def finder(page: Page, parameter: Parameter) -> Iterable[Candidate]:
        del parameter
        for one in pattern.finditer(page.text):
            text = one.group(0).rstrip(_EDGES)
            yield Candidate(text, one.start(), one.start() + len(text), text)

    return finder


def _urls(page: Page, parameter: Parameter) -> Iterable[Candidate]:
    for one in _matched(_URL)(page, parameter):
        yield one if "://" in one.text else Candidate("https://" + one.text, one.start, one.end, one.text)


def _dates(page: Page, parameter: Parameter) -> Iterable[Candidate]:
    del parameter
    return [_written(one) for one in dates_in(page.text, page.today)]


def _times(page: Page, parameter: Parameter) -> Iterable[Candidate]:
    del parameter
    return [_written(one) for one in times_in(page.text)]


def _written(one: Written) -> Candidate:
    return Candidate(one.value or None, one.start, one.end, one.text)


def _ids(page: Page, parameter: Parameter) -> Iterable[Candidate]:
    """Find tokens with digits that are no date, time, address or amount."""
    other = [*dates_in(page.text, page.today), *times_in(page.text)]
    spans = [(one.start, one.end) for one in other]
    spans += [one.span() for pattern in (_EMAIL, _URL) for one in pattern.finditer(page.text)]
    for one in _matched(_ID)(page, parameter):
        if not any(start < one.end and one.start < end for start, end in spans):
            yield one


def _patterned(page: Page, parameter: Parameter) -> Iterable[Candidate]:
    """Find the words that a pattern allows; one that allows about any word tells nothing."""
    pattern = parameter.schema.get("pattern")
    if not isinstance(pattern, str) or not harmless(pattern) or allows(pattern, "please"):
        return _ids(page, parameter)
    found = []
    for one in islice(re.finditer(r"[^\s,;!?()\"']+", page.text), _MOST_WORDS):
        word = one.group(0).rstrip(".")
        here = Candidate(word, one.start(), one.start() + len(word), word)
        if 0 < len(word) <= _LONGEST_WORD and any(allows(pattern, form) for form in _forms(here, parameter)):
            found.append(here)
    return found


def _ids_or_patterned(page: Page, parameter: Parameter) -> Iterable[Candidate]:
    if "pattern" not in parameter.schema:
        return _ids(page, parameter)
    fitting = list(_patterned(page, parameter))
    return fitting or _ids(page, parameter)


def _numbers(page: Page, parameter: Parameter) -> Iterable[Candidate]:
    other = [*dates_in(page.text, page.today), *times_in(page.text)]
    spans = [(one.start, one.end) for one in other] + [one.span() for one in _EMAIL.finditer(page.text)]
    for one in sorted([*_digits(page), *_spelled(page)], key=lambda each: each.start):
        if not any(start < one.end and one.start < end for start, end in spans):
            whole = parameter.role == "integer" and float(one.value).is_integer()
            yield Candidate(int(one.value) if whole else one.value, one.start, one.end, one.text)


def _digits(page: Page) -> Iterable[Candidate]:
    for one in re.finditer(r"(?<![\w.-])[-−]?[#$€£]?\d+(?:,\d{3})*(?:\.\d+)?(?!\w*\d)(?![-/.]\w)", page.text):
        digits = re.sub(r"[#$€£,]", "", one.group(0)).replace("−", "-")
        if len(digits) <= 18:
            yield Candidate(float(digits) if "." in digits else int(digits), one.start(), one.end(), one.group(0))


def _spelled(page: Page) -> Iterable[Candidate]:
    counts = table("words")["number_words"]
    for one in re.finditer(r"[a-zA-Z]+", page.text):
        if one.group(0).lower() in counts:
            yield Candidate(counts[one.group(0).lower()], one.start(), one.end(), one.group(0))


def _chosen(page: Page, parameter: Parameter) -> Iterable[Candidate]:
    found = [
        Candidate(choice, one.start(), one.end(), one.group(0))
        for choice in parameter.choices
        for one in _choice_pattern(choice).finditer(page.text)
    ]
    return [one for one in found if not any(_inside(one, other) for other in found)]


def _choice_pattern(choice: Any) -> re.Pattern[str]:
    words = named(str(choice)).split() if isinstance(choice, str) else [str(choice)]
    ending = r"(?:s|es)?" if isinstance(choice, str) else ""
    return re.compile(
        r"(?<!\w)" + r"[\s_-]*".join(map(re.escape, words or [str(choice)])) + ending + r"(?!\w)", re.IGNORECASE
    )


def _inside(one: Candidate, other: Candidate) -> bool:
    return other.start <= one.start and one.end <= other.end and (other.end - other.start) > (one.end - one.start)


def _names(page: Page, parameter: Parameter) -> Iterable[Candidate]:
    del parameter
    for one in islice(_I_AM.finditer(page.text), _MOST):
        group = "said" if one["said"] else "shown"
        text = _NAME_ENDS.sub("", one[group]).strip(_EDGES)
        if text:
            yield Candidate(text, one.start(group), one.start(group) + len(text), text)


def _places(page: Page, parameter: Parameter) -> Iterable[Candidate]:
    """Find places after a preposition; "from" and "to" tell where a journey begins and ends."""
    own = set(plain(f"{parameter.label} {named(parameter.path[-1])}").split())
    words = "in|at|to|for|from|near|around"
    if own & {"from", "origin", "departure"}:
        words = "from"
    elif own & {"to", "destination", "arrival"}:
        words = "to|towards"
    pattern = rf"\b(?:{words})\s+(?:the city of\s+)?(?={_PLACE})"
    for one in islice(re.finditer(pattern, page.text, re.IGNORECASE), _MOST):
        text = _PLACE_ENDS.sub("", one["place"]).strip(_EDGES)
        if text and plain(text).split()[0] not in _NO_PLACE:
            yield Candidate(text, one.start("place"), one.start("place") + len(text), text)


def bare_place(text: str, asking: AbstractSet[str]) -> str:
    """Give the one to three words that a short message ends with and that ask for nothing."""
    said = re.findall(r"[^\W\d_][\w'’-]*", text)
    while said and (plain(said[0]) in words("stop") or stem(plain(said[0])) in asking):
        said = said[1:]
    if not 0 < len(said) <= _BARE or re.search(r"\d", text):
        return ""
    odd = any(plain(one) in _NO_PLACE | words("stop") or stem(plain(one)) in asking for one in said)
    return "" if odd else " ".join(said)


def _addresses(page: Page, parameter: Parameter) -> Iterable[Candidate]:
    del parameter
    for one in _ADDRESS.finditer(page.text):
        text = one["place"].strip(_EDGES)
        if re.search(r"\d", text):
            yield Candidate(text, one.start("place"), one.start("place") + len(text), text)


def quoted(page: Page) -> list[Candidate]:
    """List what stands in quotation marks."""
    found = []
    for one in _QUOTED.finditer(page.text):
        text = next(part for part in one.groups() if part)
        found.append(Candidate(text.strip(), one.start(), one.end(), text))
    return page.free(found)


_FINDERS: dict[str, Callable[[Page, Parameter], Iterable[Candidate]]] = {
    "email": _matched(_EMAIL),
    "url": _urls,
    "moment": _matched(_MOMENT),
    "date": _dates,
    "time": _times,
    "phone": _matched(_PHONE),
    "choice": _chosen,
    "id": _ids_or_patterned,
    "pattern": _patterned,
    "integer": _numbers,
    "number": _numbers,
    "name": _names,
    "place": _places,
    "address": _addresses,
}
