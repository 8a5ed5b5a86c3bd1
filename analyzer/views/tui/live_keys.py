# SPDX-License-Identifier: GPL-2.0-only
"""Keys for a live capture, Wireshark's where a terminal can send them."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding

LIVE_KEYS: Final = [
    Binding(
        "ctrl+e",
        "stop_or_start",
        "Stop",
        show=False,
        id="app.stop-or-start",
        tooltip="Stop the live capture; record anew when it has ended",
    ),
    Binding(
        "ctrl+r",
        "restart",
        "Restart",
        show=False,
        id="app.restart",
        tooltip="Record anew, on the same interfaces with the same filter",
    ),
    Binding(
        "ctrl+w",
        "save",
        "Save",
        show=False,
        id="app.save",
        tooltip="Save the recording as a file, packets of other protocols included",
    ),
    Binding(
        "I",
        "capture_statistics",
        "Capture",
        show=False,
        id="app.capture-statistics",
        tooltip="Statistics of the capture: packets, drops, files, interfaces",
    ),
]
