# SPDX-License-Identifier: GPL-2.0-only
"""The packet as hexadecimal digits alone; masked bytes are asterisks (2a)."""

from __future__ import annotations

from analyzer.views.copies.model import Copied, Subject, octets


def copied(subject: Subject) -> Copied:
    found = octets(subject)
    return Copied(found.data.hex(), found.remarks)
