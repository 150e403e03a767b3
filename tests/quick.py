# SPDX-License-Identifier: GPL-3.0-or-later
"""A pytest plugin, for `./test.sh fast`: a property is tried with fewer examples.

It is to be done before one has thought of something else. Where a test says how many, it has them.
None is too slow on a busy machine.
"""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("quick", settings.get_profile("default"), max_examples=20, deadline=None)
settings.load_profile("quick")
