# SPDX-License-Identifier: GPL-3.0-or-later
"""System calls that Python has no function for.

Not by `ctypes`: as it is imported it makes a callback, for which libffi takes a page of memory.
Where writable memory cannot be made executable, as in every unit of ftpsd, that page is a shared
mapping, and stays one after fork(2): workers of different users would write to the same memory, and
callbacks of one process would be overwritten by another. `_ctypes`, beneath it, makes none.
"""

from __future__ import annotations

import _ctypes
import posix

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Buffer: Any
    Call: Any
    Long: Any
else:

    class Long(_ctypes._SimpleCData):  # noqa: SLF001 - there is no other name for it
        """C's long."""

        _type_ = "l"

    class Byte(_ctypes._SimpleCData):  # noqa: SLF001
        """C's char."""

        _type_ = "c"

    class Buffer(_ctypes.Array):
        """256 bytes of zeros that a system call may write to."""

        _type_ = Byte
        _length_ = 256

    class Call(_ctypes.CFuncPtr):
        """A function of libc that returns a long and sets errno."""

        _flags_ = _ctypes.FUNCFLAG_CDECL | _ctypes.FUNCFLAG_USE_ERRNO
        _restype_ = Long


def _function(name: str) -> Any:
    everything: Any = None
    return Call(_ctypes.dlsym(_ctypes.dlopen(everything, 0), name))


_SYSCALL, _PRCTL = _function("syscall"), _function("prctl")


def syscall(number: int, *arguments: int | bytes | Buffer) -> int:
    """Make system call `number` and give its result. Raise `OSError`.

    A number is passed as a long, a `bytes` by its address: the kernel only reads from there. To a
    `Buffer` it writes.
    """
    return _checked(_SYSCALL, (number, *arguments))


def prctl(option: int, *arguments: int | bytes) -> int:
    """Ask for what python-prctl does not have (prctl(2)). Raise `OSError`."""
    return _checked(_PRCTL, (option, *arguments))


def address(data: bytes) -> int:
    """Give where `data` lies, for a pointer within another structure; it must outlive its use."""
    # What CPython's C API calls ob_sval follows the object's header and ends with a NUL of its own.
    return id(data) + bytes.__basicsize__ - 1


def _checked(function: Any, arguments: tuple[int | bytes | Buffer, ...]) -> int:
    values = [Long(one) if isinstance(one, int) else one for one in arguments]
    result: int = function(*values)
    if result < 0:
        error = _ctypes.get_errno()
        raise OSError(error, posix.strerror(error))
    return result
