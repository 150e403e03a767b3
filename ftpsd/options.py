# SPDX-License-Identifier: GPL-3.0-or-later
"""Every setting of ftpsd.conf and of policies, once: section, reader of its value, default.

Values are written as systemd writes them (systemd.syntax(7), systemd.time(7)); a default is written
as an admin would write it. Every reader raises `ValueError`, saying what would be right. What a
setting is for is told in `ftpsd.admin.texts`, which the documentation is made from.
"""

from __future__ import annotations

import dataclasses
import json
import re
from typing import TYPE_CHECKING, Any, Final

from ftpsd import limits

if TYPE_CHECKING:
    from collections.abc import Callable

SPANS: Final = {
    **dict.fromkeys(("", "s", "sec", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86400),
}


def boolean(text: str) -> bool:
    """Read yes or no as systemd does."""
    known = {"1": True, "yes": True, "y": True, "true": True, "t": True, "on": True}
    known |= {"0": False, "no": False, "n": False, "false": False, "f": False, "off": False}
    if text.lower() not in known:
        raise ValueError("expected yes or no")
    return known[text.lower()]


def amount(units: dict[str, int], low: int, high: int, expected: str) -> Callable[[str], int]:
    """Give what reads a sum of numbers with `units`, from `low` to `high`.

    A number alone needs no unit where "" is one. One that is 0 is a word for it, as "infinity".
    """

    def read(text: str) -> int:
        if units.get(text) == 0:
            return 0
        # Twenty digits are more than any bound, and int() takes its time for thousands of them.
        whole = re.fullmatch("[0-9]{1,19}|([0-9]{1,19} *[A-Za-z]+ *)+", text)
        pairs = re.findall("([0-9]+) *([A-Za-z]*)", text)
        known = whole and all(units.get(unit) for _, unit in pairs)
        value = sum(int(number) * units[unit] for number, unit in pairs) if known else -1
        if not low <= value <= high:
            raise ValueError(f"expected {expected}")
        return value

    return read


seconds = amount(SPANS, 1, 86400, "a time span from 1s to 1d, such as 30, 90s or 1h 30min")
user_id = amount({"": 1}, 1, 2**32 - 2, "a user id above 0, such as 1000")
failures = amount({"": 1}, 1, 15, "a number from 1 to 15")
failure_delay = amount(SPANS, 1, 30, "a time span from 1s to 30s")
delay = amount(SPANS, 0, 30, "a time span up to 30s")
count = amount({"": 1, "infinity": 0}, 0, 10**6, 'a number, or "infinity"')
source_port = amount({"": 1, "any": 0}, 1, 65535, '"any" or a port, such as 20')


SIZES: Final = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4, "infinity": 0}
RATES: Final = {"": 1, "K": 1000, "M": 1000**2, "G": 1000**3, "infinity": 0}
rate = amount(RATES, 0, 2**40, 'bytes per second such as 500K, or "infinity"')
size = amount(SIZES, 0, 2**60, 'a size such as 500M, or "infinity"')


def port_range(text: str) -> tuple[int, int]:
    """Read "any" or FIRST-LAST."""
    if text == "any":
        return 0, 0
    first, _, last = text.partition("-")
    if first.isdecimal() and last.isdecimal() and 1024 <= int(first) <= int(last) <= 65535:
        return int(first), int(last)
    raise ValueError('expected "any" or a range within 1024-65535, such as 50000-50999')


def octal(text: str) -> int:
    """Read permission bits."""
    if not re.fullmatch("0?[0-7]{3}", text):
        raise ValueError("expected permission bits, such as 022 or 0640")
    return int(text, 8)


def patterns(text: str) -> tuple[str, ...]:
    """Read wildcards for names; one with a space in it stands in quotes."""
    if not text:
        return ()
    import shlex  # only where there is something to split: not every Python has it

    try:
        found = tuple(shlex.split(text))
    except ValueError as error:
        raise ValueError("expected names with wildcards, quotes in pairs") from error
    if any("/" in one or "{" in one for one in found):
        raise ValueError('expected names with wildcards, without "/" and braces')
    # Of two such lists the worker makes one pattern, in which a name has two tokens more.
    if len("  ".join(("", *found))) > limits.PATH_BYTES or _sent(found) > limits.TEXT_BYTES:
        raise ValueError("expected fewer names, or shorter ones")
    return found


def _sent(value: object) -> int:
    """Give what a value takes in a message: a text of JSON, in one of JSON."""
    return len(json.dumps(json.dumps(value)))


def place(text: str) -> str:
    """Read an absolute path with specifiers."""
    if _sent(text) > limits.PATH_BYTES or not re.fullmatch("(/|%h)([^%\0]|%[uhgUG%])*", text):
        raise ValueError('expected a path from "/" or "%h" on; %u %h %g %U %G %% are specifiers')
    return text


def choice(*values: str) -> Callable[[str], str]:
    """Give what reads one of `values`."""

    def parse(text: str) -> str:
        if text not in values:
            raise ValueError(f"expected {', '.join(values[:-1])} or {values[-1]}")
        return text

    return parse


def names(text: str) -> tuple[str, ...]:
    """Read names with wildcards, and `file:/path` for a file of such, one a line."""
    return tuple(text.split())


def commands(text: str) -> tuple[str, ...]:
    """Read names of commands; one of SITE is written as SITE_CHMOD."""
    found = tuple(text.upper().split())
    if len(text) > 1000 or not all(re.fullmatch("[A-Z0-9]+(_[A-Z]+)?", one) for one in found):
        raise ValueError("expected commands, such as STOR SITE_CHMOD")
    return found


def word(text: str) -> str:
    """Read one name that is no path, or nothing."""
    fits = text.isprintable() and len(text.encode()) <= limits.NAME_BYTES
    if not fits or any(one in "/ " for one in text) or text in (".", ".."):
        raise ValueError("expected one name")
    return text


def line(text: str) -> str:
    """Read one line of text."""
    if not text.isprintable() or len(text) > limits.NAME_BYTES:
        raise ValueError('expected a short text, or "file:/path"')
    return text


def openssl_list(text: str) -> str:
    """Read names as OpenSSL joins them, or "system" as nothing."""
    if not text.isascii() or not text.isprintable() or " " in text or len(text) > 2000:
        raise ValueError('expected "system" or names of OpenSSL joined by ":"')
    return "" if text == "system" else text


def option(section: str, parse: Callable[[str], Any], default: str) -> Any:
    """Declare a setting of `section`."""
    told = {"section": section, "parse": parse, "text": default}
    return dataclasses.field(default=parse(default), metadata=told)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an admin has set. A key in the file is the field's name in CamelCase."""

    anonymous: bool = option("Login", boolean, "yes")
    anonymous_user: str = option("Login", word, "ftp")
    anonymous_password: str = option("Login", choice("any", "listed", "none"), "any")
    anonymous_allow_email: tuple[str, ...] = option("Login", names, "")
    anonymous_deny_email: tuple[str, ...] = option("Login", names, "")
    local_users: bool = option("Login", boolean, "yes")
    minimum_uid: int = option("Login", user_id, "1000")
    allow_users: tuple[str, ...] = option("Login", names, "")
    deny_users: tuple[str, ...] = option("Login", names, "")
    allow_groups: tuple[str, ...] = option("Login", names, "")
    deny_groups: tuple[str, ...] = option("Login", names, "")
    virtual_user: str = option("Login", word, "")
    pam_service: str = option("Login", word, "ftpsd")
    pam_session: bool = option("Login", boolean, "no")
    sessions: int = option("Login", count, "infinity")
    sessions_per_user: int = option("Login", count, "infinity")
    sessions_per_address: int = option("Login", count, "infinity")
    max_login_failures: int = option("Login", failures, str(limits.LOGIN_ATTEMPTS))
    address_failures: int = option("Login", count, str(limits.ADDRESS_FAILURES))
    user_failures: int = option("Login", count, "infinity")
    forgive_failure_sec: int = option("Login", seconds, "1min")
    failed_login_delay_sec: int = option("Login", failure_delay, "1s")
    login_delay_sec: int = option("Login", delay, "0")
    write: bool = option("Files", boolean, "yes")
    upload: bool = option("Files", boolean, "yes")
    download: bool = option("Files", boolean, "yes")
    list: bool = option("Files", boolean, "yes")
    overwrite: bool = option("Files", boolean, "yes")
    append: bool = option("Files", boolean, "yes")
    delete: bool = option("Files", boolean, "yes")
    rename: bool = option("Files", boolean, "yes")
    make_directory: bool = option("Files", boolean, "yes")
    chmod: bool = option("Files", boolean, "yes")
    set_modification_time: bool = option("Files", boolean, "yes")
    root: str = option("Files", place, "%h")
    directory: str = option("Files", place, "/")
    world_readable_only: bool = option("Files", boolean, "no")
    hide_names: tuple[str, ...] = option("Files", patterns, "")
    deny_names: tuple[str, ...] = option("Files", patterns, "")
    upload_names: tuple[str, ...] = option("Files", patterns, "")
    download_names: tuple[str, ...] = option("Files", patterns, "")
    umask: int = option("Files", octal, "022")
    file_mode: int = option("Files", octal, "0666")
    directory_mode: int = option("Files", octal, "0777")
    upload_owner: str = option("Files", word, "")
    hide_owners: bool = option("Files", boolean, "no")
    list_numeric_owners: bool = option("Files", boolean, "no")
    list_dot_files: str = option("Files", choice("asked", "yes", "no"), "asked")
    list_recursive: bool = option("Files", boolean, "yes")
    list_timezone: str = option("Files", choice("UTC", "local"), "UTC")
    atomic_uploads: bool = option("Files", boolean, "no")
    delete_failed_uploads: bool = option("Files", boolean, "no")
    sync_uploads: bool = option("Files", boolean, "no")
    max_file_size: int = option("Files", size, "infinity")
    keep_free: int = option("Files", size, "0")
    idle_timeout_sec: int = option("Session", seconds, "5min")
    greeting: str = option("Session", word, "default")
    login_message: str = option("Session", line, "")
    directory_message: str = option("Session", word, ".message")
    allow_commands: tuple[str, ...] = option("Session", commands, "")
    deny_commands: tuple[str, ...] = option("Session", commands, "")
    upload_rate: int = option("Session", rate, "infinity")
    download_rate: int = option("Session", rate, "infinity")
    rate_burst: int = option("Session", size, "0")
    data_timeout_sec: int = option("Data", seconds, "2min")
    passive: bool = option("Data", boolean, "yes")
    active: bool = option("Data", boolean, "yes")
    passive_any_peer: bool = option("Data", boolean, "no")
    active_any_peer: bool = option("Data", boolean, "no")
    passive_address: str = option("Data", word, "auto")
    passive_ports: tuple[int, int] = option("Data", port_range, "any")
    active_source_port: int = option("Data", source_port, "any")
    require_tls: str = option("TLS", choice("no", "passwords", "always"), "passwords")
    require_data_tls: bool = option("TLS", boolean, "no")
    tls_resumption: str = option("TLS", choice("off", "prefer", "require"), "prefer")
    require_tls_close: bool = option("TLS", boolean, "no")
    tls_minimum: str = option("TLS", choice("1.2", "1.3"), "1.2")
    tls_ciphers: str = option("TLS", openssl_list, "system")
    tls_cipher_suites: str = option("TLS", openssl_list, "system")
    tls_groups: str = option("TLS", openssl_list, "system")
    client_certificate: str = option("TLS", choice("no", "optional", "required"), "no")
    certificate_login: str = option("TLS", choice("no", "with_password", "without_password"), "no")


def key(name: str) -> str:
    """Give the key of a field as it stands in the file: `pam_session` is PAMSession."""
    words = {"uid": "UID", "pam": "PAM", "tls": "TLS", "umask": "UMask"}
    return "".join(words.get(word, word.capitalize()) for word in name.split("_"))


OPTIONS: Final = {key(field.name): field for field in dataclasses.fields(Settings)}
RIGHTS: Final = tuple(
    one.name
    for one in OPTIONS.values()
    if (one.metadata["section"], one.metadata["parse"], one.default) == ("Files", boolean, True)
)
"""The rights of [Files]: what is allowed unless it is switched off."""


def write_section(chosen: Settings, *sections: str) -> list[str]:
    """Write the settings of sections that are not as they are by default, for a message."""
    known = (one for one in OPTIONS.values() if one.metadata["section"] in sections)
    found = ((one, getattr(chosen, one.name)) for one in known)
    return [json.dumps([one.name, value]) for one, value in found if value != one.default]


def read_section(written: list[str]) -> Settings:
    """Read what `write_section` wrote; all others have their default."""
    values: dict[str, Any] = {}
    for name, one in map(json.loads, written):
        values[name] = tuple(one) if isinstance(one, list) else one
    return Settings(**values)
