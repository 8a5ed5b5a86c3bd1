# SPDX-License-Identifier: GPL-2.0-only
"""The code's own rules: style, types, and who may import whom."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy"],
        ["lint-imports"],
    ],
    ids=" ".join,
)
def test_passes(command: list[str]) -> None:
    tool = Path(sys.executable).with_name(command[0])
    done = subprocess.run([tool, *command[1:]], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_rooms_are_small() -> None:
    """A module of more than 400 lines is two."""
    large = [
        f"{path.relative_to(ROOT)}: {count}"
        for folder in ("analyzer", "dissectors", "captures")
        for path in (ROOT / folder).rglob("*.py")
        if (count := len(path.read_text().splitlines())) > 400
    ]
    assert not large


def test_every_module_names_its_licence() -> None:
    missing = [
        str(path.relative_to(ROOT))
        for folder in ("analyzer", "dissectors", "captures", "tests")
        for path in (ROOT / folder).rglob("*.py")
        if not path.read_text().startswith("# SPDX-License-Identifier: GPL-2.0-only\n")
    ]
    assert not missing
