"""Turn what a caller sent into a spec, or into errors that name the field, the value and the fix."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from rapidfuzz import process

from rules.errors import FieldError, InvalidInput
from rules.ranges import shown

Model = TypeVar("Model", bound=BaseModel)

_SECRET_FIELDS = frozenset({"secret", "auth_header", "headers", "value"})
_NEAR = 70
_REPORTED = 100
_LONGEST_NAME = 128  # characters, of a field's name in an error
_TIME = "must be a time with its zone, such as 2026-01-31T12:00:00Z; got {value}"
_PLAIN = {
    "missing": "is required",
    "string_type": "must be a text; got {value}",
    "bool_type": "must be true or false; got {value}",
    "int_type": "must be a whole number; got {value}",
    "float_type": "must be a number; got {value}",
    "list_type": "must be a list; got {value}",
    "dict_type": "must be an object; got {value}",
    "model_type": "must be an object; got {value}",
    "datetime_type": _TIME,
    "datetime_parsing": _TIME,
    "datetime_from_date_parsing": _TIME,
    "timezone_aware": _TIME,
    "bool_parsing": "must be true or false; got {value}",
    "model_attributes_type": "must be an object; got {value}",
}


def parse(model: type[Model], data: Any) -> Model:
    """Validate JSON data against a spec; raises InvalidInput with one entry per wrong field."""
    if not isinstance(data, Mapping):
        given = "a value that is not shown" if _SECRET_FIELDS & set(model.model_fields) else shown(data)
        raise InvalidInput.of("body", f"must be a JSON object; got {given}")
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise InvalidInput(_reported(error, model)) from None


def _reported(error: ValidationError, model: type[BaseModel]) -> list[FieldError]:
    """Word the first errors: a body may hold a hundred thousand names that are no fields."""
    first = list(explain(islice(error.errors(include_url=False), _REPORTED), model))
    more = error.error_count() - len(first)
    return [*first, FieldError("body", f"has {more} more errors")] if more else first


def explain(errors: Iterable[Mapping[str, Any]], model: type[BaseModel] | None = None) -> Iterable[FieldError]:
    """Word pydantic's errors for people; values of secret fields are never repeated."""
    for error in errors:
        path = [str(part)[:_LONGEST_NAME] for part in error["loc"]]
        yield FieldError(".".join(path) or "body", _message(error, path, model))


def _message(error: Mapping[str, Any], path: list[str], model: type[BaseModel] | None) -> str:
    kind = error["type"]
    secret = bool(_SECRET_FIELDS & set(path))
    value = "a value that is not shown" if secret else shown(error["input"])
    if kind == "extra_forbidden":
        return _unknown_field(path, model)
    if kind in _PLAIN:
        return _PLAIN[kind].format(value=value)
    if kind == "literal_error":
        return f"must be one of {error['ctx']['expected']}; got {value}"
    if kind in {"too_long", "too_short"}:
        context = error["ctx"]
        limit = f"at most {context['max_length']}" if kind == "too_long" else f"at least {context['min_length']}"
        return f"must have {limit} entries; got {context['actual_length']}"
    words = str(error["msg"])
    if secret and (given := error.get("ctx", {}).get("value")) == shown(error["input"]):
        return words.replace(str(given), value)
    return words


def _unknown_field(path: list[str], model: type[BaseModel] | None) -> str:
    inside: Mapping[str, type[BaseModel]] = getattr(model, "inside", {})
    if model is not None and len(path) == 2 and path[0] in inside:
        model, path = inside[path[0]], path[1:]
        inside = {}
    known = list(model.model_fields) if model is not None and len(path) == 1 else []
    below = [(parent, name) for parent, fields in inside.items() if known for name in fields.model_fields]
    places = {_plain_name(name): f"{parent}.{name}" for parent, name in below}
    places |= {_plain_name(name): name for name in known}
    if exact := places.get(_plain_name(path[-1])):
        return f"is not a field here; did you mean {exact}?"
    near = process.extractOne(path[-1], known, score_cutoff=_NEAR) if known else None
    hint = f"; did you mean {near[0]}?" if near else f"; the fields are {', '.join(known)}" if known else ""
    return f"is not a field here{hint}"


def _plain_name(name: str) -> str:
    """Write a name as people may confuse it with another: response_directive, responseDirective."""
    return name.replace("_", "").replace("-", "").lower()
