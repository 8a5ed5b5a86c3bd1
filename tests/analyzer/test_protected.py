# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import json
from pathlib import Path

import pytest
from scapy.utils import rdpcap, wrpcap
from test_cli import Run, run

from analyzer import protected
from analyzer.formats import CHECK
from analyzer.secrets.reading import read
from analyzer.session import Session
from analyzer.settings import Settings

__all__ = ["run"]

CAPTURES = Path(__file__).parents[2] / "captures"
HANDSHAKES = Path(__file__).parent / "decryption" / "handshakes"
PORT = ("-d", "udp.port==15684,dtls")
CCM8, CBC = HANDSHAKES / "coap-ccm8.pcap", HANDSHAKES / "psk-cbc.pcap"


def session_of(*names: str | Path, psk: str = "") -> Session:
    secrets = read(key=bytes.fromhex(psk)).secrets if psk else None
    session = Session(Settings(dtls_ports=frozenset({15684}), secrets=secrets))
    session.open([str(HANDSHAKES / name) for name in names])
    session.read_all()
    return session


def test_what_was_read_needs_no_words() -> None:
    session = session_of("coap-ccm8.pcap", psk=b"secretPSK".hex())
    assert protected.sentence(session) == ""
    entry = protected.entry(session)
    assert (entry["read"], entry["not_read"], entry["reasons"]) == (2, 0, [])
    (flow,) = entry["flows"]
    assert flow["cipher_suite"] == "TLS_PSK_WITH_AES_128_CCM_8"
    assert (flow["version"], flow["psk_identity"]) == ("DTLS 1.2", "ue-1")
    assert (flow["first_frame"], flow["reason"], flow["detail"]) == (1, None, None)


def test_one_reason_is_told_alone_and_several_with_their_flows() -> None:
    both = "coap-ccm8.pcap", "psk-cbc.pcap"
    assert (
        protected.sentence(session_of(*both))
        == "4 messages in 2 flows were not evaluated: no keys were given"
    )
    told = protected.sentence(session_of("psk-ccm8.pcap", "ecdsa-keylog.pcap", psk="00"))
    assert told.startswith("4 messages in 2 flows were not evaluated: ")
    assert "authentication failed: the key is wrong (1 flow)" in told
    assert "CCM_8 needs a key log, no pre-shared key opens it (1 flow)" in told


def test_flows_without_data_are_listed_and_not_counted() -> None:
    session = session_of("coap-wrong-key.pcap")
    assert protected.sentence(session) == ""
    flows = protected.entry(session)["flows"]
    assert flows
    assert not any(flow["not_read"] for flow in flows)


def test_what_was_forgotten_is_not_told_as_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analyzer.carriers.stage.MOST_CARRIERS", 1)
    for place, name in enumerate(("coap-ccm8.pcap", "coap-openssl.pcap")):
        packets = rdpcap(str(HANDSHAKES / name))
        for number, packet in enumerate(packets):
            packet.time = 2 * number + place
        wrpcap(str(tmp_path / name), packets)
    session = session_of(*sorted(tmp_path.iterdir()), psk=b"secretPSK".hex())
    told = protected.sentence(session)
    assert "its handshake was not captured, or was forgotten among more than 1 flows" in told


def test_alerts_are_told() -> None:
    (flow,) = protected.entry(session_of("psk-ccm8.pcap", psk=b"secretPSK".hex()))["flows"]
    assert {"by": "client", "text": "Warning: Close Notify"}.items() <= flow["alerts"][0].items()


@pytest.mark.parametrize("form", CHECK)
def test_every_report_says_what_was_not_evaluated(run: Run, form: str) -> None:
    told = run("check", *PORT, "--format", form, CCM8)
    assert told.code == 0
    assert "2 messages in 1 flow were not evaluated: no keys were given" in told.out


@pytest.mark.parametrize("form", CHECK)
def test_a_gate_may_ask_for_all_to_be_read(run: Run, form: str) -> None:
    asked = ("check", *PORT, "--format", form, "--fail-on-opaque")
    assert run(*asked, CCM8).code == 1
    assert run(*asked, "--ignore", "COAP-CAP-OPAQUE", CCM8).code == 1
    assert run(*asked, "-o", f"dtls.psk:{b'secretPSK'.hex()}", CCM8).code == 0


def test_commands_tell_it_beside_their_output(run: Run) -> None:
    for command in ("messages", "findings", "exchanges", "statistics"):
        assert "were not evaluated: no keys were given" in run(command, *PORT, CCM8).err


def test_flows_are_told_one_by_one_where_findings_are(run: Run) -> None:
    told = run("check", *PORT, "--all", CCM8, CBC).out
    assert told.count(" 2 messages not read: no keys were given\n") == 2
    assert "(DTLS 1.2, TLS_PSK_WITH_AES_128_CCM_8): 2 messages not read" in told


def test_json_has_each_flow(run: Run) -> None:
    found = json.loads(run("check", *PORT, "--format", "json", CCM8).out)["protected"]
    reason = {"detail": "no keys were given", "messages": 2, "flows": 1}
    assert (found["read"], found["not_read"], found["reasons"]) == (0, 2, [reason])
    (flow,) = found["flows"]
    assert (flow["not_read"], flow["reason"]) == (2, "no keys given")
    assert flow["client"].startswith("127.0.0.1:")


def test_oscore_that_stays_opaque_is_counted(run: Run) -> None:
    contexts = CAPTURES / "oscore-context.toml"
    told = run("check", "--oscore-file", contexts, CAPTURES / "oscore.pcapng").out
    assert "2 messages in 1 flow were not evaluated: OSCORE: no security context has" in told


def test_statistics_have_a_row_for_each_flow(run: Run) -> None:
    asked = ("statistics", "--of", "protected", *PORT, "-o", f"dtls.psk:{b'secretPSK'.hex()}")
    both = (CCM8, HANDSHAKES / "ecdsa-keylog.pcap")
    opaque, read = json.loads(run(*asked, "-T", "json", *both).out)["protected"]
    assert (opaque["read"], opaque["not_read"], opaque["reason"]) == (0, 2, "not in key log")
    assert opaque["server_name"] == "ue.example"
    assert (read["read"], read["not_read"], read["psk_identity"]) == (2, 0, "ue-1")
    assert "TLS_PSK_WITH_AES_128_CCM_8" in run(*asked, *both).out


def test_a_flow_that_was_read_becomes_a_filter() -> None:
    from analyzer.filters.filter import compiled
    from analyzer.filters.matching import Matcher
    from analyzer.statistics.counted import Counted
    from analyzer.statistics.model import Part
    from analyzer.statistics.parts import condition, found

    session = session_of("coap-ccm8.pcap", psk=b"secretPSK".hex())
    told = found(Counted(session), Part.PROTECTED, "", 1)
    text = condition(session, told, told.table.row(0, named=True))
    assert int(Matcher(session, compiled(text)).matches().sum()) == 2
