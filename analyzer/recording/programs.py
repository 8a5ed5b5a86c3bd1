# SPDX-License-Identifier: GPL-2.0-only
"""Programs of the system: where they are, and how they are installed and given rights here."""

from __future__ import annotations

import os
import shutil
import sys
from typing import Final

_INSTALLERS: Final = (
    ("apt-get", "apt-get install", "Debian"),
    ("dnf", "dnf install", "Fedora"),
    ("zypper", "zypper install", "SUSE"),
    ("pacman", "pacman -S", "Arch"),
    ("apk", "apk add", "Alpine"),
    ("brew", "brew install", "Homebrew"),
)
"""A program that tells the system by being there, how it installs, and whose packages they are."""


def install(packages: dict[str, str]) -> str:
    """The command that installs what is called differently by system; "" where none is known."""
    for program, command, family in _INSTALLERS:
        if family in packages and find_program(program):
            text = f"{command} {packages[family]}"
            return text if family == "Homebrew" else as_root(text)
    return ""


def as_root(command: str) -> str:
    """A command that needs root, as this user runs it."""
    return command if is_root() else f"sudo {command}"


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


_FOLDERS: Final = ("/usr/local/bin", "/usr/local/sbin", "/usr/bin", "/usr/sbin", "/bin", "/sbin")


def find_program(name: str, runs: bool = True) -> str | None:
    """The path of a program on PATH or where systems keep theirs; with `runs` False also of one
    that this user may not run."""
    mode = os.X_OK if runs else os.F_OK
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_FOLDERS])
    return shutil.which(name, mode, path)


def own_program() -> str:
    """The path of the `msgshark` that runs, which root may not have on PATH."""
    called = shutil.which(sys.argv[0]) if os.path.basename(sys.argv[0]) == "msgshark" else None
    return os.path.abspath(called) if called else "msgshark"
