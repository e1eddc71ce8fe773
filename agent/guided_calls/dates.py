"""Dates and times that a person wrote, made exact; what depends on today is only read when today is known."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice

_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTH = "(?P<month>" + "|".join(f"{name[:3]}(?:{name[3:]})?" for name in _MONTHS) + r"|sept)\.?"
_TODAY = re.compile(r"\b(?:today(?:'s date)?|current date)\b[^\d\n]{0,24}(\d{4}-\d\d-\d\d)", re.IGNORECASE)
_YEAR = r"(?:,?\s+(?P<year>20\d\d))?"
_PATTERNS = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("iso", r"(?<![\w-])(?P<year>\d{4})[-/.](?P<number>\d{1,2})[-/.](?P<day>\d{1,2})(?![\w-])"),
        ("words", rf"\b{_MONTH}\s+(?:the\s+)?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?!:){_YEAR}"),
        ("words", rf"\b(?:the\s+)?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}\b{_YEAR}"),
        ("slashes", r"(?<![\w/.-])(?P<first>\d{1,2})[/.](?P<second>\d{1,2})[/.](?P<year>\d{4})(?![\w/])"),
        ("near", r"\b(?:the\s+)?day after tomorrow\b|\btoday\b|\btonight\b|\btomorrow\b"),
        ("ahead", r"\bin\s+(?P<count>\d{1,3}|a|one|two|three|four|five|six|seven)\s+(?P<unit>days?|weeks?)\b"),
        ("weekday", r"\b(?:(?P<which>next|this|on|coming)\s+)?(?P<name>" + "|".join(_DAYS) + r")\b"),
    )
)
_CLOCK = re.compile(
    r"(?<![\w:.-])(?P<hour>[01]?\d|2[0-3])(?:[:.](?P<minute>[0-5]\d))?\s*(?P<half>[ap]\.?m\b\.?)"
    r"|(?<![\w:.-])(?P<hour24>[01]?\d|2[0-3]):(?P<minute24>[0-5]\d)(?![\w:-])"
    r"|\b(?P<noon>noon|midnight)\b|\b(?P<oclock>[1-9]|1\d|2[0-3])\s*o.?clock\b",
    re.IGNORECASE,
)
_MOST = 24
_COUNTS = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7}


@dataclass(frozen=True, slots=True)
class Written:
    """A date or time as it stands in a text: `value` is exact, or empty when it depends on what is not known."""

    start: int
    end: int
    text: str
    value: str


def today_in(system: str) -> date | None:
    """Read today's date from the system prompt, if it is there."""
    found = _TODAY.search(system)
    try:
        return date.fromisoformat(found.group(1)) if found else None
    except ValueError:
        return None


def dates_in(text: str, today: date | None) -> list[Written]:
    """Find the dates in a text, in order."""
    found: list[Written] = []
    for name, match in islice(_all(text), _MOST):
        if any(match.start() < one.end and one.start < match.end() for one in found):
            continue
        day = _day(name, match, today)
        found.append(Written(match.start(), match.end(), match.group(0), day.isoformat() if day else ""))
    return sorted(found, key=lambda one: one.start)


def _all(text: str) -> Iterator[tuple[str, re.Match[str]]]:
    for name, pattern in _PATTERNS:
        yield from ((name, match) for match in pattern.finditer(text))


def _day(name: str, match: re.Match[str], today: date | None) -> date | None:
    try:
        return _READERS[name](match, today)
    except (ValueError, OverflowError):
        return None


def _iso(match: re.Match[str], today: date | None) -> date | None:
    del today
    return date(int(match["year"]), int(match["number"]), int(match["day"]))


def _words(match: re.Match[str], today: date | None) -> date | None:
    """Read "March 5": of this year, or of the next one when that is over."""
    month = next(place for place, name in enumerate(_MONTHS, 1) if name.startswith(match["month"][:3].lower()))
    if match["year"]:
        return date(int(match["year"]), month, int(match["day"]))
    if today is None:
        return None
    day = date(today.year, month, int(match["day"]))
    return day if day >= today else date(today.year + 1, month, int(match["day"]))


def _slashes(match: re.Match[str], today: date | None) -> date | None:
    """Read "13/05/2026"; which of two small numbers is the month cannot be told."""
    del today
    first, second = int(match["first"]), int(match["second"])
    if first <= 12 and second <= 12 and first != second:
        return None
    return date(int(match["year"]), min(first, second) if first <= 12 else second, max(first, second))


def _near(match: re.Match[str], today: date | None) -> date | None:
    words = match.group(0).lower()
    ahead = 2 if "after" in words else 1 if "tomorrow" in words else 0
    return today + timedelta(days=ahead) if today else None


def _ahead(match: re.Match[str], today: date | None) -> date | None:
    count = _COUNTS.get(match["count"].lower()) or int(match["count"])
    return today + timedelta(days=count * (7 if match["unit"].lower().startswith("week") else 1)) if today else None


def _weekday(match: re.Match[str], today: date | None) -> date | None:
    """Read "on Friday" as the coming one; "next Friday" means different days to different people."""
    if today is None or (match["which"] or "").lower() == "next":
        return None
    ahead = (_DAYS.index(match["name"].lower()) - today.weekday()) % 7
    return today + timedelta(days=ahead or 7)


_READERS = {
    "iso": _iso,
    "words": _words,
    "slashes": _slashes,
    "near": _near,
    "ahead": _ahead,
    "weekday": _weekday,
}


def times_in(text: str) -> list[Written]:
    """Find the times of day in a text, as HH:MM."""
    return [Written(one.start(), one.end(), one.group(0), _clock(one)) for one in islice(_CLOCK.finditer(text), _MOST)]


def _clock(match: re.Match[str]) -> str:
    if match["noon"]:
        return "12:00" if match["noon"].lower() == "noon" else "00:00"
    if match["oclock"]:
        hour = int(match["oclock"])
        return f"{hour:02}:00" if hour > 12 else ""
    hour, minute = int(match["hour"] or match["hour24"]), int(match["minute"] or match["minute24"] or 0)
    half = (match["half"] or "").lower()[:1]
    if half and not 1 <= hour <= 12:
        return ""
    return f"{hour % 12 + (12 if half == 'p' else 0) if half else hour:02}:{minute:02}"
