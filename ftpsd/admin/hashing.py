# SPDX-License-Identifier: GPL-3.0-or-later
"""Hashes passwords as PAM checks them: by libcrypt, which Python has no module for since 3.13."""

from __future__ import annotations

import ctypes
import re
from typing import Final

YESCRYPT: Final = b"$y$"
"""The prefix of crypt(5) for what Debian hashes passwords with."""
LONGEST: Final = 511
"""Bytes of a password: libcrypt takes no more (CRYPT_MAX_PASSPHRASE_SIZE), nor does PAM."""
_LIBRARIES: Final = ("libcrypt.so.1", "libcrypt.so.2")
_SALT_BYTES: Final = 192
"""CRYPT_GENSALT_OUTPUT_SIZE (crypt_gensalt(3))."""
_DATA_BYTES: Final = 32768
"""What `struct crypt_data` takes (crypt_rn(3))."""
_LEGACY: Final = 3
_USABLE: Final = (0, _LEGACY)
"""CRYPT_SALT_OK and CRYPT_SALT_METHOD_LEGACY (crypt_checksalt(3))."""

_ASCII64: Final = "[./0-9A-Za-z]"
_SALT: Final = "[!-#%-9;-~]"
"""Visible ASCII without $ and :, which end a salt and a field."""
METHODS: Final = {
    "yescrypt": rf"\$y\${_ASCII64}+\${_ASCII64}*\${_ASCII64}{{43}}",
    "gost-yescrypt": rf"\$gy\${_ASCII64}+\${_ASCII64}*\${_ASCII64}{{43}}",
    "scrypt": rf"\$7\${_ASCII64}{{11}}{_SALT}+\${_ASCII64}{{43}}",
    "bcrypt": rf"\$2[abxy]\$\d\d\${_ASCII64}{{53}}",
    "SHA-512": rf"\$6\$(rounds=\d+\$)?{_SALT}{{0,16}}\${_ASCII64}{{86}}",
    "SHA-256": rf"\$5\$(rounds=\d+\$)?{_SALT}{{0,16}}\${_ASCII64}{{43}}",
    "MD5": rf"\$1\${_SALT}{{0,8}}\${_ASCII64}{{22}}",
    "DES": rf"{_ASCII64}{{13}}",
}
"""The hashes that pam_unix has been seen to check on Debian 12 and 13, by the names of crypt(5)."""


class NotHashed(Exception):
    """The password cannot be hashed; the text says why."""


def _library() -> ctypes.CDLL:
    for name in _LIBRARIES:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    raise NotHashed(f"there is no {_LIBRARIES[0]}, which hashes passwords")


def hashed(password: bytes) -> str:
    """Hash a password with yescrypt and a new salt. Raise `NotHashed`."""
    if not password:
        raise NotHashed("the password is empty, and nobody logs in with an empty one")
    if len(password) > LONGEST:
        raise NotHashed(f"the password is longer than {LONGEST} bytes")
    if any(byte in password for byte in b"\0\r\n"):
        raise NotHashed("the password has a line end or a null byte, which FTP cannot carry")
    library = _library()
    salt = ctypes.create_string_buffer(_SALT_BYTES)
    data = ctypes.create_string_buffer(_DATA_BYTES)
    library.crypt_gensalt_rn.argtypes = (
        *(ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p, ctypes.c_int),
        *(ctypes.c_char_p, ctypes.c_int),
    )
    library.crypt_gensalt_rn.restype = ctypes.c_char_p
    library.crypt_rn.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int)
    library.crypt_rn.restype = ctypes.c_char_p
    # Without random bytes of ours libcrypt takes the kernel's; with count 0 its own cost.
    setting: bytes | None = library.crypt_gensalt_rn(YESCRYPT, 0, None, 0, salt, _SALT_BYTES)
    made: bytes | None = setting and library.crypt_rn(password, setting, data, _DATA_BYTES)
    if not made or not made.startswith(YESCRYPT):
        raise NotHashed("the libcrypt of this machine has no yescrypt")
    return made.decode("ascii")


def method(hash_: str) -> str | None:
    """Name the method of a hash that PAM can check on this machine; `None` if it cannot."""
    for name, form in METHODS.items():
        if re.fullmatch(form, hash_):
            return name if _verdict(hash_) in _USABLE else None
    return None


def weak(hash_: str) -> bool:
    """Say whether libcrypt calls the method of a hash legacy: too weak for new passwords."""
    return _verdict(hash_) == _LEGACY


def _verdict(hash_: str) -> int:
    library = _library()
    library.crypt_checksalt.argtypes = (ctypes.c_char_p,)
    return int(library.crypt_checksalt(hash_.encode("utf-8", "surrogateescape")))
