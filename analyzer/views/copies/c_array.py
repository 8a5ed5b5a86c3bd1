# SPDX-License-Identifier: GPL-2.0-only
"""The packet as an array of C (stdint.h); masked bytes are asterisks (0x2a)."""

from __future__ import annotations

from typing import Final

from analyzer.views.copies.model import Copied, Subject, octets

_BYTES: Final = 12
"""In a line."""


def copied(subject: Subject) -> Copied:
    found = octets(subject)
    data, at = found.data, found.coap_at
    frame = subject.view.opened.messages.cell("frame", subject.row)
    lines = [f"/* CoAP: {found.coap_length} bytes from byte {at} on */"]
    lines.append(f"static const uint8_t packet_{frame}[{len(data)}] = {{")
    for start in range(0, len(data), _BYTES):
        part = data[start : start + _BYTES]
        lines.append(f"    {', '.join(f'0x{byte:02x}' for byte in part)},")
    return Copied("\n".join([*lines, "};"]), found.remarks)
