"""The tags that the platform assigns to conversations, by kind of perspective (A08), and near matches for typos."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz, process

from rules.errors import FieldError

_CLOSE_ENOUGH: Final = 65
# A match this much worse than the best one is noise.
_SPREAD: Final = 12


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag and when it applies to a conversation."""

    name: str
    description: str

    def as_dict(self) -> dict[str, str]:
        """Return the API's shape."""
        return {"name": self.name, "description": self.description}


_CATALOGUE: Final[Mapping[str, Mapping[str, str]]] = {
    "interviewer": {
        "pricing": "The participant talked about price, cost, budget or value for money.",
        "onboarding": "The participant described getting started: setup, first steps or learning the product.",
        "churn": "The participant considers leaving, has cancelled, or compares leaving with staying.",
        "feature_request": "The participant asked for something that the product does not do.",
        "usability": "The participant described something confusing, slow or hard to use.",
        "bug_report": "The participant reported something broken or an error.",
        "competitor": "The participant named another product that they use or consider.",
        "praise": "The participant praised the product or a part of it without being prompted.",
        "support": "The participant talked about help that they asked for or received.",
        "low_engagement": "The answers were very short, evasive or off the subject.",
    },
    "concierge": {
        "pricing": "The visitor asked about prices, plans, discounts or billing.",
        "demo_request": "The visitor asked to see the product or to talk to sales.",
        "qualified_lead": "The visitor named a need, a budget or a date that makes them a likely customer.",
        "support": "The visitor needs help with a product that they already use.",
        "complaint": "The visitor is dissatisfied and wants something put right.",
        "booking": "The visitor wants to make, move or cancel an appointment.",
        "urgent": "The visitor needs an answer today, or mentions a deadline or an outage.",
        "partnership": "The visitor proposes to work together, resell or integrate.",
        "job_application": "The visitor asks about working for the company.",
    },
    "evaluator": {
        "strong_fit": "The answers meet all of the essential criteria.",
        "possible_fit": "The answers meet some of the essential criteria and a person should look.",
        "not_a_fit": "At least one essential criterion is clearly not met.",
        "needs_review": "The answers contradict each other or could not be judged.",
        "incomplete": "Essential questions were left without an answer.",
        "salary": "The participant talked about pay, rates or benefits.",
        "availability": "The participant named a start date, notice period or working hours.",
        "relocation": "The participant would have to move or asked to work remotely.",
    },
    "advocate": {
        "testimonial": "The participant said something quotable and agreed to be quoted.",
        "case_study": "The participant described a result with enough detail for a case study.",
        "referral": "The participant named, or offered to name, someone else who would be interested.",
        "review": "The participant agreed to write a public review.",
        "promoter": "The participant would recommend the product without reservation.",
        "detractor": "The participant would advise others against the product.",
        "measurable_result": "The participant gave a figure: time or money saved, or revenue gained.",
        "anonymous_only": "The participant may be quoted only without name or company.",
    },
    "contact_center": {
        "escalation": "The caller asked for a person or a supervisor.",
        "callback": "The caller asked to be called back.",
        "voicemail": "The call reached a mailbox.",
        "complaint": "The caller is dissatisfied and wants something put right.",
        "billing": "The caller asked about an invoice, a payment or a refund.",
        "do_not_call": "The caller asked not to be called again.",
    },
}
_TAGS: Final = {
    kind: tuple(Tag(name, description) for name, description in tags.items()) for kind, tags in _CATALOGUE.items()
}


def tags_for(kind: str | None) -> tuple[Tag, ...]:
    """Return the tags of a kind of perspective; none for funnels and event streams, which hold no conversations.

    Args:
        kind: One of `rules.events.KINDS`, or None for a webhook without a perspective: every tag, by name.

    """
    if kind is not None:
        return _TAGS.get(kind, ())
    by_name = {tag.name: tag for tags in reversed(_TAGS.values()) for tag in tags}
    return tuple(by_name[name] for name in sorted(by_name))


def near_matches(name: str, names: Iterable[str], *, limit: int = 3) -> list[str]:
    """Return up to `limit` of `names` that look like a misspelt `name`, the nearest first."""
    choices = {choice: _plain(choice) for choice in names}
    found = process.extract(_plain(name), choices, scorer=fuzz.WRatio, limit=limit, score_cutoff=_CLOSE_ENOUGH)
    return [choice for _, score, choice in found if score >= found[0][1] - _SPREAD]


def _plain(name: str) -> str:
    return "".join(mark if mark.isalnum() else " " for mark in name.casefold())


def check_tags(tags: Sequence[str], kind: str | None, *, field: str = "tag_filter.tags") -> list[FieldError]:
    """Return an error for each tag that does not exist for a kind of perspective, with the near matches (A08)."""
    known = [tag.name for tag in tags_for(kind)]
    unknown = [(place, tag) for place, tag in enumerate(tags) if tag not in known]
    return [FieldError(f"{field}.{place}", _unknown_tag(tag, kind, known)) for place, tag in unknown]


def _unknown_tag(tag: str, kind: str | None, known: Sequence[str]) -> str:
    of = " for this kind of perspective" if kind else ""
    if not known:
        return f"There is no tag `{tag}`{of}: it has no tags."
    return f"There is no tag `{tag}`{of}. {did_you_mean(tag, known) or 'The tags are ' + listed(known) + '.'}"


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return `Did you mean …?` with the near matches of a misspelt name; empty when nothing is near."""
    near = [f"`{match}`" for match in near_matches(name, names)]
    if not near:
        return ""
    return "Did you mean " + (near[0] if len(near) == 1 else ", ".join(near[:-1]) + " or " + near[-1]) + "?"


def listed(names: Iterable[str]) -> str:
    """Write names for a sentence: in backticks, with commas."""
    return ", ".join(f"`{name}`" for name in names)
