"""Settings: name, URL, timeout, retries, description, headers, and the form for whatever is secret."""

from typing import Any

from agent.guided.reading import Reading
from agent.guided.replies import changed, refusal
from agent.guided.restating import new_name
from agent.guided.script import Reply, Script, ask
from agent.guided.scripts.lifecycle import FORM_NOTE
from agent.guided.scripts.stage import Stage
from agent.guided.slots.comparisons import TIMES, Comparison
from agent.guided.tokens import Token
from agent.guided.wording import number, title

_MIN_MS, _MAX_MS, _SECOND = 1000, 30_000, 1000
_DAY = 86_400 * _SECOND
_IN_MS = {"ms": 1, "s": _SECOND, "min": 60 * _SECOND, "h": 3600 * _SECOND, "d": _DAY, "w": 7 * _DAY}
_IN_MS |= {"": _SECOND, "word": _SECOND, "month": 30 * _DAY, "year": 365 * _DAY}
_MAX_RETRIES = 10


def form(stage: Stage) -> Script:
    """Open the form for URL and auth header."""
    result = yield from stage.call("edit_endpoint", webhook_id=stage.target)
    note = f" {FORM_NOTE}" if stage.reading.values.secret else ""
    refused = refusal(result)
    if refused:
        return Reply(refused.text + note)
    reply = changed(result)
    return Reply(reply.text + note, reply.suggestions)


def rename(stage: Stage) -> Script:
    """Give a new name."""
    name = new_name(stage.reading)
    if not name:
        return ask(
            f"What should {title(stage.webhook)} be called?",
            template=f'Rename {stage.label} to "{{}}"',
            expects="text",
        )
    return (yield from _edit(stage, name=name))


def set_url(stage: Stage) -> Script:
    """Change the URL: the tool asks for approval; without a URL, open the form."""
    values = stage.reading.values
    if values.secret:
        return (yield from form(stage))
    hosts = stage.reading.mention.hosts
    url = values.url or (hosts[-1] if hosts else "")
    if not url:
        return (yield from form(stage))
    return (yield from _edit(stage, url=url if "://" in url else f"https://{url}"))


def set_timeout(stage: Stage) -> Script:
    """Change the timeout, given in any unit of time; one number alone is in seconds."""
    comparisons = (*stage.reading.values.about("timeout"), *stage.reading.values.about(""))
    if len(comparisons) != 1 or comparisons[0].unit not in _IN_MS or comparisons[0].upper is not None:
        return ask(
            "How many seconds may the endpoint take (1 to 30)?",
            template=f"Set the timeout of {stage.label} to {{}} seconds",
            expects="number",
        )
    value = _milliseconds(comparisons[0])
    if not _MIN_MS <= value <= _MAX_MS:
        return ask(
            f"A timeout can be 1 to 30 seconds; {number(value / _SECOND)} is outside of that. How many seconds?",
            f"Set the timeout of {stage.label} to {'1 second' if value < _MIN_MS else '30 seconds'}",
            template=f"Set the timeout of {stage.label} to {{}} seconds",
            expects="number",
        )
    both = stage.reading.values.about("timeout") and stage.reading.values.about("retries")
    counts = [one.value for one in stage.reading.values.about("retries")]
    if both and (not 0 <= counts[0] <= _MAX_RETRIES or not counts[0].is_integer()):
        return ask(
            f"The retry count can be 0 to 10; {number(counts[0])} is not. I changed nothing.",
            f"Set the retries of {stage.label} to 10",
        )
    retries = {"max_retries": int(counts[0])} if both else {}
    return (yield from _edit(stage, timeout_ms=round(value), **retries))


def _milliseconds(one: Comparison) -> float:
    if not one.unit and one.value >= _MIN_MS:
        return one.value
    return one.value * _IN_MS[one.unit]


def set_retries(stage: Stage) -> Script:
    """Change how often a failed delivery is retried."""
    values = stage.reading.values
    if values.about("timeout") and values.about("retries"):
        return (yield from set_timeout(stage))
    comparisons = (*values.about("retries"), *values.about(""))
    if stage.reading.mode == "zero" and not comparisons:
        return (yield from _edit(stage, max_retries=0))
    if not comparisons or comparisons[0].unit in TIMES:
        return ask(
            "How many retries (0 to 10)?", template=f"Set the retries of {stage.label} to {{}}", expects="number"
        )
    count = comparisons[0].value
    if not 0 <= count <= _MAX_RETRIES or not count.is_integer():
        return ask(
            f"The retry count can be 0 to 10; {number(count)} is not. How many?",
            f"Set the retries of {stage.label} to 10",
            template=f"Set the retries of {stage.label} to {{}}",
            expects="number",
        )
    return (yield from _edit(stage, max_retries=int(count)))


def set_description(stage: Stage) -> Script:
    """Change the description."""
    quoted = stage.reading.values.quoted
    text = quoted[-1] if quoted else new_name(stage.reading)
    if not text:
        return ask(
            "What should the description say?",
            template=f'Set the description of {stage.label} to "{{}}"',
            expects="text",
        )
    return (yield from _edit(stage, description=text))


def set_header(stage: Stage) -> Script:
    """Set a custom header that holds no secret; anything else goes to the form."""
    header = stage.reading.values.header
    if not header:
        return ask(
            "Is it the authorization header (typed into the form, never here), or a plain header such as X-Env: prod?",
            f"Edit the auth header of {stage.label}",
            template=f"Set the header {{}} on {stage.label}",
            expects="header",
        )
    name, _, value = header.partition(":")
    current = yield from stage.fresh()
    if current.get("ok") is False:
        return changed(current)
    has = {
        str(key): item
        for key, item in dict(current.get("headers") or {}).items()
        if str(key).casefold() != name.casefold()
    }
    return (yield from _edit(stage, headers={**has, name: value}))


def remove_header(stage: Stage) -> Script:
    """Take a custom header away."""
    current = yield from stage.fresh()
    if current.get("ok") is False:
        return changed(current)
    has = {str(key): item for key, item in dict(current.get("headers") or {}).items()}
    named = {token.text.casefold().rstrip(":") for token in stage.reading.clause.tokens} | {
        stage.reading.values.header.partition(":")[0].casefold()
    }
    gone = [name for name in has if name.casefold() in named]
    if not gone:
        present = ", ".join(has) or "no custom headers"
        return ask(
            f"Which header? {title(stage.webhook)} has {present}. The authorization header is edited in the form.",
            f"Edit the auth header of {stage.label}",
        )
    return (yield from _edit(stage, headers={name: value for name, value in has.items() if name not in gone}))


def _edit(stage: Stage, **fields: Any) -> Script:
    result = yield from stage.call("edit_webhook", webhook_id=stage.target, **fields)
    return changed(result)


def words_before_value(reading: Reading) -> tuple[Token, ...]:
    """Give the words before the new value: in "rename CRM to Billing" only CRM can name a webhook."""
    tokens = reading.clause.tokens
    for index in range(len(tokens) - 1, -1, -1):
        if tokens[index].is_word("to", "as", "say", "be"):
            return tokens[:index]
    if reading.mention.pronoun:
        return ()
    return tokens[:-1] if tokens and tokens[-1].value in reading.values.quoted else tokens
