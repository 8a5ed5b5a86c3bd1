# SPDX-License-Identifier: GPL-2.0-only
"""What OSCORE protects and nobody opened."""

from __future__ import annotations

from typing import Final

from ..protected import answered, asked
from . import Example
from .oscore_sequence import OPENED
from .oscore_sequence import asked as opened

EXAMPLES: Final[dict[str, Example]] = {
    "COAP-CAP-OSCORE-OPAQUE": Example(answered(asked()), opened(0), OPENED),
}
