"""Answers: "2", "yes", "the CRM one", "70" said in reply to a question become the message that they stand for."""

from agent.guided.lexicon import mapping, words
from agent.guided.memory import Memory
from agent.guided.reading import Intent
from agent.guided.recogniser import recognise
from agent.guided.script import Question, Reply, ask
from agent.guided.slots.comparisons import TIMES
from agent.guided.tokens import Kind, Token, tokenise

_PLACES = mapping("places")
_IDLE = words("idle_in_answers")
_SHORT = 8
_AROUND_NUMBERS = words("around_numbers")
_AROUND_NAMES = frozenset({"the", "call", "one", "please", "trigger", "take", "use", "test"})


def as_command(text: str, memory: Memory) -> str | Reply:
    """Give the message that an answer stands for, or the text itself when it is no answer."""
    question = memory.question
    if question is None:
        return text
    text = "no" if text.strip(" .!").casefold() == "n" else text  # alone it is no "and"
    if option := _named(text, question):
        return option
    readings = recognise(text, memory.names)
    first = readings[0].intent if readings else Intent.UNKNOWN
    if first in {Intent.YES, Intent.APPLY} and len(readings) == 1:
        return _yes(question)
    if first in {Intent.NO, Intent.CANCEL} and len(readings) == 1:
        return Reply("All right, I left everything as it was.")
    if any(reading.intent not in _OPEN for reading in readings):
        return text
    return _choice(tokenise(text), question) or _value(text, question) or text


def _named(text: str, question: Question) -> str:
    """Find the option that a message is, or whose name it says."""
    answer = text.strip().casefold()
    whole = [one for one in question.options if answer == one.casefold()] or _quoting(answer, question)
    said = [word for word in text.strip(" .!\"“”'").casefold().split() if word not in _AROUND_NAMES]
    names = [one.casefold() for one in question.ids[: len(question.options)]]
    if whole or len(said) != 1 or said[0] not in names:
        return whole[0] if whole else ""
    return question.options[names.index(said[0])]


def _quoting(answer: str, question: Question) -> list[str]:
    """Find the one option that has the answer as the name in it ("Webhook": `Delete "Webhook"`)."""
    found = [option for option in question.options if f'"{answer}"' in option.casefold()]
    return found if len(found) == 1 else []


_OPEN = {
    Intent.UNKNOWN,
    Intent.ADJUST,
    Intent.REMARK,
    Intent.FILTER,
    Intent.TAG_MATCH,
    Intent.YES,
    Intent.NO,
    Intent.LIST,
    Intent.RENAME,
    Intent.SHOW,
    Intent.EVENT_TYPES,
    Intent.TAGS,
    Intent.KILL,
    Intent.CREATE,
    Intent.DELIVERIES,
    Intent.DISABLE,
    Intent.ENABLE,
    Intent.TEST,
    Intent.STATUS,
    Intent.APPLY,
}


def _yes(question: Question) -> str | Reply:
    if question.default or (len(question.options) == 1 and not question.template):
        return question.default or question.options[0]
    if question.options and not question.template:
        numbered = "; ".join(f"{place}. {option}" for place, option in enumerate(question.options, 1))
        return Reply(f"Which one: {numbered}?", question.options, question)
    return ask("Please tell me the value.", template=question.template, expects=question.expects)


def _choice(tokens: tuple[Token, ...], question: Question) -> str:
    """Find the option meant: by number, by place, or by words that only it has."""
    words = [token for token in tokens if token.kind is not Kind.STOP and not token.is_word(*_IDLE)]
    if not words or len(words) > _SHORT:
        bare = [token for token in tokens if token.norm == "a"]
        return question.options[0] if len(tokens) == 1 and bare and question.options else ""
    only = words[0]
    if len(words) == 1 and only.kind is Kind.NUMBER and question.expects != "number":
        return _at(int(float(only.value)), question)
    if len(words) == 1 and only.norm in _PLACES:
        return _at(_PLACES[only.norm], question)
    if len(words) == 1 and only.value in question.ids:
        return _at(question.ids.index(only.value) + 1, question)
    fitting = [option for option in question.options if all(_within(token, option) for token in words)]
    return fitting[0] if len(fitting) == 1 else ""


def _at(place: int, question: Question) -> str:
    if place == -1:
        return question.options[-1] if question.options else ""
    return question.options[place - 1] if 1 <= place <= len(question.options) else ""


def _within(token: Token, option: str) -> bool:
    words = "".join(char if char.isalnum() or char in "._-" else " " for char in option.casefold()).split()
    said = (token.value or token.norm).casefold()
    if token.kind in {Kind.QUOTED, Kind.NAME}:
        return f'"{said}"' in option.casefold()
    return (
        said in words
        or said in option.casefold().split()
        or (len(said) > 3 and any(word.startswith(said) for word in words))
    )


def _number(text: str, question: Question) -> str:
    """Put a number into the template of the question; a message that says anything else is no answer."""
    said = [token for token in tokenise(text) if not token.is_word(*_IDLE, *_AROUND_NUMBERS)]
    only = [token for token in said if token.kind is not Kind.STOP]
    if len(only) != 1 or only[0].kind is not Kind.NUMBER:
        return ""
    value, unit = only[0].value, only[0].unit
    if unit in TIMES:
        return question.template.replace("{} seconds", "{}").format(f"{value} {unit}")
    return question.template.format(value)


def _value(text: str, question: Question) -> str:
    """Put a bare value into the template of the question."""
    if not question.template:
        return ""
    if question.expects == "number":
        return _number(text, question)
    tokens = [token for token in tokenise(text) if token.kind is not Kind.STOP and not token.is_word(*_IDLE)]
    if question.expects == "header":
        return (
            question.template.format(tokens[0].text)
            if len(tokens) == 1 and tokens[0].kind in {Kind.HEADER, Kind.HIDDEN}
            else ""
        )
    value = text.strip().strip("\"“”'.!")
    secret = any(token.kind is Kind.HIDDEN for token in tokens)
    return (
        question.template.format(value)
        if value and not secret and len(tokens) <= _SHORT and '"' not in value and "\n" not in value
        else ""
    )
