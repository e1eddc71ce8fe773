"""How a webhook is delivered to: what a tool may set of it, when it is created or edited."""

from typing import Any

from pydantic import Field

from rules.webhook_spec import CircuitBreaker, Retry
from tools.toolbox import Arguments

# A model leaves out what it does not mean, so that null cannot remove anything; 0 does.
_REMOVED_BY_ZERO = ("rate_limit_per_second", "max_in_flight", "auto_disable_hours")


class DeliverySettings(Arguments):
    """Timeouts, retries, limits, and what happens to an endpoint that fails."""

    timeout_ms: int | None = Field(None, description="1000 to 30000.")
    max_retries: int | None = Field(None, description="0 to 10.")
    retry: Retry | None = Field(None, description="Delays and more, when max_retries alone does not say it.")
    rate_limit_per_second: float | None = Field(None, description="0.1 to 10000 requests a second; 0 for no limit.")
    max_in_flight: int | None = Field(None, description="1 to 1000 requests at a time; 0 for no limit of its own.")
    auto_disable_hours: int | None = Field(
        None, description="Hours of failing after which it is disabled: 1 to 720; 0 for never."
    )
    circuit_breaker: CircuitBreaker | None = Field(
        None, description="When a failing endpoint is left alone for a while; consecutive_failures 0 for never."
    )


def delivery_fields(arguments: DeliverySettings) -> dict[str, Any]:
    """Return the given settings as the API's fields."""
    fields = arguments.model_dump(include=set(DeliverySettings.model_fields), exclude_none=True)
    if (retries := fields.pop("max_retries", None)) is not None:
        fields["retry"] = {**fields.get("retry", {}), "max_retries": retries}
    removed = {name: None for name in _REMOVED_BY_ZERO if fields.get(name) == 0}
    return {**fields, **removed}
