"""Reads the corpora: utterances in a context, each with what may happen."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from world import READS, TAGS, World, three

Calls = list[tuple[str, dict[str, Any] | None]]


@dataclass(frozen=True)
class Case:
    context: str
    utterance: str
    expected: str

    def __str__(self) -> str:
        return f"{self.context}: {self.utterance}"


def cases(path: Path) -> Iterator[Case]:
    """Read `[context]` headings and `utterance => expectation` lines."""
    context = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("[") and line.endswith("]"):
            context = line[1:-1]
        elif line.strip() and not line.startswith("#"):
            utterance, _, expected = line.rpartition(" => ") if " => " in line else (line, "", "nothing")
            yield Case(context, utterance, expected)


def world_of(context: str) -> World:
    first, second, third = three()
    if context == "none":
        return World.of()
    if context == "shop":
        return World.of(third, system="You are the assistant.")
    if context == "fresh3":
        return World.of(first, second, third)
    world = (
        World.of(*three())
        if context in {"focus1", "trust", "tags", "listed", "disabled", "between", "condition"}
        else World.of(first)
    )
    for one in world.deliveries:
        one["webhook_id"] = one["webhook_id"] if one["webhook_id"] in world.webhooks else "wh_1"
    for line in _OPENINGS.get(context, ()):
        world.say(line)
    return world


_OPENINGS = {
    "focus1": ["show wh_1"],
    "listed": ["list the webhooks"],
    "trust": ["show wh_1", "only when trust is at least 70"],
    "between": ["show wh_1", "only when trust is between 40 and 80"],
    "tags": ["show wh_1", 'only when tagged "pricing" or "support"'],
    "disabled": ["disable wh_1"],
    "condition": ["only properties.value over 100 on wh_3"],
}


def verdict(case: Case) -> str:
    """Run a case; the empty string when it went as expected, else what happened."""
    world = world_of(case.context)
    answer = world.say(case.utterance)
    for option in case.expected.split("|"):
        asked = answer.additional_kwargs.get("suggestions") or answer.text.endswith("?")
        if _fits(option.strip(), world, asked=bool(asked)):
            return ""
    return f"{world.calls} {answer.text[:200]!r} {answer.additional_kwargs.get('suggestions')}"


def _fits(option: str, world: World, *, asked: bool) -> bool:
    if option in {"nothing", "answers"}:
        return not world.acts
    if option == "asks":
        return not world.acts and asked
    if option.startswith("reads "):
        return not world.acts and option.removeprefix("reads ") in [name for name, _ in world.calls]
    wanted = _calls(option)
    return [name for name, _ in world.acts] == [name for name, _ in wanted] and all(
        args is None or args == made for (_, args), (_, made) in zip(wanted, world.acts, strict=True)
    )


def _calls(text: str) -> Calls:
    """Read `name(key=value, …); name(…)`; a bare name takes any arguments."""
    found: Calls = []
    for statement in ast.parse(text).body:
        node = statement.value  # type: ignore[attr-defined]
        if isinstance(node, ast.Name):
            found.append((node.id, None))
        else:
            found.append((node.func.id, {word.arg: ast.literal_eval(word.value) for word in node.keywords}))
    return found


__all__ = ["READS", "TAGS", "Case", "cases", "verdict"]
