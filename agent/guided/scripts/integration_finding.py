"""Finding the assistant or the API call that a request means, always in a fresh list."""

from collections.abc import Generator, Mapping, Sequence
from typing import Any

from rapidfuzz import process

from agent.guided.integration_wording import call_command
from agent.guided.integrations import Wish
from agent.guided.lexicon import table
from agent.guided.memory import Memory
from agent.guided.replies import refusal
from agent.guided.script import Call, Question, Reply, Result
from agent.guided.wording import safe
from agent.guided_calls.stems import named as in_words

_SURE = 80
_OFFERED = 4
_HARMLESS = frozenset({"test", "show", "calls", "why"})
_FIELDS = ("url", "method", "description", "directive")
Steps = Generator[Call, Result, Result]
Found = Generator[Call, Result, "dict[str, Any] | Reply"]


def call(memory: Memory, name: str, /, **arguments: Any) -> Steps:
    """Make one tool call and learn from its result."""
    made = Call(name, arguments)
    result = yield made
    memory.learn(made, result)
    return result


def find_assistant(wish: Wish, memory: Memory) -> Found:
    """Find the assistant that is meant: by name, else the only one; empty when there is none."""
    return choose_assistant(wish, (yield from call(memory, "list_assistants")))


def choose_assistant(wish: Wish, known: Result) -> dict[str, Any] | Reply:
    """Choose among the assistants that were listed; an import for one that is not there is asked about."""
    if refused := refusal(known):
        return refused
    found = [dict(row) for row in known.get("assistants") or ()]
    lead = ""
    if wish.of:
        of = wish.of.casefold()
        named = [row for row in found if of in {str(row["name"]).casefold(), str(row["id"])}]
        if len(named) == 1:
            return named[0]
        lead = f"There is no assistant called “{wish.of[:80]}”."
        if not found or not wish.kind.startswith("import_"):
            return Reply(lead, ("List the assistants",))
    elif len(found) <= 1:
        return found[0] if found else {}
    names = [str(row["name"]) for row in found[:_OFFERED]]
    question = Question(expects=wish.kind, default=wish.text)
    text = "Which assistant is it for: " + "; ".join(f"{place}. {name}" for place, name in enumerate(names, 1)) + "?"
    return Reply(f"{lead} {text}".strip(), tuple(name for name in names if safe(name)), question)


def find_trigger(wish: Wish, memory: Memory) -> Found:
    """Find the trigger that is meant, in a fresh list."""
    pointed = memory.trigger
    result = yield from call(memory, "list_triggers")
    if refused := refusal(result):
        return refused
    name = wish.name.casefold()
    if name in table("integrations")["never"]["pronouns"] and pointed in memory.triggers:
        return memory.triggers[pointed]
    rows = list(memory.triggers.values())
    named = [row for row in rows if name in {str(row["name"]).casefold(), str(row["id"]).casefold()}]
    if len(named) > 1:
        return _ask_which(wish, [str(row["id"]) for row in named], f"Several assistants have a call {wish.name}.")
    return named[0] if named else _alike(wish, rows)


def _alike(wish: Wish, rows: Sequence[dict[str, Any]]) -> dict[str, Any] | Reply:
    """Find the trigger whose name has the words that were said ("the order call")."""
    said = set(_words(wish.name))
    like = [row for row in rows if said <= set(_words(str(row["name"])))]
    if len(like) == 1 and wish.kind in _HARMLESS:
        return like[0]
    if len(like) > 1:
        return _ask_which(wish, [str(row["name"]) for row in like], f"Several calls are about “{wish.name}”.")
    return _unknown(wish, rows)


def _words(name: str) -> list[str]:
    """Cut a name into words, "orders" as "order"."""
    return [word.removesuffix("s") or word for word in in_words(name).split()]


def _ask_which(wish: Wish, names: Sequence[str], lead: str) -> Reply:
    options = tuple(command_of(wish, name) for name in names[:_OFFERED])
    more = f" (and {len(names) - _OFFERED} more)" if len(names) > _OFFERED else ""
    listed = "; ".join(f"{place}. {name}" for place, name in enumerate(names[:_OFFERED], 1))
    return Reply(
        f"{lead} Which one do you mean: {listed}{more}?", options, Question(options, ids=tuple(names[:_OFFERED]))
    )


def _unknown(wish: Wish, rows: Sequence[Mapping[str, Any]]) -> Reply:
    text = f"There is no API call named “{wish.name}”."
    near = process.extract(wish.name, [str(row["name"]) for row in rows], score_cutoff=_SURE, limit=3)
    if not near:
        return Reply(f"{text} Nothing was done.", ("List the API calls", "List the webhooks"))
    options = tuple(command_of(wish, one) for one, *_ in near)
    question = Question(options, ids=tuple(str(one) for one, *_ in near))
    return Reply(f"{text} Do you mean {'this' if len(near) == 1 else 'one of these'}?", options, question)


def command_of(wish: Wish, name: str) -> str:
    """Write a request again, for the call of this name, so that it can be read back."""
    verb = "Dry run" if "dry" in wish.how else "Test"
    given = f" with {wish.rest}" if wish.rest else ""
    forms = {
        "test": f"{verb} the {name} call{given}",
        "calls": f"Show the calls of {name}",
        "why": f"Why did the {name} call fail",
        "rename": f"Rename {name} to {wish.rest}",
        "confirm": f"Make {name} {wish.how} ask first".replace("  ", " "),
        **{kind: f"Change the {kind} of {name} to {wish.rest}" for kind in _FIELDS},
    }
    return forms.get(wish.kind, call_command(wish.kind.capitalize(), {"name": name}))
