"""Tags: the catalogue of a perspective, and the tag filter that is checked against it (A08)."""

from collections.abc import Generator, Sequence
from typing import Any

from rapidfuzz import fuzz, process

from agent.guided.listings import catalogue
from agent.guided.memory import rows
from agent.guided.reading import Values
from agent.guided.replies import changed, refusal
from agent.guided.script import Call, Reply, Result, Script, ask
from agent.guided.scripts.stage import Stage
from agent.guided.wording import label, safe

_NEAR = 60


def key(tag: str) -> str:
    """Give a tag without the differences that people make: case, spaces, hyphens, a plural."""
    return "".join(char for char in tag.casefold() if char.isalnum()).removesuffix("s")


def tag_names(stage: Stage, webhook: dict[str, Any]) -> Generator[Call, Result, list[str]]:
    """Read which tags the webhook's perspective has; none when it is on no perspective."""
    perspective = str(
        webhook.get("perspective_id") or (stage.memory.perspective.id if stage.memory.perspective else "")
    )
    if not perspective:
        return []
    result = yield from stage.call("list_tags", perspective_id=perspective)
    return [str(one.get("name")) for one in rows(result, "tags", "items")]


def find_loose(stage: Stage, webhook: dict[str, Any]) -> Generator[Call, Result, tuple[str, ...] | Reply]:
    """Find the tags among words that nothing else has explained ("only pricing ones")."""
    words = stage.leftover
    if not words:
        return ()
    names = yield from tag_names(stage, webhook)
    joined = {key(name): name for name in names}
    whole = joined.get(key(" ".join(words)))
    if whole:
        return (whole,)
    found = tuple(joined[key(word)] for word in words if key(word) in joined)
    if len(found) == len(words):
        return found
    return _unknown([word for word in words if key(word) not in joined], names, stage)


def _unknown(words: Sequence[str], names: Sequence[str], stage: Stage) -> Reply:
    target = stage.label
    query = " ".join(words)
    near = [
        name
        for name, score, _ in process.extract(query, list(names), scorer=fuzz.WRatio, limit=3)
        if score >= _NEAR and safe(name)
    ]
    options = [f'Only send conversations with the tag "{name}" to {target}' for name in near]
    if names:
        text = f"There is no tag “{query}” here." + (
            " Did you mean " + " or ".join(f"“{name}”" for name in near) + "?" if near else ""
        )
        return ask(text, *options, f"Which tags are available for {target}?")
    return ask(
        f"I don't know what “{query}” means here. I can filter by event, tag, trust score or a field of the payload.",
        f"Show {target}",
        "List the event types",
    )


def known_tags(
    stage: Stage, tags: tuple[str, ...], webhook: dict[str, Any]
) -> Generator[Call, Result, tuple[str, ...] | Reply]:
    """Check tags against the catalogue; a question with the near ones when one is not there (A08)."""
    if not tags:
        return ()
    names = yield from tag_names(stage, webhook)
    joined = {key(name): name for name in names}
    wrong = [tag for tag in tags if names and key(tag) not in joined]
    return _unknown(wrong, names, stage) if wrong else tuple(dict.fromkeys(joined.get(key(tag), tag) for tag in tags))


def change_tags(stage: Stage, values: Values, current: dict[str, Any]) -> Script:
    """Set, extend or shrink the tag filter."""
    has, tags = dict(current.get("tag_filter") or {}), list(values.tags)
    old, mode = [str(tag) for tag in has.get("tags") or []], stage.reading.mode
    match = values.tag_match or (str(has.get("match") or "any") if mode != "only" else "any")
    if mode == "skip" and not set(old) & set(tags):
        named = ", ".join(tags)
        text = f"The tag filter does not name {named}. A filter can require tags, not forbid them; I changed nothing."
        return Reply(text, (f"Show {stage.label}",))
    if mode != "only":
        tags = [tag for tag in old if tag not in tags] if mode == "skip" else list(dict.fromkeys([*old, *tags]))
    arguments = {"match": match, "tags": tags} if tags else {}
    result = yield from stage.call("set_tag_filter", webhook_id=stage.target, **arguments)
    return changed(result)


def set_match(stage: Stage, match: str) -> Script:
    """Switch a tag filter between any and all."""
    current = yield from stage.fresh()
    if current.get("ok") is False:
        return changed(current)
    tags = [str(tag) for tag in (current.get("tag_filter") or {}).get("tags") or []]
    if not tags:
        return ask(
            "It has no tag filter yet. Which tags should it require?",
            f"Which tags are available for {label(stage.webhook)}?",
            template=f'Only send conversations with the tag "{{}}" to {label(stage.webhook)}',
            expects="text",
        )
    result = yield from stage.call("set_tag_filter", webhook_id=stage.target, match=match, tags=tags)
    return changed(result)


def show_tags(stage: Stage, perspective: str, name: str) -> Script:
    """List the tags of a perspective with when each applies."""
    result = yield from stage.call("list_tags", perspective_id=perspective)
    refused = refusal(result)
    found = rows(result, "tags", "items")
    if refused or not found:
        return refused or Reply("This perspective's kind has no tags.")
    lead = f"The tags available for {name or 'this perspective'} (assigned automatically, by what was said):"
    first = str(found[0].get("name"))
    options = (f'Only send conversations with the tag "{first}"',) if safe(first) else ()
    return Reply(catalogue(found, lead), options)
