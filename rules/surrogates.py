"""Half surrogate pairs: Python's texts can hold them, but no store, no answer and no request can."""

from typing import Any


def mended(value: Any) -> Any:
    r"""Return a JSON value in whose texts two halves in a row are one character, and a lone half is U+FFFD.

    An endpoint that streams JSON may write `\ud83d` at the end of one piece and `\ude00` at the start of the next.
    """
    if isinstance(value, str):
        return _mended_text(value)
    if isinstance(value, dict):
        return {mended(name): mended(item) for name, item in value.items()}
    return [mended(item) for item in value] if isinstance(value, list) else value


def _mended_text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", errors="surrogatepass").decode("utf-16", errors="replace")
    return text
