"""What a probe of an endpoint found, stage by stage (X03)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rules.outcomes import Cause


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage. `cause` and `error` say what went wrong; `detail` holds what was found, as JSON values."""

    ok: bool
    ms: int
    detail: Mapping[str, Any] = field(default_factory=dict)
    cause: Cause | None = None
    error: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the API's shape."""
        shape: dict[str, Any] = {"ok": self.ok, "ms": self.ms, **self.detail}
        return shape if self.ok else shape | {"cause": self.cause, "error": self.error}


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """The stages in their order; None for one that was not reached or does not apply.

    `certificate_ends_at` is when the endpoint's TLS certificate expires, or expired.
    """

    dns: Stage | None = None
    tcp: Stage | None = None
    tls: Stage | None = None
    http: Stage | None = None
    certificate_ends_at: datetime | None = None

    @property
    def network_failure(self) -> Stage | None:
        """The first stage below HTTP that failed: a cause that no HTTP answer can outweigh."""
        return next((stage for stage in (self.dns, self.tcp, self.tls) if stage and not stage.ok), None)

    def as_dict(self) -> dict[str, Any]:
        """Return the API's `probe` object."""
        stages = {"dns": self.dns, "tcp": self.tcp, "tls": self.tls, "http": self.http}
        return {name: stage.as_dict() if stage else None for name, stage in stages.items()}
