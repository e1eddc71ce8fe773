"""What the model gets to see of a conversation: the last turns of our own transcript, in LangChain's messages.

However long a conversation is, a turn reads and sends the same bounded piece of it. Only whole exchanges are sent:
every tool call has a result, even when the server died between the two.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from agent.calls import render, succeeded
from store.conversations import Entry

_HISTORY_CHARACTERS = 40_000
_LOST: dict[str, Any] = {
    "ok": False,
    "error": "This call has no result: the turn ended first. Whether it took effect is unknown; look before you claim.",
}


def recall(entries: Sequence[Entry], *, guided: bool = False) -> list[AnyMessage]:
    """Turn the end of a transcript into messages, from the first whole exchange that fits.

    Args:
        entries: The end of the transcript.
        guided: Whether guided mode reads it, which takes every word of a message for the person's.

    """
    return [message for exchange in _fitting(_exchanges(entries)) for message in _messages(exchange, guided=guided)]


def deeds(entries: Iterable[Entry]) -> set[str]:
    """Return the names of the tools that have succeeded in these entries."""
    return {str(entry.body["name"]) for entry in entries if entry.role == "tool" and succeeded(entry.body["result"])}


def this_turn(entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries since the person last wrote."""
    last = max((index for index, entry in enumerate(entries) if entry.role == "user"), default=-1)
    return list(entries[last + 1 :])


def slips(entries: Iterable[Entry]) -> Counter[str]:
    """Count by tool the calls in these entries whose arguments did not fit."""
    results = [entry.body for entry in entries if entry.role == "tool"]
    return Counter(str(body["name"]) for body in results if body["result"].get("errors"))


def unanswered(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Return the tool calls that have no result."""
    answered = {entry.body["call_id"] for entry in entries if entry.role == "tool"}
    return [
        call
        for entry in entries
        if entry.role == "assistant"
        for call in entry.body.get("tool_calls", ())
        if call["id"] not in answered
    ]


def _exchanges(entries: Sequence[Entry]) -> list[list[Entry]]:
    exchanges: list[list[Entry]] = []
    for entry in entries:
        if entry.role == "user":
            exchanges.append([entry])
        elif exchanges:
            exchanges[-1].append(entry)
    return exchanges


def _fitting(exchanges: list[list[Entry]]) -> list[list[Entry]]:
    kept: list[list[Entry]] = []
    room = _HISTORY_CHARACTERS
    for exchange in reversed(exchanges):
        room -= sum(len(json.dumps(entry.body)) for entry in exchange)
        if room < 0 and kept:
            break
        kept.append(exchange)
    return kept[::-1]


def _messages(exchange: Sequence[Entry], *, guided: bool) -> list[AnyMessage]:
    results = {entry.body["call_id"]: entry.body for entry in exchange if entry.role == "tool"}
    messages: list[AnyMessage] = []
    for entry in exchange:
        if entry.role == "user":
            messages.append(_said(entry.body, guided=guided))
        elif entry.role == "assistant":
            messages.extend(_answer(entry.body, results))
    return messages


def _said(body: dict[str, Any], *, guided: bool) -> HumanMessage:
    """Tell of the pictures without their URLs: variables take those to where they are needed."""
    count = len(body.get("images", ()))
    if count and guided:
        return HumanMessage([{"type": "text", "text": body["text"]}, {"type": "image"}])
    note = f"\n\n[The person sent {count} image{'s' if count > 1 else ''}]" if count else ""
    return HumanMessage(body["text"] + note)


def _answer(body: dict[str, Any], results: dict[str, dict[str, Any]]) -> list[AnyMessage]:
    calls = body.get("tool_calls", [])
    if not calls and not body["text"]:
        return []
    tool_calls = [{"id": call["id"], "name": call["name"], "args": call["arguments"]} for call in calls]
    kwargs = {"suggestions": body["suggestions"]} if body.get("suggestions") else {}
    answer = AIMessage(body["text"], tool_calls=tool_calls, additional_kwargs=kwargs)
    return [answer, *(_result(call, results.get(call["id"])) for call in calls)]


def _result(call: dict[str, Any], body: dict[str, Any] | None) -> ToolMessage:
    result = body["result"] if body else _LOST
    return ToolMessage(render(result), name=call["name"], tool_call_id=call["id"])
