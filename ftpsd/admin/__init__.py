# SPDX-License-Identifier: GPL-3.0-or-later
"""What an admin runs by hand; nothing of it is part of the service.

`ftpsd serve` is the session, the worker and the port broker of the service, wired by the same
contracts, as processes of whoever runs it: to try ftpsd, and to test it fast.

`ftpsdctl` finds mistakes in the settings, and keeps users who log in by FTP only.
"""
