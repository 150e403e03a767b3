# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of ftpsd beside those of other servers; README.md says how to get and read them."""
