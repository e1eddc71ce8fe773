"""Frames: the table that turns a verb, what it is about and the values given into an intent. The first match wins."""

from dataclasses import dataclass

from agent.guided.reading import Intent

_SETTINGS = frozenset(
    {
        "trust",
        "tag",
        "condition",
        "event",
        "filter",
        "header",
        "auth",
        "signing",
        "url",
        "description",
        "timeout",
        "retries",
    }
)


@dataclass(frozen=True, slots=True)
class Frame:
    """One row: any of the verbs at the head, any of the nouns, none of `lacks`, any of the values in `needs`."""

    intent: Intent
    verbs: frozenset[str]
    nouns: frozenset[str] = frozenset()
    lacks: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    mode: str = ""


def _row(intent: Intent, verbs: str, nouns: str = "", *, lacks: str = "", needs: str = "", mode: str = "") -> Frame:
    words = [frozenset(text.split()) for text in (verbs, nouns, lacks, needs)]
    return Frame(intent, words[0], words[1], words[2], words[3], mode)


_ALL_SETTINGS = " ".join(_SETTINGS)
_TAKE = "clear delete disable skip kill"
_PUT = "change create only also"
FRAMES: tuple[Frame, ...] = (
    _row(Intent.ROTATE, "change create", needs="rotating", lacks="secret"),
    _row(Intent.EDIT_FORM, f"{_PUT} test show rename enable", needs="secret", lacks="new_webhook"),
    _row(Intent.UNDO, "undo", lacks="filtering residue"),
    _row(Intent.SET_RETRIES, "retry change create only also", "retries", needs="number retries"),
    _row(Intent.SET_RETRIES, "retry", needs="times"),
    _row(Intent.SET_RETRIES, "let_retry", needs="times", lacks="new_webhook filtering"),
    _row(Intent.RETRY_FAILED, "retry replay", needs="all_failed", lacks="times since delivery_id"),
    _row(Intent.RETRY_FAILED, "retry", needs="them", lacks="times since delivery_id webhook"),
    _row(Intent.REPLAY, "replay", lacks="times"),
    _row(Intent.REPLAY, "retry", needs="plural since everything", lacks="times delivery_id"),
    _row(Intent.RETRY, "retry", lacks="times"),
    _row(Intent.DRY_RUN, "dryrun"),
    _row(Intent.TEST, "only test", needs="one_event", lacks="url_value host"),
    _row(Intent.DRY_RUN, "test", "filter trust tag condition"),
    _row(Intent.DRY_RUN, "test", needs="tags tests fields trust"),
    _row(Intent.TEST, "test", needs="test_phrase"),
    _row(Intent.CREATE, "create change give also", needs="new_webhook"),
    _row(Intent.CREATE, "create also only", needs="url_value host", lacks="webhook url mention timeout header"),
    _row(Intent.CREATE, "create", needs="fresh"),
    _row(Intent.ROTATE, "change create", "signing"),
    _row(Intent.CLEAR_TRUST, f"{_TAKE} undo", "trust", lacks="trust_value number"),
    _row(Intent.FILTER, "skip clear delete disable", needs="tags", mode="skip"),
    _row(Intent.CLEAR_TAGS, f"{_TAKE} undo", "tag", lacks="tags"),
    _row(Intent.CLEAR_CONDITIONS, f"{_TAKE} undo", "condition", lacks="tests fields"),
    _row(Intent.ALL_EVENTS, "clear delete disable", "event", lacks="events"),
    _row(Intent.REMOVE_HEADER, "clear delete disable skip", "header", lacks="auth"),
    _row(Intent.EDIT_FORM, "clear delete disable skip", "auth", lacks="webhook_object"),
    _row(Intent.SET_RETRIES, "clear delete disable skip", "retries", mode="zero"),
    _row(Intent.CLEAR_FILTERS, f"{_TAKE} undo", "filter", lacks="filtering"),
    _row(Intent.SET_TIMEOUT, _PUT, "timeout"),
    _row(Intent.SET_RETRIES, _PUT, "retries"),
    _row(Intent.SET_HEADER, _PUT, needs="header"),
    _row(Intent.TOPIC, "show", "auth", mode="secret"),
    _row(Intent.EDIT_FORM, f"{_PUT} enable", "auth", lacks="filtering question"),
    _row(Intent.SET_HEADER, _PUT, "header"),
    _row(Intent.SET_URL, "change only", "url"),
    _row(Intent.SET_URL, "change", needs="url_value host", lacks="filtering"),
    _row(Intent.SET_DESCRIPTION, _PUT, "description"),
    _row(Intent.RENAME, "rename", lacks="filtering perspective"),
    _row(Intent.RENAME, "change", "name", lacks="perspective"),
    _row(Intent.ADJUST, "change", needs="number", lacks="filtering timeout retries new_webhook"),
    _row(Intent.ADJUST, "only also", needs="number", lacks="filtering timeout retries new_webhook tag events"),
    _row(Intent.FILTER, "skip", needs="filtering", lacks="webhook_object", mode="skip"),
    _row(
        Intent.FILTER,
        "disable delete clear",
        needs="events tests fields trust_value",
        lacks="webhook_object",
        mode="skip",
    ),
    _row(Intent.FILTER, "enable", needs="events", lacks="webhook_object", mode="also"),
    _row(Intent.FILTER, "also", needs="filtering", lacks="only", mode="also"),
    _row(Intent.FILTER, "only change create", needs="filtering", mode="only"),
    _row(Intent.TAG_MATCH, "only change also", "tag", needs="tag_match"),
    _row(Intent.ALL_EVENTS, "only also change", needs="everything", lacks="settings"),
    _row(Intent.TAGS, "show", "tag", lacks="mention webhook"),
    _row(Intent.EVENT_TYPES, "show", "event", lacks="mention webhook"),
    _row(Intent.FILTER, "only change create also", "tag trust condition event filter", mode="only"),
    _row(Intent.ENABLE, "enable", lacks=f"{_ALL_SETTINGS} filtering"),
    _row(Intent.DISABLE, "disable", lacks=f"{_ALL_SETTINGS} filtering everything_events"),
    _row(Intent.DELETE, "delete", lacks=f"{_ALL_SETTINGS} filtering delivery change"),
    _row(Intent.KILL, "kill", lacks=f"{_ALL_SETTINGS} filtering delivery change"),
    _row(Intent.DELETE, "delete", needs="webhook_object", lacks="delivery change"),
    _row(Intent.DISABLE, "disable", needs="webhook_object"),
    _row(Intent.ENABLE, "enable", needs="webhook_object"),
    _row(Intent.FILTER, "only", needs="residue", lacks="webhook_object url everything", mode="only"),
    _row(Intent.FILTER, "skip", needs="residue", lacks="webhook_object url everything only_negation", mode="skip"),
    _row(Intent.TEST, "test", lacks="delivery condition idle"),
    _row(Intent.FIX, "fix"),
    _row(Intent.APPLY, "apply", lacks="residue filtering"),
    _row(Intent.DIAGNOSE, "diagnose"),
    _row(Intent.CHANGES, "show diagnose", "change"),
    _row(Intent.DELIVERIES, "show diagnose", "delivery"),
    _row(Intent.DELIVERIES, "show", needs="failed since", lacks="webhook"),
    _row(Intent.TAGS, "show", "tag", lacks="mention"),
    _row(Intent.EVENT_TYPES, "show", "event sample", lacks="mention"),
    _row(Intent.PERSPECTIVES, "show", "perspective", lacks="webhook tag"),
    _row(Intent.SHOW, "show", needs="mention named one_webhook"),
    _row(Intent.SHOW, "show", "trust tag condition filter header url timeout retries settings name"),
    _row(Intent.LIST, "show", "webhook"),
    _row(Intent.LIST, "show", needs="list_alone"),
    _row(Intent.LIST, "show", needs="everything plural", lacks="settings"),
    _row(Intent.STATUS, "show", needs="status_words"),
    _row(Intent.EDIT_FORM, "edit", needs="webhook_object mention named", lacks="number filtering"),
    _row(Intent.SHOW, "show", needs="residue"),
)


def match(verbs: frozenset[str], facts: frozenset[str]) -> Frame | None:
    """Find the first row that fits the verbs at the head of a clause and the facts about the rest of it."""
    for frame in FRAMES:
        if (
            frame.verbs & verbs
            and (not frame.nouns or frame.nouns & facts)
            and (not frame.needs or frame.needs & facts)
            and not frame.lacks & facts
        ):
            return frame
    return None
