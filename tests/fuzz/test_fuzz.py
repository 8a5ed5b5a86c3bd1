# SPDX-License-Identifier: GPL-2.0-only
"""Each target over its corpus and over mutations of it; kernels compiled with bounds checks.

Short and deterministic, for every change; `python tests/fuzz` runs long and guided by coverage.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .checked import Checked, checked_rows
from .corpus import MOST, inputs, seeds
from .mutations import mutations
from .targets import NAMES, target

TESTS = Path(__file__).parents[1]
RUNS = {
    "records": 600,
    "link": 8000,
    "options": 1200,
    "json": 700,
    "elements": 600,
    "layers": 400,
    "session": 150,
    "streams": 200,
    "tls": 400,
    "associations": 60,
    "oscore": 150,
    "protected": 12,
    "key_files": 400,
}
"""Mutated inputs of each target: about a second, or half."""

SHORT = settings(derandomize=True, deadline=None, max_examples=60, database=None)


@pytest.mark.parametrize("name", NAMES)
def test_corpus(name: str) -> None:
    run, corpus = target(name), inputs(name)
    for file, data in corpus.items():
        assert len(data) <= 4096, file
        run(data)
    assert 10 <= sum(not file.startswith("found-") for file in corpus) <= MOST


@pytest.mark.parametrize("name", NAMES)
def test_mutations_of_the_corpus(name: str) -> None:
    run = target(name)
    for data in mutations(name, RUNS[name]):
        try:
            run(data)
        except Exception as failure:
            raise AssertionError(f"{name} fails on bytes.fromhex({data.hex()!r})") from failure


@pytest.mark.parametrize("name", NAMES)
@SHORT
@given(data=st.binary(max_size=200))
def test_any_bytes(name: str, data: bytes) -> None:
    target(name)(data)


@pytest.mark.parametrize("name", NAMES)
def test_a_corpus_is_what_reaches_most(name: str) -> None:
    """Made of seeds at first, so there are some; each target has its own."""
    assert next(seeds(name), None) is not None
    assert {path.name for path in (TESTS / "fuzz" / "corpus").iterdir()} == set(NAMES)


# Out of range ----------------------------------------------------------------------------------


def test_a_checked_buffer_stops_what_leaves_it() -> None:
    window = Checked(memoryview(b"abcdef"), 2, 4)
    assert (window[2], window[3], len(window), window.accesses) == (99, 100, 6, 2)
    for at in (-1, -3, 0, 1, 4, 5, 6):
        with pytest.raises(AssertionError, match="outside 2 to 3"):
            window[at]
    with pytest.raises(AssertionError, match="no slices"):
        window[2:3]
    rows = checked_rows(2)
    rows[1] = 5
    with pytest.raises(AssertionError, match="outside"):
        rows[2] = 5
    assert (rows[0], rows[1]) == (0x7E7E7E7E7E7E7E7E, 5)


def test_compiled_kernels_stay_inside_their_buffers() -> None:
    """numba checks bounds only when told to before it compiles, hence a process of its own."""
    pytest.importorskip("numba", reason="numba is optional")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    environment |= {"NUMBA_BOUNDSCHECK": "1", "NUMBA_OPT": "0"}  # unoptimised compiles faster
    command = [sys.executable, "-m", "fuzz.bounds"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    checked = int(done.stdout.split()[0])
    assert checked > 4000
