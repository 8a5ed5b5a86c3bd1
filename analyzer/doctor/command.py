# SPDX-License-Identifier: GPL-2.0-only
"""`msgshark doctor`: everything looked at, as text or JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import click

from analyzer.arguments import output_format
from analyzer.doctor.model import Check


@click.command()
@output_format
def doctor(form: str) -> int:
    """Look at what this machine has: versions, compiled code, terminal, ways to capture.

    `not` is something that is missing or less than it could be, with what to do below it. Exits
    with 1 where msgshark itself cannot work.
    """
    from analyzer.views import health

    found = list(checks())
    writer = health.write_json if form == "json" else health.write_text
    writer(found, sys.stdout)
    return int(any(check.broken for check in found))


def checks() -> Iterator[Check]:
    """All that is looked at, area by area."""
    from analyzer.doctor import capturing, compiled_code, screen, software
    from analyzer.doctor.software import Tool
    from analyzer.recording import ways

    tshark, dumpcap = Tool("tshark"), Tool("dumpcap")  # they take their time, so first
    yield from software.checks()
    yield software.decryption()
    yield software.libpcap()
    compiled: Sequence[Check] = list(compiled_code.checks())
    yield software.tool(dumpcap, "records captures", ways.DUMPCAP_PACKAGES)
    yield software.tool(tshark, "reads what msgshark does not", _TSHARK_PACKAGES)
    yield from compiled
    yield from screen.checks()
    yield from capturing.checks(dumpcap.started)


_TSHARK_PACKAGES = {
    "Debian": "tshark",
    "Fedora": "wireshark-cli",
    "SUSE": "wireshark",
    "Arch": "wireshark-cli",
    "Alpine": "tshark",
    "Homebrew": "wireshark",
}
