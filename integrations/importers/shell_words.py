"""Words of a POSIX shell's command line: quotes, escapes, continuations (POSIX.1-2017 XCU 2.2, and `$'…'` of bash)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NoReturn

from integrations.importers.placeholders import LITERAL_DOLLAR
from rules.errors import InvalidInput
from rules.typed_secrets import HIDDEN

_RUN: Final = re.compile(r"[^\s'\"\\$`|&;<>()]+")
_BLANKS: Final = re.compile(r"[^\S\n]+")
_LINE_JOINED: Final = re.compile(r"\\\r?\n")
_LINE_CONTINUED: Final = re.compile(r"\\[ \t]+\r?\n")
_OPTION_FOLLOWS: Final = re.compile(r"(?:[ \t]*\r?\n)+[ \t]*(?=-{1,2}[A-Za-z])")
_OPEN_PLACE: Final = re.compile(r"<[A-Za-z_][\w.-]{0,60}>")
_QUERY_GOES_ON: Final = re.compile(r"&(?=[\w.\[\]%-]+=)")
_PARAMETER: Final = re.compile(r"\$\{[A-Za-z_]\w*(?:\.id|\[\d+\])?\}", re.ASCII)
_IN_DOUBLE: Final = re.compile(r"[^\"\\`$\[]+")
_IN_SINGLE: Final = re.compile(r"[^'\[]+")
_JSON_BEFORE: Final = re.compile(r"[\"']\s{0,20}:\s{0,20}\Z")
_BYTE = r"x[0-9A-Fa-f]{1,2}|[0-7]{1,3}"
_ANSI: Final = re.compile(
    rf"(?P<bytes>(?:\\(?:{_BYTE}))+)|\\u(?P<u>[0-9A-Fa-f]{{1,4}})|\\U(?P<U>[0-9A-Fa-f]{{1,8}})"
    r"|\\c(?P<control>[@-_a-z])|\\(?P<one>.)|(?P<plain>[^\\']+)",
    re.DOTALL,
)
_ANSI_NAMES: Final = dict(zip("abeEfnrtv", "\a\b\x1b\x1b\f\n\r\t\v", strict=True))
_SMART: Final = re.compile("[“”„‘’‚–—]")


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its words, the place in the text where it ended, and what was read leniently."""

    words: list[str]
    end: int
    notes: list[str]


def shell_words(text: str, start: int = 0) -> Command:
    """Split one command into words, as a shell would before it expands variables.

    `$NAME` and `${NAME}` stay as they are; a dollar sign that was escaped becomes `LITERAL_DOLLAR`. A line that begins
    with an option continues the command although the backslash before it was lost. Takes time linear in the text.

    Args:
        text: Where the command stands.
        start: Its first character.

    Raises:
        InvalidInput: Field `curl`: an open quote, or anything that would be more than one plain command.

    """
    reader = _Reader(text, start)
    reader.read()
    return Command(reader.words, reader.place, reader.notes)


class _Reader:
    def __init__(self, text: str, start: int) -> None:
        self.text, self.place = text, start
        self.words: list[str] = []
        self.notes: list[str] = []
        self._pieces: list[str] | None = None
        self._has_query = False
        self._readers: dict[str, Callable[[], None]] = {
            "'": self._single,
            '"': self._double,
            "\\": self._backslash,
            "$": self._dollar,
            "<": self._angle,
            "&": self._ampersand,
            ";": self._semicolon,
            "`": self._substitution,
        }

    def read(self) -> None:
        while self.place < len(self.text):
            mark = self.text[self.place]
            if blanks := _BLANKS.match(self.text, self.place):
                self._end_word(blanks.end())
            elif mark == "\n":
                if not (option := _OPTION_FOLLOWS.match(self.text, self.place)):
                    break
                self._end_word(option.end())
            elif mark == "#" and self._pieces is None:
                self.place = self._index("\n", self.place)
            elif run := _RUN.match(self.text, self.place):
                self._add_run(run.group(), run.end())
            else:
                self._readers.get(mark, self._refuse_more)()
        self._end_word(self.place)

    def _add(self, piece: str, end: int) -> None:
        if self._pieces is None:
            self._pieces = []
        self._pieces.append(piece)
        self.place = end

    def _add_run(self, run: str, end: int) -> None:
        if self._pieces is None and (smart := _SMART.match(run)):
            self._refuse(f"has {smart.group()} where a straight quote or a hyphen belongs; paste it as plain text")
        self._has_query = self._has_query or "?" in run
        self._add(run, end)

    def _end_word(self, place: int) -> None:
        if self._pieces is not None:
            self.words.append("".join(self._pieces))
        self._pieces, self._has_query, self.place = None, False, place

    def _index(self, mark: str, start: int) -> int:
        found = self.text.find(mark, start)
        return len(self.text) if found < 0 else found

    def _backslash(self) -> None:
        if joined := _LINE_JOINED.match(self.text, self.place):
            self.place = joined.end()
        elif continued := _LINE_CONTINUED.match(self.text, self.place):
            self._end_word(continued.end())
        else:
            following = self.text[self.place + 1 : self.place + 2]
            self._add(LITERAL_DOLLAR if following == "$" else following or "\\", self.place + 2)

    def _single(self) -> None:
        opened = self.place
        self._add("", opened + 1)
        while (mark := self._mark_in(opened, "'")) != "'":
            if run := _IN_SINGLE.match(self.text, self.place):
                self._add(run.group(), run.end())
            elif self._hidden_took_the_quote("'"):
                return
            else:
                self._add(mark, self.place + 1)
        self.place += 1

    def _double(self) -> None:
        opened = self.place
        self._add("", opened + 1)
        while (mark := self._mark_in(opened, '"')) != '"':
            if run := _IN_DOUBLE.match(self.text, self.place):
                self._add(run.group(), run.end())
            elif mark == "[":
                if self._hidden_took_the_quote('"'):
                    return
                self._add(mark, self.place + 1)
            elif mark == "\\":
                self._backslash_in_double()
            elif mark == "`":
                self._substitution()
            else:
                self._dollar(quoted=True)
        self.place += 1

    def _backslash_in_double(self) -> None:
        if joined := _LINE_JOINED.match(self.text, self.place):
            self.place = joined.end()
            return
        following = self.text[self.place + 1 : self.place + 2]
        if following == "$":
            self._add(LITERAL_DOLLAR, self.place + 2)
        elif following and following in '\\"`':
            self._add(following, self.place + 2)
        else:
            self._add("\\", self.place + 1)

    def _mark_in(self, opened: int, quote: str) -> str:
        if self.place >= len(self.text):
            self._refuse(f"has a quote {quote} without its end, opened at character {opened + 1}")
        return self.text[self.place]

    def _hidden_took_the_quote(self, quote: str) -> bool:
        """Hiding a credential in a chat takes everything up to the next space, the closing quote included."""
        after = self.place + len(HIDDEN)
        if not self.text.startswith(HIDDEN, self.place) or self.text[after : after + 1] == quote:
            return False
        if self.text[after : after + 1].strip() or _JSON_BEFORE.search(self.text[max(0, self.place - 50) : self.place]):
            return False
        self._add(HIDDEN, after)
        return True

    def _dollar(self, *, quoted: bool = False) -> None:
        following = self.text[self.place + 1 : self.place + 2]
        if following == "(":
            self._substitution()
        if following == "{" and not _PARAMETER.match(self.text, self.place):
            self._refuse(f"has a shell expansion at character {self.place + 1}; write its value, or a plain ${{NAME}}")
        if following == "'" and not quoted:
            self._ansi()
        elif following == '"' and not quoted:
            self.place += 1
        else:
            self._add("$", self.place + 1)

    def _ansi(self) -> None:
        opened = self.place
        self._add("", opened + 2)
        while self._mark_in(opened, "'") != "'":
            piece = _ANSI.match(self.text, self.place)
            if piece is None:  # a backslash is the very last character
                self.place = len(self.text)
            else:
                self._add(self._unescaped(piece), piece.end())
        self.place += 1

    def _unescaped(self, piece: re.Match[str]) -> str:
        if piece["plain"] is not None:
            return piece["plain"]
        if piece["one"] is not None:
            one = piece["one"]
            return _ANSI_NAMES.get(one, one if one in "\\'\"?" else f"\\{one}")
        if piece["bytes"] is not None:
            numbers = re.findall(_BYTE, piece["bytes"])
            values = bytes(int(n[1:], 16) if n[0] == "x" else int(n, 8) & 255 for n in numbers)
            return self._decoded(values, piece.start())
        if piece["control"] is not None:
            return chr(ord(piece["control"].upper()) ^ 64)
        code = int(piece["u"] or piece["U"], 16)
        if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            self._refuse(f"has an escape at character {piece.start() + 1} that is no character of Unicode")
        return chr(code)

    def _decoded(self, values: bytes, start: int) -> str:
        try:
            return values.decode()
        except UnicodeDecodeError:
            self._refuse(f"has bytes at character {start + 1} that are not UTF-8 text")

    def _angle(self) -> None:
        place = _OPEN_PLACE.match(self.text, self.place)
        if place is None:
            self._refuse_more()
        self._add(place.group(), place.end())

    def _ampersand(self) -> None:
        if not (self._has_query and _QUERY_GOES_ON.match(self.text, self.place)):
            self._refuse_more()
        self.notes.append("The & in the URL was read as part of it; in a shell the URL would need quotes.")
        self._add("&", self.place + 1)

    def _semicolon(self) -> None:
        line_end = self._index("\n", self.place)
        if self.text[self.place + 1 : line_end].strip():
            self._refuse_more()
        self._end_word(line_end)
        self.text = self.text[:line_end]

    def _substitution(self) -> NoReturn:
        self._refuse(f"runs another command at character {self.place + 1}; write that command's result instead")

    def _refuse_more(self) -> NoReturn:
        mark = self.text[self.place]
        self._refuse(
            f"has {mark} outside of quotes at character {self.place + 1}: only one plain curl command is read; "
            f"remove everything from the {mark} on, or put the part that has it in quotes"
        )

    def _refuse(self, why: str) -> NoReturn:
        raise InvalidInput.of("curl", f"The command {why}.")
