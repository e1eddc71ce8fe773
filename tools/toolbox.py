"""What a tool is, what it may use, and how it asks a person.

A tool is defined once, here and in its siblings, and bound to LangChain by `agent.calls` and to MCP by the server.
Approval is part of the tool's own code: no binding, prompt or model can leave it out.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from rules.actor import Actor
from rules.changes import ChangeView
from rules.errors import FieldError, HookwrightError, InvalidInput
from rules.tags import near_matches
from rules.validation import explain
from tools.services import Services

Result = dict[str, Any]

_APPROVAL_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"approved": {"type": "boolean"}, "note": {"type": "string", "maxLength": 1000}},
    "required": ["approved"],
    "additionalProperties": False,
}
_FORM_ANSWERS = {"webhook": "webhook_id", "secret": "secret_name"}
"""What a page sends back when a form has been saved: the name that the saved thing goes by, never what was typed."""


class Arguments(BaseModel):
    """The base of every tool's arguments: what is not declared is refused, so that a model learns of its mistake."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


@dataclass(frozen=True, slots=True)
class Question:
    """What a tool needs from a person before it goes on: a filled form, or approval of exactly this diff."""

    kind: Literal["form", "approval"]
    title: str
    schema: dict[str, Any]
    prefill: dict[str, Any] | None = None
    diff: list[dict[str, Any]] | None = None
    form_kind: Literal["webhook", "secret"] | None = None
    stands_for: Any = None
    """What exactly is approved, where the diff does not show all of it; JSON that is never shown."""

    @property
    def digest(self) -> str:
        """Identify what is being asked: approval of one thing is not approval of another."""
        asked = [self.kind, self.title, self.diff, self.stands_for]
        text = json.dumps(asked, sort_keys=True, ensure_ascii=False, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    @classmethod
    def approval(cls, title: str, diff: Sequence[Mapping[str, Any]], *, stands_for: Any = None) -> "Question":
        """Ask for a yes or no to a diff ([{field, before, after}]), and to all that it `stands_for`."""
        shown = [dict(change) for change in diff]
        return cls("approval", title, _APPROVAL_SCHEMA, diff=shown, stands_for=stands_for)

    @classmethod
    def form(cls, title: str, prefill: dict[str, Any]) -> "Question":
        """Ask for the webhook form; what is secret goes from the form to the server, and only an id comes back here."""
        return cls("form", title, _form_schema("webhook"), prefill=prefill, form_kind="webhook")

    @classmethod
    def secret_form(cls, title: str, prefill: dict[str, Any]) -> "Question":
        """Ask for the form of a secret ({name, hosts}); its value goes to the vault, and only its name comes back."""
        return cls("form", title, _form_schema("secret"), prefill=prefill, form_kind="secret")


class Call(Protocol):
    """One tool call: on whose behalf, and the way to ask them."""

    workspace_id: str
    actor: Actor
    perspective_id: str | None
    tainted: bool
    """Whether untrusted content has entered this turn, so that even small changes need approval."""
    slips: Counter[str]
    """How often in this turn the arguments of each trigger did not fit."""

    async def ask(self, question: Question) -> Mapping[str, Any]:
        """Ask a person. The tool may be run again from its top when the answer is there: change nothing before."""
        ...

    def record(self, change: ChangeView) -> None:
        """Report a recorded change to whoever shows the reply."""
        ...


A = TypeVar("A", bound=Arguments)
Handler = Callable[[Services, Call, A], Awaitable[Result]]


@dataclass(frozen=True, slots=True)
class Tool(Generic[A]):
    """One thing that an assistant may do."""

    name: str
    description: str
    arguments: type[A]
    handler: Handler[A]
    changes: bool = False
    destructive: bool = False
    schema: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        """Render the JSON Schema once; models get it with every request."""
        object.__setattr__(self, "schema", _for_models(self.arguments.model_json_schema()))

    async def run(self, services: Services, call: Call, arguments: Mapping[str, Any]) -> Result:
        """Run the tool; whatever is wrong with the request comes back as a result that says how to correct it."""
        try:
            parsed = self.arguments.model_validate(arguments)
        except ValidationError as error:
            return refused(
                "The arguments are not valid; correct them and call again.",
                errors=list(explain(error.errors(), self.arguments)),
            )
        try:
            return await self.handler(services, call, parsed)
        except InvalidInput as error:
            return refused(error.detail, errors=error.errors)
        except HookwrightError as error:
            return refused(error.detail)


class AnyTool(Protocol):
    """What a model can be offered: a tool of ours, or a customer's trigger."""

    @property
    def name(self) -> str:
        """The name that a model calls it by."""
        ...

    @property
    def description(self) -> str:
        """What it does, and when to use it."""
        ...

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of its arguments, without references."""
        ...

    async def run(self, services: Services, call: Call, arguments: Mapping[str, Any]) -> Result:
        """Run it; whatever is wrong with the request comes back as a result that says how to correct it."""
        ...


class Toolbox:
    """The tools by name, and the services they work with."""

    def __init__(self, services: Services, tools: Sequence[AnyTool]) -> None:
        self.services = services
        self.tools: Mapping[str, AnyTool] = {tool.name: tool for tool in tools}

    async def run(self, name: str, call: Call, arguments: Mapping[str, Any]) -> Result:
        """Run a tool by the name a model gave; an unknown name comes back with the nearest ones."""
        tool = self.tools.get(name)
        if tool is None:
            near = near_matches(name, list(self.tools))
            return refused(f"There is no tool {name[:80]!r}.", suggestions=near or sorted(self.tools))
        return await tool.run(self.services, call, arguments)


def refused(error: str, *, errors: Sequence[FieldError] = (), suggestions: Sequence[str] = ()) -> Result:
    """Say that nothing was done, and why."""
    result: Result = {"ok": False, "error": error}
    if errors:
        result["errors"] = [{"field": item.field, "message": item.message} for item in errors]
    if suggestions:
        result["suggestions"] = list(suggestions)
    return result


async def approved(
    call: Call, title: str, diff: Sequence[Mapping[str, Any]], *, stands_for: Any = None
) -> Result | None:
    """Ask for approval of a diff; returns the result to give back when it was declined, None when it was approved."""
    answer = await call.ask(Question.approval(title, diff, stands_for=stands_for))
    if answer.get("approved") is True:
        return None
    return declined(answer.get("note"))


def declined(note: str | None) -> Result:
    """Say that the person did not approve."""
    return {"ok": False, "declined": True, "note": note or "The person declined. Nothing was changed."}


def closed() -> Result:
    """Say that the person closed the form."""
    return {"ok": False, "cancelled": True, "note": "The person closed the form. Nothing was changed."}


def untrusted(text: str | None, *, limit: int = 2000) -> dict[str, Any] | None:
    """Wrap text that came from outside, capped at `limit` characters: it is data, whatever it says."""
    if not text:
        return None
    wrapped: dict[str, Any] = {"untrusted": text[:limit]}
    if len(text) > limit:
        wrapped["truncated"] = True
    return wrapped


def fitting(items: Sequence[dict[str, Any]], *, limit: int = 12_000) -> list[dict[str, Any]]:
    """Return the first items that together stay under `limit` characters: what is longer would be cut off anyway."""
    shown: list[dict[str, Any]] = []
    for item in items:
        limit -= len(json.dumps(item, ensure_ascii=False, default=str))
        if limit < 0 and shown:
            break
        shown.append(item)
    return shown


def _form_schema(kind: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {_FORM_ANSWERS[kind]: {"type": "string", "maxLength": 64}, "cancelled": {"type": "boolean"}},
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    }


def _for_models(schema: dict[str, Any]) -> dict[str, Any]:
    """Write a schema as every model endpoint understands it: no references, no `null` alternatives, no titles.

    Some endpoints ignore or refuse these, and they cost tokens in each request. Arguments are checked against the full
    model all the same.
    """
    plain: dict[str, Any] = _plain(schema, schema.get("$defs", {}))
    plain.pop("$defs", None)
    return plain


def _plain(node: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(node, list):
        return [_plain(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _plain({**definitions[node["$ref"].rsplit("/", 1)[-1]], **_without(node, "$ref")}, definitions)
    if real := [option for option in node.get("anyOf", ()) if option != {"type": "null"}]:
        rest = _without(node, "anyOf", "default")
        return _plain({**real[0], **rest} if len(real) == 1 else {**rest, "anyOf": real}, definitions)
    if "properties" not in node:
        return {key: _plain(value, definitions) for key, value in node.items() if not _is_title(key, value)}
    properties = {name: _plain(value, definitions) for name, value in node["properties"].items()}
    return {**_without(node, "title", "description", "$defs"), "properties": properties}


def _without(node: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in node.items() if key not in names}


def _is_title(key: str, value: Any) -> bool:
    return key == "title" and isinstance(value, str)
