# SPDX-License-Identifier: GPL-3.0-or-later
"""A pytest plugin, for `./test.sh fast`: a property is tried with fewer examples.

It is to be done before one has thought of something else. Where a test says how many, it has them.
"""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("quick", settings.get_profile("default"), max_examples=30)
settings.load_profile("quick")
