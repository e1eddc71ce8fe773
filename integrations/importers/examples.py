"""What one example of a value says about the parameter that takes its place: type, format, description."""

import re
from typing import Any, Final

from integrations.importers.names import words

_DATE = r"[0-9]{4}-[01][0-9]-[0-3][0-9]"
_FORMATS: Final = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("email", r"[^@\s/:]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5}"),
        ("uri", r"https?://[!-~]{1,2000}"),
        ("uuid", r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"),
        (
            "date-time",
            rf"{_DATE}[Tt][0-2][0-9](?::[0-5][0-9]){{2}}(?:\.[0-9]{{1,9}})?(?:[Zz]|[+-][0-2][0-9]:[0-5][0-9])",
        ),
        ("date", _DATE),
    )
)
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,14})")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,14})\.[0-9]{1,15}")
_SHOWABLE: Final = re.compile(r"[A-Za-z0-9_.:-]{1,24}")
_NUMBERED: Final = frozenset(  # digits that are names, not amounts
    {
        "id",
        "ids",
        "number",
        "no",
        "nr",
        "code",
        "zip",
        "postcode",
        "postal",
        "phone",
        "mobile",
        "tel",
        "ref",
        "reference",
    }
    | {"sku", "account", "card", "pin", "vat", "tax", "isbn", "ean", "serial", "order", "year"}
)
_PERSONAL: Final = frozenset(
    {
        "name",
        "first",
        "last",
        "surname",
        "mail",
        "email",
        "phone",
        "mobile",
        "tel",
        "address",
        "street",
        "city",
        "birth",
    }
    | {"birthday", "dob", "ssn", "iban", "card", "account", "person", "user", "username", "customer", "patient", "tax"}
    | {"login", "pin", "passport"}
)
# Fields that set how an API answers, rather than say what somebody asks for.
_SETTINGS: Final = frozenset(
    {"version", "v", "api-version", "format", "fmt", "output", "locale", "lang", "language", "hl", "fields", "include"}
    | {
        "expand",
        "embed",
        "limit",
        "per-page",
        "page-size",
        "pagesize",
        "page",
        "offset",
        "sort",
        "sort-by",
        "sort-order",
    }
    | {
        "order-by",
        "units",
        "pretty",
        "callback",
        "jsonrpc",
        "model",
        "temperature",
        "max-tokens",
        "top-p",
        "grant-type",
    }
    | {"response-type", "channel", "origin", "source", "client-id", "operation-name", "encoding", "charset", "timezone"}
    | {"tz", "dry-run", "verbose", "debug", "cursor", "stream", "object", "schema", "utm-source", "utm-medium"}
)
_SETTING_VALUES: Final = re.compile(
    r"json|xml|csv|html|asc|desc|true|false|yes|no|on|off|utf-?8|[a-z]{2}[-_][A-Z]{2}|v[0-9]+(?:\.[0-9]+)*",
    re.IGNORECASE,
)
_KINDS: Final[dict[type, str]] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}
_DEEPEST: Final = 12


def is_setting(name: str, value: Any) -> bool:
    """Tell whether a field evidently configures the call, so that its value stays."""
    if value is None or isinstance(value, bool) or "-".join(words(name)) in _SETTINGS:
        return True
    return isinstance(value, str) and _SETTING_VALUES.fullmatch(value[:20]) is not None


def text_schema(name: str, example: str) -> dict[str, Any]:
    """Describe a text in a URL or a form: digits are a number unless the field's name says that they name something."""
    if not _NUMBERED.intersection(words(name)):
        if _INTEGER.fullmatch(example):
            return {"type": "integer"} | described(name, example)
        if _NUMBER.fullmatch(example):
            return {"type": "number"} | described(name, example)
    return string_schema(name, example)


def string_schema(name: str, example: str) -> dict[str, Any]:
    """Describe a string, with its format where the example shows one."""
    schema: dict[str, Any] = {"type": "string"}
    if found := _format(example):
        schema["format"] = found
    return schema | described(name, example)


def value_schema(name: str, example: Any) -> dict[str, Any]:
    """Describe any JSON value by an example of it."""
    return _shape(example) | described(name, example)


def described(name: str, example: Any) -> dict[str, str]:
    """Give a parameter's description, when there is an example to tell; the name alone says nothing new.

    An example that could be about a person is not repeated.
    """
    label = " ".join(words(name)) or "value"
    text = str(example) if isinstance(example, str | int | float) else ""
    personal = _PERSONAL.intersection(words(name)) and words(name)[-1] != "id"
    telling = _SHOWABLE.fullmatch(text) and not personal
    return {"description": f"The {label[:80]}, such as {text}."} if telling else {}


def _format(example: str) -> str | None:
    return next((name for name, pattern in _FORMATS if pattern.fullmatch(example[:2100])), None)


def _shape(example: Any, depth: int = 0) -> dict[str, Any]:
    kind = _KINDS.get(type(example))
    if kind is None or depth >= _DEEPEST:
        return {}
    if kind == "array":
        return {"type": kind, **_items(example, depth)}
    if kind == "object":
        return {"type": kind, "properties": {key: _shape(value, depth + 1) for key, value in example.items()}}
    return {"type": kind}


def _items(examples: list[Any], depth: int) -> dict[str, Any]:
    if examples and all(isinstance(example, dict) for example in examples):
        merged = {key: value for example in reversed(examples) for key, value in example.items()}
        required = [key for key in merged if all(key in example for example in examples)]
        return {"items": _shape(merged, depth + 1) | ({"required": required} if required else {})}
    shapes = [_shape(example, depth + 1) for example in examples]
    return {"items": shapes[0]} if shapes and all(shape == shapes[0] for shape in shapes) else {}
