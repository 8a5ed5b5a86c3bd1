# SPDX-License-Identifier: GPL-2.0-only
"""Versions: of msgshark and what it needs, by their metadata alone, and of tools beside it."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib import metadata
from typing import Final

from analyzer.doctor.model import Check
from analyzer.recording.programs import find_program, install

AREA: Final = "Software"
DISTRIBUTION: Final = "msgshark"
OLDEST_PYTHON: Final = (3, 11)

_TIMEOUT: Final = 0.4
"""Seconds a tool may take to tell its version."""

_LIBPCAP: Final = ("libpcap.so.0.8", "libpcap.so.1", "libpcap.so", "libpcap.A.dylib")
_REQUIREMENT: Final = re.compile(r"([A-Za-z0-9._-]+)\s*([^;]*)(;.*)?")
_BOUND: Final = re.compile(r"\s*(>=|<|==)\s*([0-9]+(?:\.[0-9]+)*)\s*")


class Tool:
    """A program asked for its version while other things are looked at."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.path = find_program(name)
        self._process: subprocess.Popen[bytes] | None = None
        if self.path is not None:
            with suppress(OSError):
                self._process = subprocess.Popen(
                    [self.path, "--version"],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                )

    @property
    def started(self) -> bool:
        """Whether the system lets this user run it."""
        return self._process is not None

    def version(self) -> str:
        """The version it tells, "" for none in time."""
        if self._process is None:
            return ""
        try:
            output, _ = self._process.communicate(timeout=_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            output, _ = self._process.communicate()
        found = re.search(rb"[0-9]+(?:\.[0-9]+)+", output[:400])
        return found[0].decode() if found else ""


def checks() -> Iterator[Check]:
    """Versions of what msgshark is made of."""
    yield Check(AREA, DISTRIBUTION, True, _own_version())
    yield _python()
    yield Check(AREA, "platform", True, f"{platform.platform()}, {os.cpu_count() or 1} processors")
    yield from _requirements()


def _own_version() -> str:
    try:
        version = metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        version = "not installed, run from its sources"
    folder = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return f"{version}, in {folder}"


def _python() -> Check:
    oldest = ".".join(map(str, OLDEST_PYTHON))
    ok = sys.version_info >= OLDEST_PYTHON
    told = f"{platform.python_version()}, {sys.executable or 'of unknown path'}"
    return Check(AREA, "Python", ok, told, f"install Python {oldest} or newer", needed=True)


def _requirements() -> Iterator[Check]:
    """The libraries that the distribution names; none where it is not installed."""
    try:
        required = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return
    for text in required:
        parts = _REQUIREMENT.fullmatch(text)
        if parts is not None and not parts[3]:  # what is behind ; is for extras
            yield requirement(parts[1], parts[2].strip())


def decryption() -> Check:
    """The library that opens DTLS, TLS and OSCORE."""
    name = "cryptography"
    advice = f"{shlex.quote(sys.executable or 'python3')} -m pip install 'msgshark[decrypt]'"
    try:
        return Check(AREA, name, True, metadata.version(name))
    except metadata.PackageNotFoundError:
        return Check(AREA, name, False, "not installed; opens DTLS, TLS and OSCORE by keys", advice)


def requirement(name: str, bounds: str) -> Check:
    """A library in a version within `bounds`, as `>=8.2,<9`."""
    wanted = shlex.quote(name + bounds)
    advice = f"{shlex.quote(sys.executable or 'python3')} -m pip install {wanted}"
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Check(AREA, name, False, f"not installed, needed {bounds}", advice, needed=True)
    ok = all(_within(version, bound) for bound in bounds.split(",") if bound)
    told = version if ok else f"{version}, needed {bounds}"
    return Check(AREA, name, ok, told, advice, needed=True)


def _within(version: str, bound: str) -> bool:
    """Whether a version keeps a bound; one in other words is pip's to judge."""
    found = _BOUND.fullmatch(bound)
    if found is None:
        return True
    limit = _numbers(found[2])
    given = _numbers(version)
    if found[1] == "==":
        return given == limit
    return given >= limit if found[1] == ">=" else given < limit


def _numbers(version: str) -> tuple[int, ...]:
    """`2.10.1rc1` as 2, 10, 1."""
    found = re.match(r"[0-9]+(?:\.[0-9]+)*", version)
    return tuple(map(int, found[0].split("."))) if found else ()


# Beside msgshark --------------------------------------------------------------------------------


def libpcap() -> Check:
    """The library that compiles capture filters."""
    packages = {"Debian": "libpcap0.8", "Fedora": "libpcap", "SUSE": "libpcap1"}
    advice = install(packages | {"Arch": "libpcap", "Alpine": "libpcap", "Homebrew": "libpcap"})
    for name in _LIBPCAP:
        try:
            version = ctypes.CDLL(name).pcap_lib_version
        except (OSError, AttributeError):
            continue
        version.restype = ctypes.c_char_p
        text = (version() or b"").decode("ascii", "replace")
        return Check(AREA, "libpcap", True, text.removeprefix("libpcap version ") or name)
    return Check(AREA, "libpcap", False, "not installed; filters captures", advice)


def tool(asked: Tool, what: str, packages: dict[str, str]) -> Check:
    """A program that helps where it is there."""
    if asked.path is None:
        return Check(AREA, asked.name, False, f"not installed; {what}", install(packages))
    version = asked.version()
    return Check(AREA, asked.name, True, f"{version}, {asked.path}" if version else asked.path)
