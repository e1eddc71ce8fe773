"""Outside text: what others wrote, made safe to print as plain text."""

import re
import unicodedata

_ESCAPES = re.compile(r"[\x1b\x9b]\[?[0-?]*[ -/]*[@-~]?")
_TAGS = re.compile(r"<[^<>\n]{0,200}>")
_LINKS = re.compile(r"!?\[([^\[\]\n]{0,200})\]\(\s*([^()\s]{0,300})[^()\n]{0,100}\)")
_MARKS = str.maketrans({"<": "‹", ">": "›", "`": "'", "{": "(", "}": ")", "|": "/", "*": "", "\\": ""})


def told(text: object, limit: int = 300) -> str:
    """Write a text from outside on one line, without markup, control or direction characters, and not too long."""
    plain = _ESCAPES.sub("", unicodedata.normalize("NFC", str(text)[: limit * 8 + 64]))
    line = "".join(_safe(char) for char in plain)
    line = _LINKS.sub(r"\1 \2", line)
    line = _TAGS.sub(" ", line).replace("](", "] (").replace("![", "[").translate(_MARKS)
    line = re.sub(r"(?:^|(?<=\s))(?:#{1,6}|_{2,}|~{2,})(?=\s|\w)", "", line)
    line = " ".join(line.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _safe(char: str) -> str:
    """Keep a character when it is visible by itself; the others become a space, or nothing."""
    category = unicodedata.category(char)
    if category in {"Cc", "Zl", "Zp", "Zs"}:
        return " "
    return "" if category in {"Cf", "Cs", "Co", "Cn"} else char
