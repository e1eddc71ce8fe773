"""Merging: "set up a webhook, only for completed ones, called X" is one form, prefilled."""

from dataclasses import replace

from agent.guided.reading import Intent, Reading, Values

_PARTS = {Intent.FILTER, Intent.RENAME, Intent.SET_URL, Intent.EDIT_FORM}


def merged(readings: tuple[Reading, ...]) -> tuple[Reading, ...]:
    """Put what follows "set up a webhook" and belongs to it into its form."""
    first = next((place for place, reading in enumerate(readings) if reading.intent is Intent.CREATE), None)
    if first is None:
        return readings
    mine = [reading for reading in readings[first + 1 :] if _belongs(reading)]
    values = readings[first].values
    for reading in mine:
        values = _together(values, reading.values)
    create = replace(readings[first], values=values)
    return (*readings[:first], create, *(reading for reading in readings[first + 1 :] if reading not in mine))


def _belongs(reading: Reading) -> bool:
    values, mention = reading.values, reading.mention
    if reading.intent not in _PARTS or mention.ids or reading.mode == "skip":
        return False
    if reading.intent is Intent.FILTER:
        return values.filtering and not reading.residue
    return bool(values.secret or values.url or values.quoted)


def _together(one: Values, other: Values) -> Values:
    return replace(
        one,
        events=(*one.events, *other.events),
        tags=(*one.tags, *other.tags),
        tag_match=one.tag_match or other.tag_match,
        comparisons=(*one.comparisons, *other.comparisons),
        tests=(*one.tests, *other.tests),
        url=one.url or other.url,
        quoted=one.quoted or other.quoted,
        secret=one.secret or other.secret,
    )
