import re
import shlex

from hypothesis import given
from hypothesis import strategies as st

from integrations.importers.cmd_words import cmd_words
from integrations.importers.placeholders import LITERAL_DOLLAR, plain
from integrations.importers.shell_words import shell_words

WORDS = st.lists(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters=f"\0{LITERAL_DOLLAR}[")), min_size=1
)


def for_cmd(word: str) -> str:
    """Quote as browsers do for cmd.exe: first for the C runtime, then each mark for cmd.exe."""
    word = re.sub(r'(\\*)(["]|\Z)', lambda m: m[1] * 2 + ("\\" if m[2] else "") + m[2], word)
    word = re.sub(r"[^a-zA-Z0-9\s_\-:=+~'/.,?;()*`]", r"^\g<0>", word)
    return '^"' + re.sub(r"\r?\n|\r", "^\n\n", word) + '^"'


@given(WORDS)
def test_words_that_were_quoted_for_the_shell_are_read_back(words: list[str]):
    command = shell_words(shlex.join(words))
    assert [plain(word) for word in command.words] == words


@given(WORDS)
def test_words_that_a_browser_quoted_for_windows_are_read_back(words: list[str]):
    line = " ^\n  ".join(for_cmd(word) for word in words)
    assert cmd_words(line).words == [re.sub(r"\r\n?", "\n", word) for word in words]


def test_escapes_in_double_quotes_are_the_shells():
    assert shell_words(r'"a\"b\\c\d\$e$f"').words == [f'a"b\\c\\d{LITERAL_DOLLAR}e$f']


def test_pieces_without_blanks_are_one_word():
    assert shell_words("a'b c'\"d\"\\ e$'\\n\\u00e9\\xc3\\xa9\\cA\\101'").words == ["ab cd e\néé\x01A"]


def test_lines_are_joined_and_comments_skipped():
    assert shell_words("a b\\\nc \\\n d # e 'f\n -g\nnot this").words == ["a", "bc", "d", "-g"]
