"""A reading: one clause understood, with its intent, its values and what it points at."""

from dataclasses import dataclass, field
from enum import StrEnum

from agent.guided.clauses import Clause
from agent.guided.slots.comparisons import Comparison
from agent.guided.slots.mentions import EventMention, Mention
from agent.guided.slots.texttests import TextTest


class Intent(StrEnum):
    """What a clause asks for."""

    CREATE = "create"
    EDIT_FORM = "edit_form"
    RENAME = "rename"
    SET_URL = "set_url"
    SET_TIMEOUT = "set_timeout"
    SET_RETRIES = "set_retries"
    SET_DESCRIPTION = "set_description"
    SET_HEADER = "set_header"
    REMOVE_HEADER = "remove_header"
    ENABLE = "enable"
    DISABLE = "disable"
    DELETE = "delete"
    KILL = "kill"
    FILTER = "filter"
    ADJUST = "adjust"
    TAG_MATCH = "tag_match"
    ALL_EVENTS = "all_events"
    CLEAR_TRUST = "clear_trust"
    CLEAR_TAGS = "clear_tags"
    CLEAR_CONDITIONS = "clear_conditions"
    CLEAR_FILTERS = "clear_filters"
    TEST = "test"
    DRY_RUN = "dry_run"
    DIAGNOSE = "diagnose"
    FIX = "fix"
    APPLY = "apply"
    RETRY = "retry"
    RETRY_FAILED = "retry_failed"
    REPLAY = "replay"
    UNDO = "undo"
    ROTATE = "rotate"
    LIST = "list"
    SHOW = "show"
    STATUS = "status"
    DELIVERIES = "deliveries"
    CHANGES = "changes"
    TAGS = "tags"
    EVENT_TYPES = "event_types"
    PERSPECTIVES = "perspectives"
    TOPIC = "topic"
    ADVICE = "advice"
    SOCIAL = "social"
    CANCEL = "cancel"
    YES = "yes"
    NO = "no"
    NEGATED = "negated"
    REMARK = "remark"
    UNKNOWN = "unknown"


MUTATING = frozenset(
    {
        Intent.CREATE,
        Intent.EDIT_FORM,
        Intent.RENAME,
        Intent.SET_URL,
        Intent.SET_TIMEOUT,
        Intent.SET_RETRIES,
        Intent.SET_DESCRIPTION,
        Intent.SET_HEADER,
        Intent.REMOVE_HEADER,
        Intent.ENABLE,
        Intent.DISABLE,
        Intent.DELETE,
        Intent.KILL,
        Intent.FILTER,
        Intent.ADJUST,
        Intent.TAG_MATCH,
        Intent.ALL_EVENTS,
        Intent.CLEAR_TRUST,
        Intent.CLEAR_TAGS,
        Intent.CLEAR_CONDITIONS,
        Intent.CLEAR_FILTERS,
        Intent.TEST,
        Intent.RETRY,
        Intent.RETRY_FAILED,
        Intent.REPLAY,
        Intent.UNDO,
        Intent.APPLY,
    }
)
FILTERING = frozenset(
    {
        Intent.FILTER,
        Intent.ADJUST,
        Intent.TAG_MATCH,
        Intent.ALL_EVENTS,
        Intent.CLEAR_TRUST,
        Intent.CLEAR_TAGS,
        Intent.CLEAR_CONDITIONS,
        Intent.CLEAR_FILTERS,
    }
)
# Here nothing but the webhook has to be read: event words may belong to its name.
LIGHT = frozenset({Intent.ENABLE, Intent.DISABLE, Intent.DELETE, Intent.KILL, Intent.TEST, Intent.DIAGNOSE, Intent.FIX})


@dataclass(frozen=True, slots=True)
class Values:
    """The values that a clause carries."""

    events: tuple[EventMention, ...] = ()
    tags: tuple[str, ...] = ()
    tag_match: str = ""
    comparisons: tuple[Comparison, ...] = ()
    tests: tuple[TextTest, ...] = ()
    url: str = ""
    header: str = ""
    secret: bool = False
    quoted: tuple[str, ...] = ()
    delivery_id: str = ""
    change_id: str = ""
    event_id: str = ""
    everything: bool = False
    since: str = ""
    status: str = ""

    def about(self, *subjects: str) -> tuple[Comparison, ...]:
        """Give the comparisons with one of these subjects."""
        return tuple(one for one in self.comparisons if one.subject in subjects)

    @property
    def fields(self) -> tuple[Comparison, ...]:
        """Give the comparisons of payload fields."""
        return tuple(one for one in self.comparisons if one.subject not in {"", "trust", "timeout", "retries"})

    @property
    def bare_fields(self) -> tuple[str, ...]:
        """Give the fields that were only taken to be such, from an everyday word."""
        compared = [one.subject for one in self.comparisons if one.bare_field]
        return tuple(dict.fromkeys([*compared, *(test.field for test in self.tests if test.bare_field)]))

    @property
    def filtering(self) -> bool:
        """Tell whether anything here can make a filter."""
        return bool(self.events or self.tags or self.tests or self.fields or self.about("trust"))


@dataclass(frozen=True, slots=True)
class Reading:
    """One clause understood. `doubts` are reasons to ask before acting; `residue` are words nothing has explained."""

    intent: Intent
    clause: Clause
    values: Values = field(default_factory=Values)
    mention: Mention = field(default_factory=Mention)
    nouns: frozenset[str] = frozenset()
    residue: tuple[str, ...] = ()
    mode: str = ""
    topic: str = ""
    doubts: tuple[str, ...] = ()
    guess: Intent | None = None

    @property
    def acts(self) -> bool:
        """Tell whether carrying it out would change or send something."""
        return self.intent in MUTATING
