# SPDX-License-Identifier: GPL-2.0-only
"""`python -m tests.benchmarks [PACKETS]`."""

from __future__ import annotations

import runpy
from pathlib import Path

runpy.run_path(str(Path(__file__).with_name("throughput.py")), run_name="__main__")
