"""Finds sentences that claim a deed ("I've deleted it", "Done!") which no tool result of this turn stands behind."""

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

CHANGES = frozenset(
    {
        "create_webhook",
        "edit_webhook",
        "edit_endpoint",
        "set_enabled",
        "delete_webhook",
        "set_event_filter",
        "set_conditions",
        "set_tag_filter",
        "set_trust_filter",
        "undo_change",
        "create_assistant",
        "edit_assistant",
        "delete_assistant",
        "create_trigger",
        "import_api_call",
        "edit_trigger",
        "delete_trigger",
        "set_secret",
    }
)
_SENDS = frozenset({"test_webhook", "retry_delivery", "replay_deliveries", "test_trigger"})
_DELETES = frozenset({"delete_webhook", "delete_trigger", "delete_assistant", "undo_change"})

_DID = (
    r"updated|changed|edited|modified|renamed|set(?: up)?|added|removed|cleared|applied|saved|fixed|corrected|switched|"
    r"adjusted|configured|enabled|disabled|activated|deactivated|paused|resumed|reactivated|re-enabled|"
    r"turned (?:on|off)|created|"
    r"undone|reverted|restored|rolled back|increased|decreased|raised|lowered|replaced|narrowed|widened|reset"
)
_SERVED = (
    r"booked|reserved|scheduled|rescheduled|cancell?ed|ordered|placed|submitted|sent|refunded|registered|opened|filed|"
    r"forwarded|notified|reported|transferred|paid|charged|issued|escalated|signed up|unsubscribed|checked (?:in|out)"
)
_DELETED = r"deleted|erased|destroyed|dropped"
_TESTED = r"tested|re-?tested|(?:run|ran|sent|performed|executed) (?:a|the|another|one) (?:new |quick |real )?test"
_RESENT = r"retried|re-?sent|replayed|re-?delivered|re-?queued"
_ME = r"\b(?:i|we)(?:['\N{RIGHT SINGLE QUOTATION MARK}]ve| have)?(?: now| just| also| successfully| already)* "
_BEEN = r"\b(?:has|have)(?: now| just| also| already)* been (?:successfully |now |permanently )*"
_NOW = r"\b(?:is|are)(?: now| already now) (?:successfully |permanently )*"
_BARE = r"(?:^|[.!:\n*\-]\s*)(?:[Ss]uccessfully )?"

_OTHER_LANGUAGES = (
    r"\bich habe\b.*\b(?:ge(?:löscht|ändert|setzt)|aktualisiert|deaktiviert|aktiviert|erstellt|entfernt|hinzugefügt)\b",
    r"\bwurden?\b.*\b(?:gelöscht|geändert|aktualisiert|deaktiviert|aktiviert|erstellt|entfernt|angelegt)\b",
    r"\bj.ai (?:bien )?(?:supprimé|modifié|mis à jour|désactivé|activé|créé|ajouté|retiré|changé|configuré)",
    r"\ba (?:bien )?été (?:supprimée?|modifiée?|mise? à jour|désactivée?|activée?|créée?|ajoutée?|configurée?)",
    r"\bhe (?:eliminado|borrado|actualizado|cambiado|desactivado|activado|creado|añadido|configurado|modificado)",
    r"\bha sido (?:eliminad|borrad|actualizad|cambiad|desactivad|activad|cread|modificad)[oa]",
    r"\bho (?:eliminato|cancellato|aggiornato|modificato|disattivato|attivato|creato|aggiunto|rimosso)",
    r"\b(?:eu )?(?:excluí|apaguei|atualizei|alterei|desativei|ativei|criei|adicionei|removi)\b",
    r"\bik heb\b.*\b(?:verwijderd|bijgewerkt|gewijzigd|uitgeschakeld|ingeschakeld|aangemaakt|toegevoegd)\b",
)

_OTHER_LANGUAGES_SERVED = (
    r"\bich habe\b.*\b(?:gebucht|reserviert|storniert|bestellt|gesendet|geschickt|verschickt|angemeldet|erstattet)\b",
    r"\bj.ai (?:bien )?(?:réservé|annulé|commandé|envoyé|remboursé|inscrit)",
    r"\bhe (?:reservado|cancelado|pedido|enviado|reembolsado|registrado)",
    r"\bho (?:prenotato|annullato|ordinato|inviato|rimborsato|registrato)",
    r"\b(?:eu )?(?:reservei|cancelei|encomendei|enviei|reembolsei|registrei)\b",
    r"\bik heb\b.*\b(?:geboekt|gereserveerd|geannuleerd|besteld|verstuurd|verzonden)\b",
)


@dataclass(frozen=True, slots=True)
class _Claim:
    pattern: re.Pattern[str]
    backed_by: frozenset[str]
    certain: bool = True


def _claim(prefixes: str, verbs: str, backed_by: frozenset[str], *, certain: bool = True) -> _Claim:
    return _Claim(re.compile(rf"(?:{prefixes})(?:{verbs})\b", re.IGNORECASE), backed_by, certain)


_STRONG = f"{_ME}|{_NOW}"
_WEBHOOK_GONE = rf"(?:{_DELETED}|removed)(?: the| your| that| this)?(?: \S+){{0,3}} webhooks?|(?:{_DELETED})[.!]?$"
_CLAIMS = (
    _Claim(re.compile(rf"(?:{_STRONG}|{_BEEN}|{_BARE})(?:{_WEBHOOK_GONE})", re.IGNORECASE), _DELETES),
    _claim(_STRONG, _DELETED, CHANGES),
    _claim(_STRONG, _DID, CHANGES),
    _claim(_STRONG, _TESTED, _SENDS),
    _claim(_STRONG, _RESENT, _SENDS),
    _claim(_BEEN, f"{_DID}|{_DELETED}", CHANGES, certain=False),
    _claim(_BEEN, f"{_TESTED}|{_RESENT}", _SENDS, certain=False),
    _Claim(
        re.compile(rf"(?:{_BARE})(?i:{_DID}|{_DELETED})(?:[.!]?$|(?i: (?:the|your|it|that|this)\b)| [A-Z\"'`*])"),
        CHANGES,
    ),
    _Claim(
        re.compile(
            r"^\W*(?:all )?(?:done|all set|finished|erledigt|fertig|c'est fait|hecho|listo|fatto|feito|klaar)\b[^?]*$",
            re.IGNORECASE,
        ),
        CHANGES | _SENDS,
    ),
    *(_Claim(re.compile(pattern, re.IGNORECASE), CHANGES) for pattern in _OTHER_LANGUAGES),
)
_SESSION_CLAIMS = (
    *_CLAIMS,
    _claim(_STRONG, _SERVED, CHANGES),
    _claim(_BEEN, _SERVED, CHANGES, certain=False),
    *(_Claim(re.compile(pattern, re.IGNORECASE), CHANGES) for pattern in _OTHER_LANGUAGES_SERVED),
)
_HEDGES = re.compile(
    r"\b(?:not|never|no|nothing|none|cannot|if|when|once|after|before|until|unless|would|could|should|will|shall|may|might|"
    r"can|please|let me|want|like|need|whether|try|to be|nicht|nichts|kein\w*|wenn|pas|rien|si|sin|non|niet|als|não)\b"
    r"|n['\N{RIGHT SINGLE QUOTATION MARK}]t\b",
    re.IGNORECASE,
)
_EARLIER = re.compile(
    r"\b(?:already|earlier|previously|before|yesterday|last|ago|just now|on (?:mon|tues|wednes|thurs|fri|satur|sun)day|"
    r"at \d|on \d|schon|bereits|vorhin|déjà|ya|già|já)\b|\d{4}-\d\d",
    re.IGNORECASE,
)
_SENTENCES = re.compile(r"(?<=[.!?])\s+|\n+")


def sentences(text: str) -> list[str]:
    """Split text into sentences, roughly."""
    return [part for part in _SENTENCES.split(text) if part.strip()]


def unbacked(
    text: str, done: AbstractSet[str], *, read: bool = False, before: AbstractSet[str] = frozenset()
) -> str | None:
    """Return the first sentence that claims what was not done, or None.

    Args:
        text: What the assistant is about to say.
        done: Names of the tools that have succeeded in this turn.
        read: Whether any other tool has returned something, so that a passive sentence ("was disabled on Monday") may
            be a report of what it found.
        before: Names of the tools that succeeded in earlier turns; a sentence that speaks of the past may lean on them.

    """
    return next((part for part in sentences(text) if _is_unbacked(part.strip(), done, read=read, before=before)), None)


def unserved(text: str, *, acted: bool, before: bool, read: bool) -> str | None:
    """Return the first sentence of a customer's assistant that claims what was not done, or None.

    Nobody knows what a trigger's name promises, so any call that went through stands behind any claim.

    Args:
        text: What the assistant is about to say.
        acted: Whether a call went through in this turn.
        before: Whether one did in earlier turns; a sentence that speaks of the past may lean on it.
        read: Whether any call has returned something.

    """
    done, earlier = (CHANGES | _SENDS if any_call else frozenset[str]() for any_call in (acted, before))
    return next(
        (
            part
            for part in sentences(text)
            if _is_unbacked(part.strip(), done, read=read, before=earlier, claims=_SESSION_CLAIMS)
        ),
        None,
    )


def _is_unbacked(
    sentence: str,
    done: AbstractSet[str],
    *,
    read: bool,
    before: AbstractSet[str],
    claims: Iterable[_Claim] = _CLAIMS,
) -> bool:
    if sentence.endswith("?"):
        return False
    past = _EARLIER.search(sentence) is not None
    for claim in claims:
        found = claim.pattern.search(sentence)
        if found is None or _HEDGES.search(sentence[: found.end()]):
            continue
        if claim.backed_by & done or (past and (claim.backed_by & before)) or (read and (past or not claim.certain)):
            continue
        return True
    return False
