# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens data sockets, for each session only to the client of its control connection.

Process:  ftpsd-ports.service, one per machine
Runs as:  a DynamicUser without files; at most CAP_NET_BIND_SERVICE, if port 20 is wanted
Holds:    a channel for each session, the addresses of its control connection, sockets not yet
          connected
Trusts:   the helper (only root can connect) for which control connection a channel belongs to; of
          a session nothing, least of all an address
Must not: send or receive a byte on a data socket; give a session a socket that is not connected
"""
