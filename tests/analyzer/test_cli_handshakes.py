# SPDX-License-Identifier: GPL-2.0-only
"""`msgshark handshakes`: handshakes of DTLS and TLS for people and scripts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rules.handshakes import UNKNOWN_PSK_IDENTITY, Handshakes
from test_cli import Run, complains, run

from analyzer.decryption.steps import MOST_FIRST, MOST_LAST

__all__ = ["run"]

HANDSHAKES = Path(__file__).parent / "decryption" / "handshakes"
PORT = ("-d", "udp.port==15684,dtls")
WRONG, GOOD = HANDSHAKES / "coap-wrong-key.pcap", HANDSHAKES / "psk-ccm8.pcap"
KEY = ("-o", f"dtls.psk:{b'secretPSK'.hex()}")


def told(run: Run, *arguments: str | Path) -> list[dict[str, Any]]:
    shown = run("handshakes", *PORT, "-T", "json", *map(str, arguments))
    assert shown.code == 0
    return json.loads(shown.out)  # type: ignore[no-any-return]


def written(tmp_path: Path, talk: Handshakes) -> Path:
    path = tmp_path / "talk.pcap"
    path.write_bytes(talk.pcap())
    return path


def test_people_see_why_a_handshake_fails(run: Run) -> None:
    shown = run("handshakes", *PORT, str(WRONG))
    head, agreed, mostly, *steps = shown.out.splitlines()
    assert head == (
        "DTLS 127.0.0.1:56664 → 127.0.0.1:15684: never finished: stops behind Finished of the "
        "client"
    )
    assert agreed.strip().startswith("DTLS 1.2, TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256")
    assert 'identity "ue-1"' in agreed
    assert mostly.endswith("mostly the two ends have another pre-shared key each")
    assert steps[1] == "    2    0.000306 ← HelloVerifyRequest  cookie of 32 bytes"
    assert steps[-1] == "   17    3.000587 ← ServerHelloDone  [Retransmission of frame 4]"
    assert len(steps) == 21


def test_scripts_see_each_step(run: Run) -> None:
    (flow,) = told(run, *KEY, GOOD)
    assert (flow["outcome"], flow["outcome_detail"], flow["mostly"]) == ("finished", None, None)
    assert (flow["psk_identity"], flow["read"], flow["steps_left_out"]) == ("ue-1", 2, 0)
    assert flow["steps"][1] == {
        "frame": 2,
        "time": pytest.approx(flow["steps"][1]["time"]),
        "by": "server",
        "epoch": 0,
        "name": "HelloVerifyRequest",
        "facts": "cookie of 20 bytes",
        "retransmission_of": None,
    }
    assert [step["name"] for step in flow["steps"]].count("Finished") == 2


def test_those_that_failed_and_that_of_a_packet(run: Run) -> None:
    assert len(told(run, WRONG, GOOD)) == 2
    (wrong,) = told(run, "--failed", WRONG, GOOD)
    assert wrong["outcome"] == "never finished"
    ports = {wrong["client"]}
    assert {flow["client"] for flow in told(run, "--of", "9", WRONG)} == ports
    assert told(run, "--of", "99", WRONG) == []


def test_an_alert_ends_it(run: Run, tmp_path: Path) -> None:
    talk = Handshakes().hellos().keys().alert(UNKNOWN_PSK_IDENTITY)
    (flow,) = told(run, written(tmp_path, talk))
    assert (flow["outcome"], flow["outcome_detail"]) == (
        "broken off",
        "Fatal: Unknown PSK Identity of the server in frame 7",
    )
    assert flow["steps"][-1]["name"] == "Alert (Fatal: Unknown PSK Identity)"


def test_what_began_before_the_capture(run: Run, tmp_path: Path) -> None:
    (flow,) = told(run, written(tmp_path, Handshakes().data()))
    assert (flow["outcome"], flow["steps"]) == ("not captured", [])


def test_names_from_a_network_do_nothing_to_a_terminal(run: Run, tmp_path: Path) -> None:
    talk = Handshakes().hellos().keys(b"\x1b[31m\nue\xff\xe2\x80\xae").later(90)
    path = str(written(tmp_path, talk))
    for form in (("-T", "text"), ("-T", "ladder"), ("-V",), ("-T", "json")):
        out = run("handshakes", *form, path).out
        assert "\x1b" not in out
        assert "‮" not in out
        assert "ue" in out


def test_what_is_left_out_is_counted(run: Run, tmp_path: Path) -> None:
    talk = Handshakes()
    for _ in range(200):
        talk.hello()
    path = written(tmp_path, talk)
    (flow,) = told(run, path)
    assert (len(flow["steps"]), flow["steps_left_out"]) == (MOST_FIRST + MOST_LAST, 72)
    assert [step["frame"] for step in flow["steps"]][63:65] == [64, 137]
    assert "      (72 steps left out)\n" in run("handshakes", str(path)).out
    assert "72 steps left out" in run("handshakes", "-T", "ladder", str(path)).out


def test_packets_in_full(run: Run) -> None:
    out = run("handshakes", *PORT, "-V", str(WRONG)).out
    for line in (
        "Frame 4: 212 bytes on wire, 212 captured",
        "        Handshake Protocol: Server Key Exchange",
        "            Hint: hint",
        "            Identity: ue-1",
        "                  Extensions server name: 127.0.0.1",
    ):
        assert f"\n{line}\n" in out
    assert "Cannot show" not in out
    octets = run("handshakes", *PORT, "-x", "--of", "1", str(WRONG)).out
    assert "Frame (307 bytes), packet 1:\n0000  00 00 00 00" in octets


def test_a_ladder(run: Run) -> None:
    out = run("handshakes", *PORT, "-T", "ladder", str(WRONG)).out
    assert out.startswith("DTLS 1.2, TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256,")
    assert '│◀─ ServerKeyExchange, x25519, hint "hint" ─' in out
    assert "COAP-CAP-HANDSHAKE-UNFINISHED" in out


def test_nothing_protected_is_nothing(run: Run) -> None:
    captures = Path(__file__).parents[2] / "captures"
    shown = run("handshakes", str(captures / "registration.pcapng"))
    assert (shown.code, shown.out, shown.err) == (0, "", "")


def test_trees_are_text(run: Run) -> None:
    complains(run("handshakes", "-V", "-T", "json", str(WRONG)), "-V and -x print text")
