"""How large a template, a rendered request and its parts may be; what is beyond is refused by name, in linear time."""

from typing import Final

MAX_TEMPLATE_BYTES: Final = 64 * 1024
MAX_RENDERED_BYTES: Final = 1024 * 1024
MAX_JSON_DEPTH: Final = 64
MAX_SLOTS: Final = 1_000
# Of one `$name`, and of the places where it may end: they bound the search for the longest known name.
MAX_NAME_LENGTH: Final = 256
MAX_NAME_STEPS: Final = 32
# Turning an integer into digits takes time quadratic in their number.
MAX_DIGITS: Final = 4_000
MAX_INTEGER_BITS: Final = int(MAX_DIGITS * 3.3219)


def size(text: str) -> int:
    """Return how many bytes a text has in UTF-8; half a surrogate pair counts as three."""
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))
