"""What one webhook signs with: secrets (v1, hex) and Ed25519 keys (v1a), the newest and those that it replaces."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal, Self, TypeVar

from rules.errors import InvalidInput
from rules.signature import decode_secret, generate_secret
from rules.signing_keys import generate_key, public_key
from webhooks.profiles import Profile

Scheme = Literal["v1", "v1a", "both", "hex"]

_WITH_SECRET: Final = frozenset({"v1", "both", "hex"})
_WITH_KEY: Final = frozenset({"v1a", "both"})


@dataclass(frozen=True, slots=True)
class SigningSecret:
    """A secret and until when it signs; None is for as long as it is the newest."""

    value: str = field(repr=False)
    expires_at: datetime | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON that is sealed."""
        return {"value": self.value, "expires_at": self.expires_at and self.expires_at.isoformat()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Read the JSON that was sealed."""
        return cls(data["value"], _time(data["expires_at"]))


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A `whsk_` key with its `whpk_` half, and until when it signs; None is for as long as it is the newest."""

    value: str = field(repr=False)
    public: str
    expires_at: datetime | None = None

    @classmethod
    def fresh(cls) -> Self:
        """Make a key."""
        value = generate_key()
        return cls(value, public_key(value))

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON that is sealed."""
        return {
            "value": self.value,
            "public": self.public,
            "expires_at": self.expires_at and self.expires_at.isoformat(),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Read the JSON that was sealed."""
        return cls(data["value"], data["public"], _time(data["expires_at"]))


Held = TypeVar("Held", SigningSecret, SigningKey)


@dataclass(frozen=True, slots=True)
class Signing:
    """Everything a webhook signs with, the newest first."""

    secrets: tuple[SigningSecret, ...] = ()
    keys: tuple[SigningKey, ...] = ()


def scheme(profile: Profile, *, secret: bool, key: bool) -> Scheme | None:
    """Return how a webhook that holds a secret or a key signs its deliveries; None when it does not."""
    if profile.signature == "hex":
        return "hex" if secret else None
    if key:
        return "both" if secret else "v1a"
    return "v1" if secret else None


def choose(profile: Profile, held: Signing, given: Mapping[str, Any]) -> Signing:
    """Return what a webhook is to sign with; what it holds already stays where it can.

    Args:
        profile: Its conventions.
        held: What it signs with at present.
        given: Of the fields `signing` (v1, v1a, both, hex or None) and `secret` ("auto", a secret or None), those that
            the caller sent. Without `signing`, a secret comes and goes by itself.

    Raises:
        InvalidInput: The profile does not sign that way, the secret cannot be used, or the two contradict each other.

    """
    if "signing" not in given:
        return replace(held, secrets=_secrets(profile, given["secret"])) if "secret" in given else held
    wanted = given["signing"]
    _check(profile, wanted, given)
    secrets, keys = held.secrets, held.keys
    if "secret" in given or not secrets:
        secrets = _secrets(profile, given.get("secret") or "auto")
    return Signing(
        secrets=secrets if wanted in _WITH_SECRET else (),
        keys=(keys or (SigningKey.fresh(),)) if wanted in _WITH_KEY else (),
    )


def rotate(profile: Profile, held: Signing, wanted: Scheme | None, overlap: timedelta, now: datetime) -> Signing:
    """Put a new secret, a new key or both first and let the others expire after `overlap` (0 to 7 days).

    Args:
        profile: The webhook's conventions.
        held: What it signs with at present; nothing, and it gets a secret.
        wanted: Which of its schemes; all of them when None.
        overlap: How long the present ones go on signing.
        now: When that begins.

    Raises:
        InvalidInput: The overlap is out of range, or the webhook does not sign by that scheme.

    """
    if not timedelta() <= overlap <= timedelta(days=7):
        raise InvalidInput.of("overlap_seconds", f"must be from 0 to 604800 seconds; got {overlap.total_seconds():g}")
    first: Scheme = "hex" if profile.signature == "hex" else "v1"
    present = scheme(profile, secret=bool(held.secrets), key=bool(held.keys)) or first
    chosen = wanted or present
    if chosen not in ({"v1", "v1a", "both"} if present == "both" else {present}):
        raise InvalidInput.of("signing", f"this webhook signs by {present}, not {chosen}; change that by PATCH first")
    secrets, keys = held.secrets, held.keys
    if chosen in _WITH_SECRET:
        secrets = _followed(SigningSecret(generate_secret()), secrets, overlap, now)
    if chosen in _WITH_KEY:
        keys = _followed(SigningKey.fresh(), keys, overlap, now)
    return Signing(secrets, keys)


def live(held: tuple[Held, ...], now: datetime) -> list[Held]:
    """Leave out what has expired."""
    return [one for one in held if one.expires_at is None or one.expires_at > now]


def _followed(fresh: Held, held: tuple[Held, ...], overlap: timedelta, now: datetime) -> tuple[Held, ...]:
    older = [_ending(one, now + overlap) for one in live(held, now) if overlap]
    older.insert(0, fresh)
    return tuple(older)


def _ending(one: Held, end: datetime) -> Held:
    return replace(one, expires_at=min(one.expires_at or end, end))


def _secrets(profile: Profile, wanted: str | None) -> tuple[SigningSecret, ...]:
    if wanted == "auto":
        return (SigningSecret(generate_secret()),)
    if wanted is not None and profile.signature == "standard":
        decode_secret(wanted)
    return () if wanted is None else (SigningSecret(wanted),)


def _check(profile: Profile, wanted: Scheme | None, given: Mapping[str, Any]) -> None:
    fitting = ("hex",) if profile.signature == "hex" else ("v1", "v1a", "both")
    if wanted is not None and wanted not in fitting:
        raise InvalidInput.of("signing", f"the profile {profile.name} signs by {' or '.join(fitting)}; got {wanted!r}")
    needed = wanted in _WITH_SECRET
    if "secret" in given and (given["secret"] is not None) != needed:
        words = f"signing by {wanted} {'needs a' if needed else 'uses no'} secret" if wanted else "signing is null"
        raise InvalidInput.of("secret", f"{words}; leave one of the two out")


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
