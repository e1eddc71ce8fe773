"""JSON Schema (draft 2020-12) as the `jsonschema` package checks it, with bounds on the work a schema can cause.

A schema of 32 KiB can ask for more steps than there are seconds in a year (`$ref`s that double at each level), and a
pattern for more still. So every keyword spends from a budget, and patterns run against the clock.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from fractions import Fraction
from typing import Any

from rules.iris import as_uri
from rules.json_schema import Draft202012Validator, FormatChecker, ValidationError, extend
from rules.schema_patterns import Stopwatch, compiled

STEPS = 50_000
_MAX_FORMATTED = 2_048  # characters: the checks of some formats take quadratic time
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(rf"[^\s@,;<>()\[\]\\\"]{{1,64}}@{_LABEL}(?:\.{_LABEL})*")

Keyword = Callable[[Any, Any, Any, Any], Iterator[ValidationError]]


class TooHardError(Exception):
    """Checking would take more steps than one check may."""


class Budget:
    """What one check may still spend: steps, and seconds on patterns."""

    def __init__(self) -> None:
        self.steps = STEPS
        self.stopwatch = Stopwatch()

    def spend(self, steps: int) -> None:
        """Take steps from the budget; raises TooHardError when none are left."""
        self.steps -= steps
        if self.steps < 0:
            raise TooHardError


_budget: ContextVar[Budget] = ContextVar("budget")


def errors(schema: Mapping[str, Any], value: Any) -> Iterator[ValidationError]:
    """Give what is wrong with a value, as it is found.

    Raises:
        TooHardError, PatternTimeoutError: it would take too long.
        RecursionError: references lead too deep.

    """
    _budget.set(Budget())
    return iter(_Checker(schema, format_checker=FORMATS).iter_errors(value))


def schema_errors(schema: Any) -> Iterator[ValidationError]:
    """Give what is wrong with a schema by the draft's own meta-schema; patterns are not its business."""
    meta = Draft202012Validator.META_SCHEMA
    return iter(Draft202012Validator(meta).iter_errors(schema))


def _counted(keyword: Keyword) -> Keyword:
    def run(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        _budget.get().spend(1 + (len(value) if isinstance(value, list | dict) else 0))
        yield from keyword(validator, value, instance, schema)

    return run


def _search(pattern: str, text: str) -> bool:
    return _budget.get().stopwatch.search(pattern, text)


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _search(pattern, instance):
        yield ValidationError("pattern")


def _pattern_properties(validator: Any, patterns: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, dict):
        for pattern, subschema in patterns.items():
            for name, value in instance.items():
                if _search(pattern, name):
                    yield from validator.descend(value, subschema, path=name, schema_path=pattern)


def extras(schema: Mapping[str, Any], instance: Mapping[str, Any]) -> list[str]:
    """List the names in an object that neither `properties` nor `patternProperties` of its schema speak of."""
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    return [name for name in instance if name not in known and not any(_search(each, name) for each in patterns)]


def _additional_properties(validator: Any, allowed: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if not isinstance(instance, dict) or allowed is True:
        return
    for name in extras(schema, instance):
        if allowed is False:
            yield ValidationError("additionalProperties", path=[name])
        else:
            yield from validator.descend(instance[name], allowed, path=name)


def _required(_validator: Any, names: list[str], instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, dict):
        for name in names:
            if name not in instance:
                yield ValidationError("required", path=[name])


def _multiple_of(validator: Any, factor: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    # As written, not as floats divide: 0.3 is a multiple of 0.1.
    if validator.is_type(instance, "number") and (Fraction(str(instance)) / Fraction(str(factor))).denominator != 1:
        yield ValidationError("multipleOf")


def _unique_items(_validator: Any, unique: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if unique and isinstance(instance, list) and len({_identity(item) for item in instance}) < len(instance):
        yield ValidationError("uniqueItems")


def _identity(value: Any) -> Any:
    """Make JSON values comparable as JSON Schema compares them: 1 is 1.0 but not true."""
    if isinstance(value, dict):
        return "object", frozenset((name, _identity(item)) for name, item in value.items())
    if isinstance(value, list):
        return "list", tuple(_identity(item) for item in value)
    return isinstance(value, bool), value


def _formats() -> FormatChecker:
    """Take the package's formats, with a bound on the length, stricter e-mail addresses and IRIs of our own."""
    checker = FormatChecker(formats=())
    known = Draft202012Validator.FORMAT_CHECKER.checkers
    for name, (check, _) in known.items():
        checker.checks(name, raises=Exception)(_bounded(check))
    for name, plain in (("iri", "uri"), ("iri-reference", "uri-reference")):
        checker.checks(name, raises=Exception)(_bounded(_international(known[plain][0])))
    checker.checks("email")(_is_email)
    checker.checks("regex", raises=ValueError)(lambda text: not isinstance(text, str) or bool(compiled(text)))
    return checker


def _bounded(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: not isinstance(value, str) or (len(value) <= _MAX_FORMATTED and check(value))


def _international(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    # The check of URIs overlooks a line's end after them.
    return lambda text: not text.endswith("\n") and bool(check(as_uri(text)))


def _is_email(value: object) -> bool:
    return not isinstance(value, str) or _EMAIL.fullmatch(value) is not None


FORMATS = _formats()
_OURS: dict[str, Keyword] = {
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "required": _required,
    "multipleOf": _multiple_of,
    "uniqueItems": _unique_items,
}
_Checker: Any = extend(  # type: ignore[no-untyped-call] # the stubs say nothing of it
    Draft202012Validator,
    {name: _counted(keyword) for name, keyword in {**Draft202012Validator.VALIDATORS, **_OURS}.items()},
)
