# SPDX-License-Identifier: GPL-2.0-only
"""How fast OSCORE is opened: registrations and their answers, read with their contexts, beside
tshark with its table of contexts and beside reading without any.

    python tests/benchmarks/oscore.py [REGISTRATIONS]

All are timed by turns on one generated capture, and the medians told.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Final

ROOT: Final = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests" / "analyzer"), str(ROOT)]

from rules.conversation import MILLISECOND, START, Address, Frame, coap  # noqa: E402
from rules.registrations import GOOD  # noqa: E402
from rules.sealed import CONTEXT, Ends  # noqa: E402

from analyzer.secrets.oscore_context import Context  # noqa: E402

REGISTRATIONS: Final = 30_000
CLIENTS: Final = 100
TURNS: Final = 7
SERVER: Final = Address("198.51.100.1", 5683)
ANSWER: Final = b'{"UE Service ID":"ue-%d@example.com","Registration result":"success"}'
READ: Final = """
import sys
from analyzer.secrets.model import Secrets
from analyzer.secrets.oscore_files import read_contexts
from analyzer.session import Session
from analyzer.settings import Settings
contexts = read_contexts(sys.argv[2]) if len(sys.argv) > 2 else ()
session = Session(Settings(secrets=Secrets(oscore=contexts)))
session.open([sys.argv[1]])
session.read_all()
print(len(session.messages), session.carriers.unopened.messages, len(session.findings))
"""


def contexts() -> list[Context]:
    return [CONTEXT._replace(client_id=b"\2%c" % number) for number in range(CLIENTS)]


def write(path: Path, registrations: int) -> None:
    """The capture; each UE registers in its turn."""
    ues = [Ends(context) for context in contexts()]
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1))
        for turn in range(registrations):
            number = turn % CLIENTS
            ends, client = ues[number], Address(f"192.0.2.{number + 1}", 40000)
            mid, token = turn // CLIENTS & 0xFFFF, turn.to_bytes(4, "big")
            members = GOOD | {"UE Service ID": f"ue-{number}@example.com"}
            inside = {"content_format": 50, "payload": json.dumps(members).encode()}
            outer = ends.asked("POST", path="/msgin5g/registration", **inside)
            asked = coap(0, "POST", mid=mid, token=token, **outer)
            outer = ends.answered("2.04", content_format=50, payload=ANSWER % number)
            answer = coap(2, "2.04", mid=mid, token=token, **outer)
            now = START + turn * MILLISECOND
            file.write(Frame(now, client, SERVER, asked, turn & 0xFFFF).record(1))
            now += MILLISECOND // 2
            file.write(Frame(now, SERVER, client, answer, turn & 0xFFFF).record(1))


def write_table(path: Path) -> None:
    """What Wireshark keeps contexts in."""
    path.write_text(
        "".join(
            "".join(
                f'"{value.hex()}",'
                for value in (c.client_id, c.server_id, c.master_secret, c.master_salt, b"")
            )
            + '"AES-CCM-16-64-128 (CCM*)"\n'
            for c in contexts()
        )
    )


def timed(command: list[str], **environment: str) -> tuple[float, str]:
    begun = time.perf_counter()
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=os.environ | environment, cwd=ROOT
    )
    return time.perf_counter() - begun, done.stdout


def main(registrations: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        capture, table = Path(folder) / "sealed.pcap", Path(folder) / "oscore_contexts"
        write(capture, registrations)
        write_table(table)
        ours = [sys.executable, "-c", READ, str(capture)]
        theirs = ["tshark", "-2", "-n", "-r", str(capture), "-T", "fields", "-e", "oscore.code"]
        taken: dict[str, list[float]] = {}
        for _ in range(TURNS):
            for name, command in (
                ("opened", [*ours, str(table)]),
                ("not opened", ours),
                ("tshark", theirs),
            ):
                seconds, out = timed(command, WIRESHARK_CONFIG_DIR=folder)
                taken.setdefault(name, []).append(seconds)
                if name == "tshark":
                    out = str(sum(bool(line) for line in out.splitlines()))
                print(f"{name:12}{seconds:8.2f} s  {out.strip()}", flush=True)
        for name, turns in taken.items():
            print(f"{name:12}{2 * registrations / median(turns):10,.0f} messages/s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else REGISTRATIONS)
