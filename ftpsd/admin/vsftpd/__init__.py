# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a vsftpd.conf over: what it says as settings, policies and unit drop-ins of ftpsd.

`reader` reads it as vsftpd does, `table` says for each name what becomes of it, `plan` puts
together what is to be written, `report` tells the admin.
"""
