# SPDX-License-Identifier: GPL-2.0-only
"""One thing looked at."""

from __future__ import annotations

from typing import NamedTuple


class Check(NamedTuple):
    """One thing looked at: `told` is what was found, `advice` what to do where it is not `ok`.

    Without what is `needed`, msgshark does not work; without the rest it does less.
    """

    area: str
    name: str
    ok: bool
    told: str
    advice: str = ""
    needed: bool = False

    @property
    def broken(self) -> bool:
        return self.needed and not self.ok
