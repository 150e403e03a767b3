# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules that are loaded when they are needed: few sessions use many commands.

Each costs the start of every session a third of a millisecond, and its memory for as long as the
session lasts.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


_names: list[str] = []


def load_all() -> None:
    """Load what is stood for, all of it: soon this process may open no file any more."""
    for name in _names:
        __import__(name)
    # What the importer has found in which directory is of no use any more.
    sys.path_importer_cache.clear()


class Later:
    """Stands for a module of functions. To name one loads nothing, to call one loads the module."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        """Stand for the module `name`, which must be one that can be imported."""
        self._name = name
        _names.append(name)

    def __getattr__(self, function: str) -> Callable[..., Any]:
        return _Function(self._name, function)


class _Function:
    __slots__ = ("_found", "_module", "_name")

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name
        self._found: Any = None

    def _function(self) -> Any:
        if self._found is None:
            __import__(self._module)
            self._found = getattr(sys.modules[self._module], self._name)
        return self._found

    def __call__(self, *arguments: Any) -> Any:
        return (self._found or self._function())(*arguments)

    @property
    def __doc__(self) -> str | None:  # type: ignore[override]
        """What the function itself says; the README's table of commands is made from it."""
        said: str | None = self._function().__doc__
        return said
