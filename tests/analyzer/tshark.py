# SPDX-License-Identifier: GPL-2.0-only
"""tshark beside ours: running it, and a table of differences, each with the clause that decides."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import pytest

INSTALLED = shutil.which("tshark") is not None
needs_tshark = pytest.mark.skipif(not INSTALLED, reason="tshark is not installed")

MISSING = "<MISSING>"
"""How tshark writes an opaque value of no bytes."""

Layers = dict[str, list[str]]
"""Values of one frame by field."""


def tshark(*arguments: str, home: Path) -> str:
    """Output of tshark with no preferences but its own."""
    environment = os.environ | {"WIRESHARK_CONFIG_DIR": str(home), "TZ": "UTC"}
    done = subprocess.run(["tshark", *arguments], env=environment, capture_output=True, check=True)
    return done.stdout.decode(errors="replace")  # it cuts characters in two


@cache
def known_fields(home: Path) -> frozenset[str]:
    """Every field that tshark knows."""
    lines = (line.split("\t") for line in tshark("-G", "fields", home=home).splitlines())
    return frozenset(parts[2] for parts in lines if parts[0] == "F")


def coap_frames(
    capture: Path,
    names: Iterable[str],
    home: Path,
    without: Iterable[str] = (),
    ports: Iterable[int] = (),
) -> dict[int, Layers]:
    """Fields of every frame that carries CoAP; ICMP errors only quote it.

    `without` names dissectors that are left out, `ports` further UDP ports of CoAP.
    """
    names = ("frame.number", "frame.protocols", "_ws.malformed", *names)
    wanted = [word for name in names for word in ("-e", name)]
    wanted += [word for name in without for word in ("--disable-protocol", name)]
    wanted += [word for port in ports for word in ("-d", f"udp.port=={port},coap")]
    output = tshark("-2", "-n", "-r", str(capture), "-T", "json", *wanted, home=home)
    frames = (entry["_source"]["layers"] for entry in json.loads(output))
    return {
        int(layers["frame.number"][0]): layers
        for layers in frames
        if ":udp:coap" in layers["frame.protocols"][0]
        and "icmp" not in layers["frame.protocols"][0]
    }


class Named(Protocol):
    """A field of one frame with different values."""

    @property
    def name(self) -> str: ...


C = TypeVar("C", bound=Named)


@dataclass(frozen=True)
class Difference(Generic[C]):
    """A known difference: in which fields, why we are right, and how it shows."""

    fields: str
    why: str
    shows: Callable[[C], bool]

    def explains(self, contrast: C) -> bool:
        named = any(
            contrast.name.startswith(f[:-1]) if f.endswith("*") else contrast.name == f
            for f in self.fields.split()
        )
        return named and self.shows(contrast)


def sort_out(
    contrasts: Iterable[C], known: Mapping[str, Difference[C]]
) -> tuple[Counter[str], list[C]]:
    """How often each known difference shows, and the differences nobody knew."""
    counts: Counter[str] = Counter()
    unknown: list[C] = []
    for contrast in contrasts:
        reason = next((key for key, d in known.items() if d.explains(contrast)), None)
        if reason is None:
            unknown.append(contrast)
        else:
            counts[reason] += 1
    return counts, unknown


def cites_a_clause(difference: Difference[Any]) -> bool:
    """RFC and clause, the registry, or the file format that decides."""
    return any(word in difference.why for word in ("clause", "IANA", "pcap file"))
