"""Facts: what the frames may ask about a clause, as a set of words."""

from agent.guided.lexicon import words
from agent.guided.single_events import is_single
from agent.guided.slots.page import Page
from agent.guided.slots.values import Contents
from agent.guided.tokens import Kind

_ARTICLES = {"a", "an", "another", "new", "one"}
_HEADS = {
    "webhook",
    "webhooks",
    "hook",
    "hooks",
    "endpoint",
    "endpoints",
    "automation",
    "automations",
    "integration",
    "destination",
}
_SEVERAL = {"ones", "deliveries", "failures", "events", "messages", "requests", "all", "everything", "those", "these"}
_DEFINITE = words("definite")
_SETUP = words("setup")


def facts_of(page: Page, found: Contents, verb_end: int) -> frozenset[str]:
    """Gather the facts of one clause whose verb ends before `verb_end`."""
    values, mention = found.values, found.mention
    words = {token.norm for token in page.tokens}
    tests = {
        "secret": values.secret,
        "number": values.about(""),
        "retries": values.about("retries"),
        "timeout": values.about("timeout"),
        "trust_value": values.about("trust"),
        "trust": values.about("trust"),
        "tags": values.tags,
        "tests": values.tests,
        "fields": values.fields,
        "events": values.events,
        "filtering": values.filtering,
        "url_value": values.url,
        "host": mention.hosts,
        "header": values.header,
        "plural": mention.plural,
        "since": values.since,
        "everything": values.everything,
        "delivery_id": values.delivery_id,
        "mention": mention.ids
        or mention.names
        or mention.ordinals
        or mention.pronoun
        or mention.state
        or mention.hosts,
        "named": found.residue,
        "residue": found.residue,
        "failed": values.status,
        "all_failed": values.status == "failed" and (len(page.tokens) == 2 or not words.isdisjoint(_SEVERAL)),
        "them": not words.isdisjoint({"them", "those", "these"}),
        "tag_match": values.tag_match,
        "times": any(one.unit == "x" for one in values.comparisons),
        "new_webhook": new_webhook(page),
        "rotating": bool(words & {"rotate", "regenerate"} and words & {"secret", "secrets"}),
        "list_alone": len(page.tokens) == 1 and page.tokens[0].is_word("list", "ls"),
        "idle": _idle(page, found),
        "one_webhook": _one_webhook(page),
        "fresh": sum(token.kind is Kind.WORD for token in page.tokens) > 1
        and words & {"new"}
        and not found.residue
        and not found.nouns - {"webhook"}
        and not mention.explicit,
        "webhook_object": webhook_object(page, verb_end) or mention.ids,
        "one_event": is_single(page, found),
        "only": words & {"only", "just"},
        "status_words": words & {"status", "health", "state", "stats", "statistics", "problems", "issues", "errors"},
        "settings": found.nouns & {"trust", "tag", "condition", "header", "url", "timeout", "retries"},
        "only_negation": page.tokens
        and page.tokens[0].is_word("not", "no", "cut", "nothing", "stop", "remove", "drop", "delete", "mute"),
    }
    return found.nouns | {name for name, there in tests.items() if there}


def _idle(page: Page, found: Contents) -> bool:
    """Tell whether a verb that is mostly not about tests ("run", "hit") has nothing that makes it one."""
    about = found.mention.explicit or found.nouns & {"webhook", "test"}
    return page.tokens[0].is_word("run", "hit", "fire", "trigger", "poke", "try", "shoot", "perform") and not about


def _one_webhook(page: Page) -> bool:
    """Tell whether one webhook that is there is spoken of ("the webhook", "my endpoint")."""
    return any(
        token.is_word("webhook", "hook", "endpoint", "automation", "integration")
        and index
        and page.tokens[index - 1].is_word("the", "this", "that", "my", "our")
        for index, token in enumerate(page.tokens)
    )


def new_webhook(page: Page) -> bool:
    """Tell whether a webhook is spoken of that is not there yet ("a webhook", "set up webhook")."""
    for index, token in enumerate(page.tokens):
        if token.norm not in _HEADS:
            continue
        before = [one.norm for one in page.tokens[max(0, index - 4) : index]]
        articles = [place for place, word in enumerate(before) if word in _ARTICLES]
        if (
            articles
            and not set(before[articles[-1] :]) & (_DEFINITE | {"to", "for", "on", "of"})
            and "the" not in before
        ):
            return True
        if (
            before
            and before[-1] in _SETUP
            and not set(before) & _DEFINITE
            and token.norm in {"webhook", "hook", "endpoint"}
        ):
            return True
    return False


def webhook_object(page: Page, verb_end: int) -> bool:
    """Tell whether the object of the verb is a webhook itself ("delete the signups webhook"), not a setting of it."""
    for index in range(verb_end, len(page.tokens)):
        token = page.tokens[index]
        if token.norm in _HEADS or (
            token.norm == "one" and index and page.tokens[index - 1].norm not in {"no", "any", "at"}
        ):
            return True
        if token.kind is Kind.ID:
            return token.value.startswith("wh_")
        if token.is_word("on", "from", "for", "of", "with", "when", "where", "that", "in", "by", "only"):
            return False
    return False
