# SPDX-License-Identifier: GPL-2.0-only
"""msgshark's engine and views: capture -> messages -> exchanges -> findings -> screen.

In Python: `from analyzer import open_capture`. What is public loads when first asked for (PEP 562):
importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analyzer.api import Capture, CaptureError, open_capture

__all__ = ["Capture", "CaptureError", "open_capture"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from analyzer import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
