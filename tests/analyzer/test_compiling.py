# SPDX-License-Identifier: GPL-2.0-only
"""Compiled kernels do what plain ones do.

They are compiled once for each version of their code, into the cache folder that users have.
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from carried_drawn import SETTINGS, everything, mixtures, secrets
from generated import by_chance, capture_of, conversations, read, snapshot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plain_selecting import Frame
from plain_selecting import frames as drawn_frames
from rules.conversation import Conversation
from selected_batch import Batch

from analyzer import compiling, native, state
from analyzer.capture import CaptureError, RecordBatch
from analyzer.compiling import Compiler, cache_file, loaded
from analyzer.native import PLAIN, Kernels
from analyzer.reading import ahead
from analyzer.secrets.model import Secrets
from analyzer.secrets.oscore_files import read_contexts
from dissectors.kernel import rows

CAPTURES = sorted((Path(__file__).parents[2] / "captures").glob("*.pcapng"))
LONG = 4000
STEADY = settings(
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def kernels() -> Kernels:
    """The compiled kernels; where they are not yet kept, this takes a minute."""
    kept = cache_file()
    assert kept is not None
    if not kept.exists():
        subprocess.run([sys.executable, "-m", "analyzer.compiling"], check=True)
    found = loaded(kept)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A long capture."""
    path = tmp_path_factory.mktemp("long") / "capture.pcap"
    path.write_bytes(capture_of(by_chance(random.Random(7252), LONG)))
    return path


@pytest.fixture(scope="module")
def long_read_plainly(long: Path) -> dict[str, Any]:
    return snapshot(read(long, 1000))


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_shipped_captures_are_read_alike(path: Path, kernels: Kernels) -> None:
    assert snapshot(read(path, 4096, kernels=kernels)) == snapshot(read(path))


@pytest.mark.parametrize("given", [False, True], ids=("without contexts", "with contexts"))
def test_what_oscore_protects_is_read_alike(kernels: Kernels, given: bool) -> None:
    contexts = read_contexts(str(CAPTURES[0].with_name("oscore-context.toml")))
    secrets = Secrets(oscore=contexts if given else ())
    path = CAPTURES[0].with_name("oscore.pcapng")
    plain = read(path, secrets=secrets)
    found = read(path, 3, kernels=kernels, secrets=secrets)
    assert snapshot(found) == snapshot(plain)
    tallies = [
        [(entry.kid, entry.text, entry.messages) for entry in session.carriers.unopened.entries]
        for session in (plain, found)
    ]
    assert tallies[0] == tallies[1]


@STEADY
@given(capture=conversations(), limit=st.integers(1, 40), window=st.integers(1, 700))
def test_conversations_are_read_alike(
    tmp_path: Path, kernels: Kernels, capture: bytes, limit: int, window: int
) -> None:
    path = tmp_path / "capture.pcap"
    path.write_bytes(capture)
    assert snapshot(read(path, limit, window, kernels)) == snapshot(read(path))


@STEADY
@given(
    capture=conversations(),
    changes=st.lists(st.tuples(st.integers(24), st.integers(0, 255)), max_size=30),
)
def test_mutated_captures_are_read_alike(
    tmp_path: Path, kernels: Kernels, capture: bytes, changes: list[tuple[int, int]]
) -> None:
    mutated = bytearray(capture)
    for position, byte in changes:
        mutated[24 + position % (len(mutated) - 24)] = byte
    path = tmp_path / "capture.pcap"
    path.write_bytes(mutated)
    assert snapshot(read(path, 4096, kernels=kernels)) == snapshot(read(path, 4096))


@STEADY
@given(mixtures(), st.integers(1, 40))
def test_so_are_captures_of_carriers(
    tmp_path: Path, kernels: Kernels, talk: Conversation, limit: int
) -> None:
    path = tmp_path / "mixture.pcap"
    path.write_bytes(talk.pcap())
    for keys in (None, secrets()):
        plain, compiled = (
            read(path, limit, kernels=of, secrets=keys, **SETTINGS) for of in (PLAIN, kernels)
        )
        assert everything(plain) == everything(compiled)


@STEADY
@given(st.lists(drawn_frames(), min_size=1, max_size=6))
def test_carriers_are_selected_alike(kernels: Kernels, sent: list[Frame]) -> None:
    plain, compiled = (Batch(sent, of.select) for of in (PLAIN, kernels))
    assert (compiled.count, compiled.marked) == (plain.count, plain.marked)
    assert compiled.found == plain.found
    assert compiled.records == plain.records
    assert compiled.text == plain.text


@pytest.mark.parametrize("limit", [97, 4096])
def test_a_long_capture_is_read_alike(
    long: Path, long_read_plainly: dict[str, Any], kernels: Kernels, limit: int
) -> None:
    """Long enough for every table to grow, for facts to be gathered ahead and keys buried."""
    found = read(long, limit, kernels=kernels)
    assert found.memory[state.MESSAGES] > 2 * LONG
    assert snapshot(found) == long_read_plainly


def test_a_kernel_takes_no_buffer_of_another_kind(kernels: Kernels) -> None:
    """Machine code would read and write past its end."""
    with pytest.raises(TypeError, match="items of 1 bytes instead of 8"):
        kernels.refill(memoryview(bytearray(8)), rows(state.HEAD), 0)


def test_a_batch_that_cannot_be_read_ahead_is_an_error_where_it_is_due() -> None:
    batch = RecordBatch(memoryview(b""), 0, 1, rows(0), 0)

    def batches() -> Iterator[RecordBatch]:
        yield batch
        raise CaptureError("the disk is gone")

    found = ahead(batches())
    assert next(found) is batch
    with pytest.raises(CaptureError, match="the disk is gone"):
        next(found)


# Offers ---------------------------------------------------------------------------------------


def test_small_captures_need_no_compiled_kernels() -> None:
    assert Compiler().offer(compiling.WORTH_LOADING - 1) is None


def test_what_is_there_is_loaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kept = tmp_path / "kernels"
    monkeypatch.setattr(compiling, "cache_file", lambda: kept)
    monkeypatch.setattr(compiling, "loaded", lambda path: PLAIN)
    compiler = Compiler()
    assert compiler.offer(compiling.WORTH_LOADING) is None
    kept.touch()
    assert compiler.offer(compiling.WORTH_LOADING) is PLAIN


def test_damaged_code_is_not_run(tmp_path: Path, kernels: Kernels) -> None:
    kept = cache_file()
    assert kept is not None
    content = kept.read_bytes()
    damaged = bytearray(content)
    damaged[len(content) // 2] ^= 1
    for number, wrong in enumerate((b"", content[:-1], bytes(damaged))):
        path = tmp_path / str(number)
        path.write_bytes(wrong)
        with pytest.raises(native.DamagedError):
            native.load(wrong)
        assert loaded(path) is None
        assert not path.exists()


def test_where_nothing_can_be_kept_reading_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(compiling, "cache_file", lambda: None)
    compiler = Compiler(told.append)
    assert compiler.offer(compiling.WORTH_COMPILING) is None
    assert compiler.offer(compiling.WORTH_COMPILING) is None
    assert len(told) == 1
    assert "slow" in told[0]


@pytest.mark.parametrize("status", [0, 1])
def test_compiling_happens_beside(
    status: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    begun: list[list[str]] = []

    class Process:
        returncode: int | None = None

        def __init__(self, command: list[str], **others: object) -> None:
            begun.append(command)

        def poll(self) -> int | None:
            return self.returncode

        def wait(self) -> int:
            return self.returncode or 0

    told: list[str] = []
    kept = tmp_path / "kernels"
    monkeypatch.setattr(compiling, "cache_file", lambda: kept)
    monkeypatch.setattr(compiling, "loaded", lambda path: PLAIN)
    monkeypatch.setattr(compiling.subprocess, "Popen", Process)
    compiler = Compiler(told.append)
    for _ in range(3):
        assert compiler.offer(compiling.WORTH_COMPILING) is None
    assert (len(begun), len(told)) == (1, 1)
    assert begun[0][1:] == ["-P", "-m", "analyzer.compiling"]
    Process.returncode = status
    if status == 0:
        kept.touch()
        assert compiler.offer(compiling.WORTH_COMPILING) is PLAIN
    else:
        assert compiler.offer(compiling.WORTH_COMPILING) is None
        assert "failed" in told[-1]
    compiler.close()


# What is compiled -----------------------------------------------------------------------------


def test_a_kernel_may_not_call_what_would_not_be_compiled() -> None:
    other = ModuleType("other")
    exec("def called(): pass", other.__dict__)
    names = {"other": other}
    exec("def kernel():\n    other.called()", names)
    with pytest.raises(TypeError, match=r"kernel calls other\.called"):
        compiling._refuse_functions(names["kernel"], other)


def test_a_change_of_a_constant_is_another_file(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = compiling._compiled_parts()
    monkeypatch.setattr(state, "MOST_NAMES", 1 << 19)
    assert compiling._compiled_parts() != parts


def test_the_cache_file_is_named_by_version_and_code() -> None:
    kept = cache_file()
    assert kept is not None
    assert kept.name.startswith("kernels-")
