# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be asked when, and how often: decided by a table, before a request is looked at.

A request that is unknown, out of turn or too often is `Malformed`: there is no error reply to a
peer that does not keep to the contract.
"""

from __future__ import annotations

from ftpsd.wire.message import Call, Malformed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Rule:
    """One kind of request: the request it must follow, if any, and how often it may come."""

    __slots__ = ("after", "at_most", "request")

    def __init__(
        self,
        request: type[Call[Any]],
        *,
        after: type[Call[Any]] | None = None,
        at_most: int | None = None,
    ) -> None:
        """Allow `request` after a granted `after`, `at_most` times on one connection."""
        self.request = request
        self.after = after
        self.at_most = at_most


class Gate:
    """The rules, and what one connection has asked so far."""

    def __init__(self, rules: tuple[Rule, ...], *before: type[Call[Any]]) -> None:
        """Start with nothing asked but what was granted `before` this process, once each."""
        self._rules = {rule.request: rule for rule in rules}
        self._asked = {request: before.count(request) for request in self._rules}
        self._granted = set(before)

    def admit(self, request: Call[Any]) -> None:
        """Count `request`, or raise `Malformed` if it may not come now."""
        kind = type(request)
        rule = self._rules.get(kind)
        if rule is None:
            raise Malformed("not a request here")
        if rule.after is not None and rule.after not in self._granted:
            raise Malformed("out of turn")
        self._asked[kind] += 1
        if rule.at_most is not None and self._asked[kind] > rule.at_most:
            raise Malformed("too often")

    def grant(self, request: type[Call[Any]]) -> None:
        """Remember that a `request` was granted, so that what must follow it may."""
        self._granted.add(request)
