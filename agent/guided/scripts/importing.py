"""Importing API calls from a curl command or an OpenAPI document that was pasted into the chat."""

from agent.guided.integration_wording import call_command
from agent.guided.integrations import Wish
from agent.guided.memory import Memory
from agent.guided.replies import refusal
from agent.guided.script import Reply, Result, Script
from agent.guided.scripts.integration_finding import call, find_assistant

FIRST_NAME = "Assistant"
_NOTES = 5


def answered(text: str, memory: Memory) -> Wish | None:
    """Read the name of an assistant said in reply to which one a call is for; the call is imported then."""
    question = memory.question
    if question is None or not question.expects.startswith("import_"):
        return None
    said = text.strip(" .!\"“”'").casefold()
    names = [str(row["name"]) for row in memory.assistants.values()]
    places = {str(place): name for place, name in enumerate(names, 1)}
    name = places.get(said) or next((name for name in names if name.casefold() == said), "")
    return Wish(question.expects, of=name, text=question.default) if name else None


def import_calls(wish: Wish, memory: Memory) -> Script:
    """Read what was pasted for the assistant that is meant; where there is none yet, for a first one."""
    row = yield from find_assistant(wish, memory)
    if isinstance(row, Reply):
        return row
    if not row:
        made = yield from call(memory, "create_assistant", name=FIRST_NAME)
        if refused := refusal(made):
            return refused
        row = dict(made["assistant"])
    source = wish.kind.removeprefix("import_")
    result = yield from call(memory, "import_api_call", **{source: wish.text}, assistant_id=str(row["id"]))
    return refusal(result) or _imported(result, str(row["name"]))


def _imported(result: Result, assistant: str) -> Reply:
    made = result.get("triggers") or [result["trigger"]]
    names = ", ".join(f"“{one['name']}”" for one in made)
    missing = [str(one["name"]) for one in result.get("secrets_to_set") or ()]
    lines = [f"“{assistant}” can now make the call {names}. You can undo this."]
    lines += [str(note) for note in result.get("notes") or ()][:_NOTES]
    if missing:
        lines.append(f"Still to be set, in a form: the secret{'s' * (len(missing) > 1)} {', '.join(missing)}.")
    return Reply("\n".join(lines), (*(f"Set the secret {name}" for name in missing[:2]), call_command("Test", made[0])))
