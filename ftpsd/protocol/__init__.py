# SPDX-License-Identifier: GPL-3.0-or-later
"""FTP as values: bytes, lines, replies, arguments, paths, addresses, dates, listings.

Process:  none of its own
Used by:  the session (all of it), the worker (`listing`, `timestamp`, `path`)
Holds:    nothing but values; the caller brings the bytes and the time
Trusts:   nobody; what a client sends becomes a value, a `BadLine` or a `BadArgument`
Must not: do I/O, read a clock or the environment, or import anything outside this package:
          every session pays for the import before its first byte

Text is bytes decoded as UTF-8 with `surrogateescape`, so U+DC80..U+DCFF stand for bytes that are
not UTF-8. It is encoded back the same way and never normalised: bytes in are bytes out.
"""
