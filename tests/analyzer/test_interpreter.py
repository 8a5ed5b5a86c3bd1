# SPDX-License-Identifier: GPL-2.0-only
"""Another interpreter runs msgshark's modules, and nothing that lies about where it is started."""

import subprocess
from pathlib import Path

from analyzer import interpreter


def test_a_module_runs_wherever_it_is_started(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('the current folder was searched')")
    (tmp_path / "analyzer").mkdir()
    arguments, environment = interpreter.command("analyzer.recording.child")
    ran = subprocess.run(
        arguments, env=environment, cwd=tmp_path, input=b"", capture_output=True, timeout=60
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"", b"")
