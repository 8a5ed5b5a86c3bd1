# SPDX-License-Identifier: GPL-2.0-only
"""Recorded associations are opened, whatever order their datagrams come in."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fuzz.targets.edits import Sent, edited
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.decryption.dtls import MOST_ASKED, MOST_FAILURES, Association
from analyzer.decryption.epoch_keys import EpochKeys
from analyzer.decryption.security import Reason, Security
from analyzer.decryption.sessions import Session, SessionCache
from analyzer.secrets.keylog import KeyLog
from analyzer.secrets.model import Secrets
from decryption.recorded import NAMES, Datagram, datagrams, path, read, secrets
from dissectors.tls.records import dtls_records

STEADY = settings(derandomize=True, deadline=None, max_examples=150)
OPENED = {
    "coap-ccm8": [b"@\x01\x12\x34\xb4time", b"`E\x12\x34\xd1\x01\x01\xffNov 27 20:31:39"],
    "ecdsa-keylog": [b"one\n", b"two\n"],
    "psk-cbc": [b"one\n", b"two\n"],
    "psk-cbc-mac-inside": [b"one\n", b"two\n"],
    "psk-ccm8": [b"one\n", b"two\n"],
    "psk-gcm": [b"one\n", b"two\n"],
    "psk-renegotiated": [b"one\n", b"two\n"],
    "psk-resumed": [b"one\n", b"two\n", b"one\n", b"two\n"],
}


def only(sent: list[Datagram], given: Secrets | None) -> Security:
    (association,) = read(sent, given).associations
    return association.security


@pytest.mark.parametrize("name", OPENED)
def test_application_data_is_read(name: str) -> None:
    found = read(datagrams(name), secrets(name))
    assert found.texts == OPENED[name]
    for association in found.associations:
        security = association.security
        assert security.established
        assert security.reason is None
        assert security.opaque == security.tampered == 0
        assert not association.muted
    assert sum(one.security.opened for one in found.associations) == len(OPENED[name])


def test_a_handshake_says_who_speaks() -> None:
    security = only(datagrams("psk-gcm"), secrets())
    assert (security.version_name, security.suite_name) == (
        "DTLS 1.2",
        "TLS_PSK_WITH_AES_128_GCM_SHA256",
    )
    assert (security.psk_identity, security.psk_hint) == (b"ue-1", b"who")
    assert security.extended_master_secret
    assert security.cookie_exchanges == 1
    assert (security.first_frame, security.last_frame) == (1, 11)
    assert [alert.text for alert in security.alerts] == ["Warning: Close Notify"] * 2
    assert [alert.forward for alert in security.alerts] == [True, False]


def test_certificates_and_names_are_told() -> None:
    security = only(datagrams("ecdsa-keylog"), None)
    assert security.server_subject == "CN=as.example,O=Example"
    assert security.server_name == b"ue.example"
    assert security.suite_name == "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"


def test_what_agrees_on_the_mac_is_told() -> None:
    assert only(datagrams("psk-cbc"), None).encrypt_then_mac
    assert not only(datagrams("psk-cbc-mac-inside"), None).encrypt_then_mac


def test_a_resumed_session_keeps_its_identity() -> None:
    first, second = (one.security for one in read(datagrams("psk-resumed"), secrets()).associations)
    assert (first.resumed, second.resumed) == (False, True)
    assert second.psk_identity == b"ue-1"


def test_a_renegotiation_has_an_epoch_of_its_own() -> None:
    found = read(datagrams("psk-renegotiated"), secrets())
    assert [opened.epoch for _, opened in found.opened] == [1, 2]
    assert found.associations[0].security.handshakes == 2


def reason(sent: list[Datagram], given: Secrets | None) -> tuple[Reason | None, str]:
    security = only(sent, given)
    assert security.opaque
    assert not security.opened
    return security.reason, security.detail


def test_it_says_why_not() -> None:
    sent = datagrams("psk-gcm")
    application = [one for one in sent if one.data[0] == 23]
    assert reason(sent, None) == (Reason.NO_KEYS, "no keys were given")
    assert reason(sent, Secrets()) == (Reason.NO_KEYS, "no keys were given")
    assert reason(application, secrets()) == (
        Reason.NO_HANDSHAKE,
        "its handshake was not captured",
    )
    other = secrets(key=None)
    other.add_keylog(b"CLIENT_RANDOM " + b"00" * 32 + b" " + b"00" * 48)
    assert reason(sent, other) == (Reason.NO_PSK, 'identity "ue-1" has no key')
    assert reason(sent, secrets(key=b"wrong"))[0] is Reason.WRONG_KEY
    assert reason(sent[4:], secrets()) == (
        Reason.NO_HANDSHAKE,
        "its ClientHello was not captured",
    )
    assert reason(datagrams("ecdsa-keylog"), secrets()) == (
        Reason.NO_SECRET,
        "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8 needs a key log, no pre-shared key opens it",
    )
    assert reason(datagrams("psk-resumed")[11:], secrets()) == (
        Reason.NO_HANDSHAKE,
        "the handshake of the session it resumes was not captured",
    )
    unsupported = [one._replace(data=one.data.replace(b"\0\xa8", b"\0\x8a")) for one in sent]
    assert reason(unsupported, secrets()) == (
        Reason.UNSUPPORTED,
        "TLS_PSK_WITH_RC4_128_SHA is not supported",
    )


def without(sent: list[Datagram], kind: int) -> list[Datagram]:
    """Without the records in clear that have a handshake message of this type."""
    kept = []
    for one in sent:
        records = dtls_records(one.data)
        wanted = [
            one.data[record.start : record.end]
            for record in records
            if record.content_type != 22 or record.epoch or one.data[record.body] != kind
        ]
        kept.append(one._replace(data=b"".join(wanted)))
    return [one for one in kept if one.data]


@pytest.mark.parametrize("kind", [12, 14])
def test_a_lost_message_costs_the_extended_master_secret(kind: int) -> None:
    sent = without(datagrams("psk-gcm"), kind)
    assert reason(sent, secrets()) == (
        Reason.CUT,
        "a message of its handshake, which the key depends on, was not captured",
    )


def test_a_lost_identity_costs_the_key() -> None:
    assert reason(without(datagrams("psk-gcm"), 16), secrets()) == (
        Reason.CUT,
        "its ClientKeyExchange was not captured",
    )


def test_a_key_log_needs_the_hellos_alone() -> None:
    sent = datagrams("ecdsa-keylog")
    for kind in (11, 12, 14, 16):
        sent = without(sent, kind)
    assert read(sent, secrets("ecdsa-keylog")).texts == OPENED["ecdsa-keylog"]


def test_retransmissions_are_counted() -> None:
    assert only(datagrams("coap-wrong-key"), None).handshake_retransmissions == 8


def test_a_key_that_is_wrong_is_told_by_the_first_finished() -> None:
    security = only(datagrams("psk-gcm")[:5], secrets(key=b"wrong"))
    assert security.reason is Reason.WRONG_KEY
    assert security.detail == "authentication failed: the key is wrong"
    assert security.tampered == 1


def test_a_key_that_is_wrong_mutes() -> None:
    sent = datagrams("psk-gcm")
    application = next(one for one in sent if one.data[0] == 23)
    association = Association(secrets(key=b"wrong"), SessionCache())
    for one in sent[:7]:
        association.take(one.data, one.forward, one.frame, one.time)
    for count in range(MOST_FAILURES):
        assert not association.take(application.data, True, 8 + count, 0)
    assert association.muted
    assert association.security.reason is Reason.WRONG_KEY


def test_a_damaged_record_stops_nothing() -> None:
    sent = datagrams("psk-gcm")
    at = next(number for number, one in enumerate(sent) if one.data[0] == 23)
    damaged = sent[at]._replace(data=sent[at].data[:-1] + b"\0")
    found = read([*sent[:at], damaged, *sent[at:]], secrets())
    assert found.texts == OPENED["psk-gcm"]
    security = found.associations[0].security
    assert (security.opened, security.opaque, security.tampered) == (2, 1, 1)
    assert security.reason is None


@pytest.mark.parametrize("name", OPENED)
def test_every_datagram_twice_is_opened_twice(name: str) -> None:
    sent = [one for one in datagrams(name) for _ in range(2)]
    assert read(sent, secrets(name)).texts == [text for text in OPENED[name] for _ in range(2)]


def test_a_client_that_begins_anew_is_followed() -> None:
    """The old keys stay good for what comes late (RFC 6347 clause 4.2.8)."""
    first, second = datagrams("psk-gcm"), datagrams("psk-cbc")
    restarted = [one._replace(port=0) for one in (*first[:8], *second, first[8])]
    assert read(restarted, secrets()).texts == [b"one\n", b"one\n", b"two\n", b"two\n"]
    back = [one._replace(port=0) for one in (*first[:8], *second[:3], first[8])]
    assert read(back, secrets()).texts == [b"one\n", b"two\n"]


class Growing:
    """A key log that has its line when it was asked for it often enough."""

    def __init__(self, after: int) -> None:
        self.after = after
        self.asked = 0

    def read_on(self, log: KeyLog) -> bool:
        self.asked += 1
        if self.asked == self.after:
            log.add(path("ecdsa-keylog").with_suffix(".keys").read_bytes())
        return self.asked == self.after


def test_a_key_log_may_lag_behind() -> None:
    sent = datagrams("ecdsa-keylog")
    late = Growing(4)
    assert read(sent, Secrets(growing=[late])).texts == [b"two\n"]
    never = Growing(10_000)
    application = [one for one in sent if one.data[0] == 23] * 100
    (association,) = read([*sent[:8], *application], Secrets(growing=[never])).associations
    assert association.muted
    assert never.asked < 2 * MOST_ASKED
    assert association.security.opaque == 200


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "cryptography"]:
        monkeypatch.setitem(sys.modules, name, None)
    found = reason(datagrams("psk-gcm"), secrets())
    assert found[0] is Reason.NO_CRYPTOGRAPHY
    assert "pip install 'msgshark[decrypt]'" in found[1]


def test_handshakes_are_followed_without_the_library() -> None:
    """It costs 100 ms, and is imported when a key is put to use."""
    script = (
        "import sys; from decryption.recorded import datagrams, read\n"
        "assert read(datagrams('psk-gcm'), None).associations[0].security.psk_identity\n"
        "assert not {'cryptography', 'numpy'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parents[1], check=True)


def test_secrets_are_in_no_repr() -> None:
    cache = SessionCache()
    cache.remember(b"session", Session(b"master", b"ue-1"))
    assert repr(cache.find(b"session")) == "<Session: with master secret>"


def test_sessions_are_bounded() -> None:
    cache = SessionCache(2)
    for name in (b"one", b"two", b"three"):
        cache.remember(name, Session(name, b""))
    assert cache.find(b"one") is None
    assert cache.find(b"two") is not None
    cache.remember(b"four", Session(b"four", b""))
    assert cache.find(b"three") is None, "the one not used for longest"
    cache.remember(b"four", Session(None, b"ue-1"))
    found = cache.find(b"four")
    assert found is not None
    assert found.master == b"four", "no key does not replace a key"
    cache.remember(b"", Session(b"x", b""))
    assert cache.find(b"") is None


HANDSHAKE = [one for one in datagrams("ecdsa-keylog") if one.frame < 9]
BEHIND = datagrams("ecdsa-keylog")[8:]


@STEADY
@given(st.permutations(range(3, 6)), st.lists(st.integers(3, 5), max_size=6))
def test_fragments_come_in_any_order_and_again(order: list[int], again: list[int]) -> None:
    sent = [*HANDSHAKE[:3], *(HANDSHAKE[at] for at in (*order, *again)), *HANDSHAKE[6:], *BEHIND]
    security = only(sent, secrets("ecdsa-keylog"))
    assert security.opened == 2
    assert security.server_subject == "CN=as.example,O=Example"


@STEADY
@given(st.sampled_from(NAMES), st.data())
def test_damage_never_raises(name: str, data: st.DataObject) -> None:
    sent = list(datagrams(name))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(sent) - 1))
        octets = bytearray(sent[at].data)
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
        cut = data.draw(st.integers(1, len(octets)) | st.just(len(octets)))
        sent[at] = sent[at]._replace(data=bytes(octets[:cut]))
    found = read(sent, secrets(name))
    told = {text for texts in OPENED.values() for text in texts} | set(
        read(datagrams(name), secrets(name)).texts
    )
    assert set(found.texts) <= told


@STEADY
@given(st.lists(st.tuples(st.binary(max_size=80), st.booleans()), max_size=8))
def test_any_bytes_are_read(sent: list[tuple[bytes, bool]]) -> None:
    association = Association(secrets(), SessionCache())
    for frame, (data, forward) in enumerate(sent):
        assert not association.take(data, forward, frame, 0)


@STEADY
@given(name=st.sampled_from(NAMES), edits=st.binary(max_size=24))
def test_a_lone_record_is_opened_as_one_of_several_is(name: str, edits: bytes) -> None:
    sent = [Sent(one.forward, one.data) for one in datagrams(name)]
    apart = list(edited([*sent, *sent[-6:], *sent], edits))
    lone = told(apart, secrets(name))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(EpochKeys, "lone_record", lambda *_: None)
        assert told(apart, secrets(name)) == lone


def told(sent: list[Sent], given: Secrets) -> list[object]:
    """What comes out of each datagram, and what is known in the end."""
    association = Association(given, SessionCache())
    found: list[object] = [
        association.take(one.data, one.forward, frame, frame * 1000)
        for frame, one in enumerate(sent, 1)
    ]
    security, progress = association.security, association.progress
    return [*found, association.muted, progress, *security.steps, *facts(security)]


def facts(security: Security) -> Iterator[object]:
    return (getattr(security, name) for name in Security.__slots__ if name != "steps")
