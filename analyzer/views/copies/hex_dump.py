# SPDX-License-Identifier: GPL-2.0-only
"""The packet as `msgshark messages -x` prints it: offsets, hexadecimal, text."""

from __future__ import annotations

from analyzer.views.copies.model import Copied, Subject, octets
from analyzer.views.detail_text import hex_lines


def copied(subject: Subject) -> Copied:
    found = octets(subject)
    return Copied("\n".join(hex_lines(found.data, found.masked)), found.remarks)
