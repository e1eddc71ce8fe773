"""What a customer's assistant, its triggers, secrets and sessions may look like: the fields of API.md (C01, C02)."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from rules.echoes import SHORTEST
from rules.ranges import shown, storable, text, whole, whole_text
from rules.webhook_spec import Spec

MAX_DESCRIPTION = 350
MAX_IMAGES = 20
MAX_IMAGE_URL = 2048
MAX_TEMPLATE = 65_536

Method = Literal["GET", "POST", "PUT", "DELETE", "PATCH"]

_TRIGGER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_SECRET_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_HOST = re.compile(r"(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?\.)*[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?(?::\d{1,5})?")
_HEADERS_EXAMPLE = '[{"key": "Authorization", "value": "Bearer $token"}]'
_LONGEST_SECRET = 8_192
_SECRET_RANGE = f"must be a text of {SHORTEST} to {_LONGEST_SECRET} characters"
_RESERVED_SECRETS = frozenset({"session", "company", "assistant", "images"})


def _named(pattern: re.Pattern[str], message: str) -> BeforeValidator:
    def check(value: Any) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise PydanticCustomError("name", message + "; got {value}", {"value": shown(value)})
        return value

    return BeforeValidator(check)


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _check_host(value: Any) -> str:
    host = value.strip().lower().rstrip(".") if isinstance(value, str) else value
    if not isinstance(host, str) or "/" in host or not (_HOST.fullmatch(host) or _is_ipv6(host)):
        raise PydanticCustomError(
            "host",
            "must be a host such as api.example.com, *.example.com or api.example.com:8443, "
            "without scheme and path; got {value}",
            {"value": shown(value)},
        )
    return host


def _is_ipv6(host: str) -> bool:
    try:
        return host.startswith("[") and urlsplit(f"https://{host}").hostname is not None
    except ValueError:
        return False


def _check_image(value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_IMAGE_URL or not _is_web_url(value):
        raise PydanticCustomError(
            "image",
            f"must be an http(s) URL of at most {MAX_IMAGE_URL} characters; got {{value}}",
            {"value": shown(value)},
        )
    return value


def _is_web_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and value.isprintable() and " " not in value


TriggerName = Annotated[
    str,
    _named(
        _TRIGGER_NAME,
        "must be 1 to 64 letters, digits, _ and -, beginning with a letter: it names the tool for the model",
    ),
]
SecretName = Annotated[
    str, _named(_SECRET_NAME, "must be 1 to 64 letters, digits and _, not beginning with a digit, to be used as $name")
]
Host = Annotated[str, BeforeValidator(_check_host)]
ImageUrl = Annotated[str, BeforeValidator(_check_image)]
Images = Annotated[list[ImageUrl], Field(max_length=MAX_IMAGES)]


def _check_header_list(value: Any) -> Any:
    """Name the shape without the value, which may hold a credential: webhooks take an object here, triggers do not."""
    if not isinstance(value, list):
        raise PydanticCustomError("headers", "must be a list, such as " + _HEADERS_EXAMPLE)
    return value


class HeaderEntry(Spec):
    """One request header; `value` is a template."""

    key: text(1, 128)  # type: ignore[valid-type]
    value: text(0, MAX_TEMPLATE)  # type: ignore[valid-type]


class Integration(Spec):
    """An HTTP request with `$variables` in URL, headers and body (C01); `rules.request_template` checks them."""

    type: Literal["WEBHOOK"] = "WEBHOOK"
    url: text(1, MAX_TEMPLATE)  # type: ignore[valid-type]
    method: Annotated[Method, BeforeValidator(_upper)] = "GET"
    headers: Annotated[list[HeaderEntry], BeforeValidator(_check_header_list)] = Field(
        default_factory=list, max_length=50
    )
    body: Annotated[Any, storable(MAX_TEMPLATE)] = None
    responseDirective: text(0, 4_000) | None = None  # type: ignore[valid-type]  # noqa: N815 - the name in API.md
    timeout_ms: whole(1_000, 120_000, "ms") = 20_000  # type: ignore[valid-type]


class TriggerDraft(Spec):
    """A trigger to be created: what the model sees of an integration (C02)."""

    inside: ClassVar[Mapping[str, type[Spec]]] = {"integration": Integration}

    name: TriggerName
    description: text(1, MAX_DESCRIPTION)  # type: ignore[valid-type]
    parameters: Annotated[dict[str, Any], storable(32_768)] = Field(
        default_factory=lambda: {"type": "object", "properties": {}}
    )
    interpret_response: bool = True
    confirm: bool = False
    integration: Integration


class TriggerPatch(Spec):
    """Fields of a trigger to change; absent ones stay. `integration` may name some of its own fields only."""

    inside: ClassVar[Mapping[str, type[Spec]]] = {"integration": Integration}

    name: TriggerName | None = None
    description: text(1, MAX_DESCRIPTION) | None = None  # type: ignore[valid-type]
    parameters: Annotated[dict[str, Any], storable(32_768)] | None = None
    interpret_response: bool | None = None
    confirm: bool | None = None
    integration: dict[str, Any] | None = None

    @model_validator(mode="after")
    def is_not_null(self) -> Self:
        """Refuse null: none of these can be unset."""
        for name in self.model_fields_set:
            if getattr(self, name) is None:
                raise PydanticCustomError("null", "{name}: cannot be null; leave it out to keep it", {"name": name})
        return self


class AssistantDraft(Spec):
    """A customer's assistant to be created."""

    name: text(1, 200)  # type: ignore[valid-type]
    instructions: text(0, 20_000) = ""  # type: ignore[valid-type]


class AssistantPatch(Spec):
    """Fields of an assistant to change; absent ones stay."""

    name: text(1, 200) = ""  # type: ignore[valid-type]
    instructions: text(0, 20_000) = ""  # type: ignore[valid-type]


def _check_secret(value: Any) -> str:
    """Refuse what cannot be kept secret, without repeating it."""
    if not isinstance(value, str):
        raise PydanticCustomError("secret", _SECRET_RANGE + "; got something else, which is not shown")
    if len(value) < SHORTEST:
        words = "; a shorter one could not be masked in logs and answers, where endpoints repeat it"
        raise PydanticCustomError("secret", _SECRET_RANGE + words)
    if len(value) > _LONGEST_SECRET:
        raise PydanticCustomError("secret", _SECRET_RANGE + "; got {count}", {"count": len(value)})
    return whole_text(value)


SecretValue = Annotated[
    str,
    BeforeValidator(_check_secret),
    WithJsonSchema({"type": "string", "minLength": SHORTEST, "maxLength": _LONGEST_SECRET}),
]


class SecretDraft(Spec):
    """A secret's value and the hosts that it may be sent to (X07)."""

    value: SecretValue
    hosts: list[Host] = Field(max_length=50)


class SessionDraft(Spec):
    """A session to be opened (C08). `rules.client_data` checks the data."""

    assistant_id: text(1, 64)  # type: ignore[valid-type]
    client_data: dict[str, Any] = Field(default_factory=dict)
    images: Images = Field(default_factory=list)


class RunRequest(Spec):
    """A trigger's test button: its arguments, and a session or stand-ins for one."""

    arguments: Annotated[dict[str, Any], storable(65_536)] = Field(default_factory=dict)
    session_id: text(1, 64) | None = None  # type: ignore[valid-type]
    client_data: dict[str, Any] | None = None
    images: Images | None = None
    dry_run: bool = False


def check_secret_name(name: str) -> str:
    """Return the name of a secret; raises ValueError in words when it cannot be one or is a system variable's."""
    if name in _RESERVED_SECRETS:
        own = "$images is" if name == "images" else f"variables that begin with ${name} are"
        raise ValueError(f"is reserved: {own} the system's own; choose another name, such as my_{name}")
    if not _SECRET_NAME.fullmatch(name):
        raise ValueError("must be 1 to 64 letters, digits and _, not beginning with a digit, to be used as $name")
    return name


def host_allowed(host: str, hosts: list[str], *, scheme: str = "https") -> bool:
    """Tell whether a secret bound to `hosts` may be sent to `host` (lower case, with its port when the URL has one).

    An entry without a port allows every port of that host; `*.example.com` allows every subdomain, not example.com.
    """
    name, port = _split(host)
    real_port = port or {"http": "80"}.get(scheme, "443")
    return any(_allows(entry, name, real_port) for entry in hosts)


def _allows(entry: str, name: str, port: str) -> bool:
    allowed, wanted = _split(entry)
    if wanted and wanted != port:
        return False
    return name.endswith(allowed[1:]) if allowed.startswith("*.") else name == allowed


def _split(host: str) -> tuple[str, str]:
    name, colon, port = host.rpartition(":")
    if not colon or not port.isdigit():
        name, port = host, ""
    return name.rstrip("."), port
