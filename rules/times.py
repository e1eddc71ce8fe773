"""How times are written in the API: RFC 3339, UTC, milliseconds."""

from datetime import UTC, datetime


def rfc3339(moment: datetime) -> str:
    """Write an aware time as RFC 3339 in UTC with milliseconds, such as `2026-01-31T12:00:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def time_text(moment: datetime | None) -> str | None:
    """Write a time for the API, or null."""
    return None if moment is None else rfc3339(moment)
