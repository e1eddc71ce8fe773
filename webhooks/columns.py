"""Between a caller's spec of a webhook and its row: defaults, checks that need context, sealing, and back."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from rules import events
from rules.addresses import Policy, check_url
from rules.alerting import Topic
from rules.auto_disable import DisabledReason, with_reason
from rules.breaker import BreakerPolicy
from rules.errors import FieldError, InvalidInput
from rules.filters import FilterSet, matches
from rules.retry import RetryPolicy
from rules.tags import check_tags
from rules.webhook_spec import CircuitBreaker, EventFilter, Retry, TagFilter, WebhookDraft, WebhookPatch
from store.pages import Row
from store.sealing import SealingBox
from webhooks.payloads import stored_template
from webhooks.profiles import PROFILES, Profile
from webhooks.secrets import Signing, SigningKey, SigningSecret, choose
from webhooks.views import WebhookView, webhook_view

_PUBLIC = (
    *("name", "url", "description", "enabled", "profile", "perspective_id"),
    *("event_filter", "conditions", "tag_filter", "trust_score"),
    *("retry", "timeout_ms", "rate_limit_per_second", "max_in_flight", "signature_header", "auto_disable_hours"),
    "operational",
)
_PLAIN = (
    *("name", "description", "enabled", "timeout_ms", "rate_limit_per_second", "max_in_flight"),
    *("signature_header", "auto_disable_hours", "operational"),
)
_DECIDES_OPERATIONAL = frozenset({"operational", "event_filter", "tag_filter", "trust_score"})
_TIMES = ("deleted_at",)


class Columns:
    """Translate drafts and patches into column values, and rows into what may be seen.

    Args:
        box: Seals what is secret.
        policy: Which URLs may be called.
        console: Where the console is, for links from outside; without a slash at its end.

    """

    def __init__(self, box: SealingBox, policy: Policy, console: str = "http://127.0.0.1:8080") -> None:
        self._box = box
        self._policy = policy
        self.console = console

    def for_draft(self, draft: WebhookDraft, kind: str | None) -> tuple[dict[str, Any], str | None]:
        """Return the columns of a new webhook and its secret; `kind` is its perspective's, or None."""
        kind_of_events = None if draft.operational else kind
        profile = PROFILES[draft.profile or events.default_profile(kind_of_events)]
        _check_tags(draft.tag_filter, kind)
        _check_events(draft.event_filter)
        names = [draft.auth_header.name] if draft.auth_header else []
        _check_signature_header(profile, draft.signature_header, [*draft.headers, *names])
        signing = choose(profile, Signing(), _given(draft) or ({"secret": "auto"} if profile.signed_by_default else {}))
        chosen = draft.event_filter or EventFilter(events=list(events.default_events(kind_of_events)))
        values = {
            **{name: getattr(draft, name) for name in _PLAIN},
            "timeout_ms": draft.timeout_ms or profile.timeout_ms,
            "url": check_url(draft.url, self._policy),
            "perspective_id": draft.perspective_id,
            "profile": profile.name,
            "event_filter": chosen.model_dump(),
            "conditions": [condition.model_dump() for condition in draft.conditions],
            "tag_filter": draft.tag_filter and draft.tag_filter.model_dump(),
            "trust_score": draft.trust_score and draft.trust_score.model_dump(),
            "headers_sealed": self._box.seal(draft.headers) if draft.headers else None,
            "auth_header_name": draft.auth_header and draft.auth_header.name,
            "auth_header_sealed": self._box.seal(draft.auth_header.value) if draft.auth_header else None,
            **self.seal_signing(signing),
            "retry": _retry(draft.retry, profile.retry),
            "breaker": _breaker(draft.circuit_breaker, None),
            "disabled_reason": None if draft.enabled else str(DisabledReason.USER),
            "payload_template": stored_template(draft),
        }
        _check_operational(values)
        return values, signing.secrets[0].value if signing.secrets else None

    def for_patch(self, patch: WebhookPatch, row: Row, kind: str | None) -> dict[str, Any]:
        """Return the columns that a patch sets."""
        given = patch.model_fields_set
        profile = PROFILES[row["profile"]]
        _check_tags(patch.tag_filter, kind)
        _check_events(patch.event_filter)
        values: dict[str, Any] = {name: getattr(patch, name) for name in _PLAIN if name in given}
        if "description" in given:
            values["description"] = patch.description or ""
        if "timeout_ms" in given:
            values["timeout_ms"] = patch.timeout_ms or profile.timeout_ms
        if patch.url is not None:
            values["url"] = check_url(patch.url, self._policy)
        if "event_filter" in given:
            values["event_filter"] = (patch.event_filter or EventFilter()).model_dump()
        if "conditions" in given:
            values["conditions"] = [condition.model_dump() for condition in patch.conditions or []]
        for name in ("tag_filter", "trust_score"):
            if name in given:
                chosen = getattr(patch, name)
                values[name] = chosen and chosen.model_dump()
        if {"payload_template", "payload_preset"} & given:
            values["payload_template"] = stored_template(patch)
        if given & _DECIDES_OPERATIONAL:
            _check_operational({**row, **values})
        return with_reason(row, {**values, **_policies(patch, row, profile), **self._sealed(patch, row, profile)})

    def _sealed(self, patch: WebhookPatch, row: Row, profile: Profile) -> dict[str, Any]:
        values: dict[str, Any] = {}
        if "headers" in patch.model_fields_set and (patch.headers or {}) != self.headers(row):
            values["headers_sealed"] = self._box.seal(patch.headers) if patch.headers else None
        if given := _given(patch):
            held = self.signing(row)
            values.update(self.seal_signing(choose(profile, held, given), held))
        if "auth_header" in patch.model_fields_set:
            values.update(self._auth_header(patch, row))
        if {"signature_header", "headers", "auth_header"} & patch.model_fields_set:
            after = {**row, **values}
            named = patch.signature_header if "signature_header" in patch.model_fields_set else row["signature_header"]
            _check_signature_header(profile, named, [*self.headers(after), after["auth_header_name"] or ""])
        return values

    def _auth_header(self, patch: WebhookPatch, row: Row) -> dict[str, Any]:
        header = patch.auth_header
        if header is None:
            return {"auth_header_name": None, "auth_header_sealed": None}
        if header.value is not None:
            return {"auth_header_name": header.name, "auth_header_sealed": self._box.seal(header.value)}
        if row["auth_header_sealed"] is None:
            raise InvalidInput.of("auth_header.value", "is required: no value is stored yet")
        return {"auth_header_name": header.name}

    def headers(self, row: Row) -> dict[str, str]:
        """Return the custom headers of a row."""
        sealed = row["headers_sealed"]
        return {} if sealed is None else dict(self._box.open(sealed))

    def auth_header(self, row: Row) -> tuple[str, str] | None:
        """Return the auth header's name and value, for sending only."""
        if row["auth_header_sealed"] is None:
            return None
        return row["auth_header_name"], self._box.open(row["auth_header_sealed"])

    def signing(self, row: Row) -> Signing:
        """Return what a row signs with, for signing only."""
        sealed = row["secrets_sealed"]
        secrets = tuple(map(SigningSecret.from_dict, self._box.open(sealed))) if sealed else ()
        return Signing(secrets, self.signing_keys(row))

    def signing_keys(self, row: Row) -> tuple[SigningKey, ...]:
        """Return the Ed25519 keys of a row, the newest first."""
        sealed = row["signing_keys_sealed"]
        return tuple(map(SigningKey.from_dict, self._box.open(sealed))) if sealed else ()

    def seal_signing(self, signing: Signing, held: Signing | None = None) -> dict[str, Any]:
        """Seal what a webhook signs with for storing; only the columns in which it differs from `held`."""
        sides = {"secrets_sealed": "secrets", "signing_keys_sealed": "keys"}
        columns = {column: getattr(signing, side) for column, side in sides.items()}
        return {
            column: self._box.seal([one.as_dict() for one in values]) if values else None
            for column, values in columns.items()
            if held is None or values != getattr(held, sides[column])
        }

    def made_secret(self, patch: WebhookPatch, values: dict[str, Any]) -> str | None:
        """Return the secret among the columns that a patch sets, if it was made for it and not sent in it."""
        sealed = values.get("secrets_sealed")
        newest: str | None = self._box.open(sealed)[0]["value"] if sealed else None
        return None if newest == patch.secret else newest

    def view(self, row: Row) -> WebhookView:
        """Return what callers may see of a row."""
        return webhook_view(row, self.headers(row), self.signing_keys(row))

    def public(self, row: Row, *, replaced: Row | None = None) -> dict[str, Any]:
        """Return a row's settings for a record of change; a secret that differs from `replaced`'s is only called so."""
        shown = {name: row[name] for name in _PUBLIC}
        view = self.view(row)
        shown["headers"], shown["public_key"] = view.headers, view.public_key
        shown["payload_template"] = view.payload_template
        shown["auth_header"] = _secrecy(row, replaced, "auth_header_sealed", row["auth_header_name"])
        shown["secret"] = _secrecy(row, replaced, "secrets_sealed", "secret")
        shown["circuit_breaker"] = view.circuit_breaker
        shown["disabled_reason"] = None if view.disabled_reason == DisabledReason.USER else view.disabled_reason
        return shown

    def seal_undo(self, undo: dict[str, Any]) -> str:
        """Seal the columns of an undo record."""
        frozen = {
            side: {k: v.isoformat() if isinstance(v, datetime) else v for k, v in values.items()}
            for side, values in undo.items()
        }
        return self._box.seal(frozen)

    def open_undo(self, sealed: str) -> dict[str, Any]:
        """Read what `seal_undo` wrote."""
        return {
            side: {k: datetime.fromisoformat(v) if k in _TIMES and v else v for k, v in values.items()}
            for side, values in self._box.open(sealed).items()
        }


def _secrecy(row: Row, replaced: Row | None, column: str, name: str | None) -> dict[str, Any] | None:
    if row[column] is None:
        return None
    known = {"name": name, "set": True}
    is_new = replaced is not None and replaced[column] is not None and replaced[column] != row[column]
    return {**known, "replaced": True} if is_new else known


def _given(spec: WebhookDraft | WebhookPatch) -> dict[str, Any]:
    return {name: getattr(spec, name) for name in ("signing", "secret") if name in spec.model_fields_set}


def _check_signature_header(profile: Profile, name: str | None, others: Collection[str]) -> None:
    """Refuse a header for a hex signature where there is none, and one that another setting fills."""
    if name is None:
        return
    if profile.signature != "hex":
        words = f"belongs to profiles that sign in hex; {profile.name} signs in webhook-signature"
        raise InvalidInput.of("signature_header", words)
    if name.lower() in {other.lower() for other in others}:
        raise InvalidInput.of("signature_header", f"{name} is among the headers of this webhook; name another one")


def _policy(stored: dict[str, Any]) -> RetryPolicy:
    return RetryPolicy(**{**stored, "schedule": tuple(stored["schedule"])})


def _retry(wanted: Retry | None, base: RetryPolicy) -> dict[str, Any]:
    """Lay the given retry settings over the present ones; what is given decides the strategy."""
    if wanted is None:
        return base.as_dict()
    given = {name: value for name, value in wanted.model_dump().items() if value is not None}
    if "schedule" in given:
        given.setdefault("strategy", "schedule")
        given.setdefault("max_retries", len(given["schedule"]))
    if "base_seconds" in given:
        given.setdefault("strategy", "exponential")
    merged = {**base.as_dict(), **given}
    if merged["strategy"] == "schedule" and not merged["schedule"]:
        raise InvalidInput.of("retry.schedule", "is required with the strategy schedule")
    return merged


def _policies(patch: WebhookPatch, row: Row, profile: Profile) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if "retry" in patch.model_fields_set:
        values["retry"] = _retry(patch.retry, _policy(row["retry"]) if patch.retry else profile.retry)
    if "circuit_breaker" in patch.model_fields_set:
        values["breaker"] = _breaker(patch.circuit_breaker, row["breaker"])
    return values


def _breaker(wanted: CircuitBreaker | None, stored: dict[str, Any] | None) -> dict[str, Any] | None:
    """Lay the given breaker settings over the present ones; None is the default."""
    if wanted is None:
        return None
    given = {name: value for name, value in wanted.model_dump().items() if value is not None}
    return {**BreakerPolicy.from_dict(stored).as_dict(), **given}


def _check_tags(tag_filter: TagFilter | None, kind: str | None) -> None:
    errors = check_tags(tag_filter.tags, kind) if tag_filter else []
    if errors:
        raise InvalidInput(errors)


def _check_operational(values: Mapping[str, Any]) -> None:
    """Refuse filters by which an operational webhook would never hear anything."""
    if not values["operational"]:
        return
    for name in ("tag_filter", "trust_score"):
        if values[name] is not None:
            raise InvalidInput.of(name, "is for conversations; operational events have none, so nothing would pass")
    chosen = FilterSet.of(event_filter=values["event_filter"], conditions=[], tag_filter=None, trust_score=None)
    if not any(matches(chosen, topic, {}) for topic in Topic):
        words = f"takes no operational event; they are {', '.join(Topic)} (an empty include takes all)"
        raise InvalidInput.of("event_filter", words)


def _check_events(event_filter: EventFilter | None) -> None:
    errors: list[FieldError] = []
    for index, name in enumerate(event_filter.events if event_filter else []):
        try:
            events.check_event_type(name)
        except InvalidInput as refused:
            errors += [FieldError(f"event_filter.events.{index}", error.message) for error in refused.errors]
    if errors:
        raise InvalidInput(errors)
