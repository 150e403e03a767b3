# SPDX-License-Identifier: GPL-3.0-or-later
"""One function for each command: takes the session and its parsed argument, gives the reply."""
