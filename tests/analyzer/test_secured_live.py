# SPDX-License-Identifier: GPL-2.0-only
"""Real peers over TCP, TLS, DTLS and WebSocket, recorded while they talk: every message is read and
paired, is what tshark shows, and what was not read says why."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import peers
import pytest
from beside_tshark import Given, differences, shown
from secured_peers import ADDRESSES, AIOCOAP, BUILDS, IDENTITIES, LARGE, TALKS, TOOLS, WEB, Scene
from secured_peers import run as talk
from tshark import needs_tshark

from analyzer import protected
from analyzer.carriage import carriage
from analyzer.messages import Role
from analyzer.report import exchange_entries
from analyzer.rules.catalogue import Severity
from analyzer.secrets.reading import read
from analyzer.session import Session
from analyzer.settings import Settings
from analyzer.subjects import Message

if lack := peers.missing(*TOOLS):
    pytest.skip(lack, allow_module_level=True)

UNREAD = "dtls, no log"
WRONG = {
    "tls, wrong key": "COAP-CAP-HANDSHAKE-ALERT",
    "dtls, wrong key, gnutls": "COAP-CAP-HANDSHAKE-UNFINISHED",
    "dtls, wrong key, openssl": "COAP-CAP-HANDSHAKE-UNFINISHED",
}
"""What is told of clients that have another key than the server."""
HEARD = [name for name in TALKS if name not in WRONG and name != UNREAD]


class Recorded(NamedTuple):
    scene: Scene
    capture: Path
    printed: dict[str, str]
    """By libcoap's clients."""

    def session(self, *, psk: str = "", keylog: bool = True) -> Session:
        """What is read of it; `psk`: another text than the file of keys has."""
        files = [self.scene.psk_file]
        if psk:
            files = [self.scene.folder / "other"]
            files[0].touch(0o600)
            files[0].write_text(psk)
        found = read(files, [self.scene.keylog] if keylog else [])
        assert found.warnings == []
        return self.read(Settings(secrets=found.secrets))

    def read(self, settings: Settings) -> Session:
        first, libcoap = self.aiocoap, self.libcoap
        session = Session(
            settings._replace(
                tcp_ports=frozenset({*libcoap, first, first + WEB}),
                dtls_ports=frozenset(port + 1 for port in libcoap),
                tls_ports=frozenset({*(port + 1 for port in libcoap), first + 1, first + WEB + 1}),
            )
        )
        session.open([self.capture])
        session.read_all()
        return session

    @property
    def libcoap(self) -> list[int]:
        return [self.scene.servers[build] for build in BUILDS]

    @property
    def aiocoap(self) -> int:
        return self.scene.servers["aiocoap"]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    folder = tmp_path_factory.mktemp("secured")
    servers = {build: peers.free_ports(1) for build in BUILDS}
    servers["aiocoap"] = peers.free_ports(*AIOCOAP.values())
    scene = Scene(folder, servers)
    scene.write()
    found = Recorded(scene, folder / "peers.pcap", {})
    ports = [*found.libcoap, *(port + 1 for port in found.libcoap)]
    ports += [found.aiocoap + step for step in AIOCOAP.values()]
    with peers.recorded(found.capture, tuple(ports)) as report:
        found.printed.update(asyncio.run(talk(scene)))
    assert "\n0 packets dropped by kernel\n" in "".join(report)
    return found


@pytest.fixture(scope="module")
def session(recorded: Recorded) -> Session:
    return recorded.session()


def of(session: Session, name: str) -> list[dict[str, Any]]:
    """The exchanges of a talk."""
    start = f"{ADDRESSES[name]}:"
    return [entry for entry in exchange_entries(session) if entry["client"].startswith(start)]


def flow(session: Session, name: str) -> dict[str, Any]:
    """The association or connection of a talk."""
    start = f"{ADDRESSES[name]}:"
    (found,) = (f for f in protected.entry(session)["flows"] if f["client"].startswith(start))
    return found


# Read and paired --------------------------------------------------------------------------------


def test_every_request_has_its_response(session: Session) -> None:
    entries = list(exchange_entries(session))
    assert {entry["state"] for entry in entries} == {"answered", "observing"}
    assert all(entry["response_frames"] for entry in entries)
    roles = Counter(map(Role, session.messages["role"].tolist()))
    taken = {Role.REQUEST, Role.RESPONSE, Role.NOTIFICATION, Role.SIGNAL, Role.ACK}
    assert roles.keys() - {Role.RETRANSMISSION, Role.DUPLICATE_ACK} == taken
    connections = sum(TALKS[name].reliable for name in HEARD) + len(AIOCOAP)
    assert roles[Role.SIGNAL] >= 2 * connections  # each end begins with its capabilities


@pytest.mark.parametrize("name", HEARD)
def test_each_talk_is_read_as_it_was_carried(
    recorded: Recorded, session: Session, name: str
) -> None:
    of_it, (first, *_) = TALKS[name], of(session, name)
    assert first["uri"] == f"/{of_it.path}"
    assert first["server"] == f"127.0.0.1:{recorded.scene.servers[of_it.server] + of_it.secured}"
    row = session.messages["frame"].tolist().index(first["request_frame"])
    carried = carriage(session, row)
    assert (carried.tls, carried.dtls) == (
        of_it.secured and of_it.reliable,
        of_it.secured and not of_it.reliable,
    )
    assert (first["message_id"] is None) == of_it.reliable
    if first["method"] == "GET":
        answer = session.messages["frame"].tolist().index(first["response_frames"][0])
        text = Message(session, answer).coap.payload.decode()
        assert recorded.printed[name].startswith(text)
    if of_it.secured:
        seen = flow(session, name)
        assert (seen["not_read"], seen["reason"], seen["established"]) == (0, None, True)
        assert seen["psk_identity"] == (of_it.who if of_it.who in IDENTITIES else None)


@pytest.mark.parametrize(
    ("name", "suite"),
    [
        ("tls, gnutls to gnutls", "PSK_WITH_AES"),
        ("dtls, one UE", "TLS_PSK_WITH_AES"),
        ("dtls, certificate", "TLS_ECDHE_ECDSA_WITH_AES"),
        ("dtls, certificate, CCM_8", "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"),
        ("dtls, ChaCha20", "CHACHA20_POLY1305"),
        ("dtls, no log", "ECDHE_PSK"),
    ],
)
def test_suites_are_many(session: Session, name: str, suite: str) -> None:
    """Peers that agree on others would leave something untried."""
    assert suite in flow(session, name)["cipher_suite"]


@pytest.mark.parametrize("name", ["dtls, certificate", "dtls, certificate, CCM_8"])
def test_certificates_are_told(session: Session, name: str) -> None:
    assert flow(session, name)["server_subject"] == "CN=example.org"


@pytest.mark.parametrize("name", [name for name in TALKS if "an observation" in name])
def test_notifications_belong_to_their_observation(session: Session, name: str) -> None:
    observed, ended = of(session, name)
    assert len(observed["response_frames"]) >= 2
    assert len(ended["response_frames"]) == 1


@pytest.mark.parametrize("name", ["tcp, a large body", "dtls, a large body"])
def test_a_large_body_is_whole(session: Session, name: str) -> None:
    """In one message on a stream, in blocks else."""
    asked = of(session, name)
    assert (len(asked) == 1) == TALKS[name].reliable
    row = session.messages["frame"].tolist().index(asked[-1]["request_frame"])
    last = Message(session, row)
    assert (last.body.payload if last.body is not None else last.coap.payload) == LARGE


@pytest.mark.parametrize("scheme", AIOCOAP)
def test_aiocoap_with_itself(recorded: Recorded, session: Session, scheme: str) -> None:
    server = f"127.0.0.1:{recorded.aiocoap + AIOCOAP[scheme]}"
    asked = [
        e
        for e in exchange_entries(session)
        if e["server"] == server and not e["client"].startswith("127.0.8.")
    ]
    assert [(e["method"], e["uri"], e["response_code"]) for e in asked[:4]] == [
        ("GET", "/text", "2.05"),
        ("PUT", "/text", "2.04"),
        ("GET", "/nowhere", "4.04"),
        ("GET", "/counter", "2.05"),
    ]
    assert len(asked[3]["response_frames"]) >= 2
    frames = session.messages["frame"].tolist()
    for entry in asked:
        carried = carriage(session, frames.index(entry["request_frame"]))
        assert carried.websocket == scheme.endswith("+ws")
        assert carried.tls == scheme.startswith("coaps")


# What is told of it -----------------------------------------------------------------------------


def test_nothing_else_is_told(session: Session) -> None:
    """libcoap names the port it asks and no format of a time; the last response to a body in blocks
    has no Block1 in its server."""
    told: dict[Severity, set[str]] = {}
    for finding in session.findings:
        told.setdefault(finding.severity, set()).add(finding.rule.id)
    assert told[Severity.WARNING] == {*WRONG.values(), "COAP-7959-2.3-B1-MISSING"}
    assert told[Severity.NOTE] - {*WRONG.values()} == {
        "COAP-7252-5.4.4-DEFAULT",
        "COAP-7252-5.5.1-NO-CF",
        "COAP-CAP-OPAQUE",
    }
    assert Severity.ERROR not in told


@pytest.mark.parametrize(("name", "rule"), WRONG.items())
def test_a_wrong_key_is_a_finding(session: Session, name: str, rule: str) -> None:
    assert of(session, name) == []
    start = f"{ADDRESSES[name]}:"
    (finding,) = (found for found in session.findings if start in found.text)
    assert finding.rule.id == rule
    assert 'identity "ue-1"' in finding.text


def test_what_is_not_read_says_why(session: Session) -> None:
    assert protected.sentence(session) == (
        "2 messages in 1 flow were not evaluated: the key log has no secret of it"
    )
    assert flow(session, UNREAD)["not_read"] == 2


def test_each_ue_is_read_with_its_own_key(recorded: Recorded) -> None:
    """One file of keys, and no log."""
    session = recorded.session(keylog=False)
    for name, who in (("dtls, one UE", "ue-1"), ("dtls, another UE", "ue-2")):
        seen = flow(session, name)
        assert (seen["psk_identity"], seen["read"], seen["not_read"]) == (who, 2, 0)
        assert [entry["uri"] for entry in of(session, name)] == ["/time"]


def test_a_wrong_key_in_the_file_is_told(recorded: Recorded) -> None:
    session = recorded.session(psk='ue-1:"secretPSK"\nue-2:"mistaken"\n', keylog=False)
    assert flow(session, "dtls, one UE")["reason"] is None
    seen = flow(session, "dtls, another UE")
    assert (seen["read"], seen["not_read"], seen["reason"]) == (0, 2, "key wrong")
    assert of(session, "dtls, another UE") == []
    (told,) = (
        finding.text
        for finding in session.findings
        if finding.text.startswith(f"{ADDRESSES['dtls, another UE']}:")
    )
    assert told.endswith("DTLS is not read: authentication failed: the key is wrong")


def test_without_keys_streams_in_clear_are_read_alone(recorded: Recorded) -> None:
    session = recorded.read(Settings())
    assert [name for name in TALKS if of(session, name)] == [
        name for name in TALKS if not TALKS[name].secured
    ]
    secured = [name for name in TALKS if TALKS[name].secured and name not in WRONG]
    assert all(flow(session, name)["not_read"] for name in secured)
    assert "no keys were given" in protected.sentence(session)


# Beside tshark ----------------------------------------------------------------------------------


def given(recorded: Recorded) -> Given:
    """What tshark is told of the ports."""
    first, secured = recorded.aiocoap, [port + 1 for port in recorded.libcoap]
    return Given(
        coap=[*recorded.libcoap, first],
        dtls=secured,
        tls=[*secured, first + 1],
        http=[first + WEB],
        https=[first + WEB + 1],
    )


STREAM = {"behind the first"}
"""Whether two messages share a segment is TCP's to say."""


@needs_tshark
def test_with_the_key_log_tshark_shows_the_same(
    recorded: Recorded, session: Session, tmp_path: Path
) -> None:
    logged = given(recorded)._replace(keylog=recorded.scene.keylog)
    found = differences(session, shown(recorded.capture, tmp_path, logged))
    assert found.pop("ChaCha20 in DTLS") == flow(session, "dtls, ChaCha20")["read"]
    assert found.keys() <= STREAM


@needs_tshark
def test_with_one_key_alone_tshark_shows_the_same(recorded: Recorded, tmp_path: Path) -> None:
    key = IDENTITIES["ue-1"]
    session = recorded.session(psk=f'ue-1:"{key}"\n', keylog=False)
    assert flow(session, "dtls, a large body")["read"] > 30
    theirs = shown(recorded.capture, tmp_path, given(recorded)._replace(key=key.encode()))
    assert differences(session, theirs).keys() <= STREAM
