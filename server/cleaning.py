"""Text from outside, on its way to a terminal."""

import re

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    """Take out what could steer the terminal: text from outside is only text."""
    return _CONTROL.sub("", text)
