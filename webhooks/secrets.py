"""The signing secrets of one webhook: the newest, and older ones that still verify for a while."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from rules.errors import InvalidInput
from rules.signature import decode_secret, generate_secret
from webhooks.profiles import Profile


@dataclass(frozen=True, slots=True)
class SigningSecret:
    """A secret and until when it signs; None is for as long as it is the newest."""

    value: str
    expires_at: datetime | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON that is sealed."""
        return {"value": self.value, "expires_at": self.expires_at and self.expires_at.isoformat()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Read the JSON that was sealed."""
        expires_at = data["expires_at"]
        return cls(data["value"], datetime.fromisoformat(expires_at) if expires_at else None)


def choose(profile: Profile, wanted: str | None) -> str | None:
    """Return the secret to store: a new one for "auto", none for None, else the caller's if the profile can use it."""
    if wanted == "auto":
        return generate_secret()
    if wanted is not None and profile.signature == "standard":
        decode_secret(wanted)
    return wanted


def rotate(secrets: list[SigningSecret], overlap: timedelta, now: datetime) -> list[SigningSecret]:
    """Put a new secret first and let the others expire after `overlap` (0 to 7 days)."""
    if not timedelta() <= overlap <= timedelta(days=7):
        raise InvalidInput.of("overlap_seconds", f"must be from 0 to 604800 seconds; got {overlap.total_seconds():g}")
    end = now + overlap
    older = [SigningSecret(s.value, min(s.expires_at or end, end)) for s in live(secrets, now)]
    return [SigningSecret(generate_secret()), *(older if overlap else [])]


def live(secrets: list[SigningSecret], now: datetime) -> list[SigningSecret]:
    """Leave out what has expired."""
    return [secret for secret in secrets if secret.expires_at is None or secret.expires_at > now]
