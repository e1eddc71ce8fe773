"""Reporting: the answer of a company's system in a few plain sentences."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agent.guided_calls.directives import guidance
from agent.guided_calls.lexicon import table
from agent.guided_calls.outside import told
from agent.guided_calls.stems import named, stem
from agent.guided_calls.triggers import Trigger

_MOST_FIELDS, _MOST_ENTRIES, _INLINE = 8, 3, 3
_LONGEST_VALUE, _LONGEST_TEXT = 200, 600
# What hints of `rules.responses` say of the method, which is not told itself.
_NEVER_HELPS, _MAYBE_DONE = "trying again will not help", "may or may not have taken effect"
_READ_FAILED = "The endpoint failed on its side."
_SENTENCES = {"message", "description", "summary", "answer", "text", "note", "detail", "details", "caption"}
_REPEATED = ("number", "id", "city", "sku")
_IDENTIFYING = ("name", "title", "label", "number", "id", "date", "time", "status", "price", "quantity", "description")


def succeeded(result: Mapping[str, Any]) -> bool:
    """Tell whether a call went through."""
    return result.get("ok") is not False and str(result.get("class", "success")) in {"success", "too_large"}


def report(result: Mapping[str, Any], trigger: Trigger, arguments: Mapping[str, Any]) -> str:
    """Tell a result; what only repeats the arguments is left out."""
    if result.get("accepted") is True:
        return "Done — I have passed that on."
    if result.get("declined"):
        return "All right, I have not done that."
    if result.get("cancelled"):
        return "That was left undone."
    if result.get("ok") is False:
        return told(result.get("error") or "", _LONGEST_TEXT) or "That was refused."
    body = _body(result)
    if not succeeded(result):
        return _failed(result, body, trigger)
    return _success(result, _news(_opened(body), arguments), trigger)


def _news(body: Any, arguments: Mapping[str, Any]) -> Any:
    """Leave out what the person has just said, unless it identifies the thing or nothing else is told."""
    if not isinstance(body, Mapping):
        return body
    kept = {
        key: one
        for key, one in body.items()
        if key not in arguments or str(one) != str(arguments[key]) or str(key).endswith(_REPEATED)
    }
    return kept or body


def _body(result: Mapping[str, Any]) -> Any:
    body = result.get("body")
    return body.get("untrusted") if isinstance(body, Mapping) and "untrusted" in body else body


def _success(result: Mapping[str, Any], body: Any, trigger: Trigger) -> str:
    guide = guidance(str(result.get("directive") or ""), body)
    wrong = _went_wrong(body)
    lines = _told_body(body, guide.fields)
    if wrong:
        lead = "That did not work."
    elif not lines:
        lead = "I found nothing." if trigger.reads else "Done."
    else:
        lead = " ".join(guide.feelings) or ("Here is what I found." if trigger.reads else "Done.")
    parts = [lead, *lines, *(() if wrong else [told(one, 300) for one in guide.words])]
    cut = isinstance(result.get("body"), Mapping) and result["body"].get("truncated")
    return _joined([*parts, *(["(The answer was long; this is its beginning.)"] if cut else [])])


def _joined(parts: Sequence[str]) -> str:
    bullets = any(part.startswith("- ") for part in parts)
    return ("\n" if bullets else " ").join(part for part in parts if part)


def _went_wrong(body: Any) -> bool:
    """Tell whether an answer with a good status says of itself that it failed."""
    if not isinstance(body, Mapping):
        return False
    status = str(body.get("status") or body.get("result") or "").casefold()
    return (
        status in table("telling")["wrong"]
        or body.get("success") is False
        or body.get("ok") is False
        or bool(body.get("error"))
    )


def _failed(result: Mapping[str, Any], body: Any, trigger: Trigger) -> str:
    """Tell a failure: what happened, what the system said about it, and whether trying again can help."""
    sentence = table("telling")["failures"].get(str(result.get("class")))
    sentence = sentence or told(result.get("hint") or "", 200) or "That did not work."
    said = next(iter(_reasons(body)), "")
    if said:
        sentence += f" It said: “{said.rstrip('.')}”."
    if result.get("retryable") is True:
        return f"{sentence} It may work in a moment if you try again."
    hint = str(result.get("hint"))
    if str(result.get("class")) not in {"network_error", "server_error"} or _NEVER_HELPS in hint:
        return sentence
    if trigger.reads or hint == _READ_FAILED or (trigger.described_as_reading and _MAYBE_DONE not in hint):
        return f"{sentence} Nothing was changed by asking, so you can try again later."
    return f"{sentence} I cannot tell whether it took effect, so I will not try again by myself."


def _reasons(body: Any) -> Iterator[str]:
    if isinstance(body, str) and len(body) <= _LONGEST_VALUE and "<" not in body:
        yield told(body, _LONGEST_VALUE)
    if isinstance(body, Mapping):
        for key in ("message", "error", "detail", "title", "error_description", "reason"):
            value = body.get(key)
            if isinstance(value, Mapping):
                yield from _reasons(value)
            elif isinstance(value, str) and value.strip():
                yield told(value, _LONGEST_VALUE)


def _told_body(body: Any, wanted: frozenset[str]) -> list[str]:
    if isinstance(body, Mapping):
        return _told_object(body, wanted)
    if isinstance(body, list):
        return [_told_list("Entries", body)] if body else []
    text = "" if body is None else told(body, _LONGEST_TEXT)
    return [text] if text else []


def _told_object(body: Mapping[str, Any], wanted: frozenset[str]) -> list[str]:
    """Tell the telling fields: sentences as they are, the others with a label; lists and objects in short."""
    fields = [(key, value) for key, value in _shown(body) if not _silent(key, value)]
    fields.sort(key=lambda pair: _rank(pair[0], wanted))
    sentences = [
        f"“{told(value, _LONGEST_TEXT)}”" for key, value in fields if key in _SENTENCES and isinstance(value, str)
    ]
    others = [(key, value) for key, value in fields if not (key in _SENTENCES and isinstance(value, str))]
    lines = [_told_field(key, value) for key, value in others[:_MOST_FIELDS]]
    rest = len(others) - len(lines)
    more = [f"(There are {rest} more details.)"] if rest > 0 else []
    if len(lines) <= _INLINE:
        return [*map(_ended, sentences), *(_ended(line) for line in lines), *more]
    return [*map(_ended, sentences), *(f"- {line}" for line in lines), *more]


def _opened(body: Any) -> Any:
    """Open an object that is all there is in an answer ("data", "order")."""
    if not isinstance(body, Mapping):
        return body
    inner = [one for key, one in body.items() if str(key) not in _hidden()]
    if len(inner) == 1 and isinstance(inner[0], Mapping):
        return {**inner[0], **{key: one for key, one in body.items() if str(key) in _hidden()}}
    return body


def _shown(body: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(str(key), value) for key, value in body.items() if str(key) not in _hidden()]


def _hidden() -> frozenset[str]:
    return frozenset(table("telling")["hidden"])


def _silent(key: str, value: Any) -> bool:
    if key == "status" and str(value).casefold() in {"success", "ok", "200", "error"}:
        return True
    return value is None or value in ("", {})


def _rank(key: str, wanted: frozenset[str]) -> tuple[int, int]:
    first: list[str] = table("telling")["first"]
    named_here = key in wanted or any(stem(word) in wanted for word in named(key).split())
    return (0 if named_here else 1, first.index(key) if key in first else len(first))


def _told_field(key: str, value: Any) -> str:
    if isinstance(value, list):
        return _told_list(_label(key), value)
    return f"{_label(key)}: {_value(value)}"


def _label(key: str) -> str:
    short: dict[str, str] = table("telling")["acronyms"]
    words = [short.get(word, word) for word in named(told(key, 60)).split()]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def _told_list(label: str, values: Sequence[Any]) -> str:
    if not values:
        return f"{label}: none"
    shown = "; ".join(_entry(one) for one in values[:_MOST_ENTRIES])
    if all(not isinstance(one, (Mapping, list)) for one in values):
        shown = ", ".join(_value(one) for one in values[: 2 * _MOST_ENTRIES])
    hidden = len(values) - (_MOST_ENTRIES if ";" in shown or isinstance(values[0], Mapping) else 2 * _MOST_ENTRIES)
    more = f" and {hidden} more" if hidden > 0 else ""
    return f"{label}{f' ({len(values)})' if len(values) > 1 else ''}: {shown}{more}"


def _entry(one: Any) -> str:
    """Tell one entry of a list: its name or number first, then two or three details."""
    if not isinstance(one, Mapping):
        return _value(one)
    scalars = {str(k): v for k, v in one.items() if not isinstance(v, (Mapping, list)) and not _silent(str(k), v)}
    keys = [key for key in _IDENTIFYING if key in scalars]
    keys += [key for key in scalars if key not in keys and key not in _hidden()]
    if not keys:
        return "…"
    details = ", ".join(f"{_label(key).lower()} {_value(scalars[key])}" for key in keys[1:4])
    return _value(scalars[keys[0]]) + (f" ({details})" if details else "")


def _value(value: Any) -> str:
    """Write one value; codes such as "in_transit" as words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        inner = [(str(key), one) for key, one in value.items() if not isinstance(one, (Mapping, list))]
        return ", ".join(f"{_label(key).lower()} {_value(one)}" for key, one in inner[:5]) or "…"
    if isinstance(value, list):
        return f"{len(value)} entries"
    text = told(value, _LONGEST_VALUE)
    return text.replace("_", " ") if text.islower() and text.replace("_", "").isalpha() else text


def _ended(line: str) -> str:
    return line if not line or line.endswith((".", "!", "?", "…", ":", ".”", "!”", "?”")) else line + "."
