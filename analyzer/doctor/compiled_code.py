# SPDX-License-Identifier: GPL-2.0-only
"""Where compiled kernels are kept, and whether those of this version are there."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from analyzer import compiling
from analyzer.doctor.model import Check

AREA: Final = "Compiled code"


def checks() -> Iterator[Check]:
    """The folder, and the file in it; neither is made."""
    folder = compiling.cache_folder()
    if folder is None:
        advice = "export XDG_CACHE_HOME=/a/folder/of/yours"
        yield Check(AREA, "folder", False, "no home folder is known", advice)
        return
    writable = _writable(folder)
    advice = f"mkdir -p {shlex.quote(str(folder))} && chmod u+rwx {shlex.quote(str(folder))}"
    if not writable and not _owned(folder):
        advice = "export XDG_CACHE_HOME=/a/folder/of/yours"
    told = f"{folder}, {'can' if writable else 'cannot'} be written"
    yield Check(AREA, "folder", writable, told, advice)
    yield _kernels(folder, writable)


def _kernels(folder: Path, writable: bool) -> Check:
    large = compiling.WORTH_COMPILING // 1_000_000
    try:
        name = compiling.kernels_name()
    except ImportError:
        return Check(AREA, "kernels", False, "llvmlite is not there to load them")
    try:
        size = (folder / name).stat().st_size
    except OSError:
        if not writable:
            return Check(AREA, "kernels", False, "cannot be kept: large captures are read slowly")
        told = f"not compiled yet: the first capture above {large} MB has it done"
        advice = f"{shlex.quote(sys.executable or 'python3')} -m analyzer.compiling"
        return Check(AREA, "kernels", False, told, advice)
    told = f"compiled for this version and processor, {size // 1000} kB"
    return Check(AREA, "kernels", True, told)


def _writable(folder: Path) -> bool:
    """Whether files can be made in a folder, or the folder itself."""
    there = _nearest(folder)
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def _owned(folder: Path) -> bool:
    try:
        return hasattr(os, "geteuid") and _nearest(folder).stat().st_uid == os.geteuid()
    except OSError:
        return False


def _nearest(folder: Path) -> Path:
    """The folder, or the first above it that is there."""
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    return folder
