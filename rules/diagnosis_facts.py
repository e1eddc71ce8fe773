"""What a diagnosis is computed from: the webhook, its attempts, and recent events with what the filters said."""

from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from rules.addresses import Policy
from rules.filters import FilterReport, FilterSet
from rules.outcomes import Cause


@dataclass(frozen=True, slots=True)
class WebhookFacts:
    """A webhook as far as a diagnosis looks at it.

    Attributes:
        url: Where deliveries go.
        enabled: Whether it is switched on.
        filters: Its four filters.
        profile: Its profile's name.
        timeout_ms: How long one attempt may take.
        created_at: Aware.
        auth_header: Name of the auth header that is set; None when there is none.
        consecutive_failures: How many attempts in a row failed, up to now.
        last_cause: Cause of the last failure that still stands.
        last_error: Its sentence.
        rate_limit_per_second: The limit that is set, if any.
        idempotency_header: The header by which an endpoint recognises a repeat.
        policy: Which addresses may be proposed as a new URL.
        signed: Whether its requests are signed.
        readable: Whether the master key opens all of its secrets; else nothing is sent.

    """

    url: str
    enabled: bool
    filters: FilterSet
    profile: str
    timeout_ms: int
    created_at: datetime
    auth_header: str | None = None
    consecutive_failures: int = 0
    last_cause: Cause | None = None
    last_error: str | None = None
    rate_limit_per_second: float | None = None
    idempotency_header: str = "webhook-id"
    policy: Policy = field(default_factory=Policy)
    signed: bool = False
    readable: bool = True

    @property
    def host(self) -> str:
        """The host in the URL."""
        return urlsplit(self.url).hostname or self.url


@dataclass(frozen=True, slots=True)
class AttemptFact:
    """One attempt. `cause` is None when it was delivered; the excerpt, location and retry_after come from outside."""

    at: datetime
    duration_ms: int
    cause: Cause | None = None
    status_code: int | None = None
    error: str | None = None
    delivery_id: str | None = None
    test: bool = False
    excerpt: str = ""
    location: str | None = None
    retry_after: str | None = None

    @property
    def delivered(self) -> bool:
        """Whether the endpoint took it."""
        return self.cause is None

    @property
    def outcome(self) -> str:
        """`HTTP 401`, or the cause in words when there was no answer."""
        if self.status_code is not None:
            return f"HTTP {self.status_code}"
        return str(self.cause).replace("_", " ")


@dataclass(frozen=True, slots=True)
class EventFact:
    """A recent event, and what the webhook's filters say to it today."""

    type: str
    at: datetime
    report: FilterReport
    tags: tuple[str, ...] = ()
    trust_score: float | None = None
