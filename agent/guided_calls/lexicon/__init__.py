"""The word lists of the session's guided mode: TOML files, read once."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def table(name: str) -> dict[str, Any]:
    """Read one file (`words`, `telling`)."""
    return tomllib.loads(files(__name__).joinpath(f"{name}.toml").read_text(encoding="utf-8"))


@cache
def words(key: str) -> frozenset[str]:
    """Give one list of words or phrases as a set."""
    return frozenset(table("words")[key])


@cache
def phrases(key: str) -> tuple[str, ...]:
    """Give one list of phrases, the longest first, so that "no i meant" is tried before "no"."""
    return tuple(sorted(table("words")[key], key=lambda phrase: (-len(phrase), phrase)))


@cache
def roles() -> dict[str, str]:
    """Give what a parameter is for, by a word of its name."""
    return {word: role for role, group in table("words")["roles"].items() for word in group}
