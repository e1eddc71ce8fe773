"""Answers: the next message read as the answer to a question."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from agent.guided.lexicon import phrases as house_phrases
from agent.guided_calls.asking import asked_already
from agent.guided_calls.candidates import find, quoted
from agent.guided_calls.lexicon import phrases, words
from agent.guided_calls.page import Candidate, Page, key_pattern
from agent.guided_calls.parameters import Parameter
from agent.guided_calls.stems import content, plain
from agent.guided_calls.triggers import Trigger
from agent.guided_calls.validity import fits

_LONGEST_WORDLESS = 64
_UNKNOWN = (
    "i dont know",
    "i do not know",
    "dont know",
    "no idea",
    "i have no idea",
    "i dont have",
    "i do not have",
    "i dont remember",
    "im not sure",
)
_LINES = {"text", "title", "query", "question", "other", "address", "place", "name", "clock"}
_MOST_WORDS = {"name": 5, "place": 6, "address": 20, "id": 1, "pattern": 3, "phone": 1}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a message answers: a value, several between which it does not choose, or what does not fit."""

    value: Any = None
    doubts: tuple[Any, ...] = ()
    wrong: str = ""

    @property
    def found(self) -> bool:
        """Tell whether there is a value."""
        return self.value is not None


def is_cancel(text: str) -> bool:
    """Tell whether the whole message drops what is being done."""
    return _whole(text, "cancel")


def is_yes(text: str) -> bool:
    """Tell whether the whole message agrees."""
    said = plain(text)
    yes = {plain(" ".join(one)) for one in house_phrases("marks", "yes")}
    return said in yes or said.removesuffix(" please").removesuffix(" thanks") in yes


def is_no(text: str) -> bool:
    """Tell whether the whole message declines."""
    said = plain(text)
    return said in {plain(" ".join(one)) for one in house_phrases("marks", "no")} or is_cancel(text)


def is_unknown(text: str) -> bool:
    """Tell whether the message says that the person does not have what was asked for, or asks back."""
    return _whole(text, "unknown") or plain(text).startswith(_UNKNOWN)


def asks_back(text: str, parameter: Parameter | None = None) -> bool:
    """Tell whether the message asks what was meant by the question ("what do you need?", "which order number?")."""
    if _whole(text, "back"):
        return True
    said = plain(text).split()
    if parameter is None or not said or not text.rstrip().endswith("?") or said[0] not in words("back_leads"):
        return False
    own = {word for key in (plain(parameter.label), *parameter.keys) for word in key.split()}
    return set(content(text)) <= own | words("back_about")


def is_again(text: str) -> bool:
    """Tell whether the message asks for the same once more."""
    return _whole(text, "again")


def _whole(text: str, key: str) -> bool:
    said = plain(text)
    forms = {
        said,
        said.removesuffix(" please"),
        said.removeprefix("please "),
        said.removeprefix("oh "),
        said.removeprefix("ok "),
    }
    return bool({plain(form) for form in forms} & {plain(one) for one in words(key)})


def picked(text: str, options: Sequence[Any]) -> Any:
    """Find which of the options a message picks by its place ("the second one"); None when it picks none."""
    said = [word for word in plain(text).split() if word not in {"the", "one", "please", "option", "number"}]
    places = {"first": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "last": len(options) - 1}
    place = places.get(said[0]) if len(said) == 1 else None
    return options[place] if place is not None and 0 <= place < len(options) else None


def read_answer(parameter: Parameter, trigger: Trigger, text: str, today: date | None) -> Answer:
    """Read a whole message as the value of one parameter."""
    if parameter.role == "boolean":
        return Answer(value=is_yes(text)) if is_yes(text) or is_no(text) else Answer(wrong=text)
    bare = without_lead(text, parameter)
    if parameter.role == "list":
        return _listed(parameter, trigger, bare, today)
    found = find(Page(bare, today), parameter, trigger.schema)
    distinct = list(dict.fromkeys(str(one.value) for one in found if one.value is not None))
    if len(distinct) > 1:
        return _several(parameter, trigger, bare, found)
    if distinct and parameter.role not in {"place", "address"}:
        return Answer(next(one.value for one in found if one.value is not None))
    if distinct and parameter.role == "place" and bare[0].islower() and not bare.startswith(str(distinct[0])):
        return Answer(distinct[0])  # "for my trip to Rome"
    return _whole_text(parameter, trigger, bare) if not _only_exact(parameter) else Answer(wrong=_first(found, text))


def _several(parameter: Parameter, trigger: Trigger, bare: str, found: Sequence[Candidate]) -> Answer:
    if parameter.role in _LINES:
        return _whole_text(parameter, trigger, bare)
    return Answer(doubts=tuple(dict.fromkeys(one.value for one in found if one.value is not None)))


def _only_exact(parameter: Parameter) -> bool:
    return parameter.role in {"email", "url", "moment", "integer", "number", "choice"} or (
        parameter.role == "date" and parameter.schema.get("format") == "date"
    )


def _first(found: Sequence[Candidate], text: str) -> str:
    return found[0].text if found else text


def _listed(parameter: Parameter, trigger: Trigger, text: str, today: date | None) -> Answer:
    found = [one.value for one in find(Page(text, today), parameter.item, trigger.schema) if one.value is not None]
    values = found or [part.strip() for part in text.replace(" and ", ",").split(",") if part.strip()]
    return Answer(values) if fits(trigger.schema, parameter.schema, values) else Answer(wrong=text)


def _whole_text(parameter: Parameter, trigger: Trigger, bare: str) -> Answer:
    marks = quoted(Page(bare))
    text = str(marks[0].value) if len(marks) == 1 and parameter.role != "text" else bare.strip()
    text = text.rstrip(" .!") if parameter.role != "text" else text
    limit = _MOST_WORDS.get(parameter.role)
    if not text or (limit and len(text.split()) > limit) or asked_already(parameter, text):
        return Answer(wrong=bare)
    if parameter.role in {"id", "pattern", "phone"} and len(text) > _LONGEST_WORDLESS:
        return Answer(wrong=bare)
    forms = [text, text.upper(), text.lower()] if parameter.role in {"id", "pattern"} else [text]
    value = next((form for form in forms if fits(trigger.schema, parameter.schema, form)), None)
    return Answer(value) if value is not None else Answer(wrong=text)


def without_lead(text: str, parameter: Parameter) -> str:
    """Take "it's", "my order number is" and the like off the front, and "please" off the end."""
    rest = text.strip()
    while (shorter := _shortened(rest, parameter)) != rest:
        rest = shorter
    for ending in (", please", " please", ", thanks", " thanks", " thank you"):
        if rest.lower().rstrip(" .!").endswith(ending):
            rest = rest.rstrip(" .!")[: -len(ending)]
    return rest.strip()


def _shortened(rest: str, parameter: Parameter) -> str:
    if parameter.role == "text":
        return rest
    low = rest.lower().replace("’", "'")
    for phrase in ("it's", "that's", "i'd say", "let's say", "i'm", "i am", "my name is", *phrases("answering")):
        after = low[len(phrase) : len(phrase) + 1]
        if low.startswith(phrase) and after and not after.isalnum() and after not in "-'./":
            return rest[len(phrase) :].lstrip(" ,:!")
    for key in parameter.keys:
        found = key_pattern(key).match(rest)
        tail = rest[found.end() :] if found else ""
        if tail and tail[0] in " :=,#" and tail.strip(" :=,#"):
            return tail.lstrip(" :=,#").removeprefix("is ")
    return rest
