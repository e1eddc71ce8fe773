"""The event."""

from dataclasses import dataclass

from django_domain_events import event


@event
@dataclass(frozen=True, slots=True)
class Purchase:
    """Something was bought; `data` is about 1 KB."""

    data: str
