"""Wording: the part of a message that says what is the matter, in the person's own words."""

import re
from collections.abc import Sequence

from agent.guided_calls.lexicon import words
from agent.guided_calls.matching import request_stems
from agent.guided_calls.page import Page, key_pattern
from agent.guided_calls.parameters import Parameter
from agent.guided_calls.stems import plain, stem, stems_of, terms
from agent.guided_calls.triggers import Trigger

_JOINTS = re.compile(
    r"(?P<end>[.!?;\n]+\s*|[:,]\s+|\s+[-–—]\s+)"
    r"|\b(?:and|because|since|about|saying|regarding|that says|concerning)\b\s*",
    re.IGNORECASE,
)
_QUERY_LEAD = re.compile(r"^(?:for|me|any|some|all|the|about|on|up|a|an)\s+", re.IGNORECASE)
_TITLE = 80
_QUESTIONS = ("what", "when", "where", "how", "which", "who", "why", "do you", "can i", "are you", "is there")
_KEYED = (
    r"(?:^|(?<=[\s,;(]))(?:(?:the|my|our|its)\s+)?{key}\s*"
    r"(?::|=|\bis\b(?!\s+(?:it|this|that|there)\b)|\bshould be\b)\s*"
)
_EDGES = " \t\n.?!,;:"


def keyed(page: Page, parameter: Parameter, trigger: Trigger) -> str:
    """Find what stands after "key:" or "key is", up to the end of it or to the next key."""
    for key in parameter.keys[: 1 if len(parameter.keys) == 1 else 3]:
        pattern = _KEYED.format(key=key_pattern(key).pattern)
        found = re.search(pattern, page.text, re.IGNORECASE)
        if found:
            return _until(page.text[found.end() :], trigger, parameter)
    return ""


def _until(rest: str, trigger: Trigger, parameter: Parameter) -> str:
    opening = re.match(r"\s*[\"“«']([^\"”»']+)[\"”»']", rest)
    if opening:
        return opening.group(1).strip()
    ends = [len(rest)]
    for other in trigger.parameters:
        for key in other.keys[:3] if other != parameter else ():
            mark = re.search(
                rf"(?:[\s,;.]+(?:and\s+)?)(?:(?:the|my)\s+)?{key_pattern(key).pattern}\s*(?::|=|is\b)",
                rest,
                re.IGNORECASE,
            )
            ends += [mark.start()] if mark else []
    stop = re.search(r"\n|;" + ("" if parameter.role == "text" else r"|[.!?](?:\s|$)|,\s"), rest)
    ends += [stop.start()] if stop else []
    return rest[: min(ends)].strip(" ,;")


def own_words(page: Page, trigger: Trigger) -> str:
    """Give the person's own words: the message without the clauses that only ask, greet or give other arguments."""
    clauses = _clauses(page.text)
    told = [_tells(page, clause, trigger) for clause in clauses]
    if not any(told):
        return _announced(page.text, trigger)
    last = len(told) - told[::-1].index(True)
    parts, start = list[str](), told.index(True)
    for place in range(start, last):
        if not told[place] and _is_sentence(page.text, clauses, place):
            parts.append(page.text[clauses[start][0] : clauses[place][0]] if start < place else "")
            start = place + 1
    parts.append(page.text[clauses[start][0] : clauses[last - 1][1]])
    return " ".join(part.strip() for part in parts if part.strip()).strip(" ,;:")


def _announced(text: str, trigger: Trigger) -> str:
    """Give what stands after the colon of "store feedback: …", of whichever words it is."""
    head, _, rest = text.partition(":")
    asks = set(terms(trigger.words)) <= set(terms(head)) and bool(terms(head))
    return rest.strip() if asks else ""


def _is_sentence(text: str, clauses: Sequence[tuple[int, int]], place: int) -> bool:
    """Tell whether a clause is a whole sentence, so that it can be left out of the middle."""
    return all(text[: clauses[one][1]].rstrip(" ").endswith((".", "!", "?", "\n")) for one in (place - 1, place))


def _clauses(text: str) -> list[tuple[int, int]]:
    clauses, start = [], 0
    for joint in _JOINTS.finditer(text):
        clauses.append((start, joint.end() if joint["end"] and joint["end"][0] in ".!?" else joint.start()))
        start = joint.end()
    return [(begin, end) for begin, end in [*clauses, (start, len(text))] if text[begin:end].strip()]


def _tells(page: Page, clause: tuple[int, int], trigger: Trigger) -> bool:
    """Tell whether a clause says more than that something is wanted, and more than a name or a number."""
    begin, end = clause
    text = page.text[begin:end]
    for start, stop in page.taken:
        if start < end and begin < stop:
            low, high = max(start, begin) - begin, min(stop, end) - begin
            text = text[:low] + " " * (high - low) + text[high:]
    keys = stems_of(word for one in trigger.parameters for key in one.keys for word in key.split())
    plainly = (request_stems(trigger) | keys | stems_of(words("generic"))) - stems_of(words("telling"))
    left = [
        word for word in plain(text).split() if word not in words("stop") | words("empty") and stem(word) not in plainly
    ]
    return bool(left)


def is_question(text: str) -> bool:
    """Tell whether a message is a question by itself."""
    return text.rstrip().endswith("?") or plain(text).startswith(tuple(f"{one} " for one in _QUESTIONS))


def first_words(text: str) -> str:
    """Shorten a text to its first sentence, for a title."""
    sentence = re.split(r"(?<=[.!?])\s|\n", text.strip(), maxsplit=1)[0].rstrip(".!")
    if len(sentence) <= _TITLE:
        return sentence
    return sentence[: _TITLE - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"


def query(text: str, trigger: Trigger) -> str:
    """Give what is searched for: the message without the words at its start that ask."""
    asking = {*words("stop"), *words("generic"), *trigger.words.split(), *" ".join(words("searching")).split()}
    asking |= {word.removesuffix("s") for word in trigger.words.split()}
    rest: Sequence[str] = text.split()
    while rest and all(word in asking for word in plain(rest[0]).split()):
        rest = rest[1:]
    said = " ".join(rest)
    while _QUERY_LEAD.match(said):
        said = _QUERY_LEAD.sub("", said)
    return _unthanked(said).strip(" \"“”'")


def _unthanked(text: str) -> str:
    """Take "please" and "thanks" off the end."""
    rest = text.rstrip(_EDGES)
    for ending in ("please", "thanks", "thank you"):
        if rest.lower().endswith(" " + ending):
            return rest[: -len(ending)].rstrip(_EDGES)
    return rest
