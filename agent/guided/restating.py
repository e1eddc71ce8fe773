"""Restating: a reading written as a command on one webhook, so that it can be read back without doubt."""

from agent.guided.lexicon import mapping
from agent.guided.reading import Intent, Reading
from agent.guided.wording import COMMANDS, filter_command, safe


def command(reading: Reading, target: str) -> str:
    """Write the reading as a command on one webhook."""
    values = reading.values
    if reading.intent is Intent.FILTER and values.filtering:
        return filter_command(values, reading.mode, target)
    if reading.intent is Intent.FILTER and reading.residue and all(safe(word) for word in reading.residue):
        return f'Only send conversations with the tag "{" ".join(reading.residue)}" to {target}'
    if reading.intent is Intent.SET_URL and values.url:
        return f"Change the URL of {target} to {values.url}"
    if reading.intent is Intent.RENAME and new_name(reading):
        return f'Rename {target} to "{new_name(reading)}"'
    units_left = any(word.casefold() in mapping("units") for word in reading.residue)
    if reading.intent in {Intent.SET_TIMEOUT, Intent.SET_RETRIES} and values.comparisons and not units_left:
        return _setting_command(reading, target)
    since = f" since {values.since}" if reading.intent is Intent.REPLAY and "-" in values.since else ""
    event = f" with {values.events[0].name}" if reading.intent is Intent.TEST and values.events else ""
    plain = "Edit the auth header of {}" if _edits_header(reading) else COMMANDS.get(reading.intent, "Show {}")
    return plain.format(target) + since + event


def _edits_header(reading: Reading) -> bool:
    told = reading.values.secret or "auth" in reading.nouns
    return reading.intent is Intent.EDIT_FORM and told and "url" not in reading.nouns


def _setting_command(reading: Reading, target: str) -> str:
    values = reading.values
    timeout, retries = values.about("timeout"), values.about("retries")
    if timeout and retries:
        unit = f" {timeout[0].unit}" if timeout[0].unit else ""
        return f"Set the timeout of {target} to {timeout[0].value:g}{unit} and the retries to {retries[0].value:g}"
    one = values.comparisons[0]
    noun = "timeout" if reading.intent is Intent.SET_TIMEOUT else "retries"
    return f"Set the {noun} of {target} to {one.value:g}{' ' + one.unit if noun == 'timeout' and one.unit else ''}"


def new_name(reading: Reading) -> str:
    """Give the new name in "rename … to …"."""
    tokens = reading.clause.tokens
    for links in (("to", "as"), ("it", "this", "that", "webhook", "hook", "name", "be", "is", "title", ":")):
        for index in range(len(tokens) - 2, 0, -1):
            if tokens[index].norm in links:
                return " ".join(token.value or token.text for token in tokens[index + 1 :]).strip()
    return reading.values.quoted[-1] if reading.values.quoted else ""
