# SPDX-License-Identifier: GPL-2.0-only
"""What all tests share."""

from __future__ import annotations

import gc


def pytest_collection_finish() -> None:
    """What was collected stays to the end: the collector of garbage looks through it no more."""
    gc.collect()
    gc.freeze()
