# SPDX-License-Identifier: GPL-2.0-only
"""Whom requests and responses find, by msgshark and by `tshark -2`.

    python tests/benchmarks/interop.py                      the shipped captures over UDP
    python tests/benchmarks/interop.py FOLDER|FILE ...      others
    python tests/benchmarks/interop.py --list ...           also each frame that differs, and why

Each response counts once: both name the same request, only one of them names any, each names
another, or neither does. `stale path` counts responses with which tshark shows the path of another
request. Then Empty ACKs and RSTs, and how many each ties to the message they answer; last the
orphans: responses, ACKs and RSTs for which msgshark found no request.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from contrast import Contrast, Response, Verdict, contrast
from tshark import INSTALLED

from analyzer.capture.model import CaptureError
from analyzer.views.escape import escape

SHIPPED: Final = Path(__file__).parents[2] / "captures"
OF_STREAMS: Final = ("streams.pcapng",)
"""Shipped captures over TCP, where a frame has several messages and no Message ID."""
ENDINGS: Final = (".pcap", ".pcapng", ".pcap.gz", ".pcapng.gz")
HEADS: Final = (
    ("", "responses"),
    ("same", "request"),
    ("only", "msgshark"),
    ("only", "tshark"),
    ("other", "request"),
    ("", "neither"),
    ("stale", "path"),
    ("Empty", "ACK, RST"),
    ("tied by", "msgshark"),
    ("tied by", "tshark"),
    ("", "orphans"),
)


class UnusableError(Exception):
    """What was asked for cannot be had; the message says what to do."""


def captures(given: Sequence[str]) -> list[Path]:
    """The captures meant by files and folders. Raises UnusableError."""
    found = []
    for path in [Path(name) for name in given] or [SHIPPED]:
        if path.is_dir():
            within = sorted(p for p in path.iterdir() if p.name.endswith(ENDINGS))
            within = [p for p in within if p.name not in OF_STREAMS]
            if not within:
                raise UnusableError(f"{path}: no capture in this folder ({', '.join(ENDINGS)})")
            found += within
        elif path.exists():
            found.append(path)
        else:
            raise UnusableError(f"{path}: no such file or folder")
    return found


Found = list[tuple[str, Contrast]]
"""Captures by their names, as they go on a terminal, and what was found in each."""


def contrasts(paths: Iterable[Path]) -> Iterator[tuple[str, Contrast]]:
    """Each capture through both. Raises UnusableError."""
    with tempfile.TemporaryDirectory(prefix="msgshark-") as home:
        for path in paths:
            try:
                yield escape(path.name), contrast(path, Path(home))
            except CaptureError as error:
                raise UnusableError(str(error)) from error
            except subprocess.CalledProcessError as error:
                said = error.stderr.strip().splitlines() or ["no reason given"]
                raise UnusableError(f"{path}: tshark cannot read it: {said[-1]}") from error


# The report ------------------------------------------------------------------------------------


def counts(found: Contrast) -> list[int]:
    """One row of the table."""
    verdicts = Counter(response.verdict for response in found.responses)
    stale = sum(bool(response.stale_path) for response in found.responses)
    empty = (found.empty, found.empty_ours, found.empty_theirs)
    orphans = found.orphans.total()
    return [len(found.responses), *(verdicts[v] for v in Verdict), stale, *empty, orphans]


def table(found: Found) -> Iterator[str]:
    """One line per capture, and their sum."""
    rows = [(name, counts(one)) for name, one in found]
    if len(rows) > 1:
        columns = zip(*(row for _, row in rows), strict=True)
        rows.append((f"{len(rows)} captures", [sum(column) for column in columns]))
    first = max(len(name) for name, _ in rows)
    widths = [max(len(word) for word in head) for head in HEADS]
    for line in zip(*HEADS, strict=True):
        words = (f"{word:>{width}}" for word, width in zip(line, widths, strict=True))
        yield f"{'':<{first}}  {' '.join(words)}".rstrip()
    for name, row in rows:
        cells = (f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
        yield f"{name:<{first}}  {' '.join(cells)}"


def differs(response: Response) -> bool:
    """Whether there is anything to tell of a response."""
    return bool(response.reason or response.stale_path)


def why(response: Response) -> str:
    """The reason, and a path that is not that of the request."""
    stale = f"stale path {escape(response.stale_path)}" if response.stale_path else ""
    return ", ".join(filter(None, (response.reason, stale)))


def reasons(found: Found) -> Iterator[str]:
    """How often each reason holds, by verdict; what the orphans are."""
    told: Counter[tuple[Verdict, str]] = Counter()
    for response in (r for _, one in found for r in one.responses):
        if response.reason:
            told[response.verdict, response.reason] += 1
        if response.stale_path:
            told[response.verdict, "stale path"] += 1
    for verdict in Verdict:
        whys = [f"{n} {reason}" for (v, reason), n in told.most_common() if v == verdict]
        if whys:
            yield f"{verdict}: {', '.join(whys)}"
    orphans = sum((one.orphans for _, one in found), Counter[str]())
    if orphans:
        yield f"orphans: {', '.join(f'{n} {kind}' for kind, n in orphans.most_common())}"


def frames(name: str, found: Contrast) -> Iterator[str]:
    """Each frame that differs."""
    for response in filter(differs, found.responses):
        ours, theirs = (f"{named or '-':>6}" for named in (response.ours, response.theirs))
        yield (
            f"{name}: frame {response.frame:>6}, request {ours} (msgshark) {theirs} (tshark), "
            f"{response.verdict}: {why(response)}"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description="Whom requests and responses find, by msgshark and by tshark -2."
    )
    parser.add_argument(
        "paths", nargs="*", metavar="FOLDER|FILE", help="captures (default: the shipped ones)"
    )
    parser.add_argument("--list", action="store_true", help="name each frame that differs, and why")
    asked = parser.parse_args(arguments)
    if not INSTALLED:
        print("interop.py: tshark is not installed (Debian: apt install tshark)", file=sys.stderr)
        return 2
    try:
        found = list(contrasts(captures(asked.paths)))
    except UnusableError as error:
        print(f"interop.py: {error}", file=sys.stderr)
        return 2
    lines = [*table(found), "", *reasons(found)]
    if asked.list:
        lines += ["", *(line for name, one in found for line in frames(name, one))]
    print(*lines, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
