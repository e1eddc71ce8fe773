"""What a webhook may look like: the fields of API.md with their types, ranges and contradictions."""

import math
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from rules.auto_disable import DEFAULT_HOURS
from rules.conditions import MISSING, to_number
from rules.errors import InvalidInput
from rules.header_fields import HeaderName, HeaderValue, check_custom_headers
from rules.payload_template import compile_payload
from rules.ranges import decimal, shown, storable, text, whole, whole_text

MAX_RETRIES = 10

ProfileName = Literal["standard", "perspective", "perspection", "funnel"]
SigningScheme = Literal["v1", "v1a", "both", "hex"]
Operator = Literal["eq", "ne", "gt", "lt", "gte", "lte", "exists", "contains"]


class Spec(BaseModel):
    """The base of everything a caller may send: unknown fields are refused, strings are not coerced."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class EventFilter(Spec):
    """Which event types are delivered (B02)."""

    mode: Literal["include", "exclude"] = "include"
    events: list[text(1, 128)] = Field(default_factory=list, max_length=100)  # type: ignore[valid-type]


class Condition(Spec):
    """One rule over the event's payload (B04)."""

    field: text(1, 256)  # type: ignore[valid-type]
    operator: Operator
    value: Annotated[Any, storable(4_096)] = None

    @model_validator(mode="after")
    def value_fits_operator(self) -> Self:
        """Refuse a comparison that can never be true."""
        given = self.value if "value" in self.model_fields_set else MISSING
        if self.operator in {"gt", "lt", "gte", "lte"} and math.isnan(to_number(given)):
            raise PydanticCustomError(
                "condition_value",
                "value: {operator} compares numbers, and {value} is not one",
                {"operator": self.operator, "value": shown(self.value)},
            )
        if self.operator == "contains" and self.value is None:
            raise PydanticCustomError("condition_value", "value: contains needs a value to look for")
        return self


class TagFilter(Spec):
    """Which conversations are delivered, by tag (A07)."""

    match: Literal["any", "all"] = "any"
    tags: list[text(1, 64)] = Field(min_length=1, max_length=50)  # type: ignore[valid-type]


class TrustScore(Spec):
    """Which conversations are delivered, by trust score, both ends inclusive (A07)."""

    min: decimal(0, 100) | None = None  # type: ignore[valid-type]
    max: decimal(0, 100) | None = None  # type: ignore[valid-type]

    @model_validator(mode="after")
    def has_sensible_bounds(self) -> Self:
        """Refuse an empty range and a range without ends."""
        if self.min is None and self.max is None:
            raise PydanticCustomError("trust_score", "give min, max or both; send null to remove the filter")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise PydanticCustomError(
                "trust_score",
                "min {min} is above max {max}, so nothing would match",
                {"min": self.min, "max": self.max},
            )
        return self


class AuthHeader(Spec):
    """A header sent verbatim with every request (A05). Its value is stored encrypted and never shown again."""

    name: HeaderName
    value: HeaderValue | None = Field(default=None, repr=False)


class Retry(Spec):
    """How failed attempts are repeated; what is absent comes from the profile."""

    max_retries: whole(0, MAX_RETRIES) | None = None  # type: ignore[valid-type]
    strategy: Literal["exponential", "schedule"] | None = None
    base_seconds: decimal(0.1, 60) | None = None  # type: ignore[valid-type]
    schedule: list[decimal(0.1, 604_800)] | None = Field(default=None, min_length=1, max_length=MAX_RETRIES)  # type: ignore[valid-type]
    jitter: decimal(0, 1) | None = None  # type: ignore[valid-type]
    retry_4xx: bool | None = None

    @model_validator(mode="after")
    def strategy_is_consistent(self) -> Self:
        """Refuse settings that belong to the other strategy, and a schedule too short for the retries."""
        if self.strategy == "schedule" and self.base_seconds is not None:
            raise PydanticCustomError("retry", "base_seconds belongs to the strategy exponential, not schedule")
        if self.strategy == "exponential" and self.schedule is not None:
            raise PydanticCustomError("retry", "schedule belongs to the strategy schedule, not exponential")
        if self.schedule is not None and self.max_retries is not None and self.max_retries > len(self.schedule):
            raise PydanticCustomError(
                "retry",
                "schedule has {count} delays but max_retries is {retries}: give one delay per retry",
                {"count": len(self.schedule), "retries": self.max_retries},
            )
        return self


class CircuitBreaker(Spec):
    """When a failing endpoint is left alone, and for how long at first; what is absent stays as it is."""

    consecutive_failures: whole(0, 100) | None = None  # type: ignore[valid-type]
    cool_down_seconds: decimal(1, 3_600) | None = None  # type: ignore[valid-type]
    failure_share: decimal(0, 1) | None = None  # type: ignore[valid-type]
    minimum_attempts: whole(1, 10_000) | None = None  # type: ignore[valid-type]


def _name(value: str) -> str:
    if not value.strip():
        raise PydanticCustomError("name", "must not be blank")
    return value.strip()


Name: TypeAlias = Annotated[text(1, 120), AfterValidator(_name)]  # type: ignore[valid-type]
Headers = Annotated[dict[HeaderName, HeaderValue], AfterValidator(check_custom_headers)]


def _secret(value: Any) -> Any:
    if not isinstance(value, str) or value == "auto":
        return value
    if not 8 <= len(value) <= 512:
        raise PydanticCustomError("secret", 'must be "auto", null or a secret of 8 to 512 characters')
    return whole_text(value)


Secret = Annotated[str | None, BeforeValidator(_secret)]

_TAKEN_HEADERS = frozenset(
    {
        *("accept", "accept-encoding", "authorization", "cookie", "content-encoding", "content-type", "date"),
        *("idempotency-key", "user-agent", "x-idempotency-key", "traceparent", "tracestate", "baggage"),
        *("x-perspection-event", "x-perspection-event-id", "x-perspection-delivery-attempt"),
    }
)


def _signature_header(name: str) -> str:
    if name.lower() in _TAKEN_HEADERS or name.lower().startswith("webhook-"):
        raise PydanticCustomError(
            "signature_header", "{name} carries something else already; name another header", {"name": name}
        )
    return name


SignatureHeader = Annotated[HeaderName, AfterValidator(_signature_header)]


def _compiles(value: Any) -> Any:
    if value is not None:
        try:
            compile_payload(value)
        except InvalidInput as error:
            first = error.errors[0]
            place = first.field.removeprefix("payload_template").lstrip(".")
            words = f"{place}: {first.message}" if place else first.message
            raise PydanticCustomError("payload_template", "{words}", {"words": words}) from None
    return value


PayloadTemplateText = Annotated[Any, storable(65_536), AfterValidator(_compiles)]
PresetName = Literal["slack", "discord", "teams"]


def _one_payload(spec: "WebhookDraft | WebhookPatch") -> None:
    if spec.payload_template is not None and spec.payload_preset is not None:
        raise PydanticCustomError("payload_preset", "payload_preset: give either a preset or a payload_template")


class WebhookDraft(Spec):
    """A webhook to create: POST /v1/webhooks."""

    name: Name
    url: text(1, 2048)  # type: ignore[valid-type]
    perspective_id: text(1, 64) | None = None  # type: ignore[valid-type]
    description: text(0, 1000) = ""  # type: ignore[valid-type]
    enabled: bool = True
    profile: ProfileName | None = None
    event_filter: EventFilter | None = None
    conditions: list[Condition] = Field(default_factory=list, max_length=50)
    tag_filter: TagFilter | None = None
    trust_score: TrustScore | None = None
    auth_header: AuthHeader | None = None
    headers: Headers = Field(default_factory=dict)
    secret: Secret = Field(default=None, repr=False)
    signing: SigningScheme | None = None
    signature_header: SignatureHeader | None = None
    retry: Retry | None = None
    timeout_ms: whole(1_000, 30_000, "milliseconds") | None = None  # type: ignore[valid-type]
    rate_limit_per_second: decimal(0.1, 10_000) | None = None  # type: ignore[valid-type]
    max_in_flight: whole(1, 1_000) | None = None  # type: ignore[valid-type]
    auto_disable_hours: whole(1, 720, "hours") | None = DEFAULT_HOURS  # type: ignore[valid-type]
    circuit_breaker: CircuitBreaker | None = None
    payload_template: PayloadTemplateText = None
    payload_preset: PresetName | None = None
    operational: bool = False

    @model_validator(mode="after")
    def has_one_payload(self) -> Self:
        """Refuse a template beside a preset, which is one."""
        _one_payload(self)
        return self

    @model_validator(mode="after")
    def auth_header_has_value(self) -> Self:
        """A new webhook has no stored value that an absent one could mean."""
        if self.auth_header is not None and self.auth_header.value is None:
            raise PydanticCustomError("auth_header", "auth_header.value: is required when a header is set")
        return self


class WebhookPatch(Spec):
    """Changes to a webhook: PATCH /v1/webhooks/{id}. An absent field stays; null removes what can be removed.

    `auth_header` without a value keeps the stored value under the given name.
    """

    name: Name | None = None
    url: text(1, 2048) | None = None  # type: ignore[valid-type]
    description: text(0, 1000) | None = None  # type: ignore[valid-type]
    enabled: bool | None = None
    event_filter: EventFilter | None = None
    conditions: list[Condition] | None = Field(default=None, max_length=50)
    tag_filter: TagFilter | None = None
    trust_score: TrustScore | None = None
    auth_header: AuthHeader | None = None
    headers: Headers | None = None
    secret: Secret = Field(default=None, repr=False)
    signing: SigningScheme | None = None
    signature_header: SignatureHeader | None = None
    retry: Retry | None = None
    timeout_ms: whole(1_000, 30_000, "milliseconds") | None = None  # type: ignore[valid-type]
    rate_limit_per_second: decimal(0.1, 10_000) | None = None  # type: ignore[valid-type]
    max_in_flight: whole(1, 1_000) | None = None  # type: ignore[valid-type]
    auto_disable_hours: whole(1, 720, "hours") | None = None  # type: ignore[valid-type]
    circuit_breaker: CircuitBreaker | None = None
    payload_template: PayloadTemplateText = None
    payload_preset: PresetName | None = None
    operational: bool | None = None

    @model_validator(mode="after")
    def required_fields_stay(self) -> Self:
        """Refuse null where a webhook cannot be without, and a template beside a preset."""
        _one_payload(self)
        for field in ("name", "url", "enabled", "operational"):
            if field in self.model_fields_set and getattr(self, field) is None:
                raise PydanticCustomError("required", "{field}: cannot be null", {"field": field})
        return self
