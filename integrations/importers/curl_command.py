"""One curl command, read from a text: where it stands, and what its options ask for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from rapidfuzz import process

from integrations.importers.cmd_words import cmd_words, is_for_cmd
from integrations.importers.curl_options import IGNORED_SWITCHES, KNOWN, NOTED, REFUSED, SHORT, SWITCHES, takes_value
from integrations.importers.placeholders import plain
from integrations.importers.shell_words import Command, shell_words
from rules.errors import InvalidInput
from rules.integration_spec import MAX_TEMPLATE

_CURL: Final = re.compile(r"(?<![\w./:@-])(?:/(?:[\w.-]+/){1,6})?curl(?:\.exe)?(?=\s|\\|\^)")
_ARGUMENTS: Final = re.compile(
    r"(?:\s|\\\r?\n|\^\r?\n)+[\^$]?(?:[\"']?(?:[a-z]{2,8}://|[$<]?[\w{<>}-]+\.[\w$<{])|-{1,2}[A-Za-z]|[\"'$]|localhost\b)",
    re.IGNORECASE,
)
# NUL, halves of surrogate pairs, and what Unicode reserves for a program's own use.
_UNFIT: Final = re.compile("[\x00\ud800-\udfff\ufdd0-\ufdef]")
_FENCE: Final = re.compile(r"\n[ \t]*```")
_COOKIE: Final = re.compile(r"[^=]+=")


@dataclass(slots=True)
class CurlCommand:
    """What a command asks for, texts as the shell would pass them on before it expands variables."""

    method: str | None = None
    urls: list[str] = field(default_factory=list)
    headers: list[tuple[str, str]] = field(default_factory=list)
    data: list[tuple[str, str]] = field(default_factory=list)
    form: list[tuple[str, str]] = field(default_factory=list)
    query: list[tuple[str, str]] = field(default_factory=list)
    user: str | None = None
    bearer: str | None = None
    max_time: str | None = None
    switches: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


def read_command(text: str) -> CurlCommand:
    """Read the curl command in a text, which may say something before it and, on later lines, after it.

    Raises:
        InvalidInput: Field `curl`: no command, more than one, or an option that a trigger cannot follow.

    """
    if len(text) > MAX_TEMPLATE:
        raise _refused(f"The text has {len(text)} characters; at most {MAX_TEMPLATE} are read.")
    if _UNFIT.search(text):
        raise _refused("The text holds NUL or another character that no text should have; copy the command again.")
    words = _words(text)
    command = CurlCommand(notes=[*words.notes])
    _read_options(words.words[1:], command)
    if len(command.urls) != 1:
        raise _refused(_wrong_number_of_urls(command.urls))
    return command


def _words(text: str) -> Command:
    start, end = _find(text)
    cut = text[:end]
    command = (cmd_words if is_for_cmd(cut[start:]) else shell_words)(cut, start)
    rest = cut[command.end :]
    if _starts(rest):
        raise _refused("There is more than one curl command in the text; import one at a time.")
    if rest.strip(" \t\r\n`"):
        command.notes.append("What follows the command's last line was not read.")
    return command


def _find(text: str) -> tuple[int, int]:
    """Return where the command begins, and where the text that may belong to it ends."""
    start = next(iter(_starts(text)), None)
    if start is None:
        raise _refused("There is no curl command in the text. Paste one such as: curl https://api.example.com/orders/1")
    if text[max(0, start - 1) : start] == "`":
        closing = text.find("`", start)
        return start, len(text) if closing < 0 else closing
    fence = _FENCE.search(text, start)
    return start, fence.start() if fence else len(text)


def _starts(text: str) -> list[int]:
    return [found.start() for found in _CURL.finditer(text) if _ARGUMENTS.match(text, found.end())]


def _read_options(words: list[str], command: CurlCommand) -> None:
    remaining = iter(words)
    for word in remaining:
        if word == "--":
            command.urls += remaining
        elif word.startswith("--"):
            _read_long(word[2:], remaining, command)
        elif word.startswith("-") and len(word) > 1:
            _read_short(word[1:], remaining, command)
        else:
            command.urls.append(word)


def _read_long(word: str, remaining: Iterator[str], command: CurlCommand) -> None:
    name, equals, value = word.partition("=")
    name = name.lower()
    if name not in KNOWN and name.removeprefix("no-") in IGNORED_SWITCHES:
        return
    _check(f"--{name}", name)
    if takes_value(name):
        _apply(name, value if equals else _next(f"--{name}", remaining), command)
    else:
        _switch(name, command)


def _read_short(letters: str, remaining: Iterator[str], command: CurlCommand) -> None:
    """Read `-sSL`, `-XPOST` or `-X POST`: a letter that takes a value takes the rest of the word, or the next word."""
    for place, letter in enumerate(letters):
        name = SHORT.get(letter, "")
        _check(f"-{letter}", name)
        if takes_value(name):
            _apply(name, letters[place + 1 :] or _next(f"-{letter}", remaining), command)
            return
        _switch(name, command)


def _check(shown: str, name: str) -> None:
    if name in REFUSED:
        raise _refused(f"{shown} {REFUSED[name]}.")
    if name not in KNOWN:
        near = process.extractOne(name, sorted(KNOWN), score_cutoff=75) if 3 <= len(name) <= 40 else None
        hint = f" Did you mean --{near[0]}?" if near else ""
        raise _refused(f"The option {plain(shown)[:60]} is not known.{hint} Remove it, or write it another way.")


def _next(shown: str, remaining: Iterator[str]) -> str:
    value = next(remaining, None)
    if value is None:
        raise _refused(f"The option {shown} has no value after it.")
    return value


def _switch(name: str, command: CurlCommand) -> None:
    if name in SWITCHES:
        command.switches.add(name)
    elif name in NOTED:
        command.notes.append(NOTED[name])


def _apply(name: str, value: str, command: CurlCommand) -> None:
    if name in NOTED:
        command.notes.append(NOTED[name])
    elif name == "header":
        _add_header(value, command)
    elif name == "cookie":
        _add_cookie(value, command)
    elif name == "url-query":
        command.query.append(("data-raw" if value.startswith("+") else "data-urlencode", value.removeprefix("+")))
    elif name.startswith("data") or name == "json":
        command.data.append(("data" if name in {"data-ascii", "data-binary"} else name, value))
    elif name in {"form", "form-string"}:
        command.form.append((name, value))
    elif name == "url":
        command.urls.append(value)
    elif name in {"user-agent", "referer", "range"}:
        written = f"bytes={value}" if name == "range" else value.partition(";auto")[0]
        command.headers.append(({"user-agent": "User-Agent", "referer": "Referer", "range": "Range"}[name], written))
    else:
        _set_once(name, value, command)


def _set_once(name: str, value: str, command: CurlCommand) -> None:
    if name == "request":
        command.method = value
    elif name == "user":
        command.user = value
    elif name == "oauth2-bearer":
        command.bearer = value
    elif name == "max-time":
        command.max_time = value


def _add_header(value: str, command: CurlCommand) -> None:
    if value.startswith("@"):
        raise _refused(f"-H {value[:80]} reads headers from a file; write them into the command.")
    name, colon, content = value.partition(":")
    if value.startswith(":"):  # a browser's way of showing HTTP/2's own fields
        return
    if not colon:
        name, content = name.removesuffix(";"), ""
    command.headers.append((name.strip(), content.strip()))


def _add_cookie(value: str, command: CurlCommand) -> None:
    if not _COOKIE.match(value) and "[hidden]" not in value and not value.startswith(("$", "<", "{")):
        raise _refused(f"-b {value[:80]} reads cookies from a file; write them as name=value.")
    command.headers.append(("Cookie", value))


def _wrong_number_of_urls(urls: list[str]) -> str:
    if not urls:
        return "The command has no URL. Write the whole address, such as https://api.example.com/orders."
    stray = next((url for url in urls[1:] if "://" not in url), None)
    if stray is not None:
        return f"{plain(stray)[:80]!r} belongs to no option and is no URL. Put the command on a line of its own."
    return f"The command has {len(urls)} URLs; import one request at a time."


def _refused(message: str) -> InvalidInput:
    return InvalidInput.of("curl", message)
