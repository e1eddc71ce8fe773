"""Scripts: a turn told as a generator that asks for tool calls and ends in a reply.

A script keeps nothing between model calls: each call plays it again from the start, feeding it the results that the
message list already holds, and stops at the first tool call that has no result yet.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

Result = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call that a script wants made."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked. An option is a whole message; `template` turns a bare value ("70") into one.

    `about` is what an answer needs besides; `ids` are names that stand for the options, in their order.
    """

    options: tuple[str, ...] = ()
    template: str = ""
    expects: str = ""
    ids: tuple[str, ...] = ()
    default: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """What is said at the end of a turn, or of one of its steps."""

    text: str
    suggestions: tuple[str, ...] = ()
    question: Question | None = None
    focus: str = ""
    listed: tuple[str, ...] = ()


Script = Generator[Call, Result, Reply]


def ask(text: str, *options: str, template: str = "", expects: str = "") -> Reply:
    """Ask, offering messages that say each likely reading without doubt."""
    return Reply(text, options[:4], Question(options[:4], template, expects))
