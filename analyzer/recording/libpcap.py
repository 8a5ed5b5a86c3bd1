# SPDX-License-Identifier: GPL-2.0-only
"""libpcap, by the binding that Scapy keeps."""

from __future__ import annotations

from typing import Any

from analyzer.recording.wish import RecordingError


def binding() -> Any:
    """Scapy's binding of the system's libpcap. Raises RecordingError where there is none."""
    try:
        from scapy.libs import winpcapy
    except OSError:
        raise RecordingError(
            "libpcap is not installed; install it (Debian: libpcap0.8, Fedora: libpcap)"
        ) from None
    return winpcapy
