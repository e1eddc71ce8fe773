"""The one error tree of the product.

    HookwrightError
    ├── InvalidInput        a field is out of range, of the wrong type or contradictory (carries `errors`)
    │   ├── MalformedBody   the request body is not JSON at all
    │   └── PayloadTooLarge the body is over its size limit
    ├── Unauthenticated     no key or session, or one that is not valid
    ├── Forbidden           authenticated, but this is not allowed
    ├── NotFound            no such object in this workspace
    ├── Conflict            the request contradicts the present state
    └── Unavailable         the store or the model cannot be reached now

Errors know nothing of HTTP; `server/problems.py` maps them. A failed delivery attempt is not an error but a value:
see `rules/outcomes.py`.
"""

from dataclasses import dataclass

_PREFIXES = {"trigger": "trg_", "assistant": "ast_", "webhook": "wh_", "perspective": "psp_"}


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field: its dotted path (`retry.max_retries`) and a sentence with the value and the fix."""

    field: str
    message: str


class HookwrightError(Exception):
    """The root of every error that is ours to explain."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class InvalidInput(HookwrightError):
    """One or more fields were refused; nothing was saved."""

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in errors))
        self.errors = errors

    @classmethod
    def of(cls, field: str, message: str) -> "InvalidInput":
        """Refuse a single field."""
        return cls([FieldError(field, message)])

    def under(self, parent: str) -> "InvalidInput":
        """Return the same refusal with every field named below `parent`."""
        return type(self)([FieldError(f"{parent}.{error.field}", error.message) for error in self.errors])


class MalformedBody(InvalidInput):
    """The request body is not JSON."""


class PayloadTooLarge(InvalidInput):
    """The body, or one event in it, is over the size limit."""


class Unauthenticated(HookwrightError):
    """No credentials, or credentials that are unknown, expired or revoked."""


class Forbidden(HookwrightError):
    """The caller is known but may not do this."""


class NotFound(HookwrightError):
    """There is no such object in the caller's workspace."""

    def __init__(self, kind: str, object_id: str) -> None:
        prefix = _PREFIXES.get(kind, "")
        hint = "" if object_id.startswith(prefix) else f" Its id, which is not its name, begins with {prefix}."
        super().__init__(f"There is no {kind} {object_id!r} in this workspace.{hint}")
        self.kind = kind
        self.object_id = object_id


class Conflict(HookwrightError):
    """The request contradicts the present state (already answered, already undone, still in use)."""


class Unavailable(HookwrightError):
    """Something this server depends on (its store, the model endpoint) does not answer now; trying again may work."""
