"""Belonging: whether a log or a catalogue is asked for of one webhook ("the deliveries of CRM"), or of all."""

from itertools import pairwise

from agent.guided.lexicon import words
from agent.guided.plain_names import is_generic
from agent.guided.reading import Intent, Reading

OF_WEBHOOKS = {Intent.DELIVERIES, Intent.CHANGES, Intent.RETRY, Intent.RETRY_FAILED}
_LINKS = {"of", "for", "to"}


def wants_target(reading: Reading) -> bool:
    """Tell whether a look at logs or catalogues is about one webhook, not all of them."""
    mention = reading.mention
    named = mention.ids or mention.names or mention.pronoun or mention.ordinals or mention.hosts
    return bool(named or belongs(reading)) and not mention.plural


def belongs(reading: Reading) -> bool:
    """Tell whether a log is said to be that of something ("of CRM", "for the webhook")."""
    if reading.intent not in OF_WEBHOOKS:
        return False
    tokens = [token for token in reading.clause.tokens if token.norm not in words("definite")]
    return any(
        token.is_word(*_LINKS) and (after.text in reading.residue or is_generic(after.norm))
        for token, after in pairwise(tokens)
    )


def may_belong(reading: Reading) -> bool:
    """Tell whether words may say whose log is meant, once the names are known ("CRM deliveries")."""
    return wants_target(reading) or (reading.intent in OF_WEBHOOKS and bool(reading.residue))
