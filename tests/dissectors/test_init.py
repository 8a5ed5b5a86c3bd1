# SPDX-License-Identifier: GPL-2.0-only
"""What importing costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import dissectors


def loaded_after(code: str) -> set[str]:
    """Modules in a fresh interpreter after running `code`."""
    script = f"{code}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_the_package_loads_nothing() -> None:
    loaded = loaded_after("import dissectors\ndir(dissectors)")
    assert {name for name in loaded if name.startswith("dissectors")} == {"dissectors"}
    assert "scapy" not in loaded


def test_the_layers_do_without_scapy_all() -> None:
    loaded = loaded_after("from dissectors import *")
    assert "scapy.layers.inet" in loaded
    assert not loaded & {"scapy.all", "scapy.layers.all", "scapy.contrib.coap"}


def test_the_walk_does_without_scapy() -> None:
    code = "import dissectors.coap.values, dissectors.msgin5g.writer"
    assert "scapy" not in loaded_after(code)


def test_every_public_name_is_there() -> None:
    for name in dissectors.__all__:
        assert getattr(dissectors, name) is not None
    assert set(dissectors.__all__) <= set(dir(dissectors))
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = dissectors.Nothing
