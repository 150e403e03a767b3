# SPDX-License-Identifier: GPL-3.0-or-later
"""Dates in UTC: MDTM, MFMT and the date column of LIST (RFC 3659, section 2.3).

The calendar is done by hand because importing `datetime` would cost every session milliseconds.
"""

from __future__ import annotations

from ftpsd.protocol.reply import ARGUMENT_ERROR, BadArgument

_SECOND = 1_000_000_000
_DAY = 86_400
_RECENT = 182 * _DAY
_FIRST_YEAR = 1970
_LATEST = 253_402_300_799

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_DATE_DIGITS = 14
_FRACTION_DIGITS = 9
_LAST_HOUR, _LAST_MINUTE, _LEAP_SECOND = 23, 59, 60

# A listing shows few days many times; the bound is for the one that does not.
_MOST_DAYS = 4096
_days_seen: dict[int, tuple[str, str, str]] = {}


def mdtm_text(nanoseconds: int) -> str:
    """Return "YYYYMMDDHHMMSS" for nanoseconds since 1970, clamped to the years 1970..9999."""
    day, second = divmod(_clamped(nanoseconds // _SECOND), _DAY)
    digits = _day_texts(day)[0]
    return f"{digits}{second // 3600:02d}{second // 60 % 60:02d}{second % 60:02d}"


def parse_mdtm(text: str) -> int:
    """Return nanoseconds since 1970 for "YYYYMMDDHHMMSS" with or without a ".fraction".

    The date must be one of the calendar's, from 1970 on; second 60 is the one after 59, and
    digits below a nanosecond are ignored. Raises `BadArgument` (501).
    """
    digits, dot, fraction = text.partition(".")
    if not (len(digits) == _DATE_DIGITS and _decimal(digits) and _decimal(fraction) == bool(dot)):
        raise BadArgument(ARGUMENT_ERROR, "The time must be YYYYMMDDHHMMSS.")
    date = int(digits[:4]), int(digits[4:6]), int(digits[6:8])
    hour, minute, second = int(digits[8:10]), int(digits[10:12]), int(digits[12:])
    day = _days(*date)
    # A date that the calendar lacks comes back as another one.
    if _civil(day) != date or date[0] < _FIRST_YEAR:
        raise BadArgument(ARGUMENT_ERROR, "There is no such date.")
    if hour > _LAST_HOUR or minute > _LAST_MINUTE or second > _LEAP_SECOND:
        raise BadArgument(ARGUMENT_ERROR, "There is no such time of day.")
    whole = day * _DAY + hour * 3600 + minute * 60 + second
    return whole * _SECOND + int(fraction[:_FRACTION_DIGITS].ljust(_FRACTION_DIGITS, "0"))


def parse_openssl(text: str) -> int:
    """Return seconds since 1970 for "Jan  2 13:45:00 2019 GMT", as OpenSSL writes a time.

    Raises `BadArgument` for what is none or before 1970.
    """
    month, _, rest = text.partition(" ")
    day, _, rest = rest.strip().partition(" ")
    clock, _, rest = rest.partition(" ")
    number = _MONTHS.index(month) + 1 if month in _MONTHS else 0
    date = f"{rest.removesuffix(' GMT')}{number:02d}{day:0>2}"
    return parse_mdtm(date + clock.replace(":", "")) // _SECOND


def list_date(seconds: int, now: int) -> str:
    """Return the date column of LIST, 12 characters as `ls` has them, both in seconds since 1970.

    "Jan  2 13:45", or "Jan  2  2019" when it is over 182 days ago or more than a day ahead, so
    that a clock running fast does not turn new files into last year's. Clamped as `mdtm_text`.
    """
    seconds = _clamped(seconds)
    day, second = divmod(seconds, _DAY)
    _, date, year = _day_texts(day)
    if -_DAY <= now - seconds <= _RECENT:
        return f"{date} {second // 3600:02d}:{second // 60 % 60:02d}"
    return f"{date}  {year}"


def _decimal(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _clamped(seconds: int) -> int:
    return min(max(seconds, 0), _LATEST)


def _day_texts(day: int) -> tuple[str, str, str]:
    """Return "20190102", "Jan  2" and "2019" for a count of days since 1970."""
    texts = _days_seen.get(day)
    if texts is None:
        if len(_days_seen) >= _MOST_DAYS:
            _days_seen.clear()
        year, month, date = _civil(day)
        texts = f"{year}{month:02d}{date:02d}", f"{_MONTHS[month - 1]} {date:2d}", str(year)
        _days_seen[day] = texts
    return texts


# Both ways count from 1 March of year 0, so that the leap day ends a year and 400 years, 146,097
# days, repeat exactly: Howard Hinnant, "chrono-compatible low-level date algorithms".


def _days(year: int, month: int, date: int) -> int:
    """Return the days since 1970 of a date; nonsense for one that does not exist."""
    year -= month <= 2
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + date - 1
    return year * 365 + year // 4 - year // 100 + year // 400 + day_of_year - 719_468


def _civil(day: int) -> tuple[int, int, int]:
    """Return year, month and date of a count of days since 1970."""
    era, day = divmod(day + 719_468, 146_097)
    year = (day - day // 1_460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    shifted = (5 * day + 2) // 153
    date = day - (153 * shifted + 2) // 5 + 1
    month = (shifted + 2) % 12 + 1
    return era * 400 + year + (month <= 2), month, date
