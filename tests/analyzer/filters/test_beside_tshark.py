# SPDX-License-Identifier: GPL-2.0-only
"""The same filters in Wireshark: the same packets pass. Its daemon applies all in one run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from analyzer.filters.filter import compiled
from analyzer.filters.matching import Matcher
from analyzer.messages import Role
from analyzer.session import Session

pytestmark = pytest.mark.skipif(
    shutil.which("sharkd") is None, reason="sharkd, a part of Wireshark, is not installed"
)

CAPTURES = Path(__file__).parents[3] / "captures"
SHIPPED = ("field-day", "coap-tour")

FILTERS = (
    "",
    "coap",
    "udp and coap",
    "coap.type == 0",
    "coap.type eq 2 || coap.type eq 3",
    "coap.type in {1, 3}",
    "coap.type not in {0, 2}",
    'coap.type == "Confirmable"',
    "coap.code == 69",
    "coap.code >= 0x80",
    "coap.code >= 64 && coap.code < 128",
    "coap.code in {1..4}",
    "coap.mid in {1..5000, 0x7000..0x9000}",
    "coap.mid != 1 and coap.mid lt 20000",
    "coap.token",
    "!coap.token",
    "coap.token_len == 8",
    "coap.token contains 0d",
    'coap.token contains "a"',
    'coap.token matches "[0-9]$"',
    "coap.token[0] == 53",
    "coap.token[0:2] == 53:69",
    "coap.token[0-1] == 53:69",
    "coap.token[-2:] == 0d:46",
    "coap.token[3:] == 0d:46",
    "coap.token[0,1] == 53:69",
    "coap.token[7:1] != 00",
    "coap.token[7]",
    "coap.token[3:4] == 0d:46",
    "coap.token[0,9] == 53",
    "coap.token[9,0] == 53",
    "coap.token[-7:2] != 53:69",
    'coap.token[5:] == ""',
    "coap.token in {53:69:f3:0d:40..53:69:f3:0d:50}",
    "coap.token > 80",
    "coap.token <= 53:69:f3:0d:46",
    "coap.opt.uri_path",
    "not coap.opt.uri_path",
    'coap.opt.uri_path == "registration"',
    'coap.opt.uri_path != "registration"',
    'coap.opt.uri_path === "msgin5g"',
    'coap.opt.uri_path !== "msgin5g"',
    'coap.opt.uri_path ~= "msgin5g"',
    'all coap.opt.uri_path contains "s"',
    'any coap.opt.uri_path > "n"',
    'coap.opt.uri_path contains "regis"',
    'coap.opt.uri_path matches "^REG"',
    'coap.opt.uri_path ~ "(?-i)^REG"',
    'coap.opt.uri_path[0:3] == "msg"',
    'coap.opt.uri_path[3-4] == "in"',
    'coap.opt.uri_path[9:] == "x"',
    'coap.opt.uri_path[9] != "x"',
    r'coap.opt.uri_path == "\x6dsgin5g"',
    r'coap.opt.uri_path == "\155sgin5g"',
    'coap.opt.uri_path in {"message", "large"}',
    'coap.opt.uri_path in {"a".."m"}',
    'coap.opt.ctype == "application/json"',
    "coap.opt.max_age",
    "coap.opt.max_age < 60",
    "coap.opt.etag",
    "coap.opt.size1 > 1000",
    "frame.number in {3..7, 9}",
    "frame.number == 0x10",
    "frame.number == 010",
    "frame.len > 200 and frame.cap_len < 300",
    "frame.time_relative < 1.5",
    "frame.time_relative >= 0.5 && frame.time_relative <= 20",
    'frame.time > "2023-01-01 00:00:00"',
    'frame.time < "2023-01-01T00:00:00Z"',
    "ip.src == 127.0.0.1",
    "ip.src != 127.0.0.1",
    "ip.addr == 127.0.1.0/27",
    "ip.addr != 127.0.1.0/27",
    "ip.addr !== 127.0.1.0/27",
    "all ip.addr == 127.0.0.0/8",
    "ip.src > 127.0.1.20",
    "ip.src in {127.0.1.11..127.0.1.20}",
    "ipv6",
    "ipv6.addr",
    "ipv6.src == ::1",
    "ipv6.src == ::/64",
    "ipv6.src != fe80::/10",
    "udp.port == 5683",
    "udp.port != 5683",
    "udp.port !== 5683",
    "udp.port === 5683",
    "all udp.port > 40000",
    "udp.dstport > 50000",
    "udp.port in {40000..45000}",
    "coap.type == 0 or coap.type == 1 and coap.code == 1",
    "(coap.type == 0 or coap.type == 1) and coap.code == 2",
    "not coap.type == 0 and coap.mid > 5",
    "!(coap.type == 0 && coap.mid > 30000)",
)
"""Fields that both read alike; `test_tshark` has those that they do not."""


MESSAGES = "coap && !icmp"
"""What has rows: ICMP errors only quote a message."""


def in_wireshark(capture: Path, home: Path) -> dict[str, list[int]]:
    """Numbers of the packets with CoAP that pass each filter."""
    asked: list[dict[str, object]] = [{"method": "load", "params": {"file": str(capture)}}]
    for text in FILTERS:
        of_messages = f"{MESSAGES} && ({text})" if text else MESSAGES
        asked.append({"method": "frames", "params": {"filter": of_messages}})
    lines = [json.dumps({"jsonrpc": "2.0", "id": id} | call) for id, call in enumerate(asked, 1)]
    done = subprocess.run(
        ["sharkd", "-"],
        input="\n".join(lines) + "\n",
        env=os.environ | {"WIRESHARK_CONFIG_DIR": str(home), "TZ": "UTC"},
        capture_output=True,
        text=True,
        check=True,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    by_id = {answer["id"]: answer.get("result") for answer in answers}
    refused = [text for id, text in enumerate(FILTERS, 2) if by_id[id] is None]
    assert not refused
    return {
        text: sorted(packet["num"] for packet in by_id[id]) for id, text in enumerate(FILTERS, 2)
    }


@pytest.mark.parametrize("name", SHIPPED)
def test_the_same_packets_pass(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    capture = CAPTURES / f"{name}.pcapng"
    session = Session()
    session.open([capture])
    session.read_all()
    shown = session.messages["role"] != Role.UNCONFIRMED
    expected = in_wireshark(capture, tmp_path)
    found = {}
    for text in FILTERS:
        passed = Matcher(session, compiled(text)).matches() & shown
        found[text] = sorted(set(session.messages["frame"][passed].tolist()))
    assert {text: rows for text, rows in found.items() if rows != expected[text]} == {}
    assert sum(map(bool, found.values())) > len(FILTERS) / 2
