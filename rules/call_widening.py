"""Whether a change of a trigger lets it do more than before: such a change needs approval (X02)."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

Fields = Mapping[str, Any]


def call_widening(before: Fields, after: Fields) -> str | None:
    """Say what a change lets a trigger do that it could not do before, as the beginning of a title; None for nothing.

    Conservative: None only when what is sent goes to the same URL, by the same method or by GET, with nothing added.

    Args:
        before: The trigger's `interpret_response`, `confirm` and `integration` as they are.
        after: The same as they are to be.

    """
    old, new = before["integration"], after["integration"]
    if new["url"] != old["url"]:
        return "Change the URL of"
    if new["method"] not in {old["method"], "GET"}:
        return f"Let {new['method']} be used by"
    if not _headers(new) <= _headers(old) or not _leaves(new.get("body")) <= _leaves(old.get("body")):
        return "Send more than before with"
    if before["confirm"] and not after["confirm"]:
        return "Stop asking before each call of"
    if before["interpret_response"] and not after["interpret_response"]:
        return "No longer read the responses of"
    return None


def _headers(integration: Fields) -> set[tuple[str, str]]:
    return {(header["key"].lower(), header["value"]) for header in integration.get("headers") or ()}


def _leaves(body: Any) -> set[str]:
    return set() if body is None else set(_walk(body, ()))


def _walk(value: Any, path: tuple[Any, ...]) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _walk(inner, (*path, key))
    elif isinstance(value, list) and value:
        for place, inner in enumerate(value):
            yield from _walk(inner, (*path, place))
    else:
        yield json.dumps([path, value], sort_keys=True, ensure_ascii=False)
