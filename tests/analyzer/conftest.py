# SPDX-License-Identifier: GPL-2.0-only
"""What all tests of the analyzer share."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module", autouse=True)
def _sessions_are_given_back() -> Iterator[None]:
    """A session is a cycle of few objects and much memory: the collector lets thousands wait."""
    yield
    gc.collect()
