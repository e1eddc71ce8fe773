"""What people type, each in a new conversation: the one call that it makes, or what is said when it makes none."""

import json
from pathlib import Path
from typing import Any

import pytest
from shop import ALL, HOUSE, Chat

_LINES = (Path(__file__).parent / "utterances.txt").read_text(encoding="utf-8").splitlines()
_HOUSE_FROM = next(place for place, line in enumerate(_LINES) if "HOUSE" in line)
_CASES = [
    (line, HOUSE if place > _HOUSE_FROM else ALL)
    for place, line in enumerate(_LINES)
    if line and not line.startswith("#")
]


@pytest.mark.parametrize(("line", "tools"), _CASES, ids=[line.split(" => ")[0] for line, _ in _CASES])
def test_an_utterance_makes_the_call_that_it_asks_for_and_no_other(line: str, tools: list[dict[str, Any]]):
    message, _, expected = line.partition(" => ")
    kind, _, rest = expected.partition(" ")
    chat = Chat(tools, lambda *_: {"accepted": True})
    said = chat.say(message)
    if kind == "says":
        assert chat.calls == []
        assert rest in said
    else:
        name, _, arguments = rest.partition(" ")
        assert chat.calls == [(name, json.loads(arguments))]
