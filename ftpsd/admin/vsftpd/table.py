# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option that a vsftpd knows, and what becomes of it.

Names and defaults are those compiled into vsftpd 3.0.5 (tunables.c, parseconf.c), and those that
Debian and Red Hat have added; the manual page differs from the program in several places.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ftpsd.admin.vsftpd.booleans import BOOLEANS
from ftpsd.admin.vsftpd.numbers import NUMBERS
from ftpsd.admin.vsftpd.texts import TEXTS
from ftpsd.admin.vsftpd.vendors import VENDORS_OWN

if TYPE_CHECKING:
    from ftpsd.admin.vsftpd.row import Row

TABLE: Final[dict[str, Row]] = {
    row.name: row for row in (*BOOLEANS, *NUMBERS, *TEXTS, *VENDORS_OWN)
}
"""All options by name."""
