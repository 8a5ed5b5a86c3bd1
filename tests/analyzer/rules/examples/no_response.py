# SPDX-License-Identifier: GPL-2.0-only
"""No-Response."""

from __future__ import annotations

from typing import Final

from ..ordinary import READING, asked
from . import Example

EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7967-2-VALUE": Example(
        asked("POST", non=True, no_response=1, **READING).non("2.04"),
        asked("POST", non=True, no_response=26, **READING),
    ),
}
