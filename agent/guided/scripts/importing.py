"""Importing API calls from a curl command or an OpenAPI document that was pasted into the chat."""

import re
from collections.abc import Sequence
from dataclasses import replace

from agent.guided.integration_wording import call_command
from agent.guided.integrations import Wish
from agent.guided.lexicon import mapping, table
from agent.guided.memory import Memory
from agent.guided.replies import refusal
from agent.guided.script import Reply, Result, Script
from agent.guided.scripts.integration_finding import call, choose_assistant

FIRST_NAME = "Assistant"
_NOTES = 5
_UNDO = ("Undo that",)
_AROUND = re.compile(
    r"^(?:(?:it is|it's|its|to|for|into|use|take|the|assistant|please|number|option)\b[ ,]*)+"
    r"|[ ,]*\b(?:please|assistant|one|thanks)$"
)


def answered(text: str, memory: Memory) -> Wish | None:
    """Read the name of an assistant said in reply to which one a call is for; the call is imported then."""
    question = memory.question
    if question is None or not question.expects.startswith("import_"):
        return None
    names = [str(row["name"]) for row in memory.assistants.values()]
    name = _picked(text, names)
    return Wish(question.expects, of=name, text=question.default) if name else None


def _picked(text: str, names: Sequence[str]) -> str:
    """Find the name that a message says: whole, by its place, or by words that only it has."""
    said = " ".join(text.strip(" .!\"“”'").casefold().split())
    said = _AROUND.sub("", _AROUND.sub("", said)).strip(" \"“”'")
    places = {str(place): name for place, name in enumerate(names, 1)}
    places |= {word: names[place - 1] for word, place in mapping("places").items() if 0 < place <= len(names)}
    whole = [name for name in names if name.casefold() in {said, f"the {said}"}]
    within = [name for name in names if said and f" {said} " in f" {name.casefold()} "]
    if len(whole) == 1 or said in places:
        return whole[0] if whole else places[said]
    return within[0] if len(within) == 1 and not whole else ""


def import_calls(wish: Wish, memory: Memory) -> Script:
    """Read what was pasted for the assistant that is meant; where there is none yet, for a first one."""
    known = yield from call(memory, "list_assistants")
    if not wish.of and wish.kind == "import_curl":
        wish = _named_at_the_end(wish, [str(row["name"]) for row in known.get("assistants") or ()])
    row = choose_assistant(wish, known)
    if isinstance(row, Reply):
        return row
    done = ""
    if not row:
        made = yield from call(memory, "create_assistant", name=FIRST_NAME)
        if refused := refusal(made):
            return refused
        row = dict(made["assistant"])
        done = f"The assistant “{row['name']}” was made for it and stays, without an API call. You can undo this."
    source = wish.kind.removeprefix("import_")
    result = yield from call(memory, "import_api_call", **{source: wish.text}, assistant_id=str(row["id"]))
    refused = refusal(result, done)
    return replace(refused, suggestions=_UNDO if done else ()) if refused else _imported(result, str(row["name"]))


def _named_at_the_end(wish: Wish, names: Sequence[str]) -> Wish:
    """Take "to Shop helper" off the end of what is to be imported, when an assistant is called so."""
    for name in sorted(names, key=len, reverse=True):
        pattern = str(table("integrations")["import"]["trailing"]).replace("{of}", re.escape(name))
        if found := re.search(pattern, wish.text, re.IGNORECASE):
            return replace(wish, of=name, text=wish.text[: found.start()].rstrip("` \n"))
    return wish


def _imported(result: Result, assistant: str) -> Reply:
    made = result.get("triggers") or [result["trigger"]]
    names = ", ".join(f"“{one['name']}”" for one in made)
    missing = [str(one["name"]) for one in result.get("secrets_to_set") or ()]
    lines = [f"“{assistant}” can now make the call {names}. You can undo this."]
    lines += [str(note) for note in result.get("notes") or ()][:_NOTES]
    if missing:
        lines.append(f"Still to be set, in a form: the secret{'s' * (len(missing) > 1)} {', '.join(missing)}.")
    return Reply("\n".join(lines), (*(f"Set the secret {name}" for name in missing[:2]), call_command("Test", made[0])))
