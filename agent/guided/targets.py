"""Targets: which webhooks a reading means; when that is not sure, the question to ask."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from agent.guided.belonging import belongs
from agent.guided.memory import Memory
from agent.guided.namesakes import may_be_named, namesakes
from agent.guided.naming import likeness, matches, text_of, words_of
from agent.guided.reading import Intent, Reading
from agent.guided.restating import command
from agent.guided.script import Reply, ask
from agent.guided.slots.mentions import Mention
from agent.guided.twins import apart, host_of
from agent.guided.wording import label, title

_OF_DELIVERIES = {Intent.REPLAY, Intent.RETRY, Intent.RETRY_FAILED, Intent.DELIVERIES}
_NEAR = 62


@dataclass(frozen=True, slots=True)
class Target:
    """The webhooks meant, and the words that named none of them."""

    ids: tuple[str, ...]
    leftover: tuple[str, ...] = ()


def known(memory: Memory) -> list[dict[str, Any]]:
    """Give the webhooks that the latest listing shows, else all that are known."""
    listed = [memory.webhooks[one] for one in memory.listed if one in memory.webhooks]
    return listed or list(memory.webhooks.values())


def here(memory: Memory) -> list[dict[str, Any]]:
    """Give the webhooks of the perspective that the chat is on."""
    perspective = memory.perspective.id if memory.perspective else ""
    return [one for one in known(memory) if perspective and one.get("perspective_id") == perspective]


def needs_listing(reading: Reading, memory: Memory) -> bool:
    """Tell whether a fresh list is needed to say which webhook is meant."""
    mention = reading.mention
    if (mention.ids and not mention.names) or (mention.ordinals and memory.shown):
        return False
    if (
        reading.residue
        or mention.names
        or mention.hosts
        or mention.state
        or mention.other
        or mention.plural in {"all", "both"}
    ):
        return True
    if mention.plural == "them":
        return not memory.listed
    return not memory.focus or (may_be_named(reading) and not memory.listed)


def resolve(reading: Reading, memory: Memory, *, loose: bool = False) -> Target | Reply:
    """Find the webhooks meant; `loose` lets words that name no webhook through (they may be tags)."""
    mention = reading.mention
    if mention.ids:
        return Target(_with_names(mention, memory))
    if not memory.webhooks:
        return ask("There are no webhooks here yet. Shall I set one up?", "Set up a webhook")
    if mention.ordinals:
        return _ordinals(reading, memory)
    if mention.plural:
        return _all_but(reading, memory) if mention.excepted and mention.plural == "all" else _plural(reading, memory)
    words = " ".join((*mention.names, *mention.hosts, *_naming(reading, memory)))
    found = _named(words, reading, memory) if words else None
    if found is None and words and (not loose or mention.names or mention.hosts):
        return _unknown(words, reading, memory)
    return found or _pointed_at(reading, memory, reading.residue if words else ())


def _with_names(mention: Mention, memory: Memory) -> tuple[str, ...]:
    """Give the ids that were said, and those of the webhooks that were named beside them."""
    named = [matches(name, list(memory.webhooks.values())) for name in mention.names]
    return tuple(dict.fromkeys([*mention.ids, *(str(found[0]["id"]) for found in named if len(found) == 1)]))


def _pointed_at(reading: Reading, memory: Memory, leftover: tuple[str, ...]) -> Target | Reply:
    if reading.mention.state and reading.intent not in _OF_DELIVERIES and not _means_focus(reading, memory):
        return _in_state(reading.mention.state, reading, memory)
    if reading.mention.other:
        return _other(reading, memory)
    return _implied(reading, memory, leftover)


def _means_focus(reading: Reading, memory: Memory) -> bool:
    """Tell whether "why is it failing?" is about the webhook last spoken of: its test failed, or no other one fails."""
    asked = reading.intent is Intent.DIAGNOSE and (reading.mention.pronoun or "test" in reading.nouns)
    other = any(in_state(one, reading.mention.state) for one in known(memory))
    return asked and bool(memory.focus) and (memory.failed_test == memory.focus or not other)


def _naming(reading: Reading, memory: Memory) -> tuple[str, ...]:
    """Give the words left over that may name a webhook; for a mere look, only those that are part of a name."""
    if reading.acts:
        return reading.residue
    if reading.mention.names:
        return ()
    alone = belongs(reading) or (not reading.clause.asked and len(reading.residue) == 1)
    return parts_of_names(reading, memory) or (reading.residue if alone else ())


def parts_of_names(reading: Reading, memory: Memory) -> tuple[str, ...]:
    """Give the words left over that are part of a webhook's name or address."""
    parts = {part for one in memory.webhooks.values() for part in words_of(text_of(one))}
    return tuple(word for word in reading.residue if parts.issuperset(words_of(word.casefold()) or [word]))


def _implied(reading: Reading, memory: Memory, leftover: tuple[str, ...]) -> Target | Reply:
    if reading.acts and memory.focus and (called_so := namesakes(reading, memory)):
        return which(reading, [memory.webhooks.get(memory.focus, {"id": memory.focus}), *called_so], memory)
    if memory.focus:
        return Target((memory.focus,), leftover)
    candidates = here(memory) or known(memory)
    if len(candidates) == 1 and not (reading.acts and memory.elsewhere(candidates[0])):
        return Target((str(candidates[0]["id"]),), leftover)
    return which(reading, candidates, memory)


def which(
    reading: Reading, candidates: Sequence[dict[str, Any]], memory: Memory, lead: str = "Which webhook do you mean?"
) -> Reply:
    """Ask which webhook is meant, each option a whole command."""
    shown = list(candidates)[:4]
    text = lead + " " + "; ".join(f"{place}. {_located(one, memory)}" for place, one in enumerate(shown, 1))
    more = len(candidates) - len(shown)
    if more > 0:
        text += f"; and {more} more"
    question = ask(text + ".", *(command(reading, label(one, list(memory.webhooks.values()))) for one in shown))
    ids = tuple(str(one["id"]) for one in shown)
    asked = replace(question.question, ids=ids) if question.question else None
    return replace(question, listed=ids, question=asked)


def _located(webhook: dict[str, Any], memory: Memory) -> str:
    where = apart(webhook, memory.webhooks.values()) or host_of(webhook)
    return f"{title(webhook)} ({where})" if where else title(webhook)


def _ordinals(reading: Reading, memory: Memory) -> Target | Reply:
    ordinals = reading.mention.ordinals
    order = [one for one in memory.shown if one not in memory.deleted]
    if not order:
        return which(reading, known(memory), memory)
    picked = [order[place - 1 if place > 0 else place] for place in ordinals if 0 < abs(place) <= len(order)]
    if len(picked) != len(ordinals):
        return ask(f"There are only {len(order)} webhooks in the list.", "List the webhooks")
    return Target(tuple(picked))


def _plural(reading: Reading, memory: Memory) -> Target | Reply:
    candidates = known(memory)
    if reading.mention.state:
        candidates = [one for one in candidates if in_state(one, reading.mention.state)]
        if not candidates:
            return Reply(f"No webhook is {reading.mention.state} at the moment.", ("List the webhooks",))
    if reading.mention.plural == "both" and len(candidates) != 2:
        return which(reading, candidates, memory, "Which two do you mean?")
    return Target(tuple(str(one["id"]) for one in candidates))


def _all_but(reading: Reading, memory: Memory) -> Target | Reply:
    words = " ".join((*reading.mention.names, *reading.mention.hosts, *reading.residue))
    kept = matches(words, known(memory)) if words else [memory.webhooks[memory.focus]] if memory.focus else []
    if len(kept) != 1:
        return _unknown(words, reading, memory)
    return Target(tuple(str(one["id"]) for one in known(memory) if one["id"] != kept[0]["id"]))


def in_state(webhook: dict[str, Any], state: str) -> bool:
    """Tell whether a webhook is failing, disabled, enabled or healthy."""
    if state == "enabled":
        return bool(webhook.get("enabled", True))
    if state == "disabled":
        return webhook.get("enabled") is False or webhook.get("state") == "disabled"
    return webhook.get("state") == state


def _in_state(state: str, reading: Reading, memory: Memory) -> Target | Reply:
    found = [one for one in known(memory) if in_state(one, state)]
    if len(found) == 1:
        return Target((str(found[0]["id"]),))
    if not found:
        return Reply(f"No webhook is {state} at the moment.", ("List the webhooks",))
    return which(reading, found, memory, f"{len(found)} webhooks are {state}. Which one?")


def _other(reading: Reading, memory: Memory) -> Target | Reply:
    others = [one for one in known(memory) if one.get("id") != memory.focus]
    return Target((str(others[0]["id"]),)) if len(others) == 1 and memory.focus else which(reading, others, memory)


def _named(words: str, reading: Reading, memory: Memory) -> Target | Reply | None:
    found = matches(words, list(memory.webhooks.values()))
    if len(found) == 1:
        return Target((str(found[0]["id"]),))
    if found:
        several = [part for name in (*reading.mention.names, *reading.mention.hosts) for part in matches(name, found)]
        if len(reading.mention.names) > 1 and len({str(one["id"]) for one in several}) == len(reading.mention.names):
            return Target(tuple(dict.fromkeys(str(one["id"]) for one in several)))
        return which(reading, found, memory)
    names = (*reading.mention.names, *reading.mention.hosts)
    each = [matches(name, list(memory.webhooks.values())) for name in (names or reading.residue)]
    if len(each) > 1 and all(len(one) == 1 for one in each):
        return Target(tuple(dict.fromkeys(str(one[0]["id"]) for one in each)))
    return None


def _unknown(words: str, reading: Reading, memory: Memory) -> Reply:
    candidates = known(memory)
    near = [one for one in candidates if likeness(words.casefold(), one) >= _NEAR] or candidates
    if reading.acts and len(words) > 60:
        return which(reading, near, memory, "I am not sure what you would like me to do. Which webhook is this about?")
    return which(reading, near, memory, f"I don't know a webhook called “{words}”. Did you mean one of these?")
