"""The phrase tables of guided mode: TOML files, read once."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def table(name: str) -> dict[str, Any]:
    """Read one phrase table (`verbs`, `nouns`, `marks` …)."""
    return tomllib.loads(files(__name__).joinpath(f"{name}.toml").read_text(encoding="utf-8"))


@cache
def phrases(name: str, key: str) -> tuple[tuple[str, ...], ...]:
    """Give one entry of a table as phrases cut into words, the longest first."""
    return tuple(sorted((tuple(phrase.split()) for phrase in table(name)[key]), key=len, reverse=True))


@cache
def words(key: str) -> frozenset[str]:
    """Give one set of words."""
    return frozenset(table("sets")[key])


@cache
def mapping(key: str) -> dict[str, Any]:
    """Give what single words stand for."""
    return dict(table("sets")[key])
