# SPDX-License-Identifier: GPL-2.0-only
"""What all tests share."""

from __future__ import annotations

import gc
from typing import Final

import pytest

LONG: Final = (
    "test_compiling.py",
    "test_quality.py",
    "test_throughput.py",
    "test_fuzz.py",
    "test_hostile.py",
    "test_display_filters.py",
    "test_rule_costs.py",
    "test_carriers_benchmark.py",
    "test_live_benchmark.py",
    "test_statistics.py",
    "test_link_bounds.py",
    "test_imports.py",
)
"""Files that take long, which begin first: of several processes none then waits for the last."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONG.index(name) if (name := item.path.name) in LONG else len(LONG))


def pytest_collection_finish() -> None:
    """What was collected stays to the end: the collector of garbage looks through it no more."""
    gc.collect()
    gc.freeze()
