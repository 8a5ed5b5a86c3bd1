# SPDX-License-Identifier: GPL-2.0-only
"""Starting this program's own modules as processes."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def command(module: str) -> tuple[list[str], dict[str, str]]:
    """Arguments and environment that run a module of msgshark in another interpreter.

    It finds the packages this one uses, and nothing in the current folder, whoever may write there.
    """
    packages = str(Path(__file__).resolve().parents[1])
    paths = [packages, os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    return [sys.executable, "-P", "-m", module], environment
