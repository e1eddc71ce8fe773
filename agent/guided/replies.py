"""Replies: tool results told in a few plain sentences, with the values that the results carry."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from agent.guided.listings import change_line, outside, state_text
from agent.guided.memory import webhook_of
from agent.guided.script import Reply, Result
from agent.guided.wording import label, safe, title


def refusal(result: Result, done: str = "") -> Reply | None:
    """Tell why nothing was done, if nothing was; `done` is a sentence on what was done before."""
    if result.get("ok") is not False:
        return None
    ending = f". {done}" if done else ", so nothing was changed."
    if result.get("declined"):
        return Reply(f"You declined{ending}")
    if result.get("cancelled"):
        return Reply(f"The form was closed without saving{ending}")
    text = outside(result.get("error")) or "That was refused."
    details = [outside(one.get("message")) for one in result.get("errors") or [] if isinstance(one, dict)]
    text += "".join(f" {detail}" for detail in details if detail and detail not in text)
    near = [str(one) for one in result.get("suggestions") or [] if safe(str(one))]
    if near:
        text += " The nearest: " + ", ".join(near[:3]) + "."
    return Reply(f"{text} {done or 'Nothing was changed.'}")


def changed(result: Result, *, note: str = "") -> Reply:
    """Tell what a change did, old and new value, and that it can be undone."""
    refused = refusal(result)
    if refused:
        return refused
    webhook = webhook_of(result) or {}
    lines = [change_line(one) for one in result.get("changed") or [] if isinstance(one, dict)]
    if not lines:
        return Reply(
            f"{title(webhook)} is already set that way, so nothing changed.{_gap(note)}",
            focus=str(webhook.get("id") or ""),
        )
    text = f"{title(webhook)}: {'; '.join(lines)}.{_gap(note)}"
    undo = bool(result.get("undo"))
    if undo:
        text += " You can undo this."
    return Reply(text, (*(("Undo that",) if undo else ()), f"Test {label(webhook)}"))


def _gap(note: str) -> str:
    return f" {note}" if note else ""


def tested(result: Result) -> Reply:
    """Tell how a test went."""
    webhook = webhook_of(result) or {}
    if "status_code" not in result and "duration_ms" not in result:
        refused = refusal(result)
        if refused:
            return refused
    name = title(webhook) if webhook else "the endpoint"
    took = f"{result['duration_ms']} ms" if result.get("duration_ms") is not None else ""
    if result.get("ok", result.get("passed")):
        settled = webhook.get("state") in {"healthy", "failing"}
        state = f" It is now {state_text(webhook)}." if settled else ""
        return Reply(f"The test passed: {name} answered HTTP {result.get('status_code')}{_after(' in ', took)}.{state}")
    offer = f"Diagnose {label(webhook)}" if webhook else "Diagnose it"
    return Reply(f"The test failed{_fault(result, name, took)}", (offer,))


def _fault(result: Result, name: str, took: str) -> str:
    """Tell what came back, or why nothing did, in whole sentences."""
    if result.get("status_code"):
        body = outside(result.get("response_body"), 160)
        said = f" It answered: “{body}”." if body else ""
        return f": {name} gave HTTP {result['status_code']}{_after(' in ', took)}.{said}"
    error = outside(result.get("error")).rstrip(".")
    return f"{_after(' after ', took)}: {name} gave no answer.{f' {error}.' if error else ''}"


def _after(words: str, text: str) -> str:
    return f"{words}{text}" if text else ""


def dry_run(result: Result, event: str, webhook: Mapping[str, Any]) -> Reply:
    """Tell whether a sample event would pass, and if not, what stops it and why."""
    refused = refusal(result)
    if refused:
        return refused
    name = f"A sample {event}" if event else "The sample event"
    if result.get("matched"):
        return Reply(
            f"{name} passes all filters of {title(webhook)} and would be delivered. Nothing was sent.",
            (f"Test {label(webhook)}",),
        )
    reasons = [outside(part.get("reason")) for part in _failed_parts(result)]
    why = " ".join(reasons) or "a filter rejects it."
    return Reply(
        f"{name} would not be delivered to {title(webhook)}: {why} Nothing was sent.",
        (f"Show {label(webhook)}",),
    )


def _failed_parts(report: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    parts = [
        report.get("event_filter"),
        *(report.get("conditions") or []),
        report.get("tag_filter"),
        report.get("trust_score"),
    ]
    return [part for part in parts if isinstance(part, Mapping) and part.get("passed") is False]


def join(replies: Sequence[Reply]) -> Reply:
    """Make one reply of several; the last one's suggestions and question stand."""
    if len(replies) == 1:
        return replies[0]
    texts = [reply.text for reply in replies if reply.text]
    texts = [
        text.removesuffix(" You can undo this.") if "You can undo this." in "".join(texts[place + 1 :]) else text
        for place, text in enumerate(texts)
    ]
    last = replies[-1]
    return replace(
        last,
        text="\n".join(texts),
        suggestions=last.suggestions or next((one.suggestions for one in replies[::-1] if one.suggestions), ()),
    )
