"""Texts for the model, one Markdown file each."""

from functools import cache
from importlib.resources import files


@cache
def load(name: str) -> str:
    """Read the text called `name`."""
    return files("prompts").joinpath(f"{name}.md").read_text(encoding="utf-8").strip()
