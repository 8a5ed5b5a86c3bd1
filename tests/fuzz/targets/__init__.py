# SPDX-License-Identifier: GPL-2.0-only
"""What is fuzzed: each module has one function `run`, bytes -> None, that asserts what must hold.

Whatever the bytes, nothing raises, no index leaves its buffer, results lie inside the data and in
order, and the work grows with the length alone.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Final

NAMES: Final = (
    *("records", "link", "options", "json", "elements", "layers", "session"),
    *("streams", "tls", "associations", "oscore", "protected", "key_files"),
)
_MODULES: Final = {"json": "json_text"}


def target(name: str) -> Callable[[bytes], None]:
    """The function of a target."""
    module = import_module(f"fuzz.targets.{_MODULES.get(name, name)}")
    run: Callable[[bytes], None] = module.run
    return run
