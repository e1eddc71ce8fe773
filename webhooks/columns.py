"""Between a caller's spec of a webhook and its row: defaults, checks that need context, sealing, and back."""

from datetime import datetime
from typing import Any

from rules import events
from rules.addresses import Policy, check_url
from rules.errors import FieldError, InvalidInput
from rules.retry import RetryPolicy
from rules.tags import check_tags
from rules.webhook_spec import EventFilter, Retry, TagFilter, WebhookDraft, WebhookPatch
from store.pages import Row
from store.sealing import SealingBox
from webhooks import secrets
from webhooks.profiles import PROFILES, Profile
from webhooks.secrets import SigningSecret
from webhooks.views import WebhookView, webhook_view

_PUBLIC = (
    *("name", "url", "description", "enabled", "profile", "perspective_id"),
    *("event_filter", "conditions", "tag_filter", "trust_score"),
    *("retry", "timeout_ms", "rate_limit_per_second", "max_in_flight"),
)
_PLAIN = ("name", "description", "enabled", "timeout_ms", "rate_limit_per_second", "max_in_flight")
_TIMES = ("deleted_at",)


class Columns:
    """Translate drafts and patches into column values, and rows into what may be seen."""

    def __init__(self, box: SealingBox, policy: Policy) -> None:
        self._box = box
        self._policy = policy

    def for_draft(self, draft: WebhookDraft, kind: str | None) -> tuple[dict[str, Any], str | None]:
        """Return the columns of a new webhook and its secret; `kind` is its perspective's, or None."""
        profile = PROFILES[draft.profile or events.default_profile(kind)]
        _check_tags(draft.tag_filter, kind)
        _check_events(draft.event_filter)
        default_secret = "auto" if profile.signed_by_default else None
        wanted = draft.secret if "secret" in draft.model_fields_set else default_secret
        secret = secrets.choose(profile, wanted)
        chosen = draft.event_filter or EventFilter(events=list(events.default_events(kind)))
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
            "secrets_sealed": self.seal_secrets([SigningSecret(secret)] if secret else []),
            "retry": _retry(draft.retry, profile.retry),
        }
        return values, secret

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
        if "retry" in given:
            values["retry"] = _retry(patch.retry, _policy(row["retry"]) if patch.retry else profile.retry)
        return {**values, **self._sealed(patch, row, profile)}

    def _sealed(self, patch: WebhookPatch, row: Row, profile: Profile) -> dict[str, Any]:
        values: dict[str, Any] = {}
        if "headers" in patch.model_fields_set and (patch.headers or {}) != self.headers(row):
            values["headers_sealed"] = self._box.seal(patch.headers) if patch.headers else None
        if "secret" in patch.model_fields_set:
            secret = secrets.choose(profile, patch.secret)
            values["secrets_sealed"] = self.seal_secrets([SigningSecret(secret)] if secret else [])
        if "auth_header" in patch.model_fields_set:
            values.update(self._auth_header(patch, row))
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

    def secrets(self, row: Row) -> list[SigningSecret]:
        """Return the signing secrets, the newest first, for signing only."""
        sealed = row["secrets_sealed"]
        return [] if sealed is None else [SigningSecret.from_dict(entry) for entry in self._box.open(sealed)]

    def seal_secrets(self, values: list[SigningSecret]) -> str | None:
        """Seal signing secrets for storing."""
        return self._box.seal([value.as_dict() for value in values]) if values else None

    def view(self, row: Row) -> WebhookView:
        """Return what callers may see of a row."""
        return webhook_view(row, self.headers(row))

    def public(self, row: Row, *, replaced: Row | None = None) -> dict[str, Any]:
        """Return a row's settings for a record of change; a secret that differs from `replaced`'s is only called so."""
        shown = {name: row[name] for name in _PUBLIC}
        shown["headers"] = self.view(row).headers
        shown["auth_header"] = _secrecy(row, replaced, "auth_header_sealed", row["auth_header_name"])
        shown["secret"] = _secrecy(row, replaced, "secrets_sealed", "secret")
        return shown

    @staticmethod
    def freeze(undo: dict[str, Any]) -> dict[str, Any]:
        """Make the columns of an undo record JSON."""
        return {
            side: {k: v.isoformat() if isinstance(v, datetime) else v for k, v in values.items()}
            for side, values in undo.items()
        }

    @staticmethod
    def thaw(undo: dict[str, Any]) -> dict[str, Any]:
        """Read what `freeze` wrote."""
        return {
            side: {k: datetime.fromisoformat(v) if k in _TIMES and v else v for k, v in values.items()}
            for side, values in undo.items()
        }


def _secrecy(row: Row, replaced: Row | None, column: str, name: str | None) -> dict[str, Any] | None:
    if row[column] is None:
        return None
    known = {"name": name, "set": True}
    is_new = replaced is not None and replaced[column] is not None and replaced[column] != row[column]
    return {**known, "replaced": True} if is_new else known


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


def _check_tags(tag_filter: TagFilter | None, kind: str | None) -> None:
    errors = check_tags(tag_filter.tags, kind) if tag_filter else []
    if errors:
        raise InvalidInput(errors)


def _check_events(event_filter: EventFilter | None) -> None:
    errors: list[FieldError] = []
    for index, name in enumerate(event_filter.events if event_filter else []):
        try:
            events.check_event_type(name)
        except InvalidInput as refused:
            errors += [FieldError(f"event_filter.events.{index}", error.message) for error in refused.errors]
    if errors:
        raise InvalidInput(errors)
