# SPDX-License-Identifier: GPL-2.0-only
"""Completion in real shells: commands, options, and the values msgshark knows."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from test_imports import HEAVY

from analyzer import cli
from analyzer.completing import SHELLS
from analyzer.rules.catalogue import load

ENTRY = "from analyzer.cli import main; main()"
FILES = "(files)"

CASES: dict[str, list[str]] = {
    "che": ["check"],
    "ex": ["exchanges", "explain", "export"],
    "--spec": ["--spec-profile"],
    "--vers": ["--version"],
    "run.p": [FILES],
    "check run.p": [FILES],
    "check --base": ["--baseline"],
    "check --baseline kn": [FILES],
    "check run.pcap --fail-on w": ["warning"],
    "check --fo": ["--follow", "--format"],
    "check --format m": ["markdown"],
    "check --format sarif : o": [FILES],  # bash takes a colon for a word of its own
    "check --format = m": ["markdown"],  # and an equals sign
    "check --format =": ["github", "html", "json", "junit", "markdown", "sarif", "text"],
    "check --transmission n": ["nb-iot"],
    "check --transmission mine": [FILES],
    "spec-profile rel": ["rel17", "rel18"],
    "export -w o": [FILES],
    "exchanges --format m": ["mermaid"],
    "completion f": ["fish"],
    "explain MSG-24538-6.3.1.2.1.a-T": ["MSG-24538-6.3.1.2.1.a-TOKEN"],
    "check --ignore COAP-7252-4.2-RETR-S": ["COAP-7252-4.2-RETR-SPAN"],
    "run.pcap --tr": ["--transmission"],
    "messages -e coap.mi": ["coap.mid"],
    "exchanges -e finding.ru": ["finding.rule"],
    "findings -E q": ["quote="],
    "fields coap.mi": ["coap.mid"],
}

BASH = f"""
compopt() {{ COMPREPLY=("{FILES}"); }}
ask() {{
    COMP_WORDS=(msgshark "$@"); COMP_CWORD=$#; COMPREPLY=()
    _msgshark_completion msgshark
    local IFS=' '; echo "${{COMPREPLY[*]}}"
}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the command and nothing else, as PATH has it."""
    folder = tmp_path_factory.mktemp("bin")
    command = folder / "msgshark"
    command.write_text(f"#!{sys.executable}\n{ENTRY}\n")
    command.chmod(0o755)
    return folder


def environment(folder: Path, **more: str) -> dict[str, str]:
    """The command first on PATH, msgshark importable."""
    paths = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    return os.environ | paths | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))} | more


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash")
def test_bash(folder: Path) -> None:
    asked = "\n".join(f"ask {words}" for words in CASES)
    script = f'eval "$(msgshark completion bash)"\n{BASH}\n{asked}'
    done = subprocess.run(
        ["bash", "-c", script],
        env=environment(folder),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stderr == ""
    offered = [line.split(" ") for line in done.stdout.splitlines()]
    assert dict(zip(CASES, map(sorted, offered), strict=True)) == CASES


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_is_what_its_shell_reads(shell: str, folder: Path) -> None:
    script = CliRunner().invoke(cli.msgshark, ["completion", shell]).output
    assert f"_MSGSHARK_COMPLETE={shell}_complete" in script
    program = shutil.which(shell)
    if program is not None:
        check = subprocess.run([program, "-n"], input=script, text=True, capture_output=True)
        assert (check.returncode, check.stderr) == (0, "")


def test_the_shell_is_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/usr/bin/zsh")
    assert "#compdef msgshark" in CliRunner().invoke(cli.msgshark, ["completion"]).output
    for unknown in ("/bin/tcsh", ""):
        monkeypatch.setenv("SHELL", unknown)
        done = CliRunner().invoke(cli.msgshark, ["completion"])
        assert done.exit_code == 2
        assert "bash, zsh, fish" in done.output


def test_help_says_how_to_install_each() -> None:
    shown = CliRunner().invoke(cli.msgshark, ["completion", "--help"]).output
    for shell in SHELLS:
        assert f"msgshark completion {shell}" in shown


@pytest.mark.parametrize(
    "words", ["che", "explain COAP", "check --spec-profile r", "check --format s"]
)
def test_nothing_heavy_is_loaded_for_a_candidate(words: str, folder: Path) -> None:
    script = "import sys, atexit; atexit.register(lambda: print(*sys.modules, file=sys.stderr))"
    asking = {
        "_MSGSHARK_COMPLETE": "bash_complete",
        "COMP_WORDS": f"msgshark {words}",
        "COMP_CWORD": str(len(words.split())),
    }
    done = subprocess.run(
        [sys.executable, "-c", f"{script}\n{ENTRY}"],
        env=environment(folder, **asking),
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith("plain,")
    assert {name.partition(".")[0] for name in done.stderr.split()} & HEAVY == set()


def test_every_rule_is_offered() -> None:
    command = cli.msgshark.commands["explain"]
    context = click.Context(command)
    offered = command.params[0].shell_complete(context, "")
    assert {item.value for item in offered} == set(load())
