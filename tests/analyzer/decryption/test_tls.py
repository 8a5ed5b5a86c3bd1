# SPDX-License-Identifier: GPL-2.0-only
"""TLS connections of real peers, read from their bytes."""

from __future__ import annotations

import ssl
import subprocess
import sys
from functools import cache
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.decryption import tls
from analyzer.decryption.security import Reason
from analyzer.decryption.sessions import SessionCache
from analyzer.decryption.tls import TlsStream
from analyzer.secrets.model import Secrets
from analyzer.secrets.psk import Identities
from analyzer.streams.model import UNKNOWN, Chunk
from dissectors.tls.numbers import RETRY_RANDOM

from .libcoap_tls import fetched, needs_libcoap
from .openssl_peers import IDENTITY, KEY, converse, needs_openssl, serving
from .tls_peers import Peers, Wire, chunk

OLDER, NEWER = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
SAID = [(True, b"a request"), (False, b"a response " * 4000), (True, b"another"), (False, b"last")]


@cache
def spoken(version: ssl.TLSVersion, suite: str = "") -> Wire:
    return Peers(version, suite).converse(SAID)


def logged(wire: Wire) -> Secrets:
    secrets = Secrets()
    secrets.add_keylog(wire.keylog)
    return secrets


def keyed(key: bytes = KEY, identity: bytes = IDENTITY) -> Secrets:
    identities = Identities()
    identities.add(identity + b":" + key.hex().encode())
    return Secrets(identities)


def opened(
    wire: Wire, secrets: Secrets | None, size: int = 1 << 20, cache: SessionCache | None = None
) -> tuple[TlsStream, list[tuple[bool, Chunk]]]:
    stream = TlsStream(secrets, cache or SessionCache())
    found = [
        (forward, plain)
        for part, forward in wire.chunks(size)
        for plain in stream.feed(part, forward)
    ]
    return stream, found


def joined(parts: list[tuple[bool, Chunk]] | list[tuple[bool, bytes]]) -> dict[bool, bytes]:
    """All that was said in each direction."""
    return {
        way: b"".join(
            part.data if isinstance(part, Chunk) else part
            for forward, part in parts
            if forward is way
        )
        for way in (True, False)
    }


@pytest.mark.parametrize("size", [1 << 20, 1400, 3])
@pytest.mark.parametrize(
    ("version", "suite"),
    [
        (OLDER, "ECDHE-ECDSA-AES128-GCM-SHA256"),
        (OLDER, "ECDHE-ECDSA-AES256-GCM-SHA384"),
        (OLDER, "ECDHE-ECDSA-AES128-CCM8"),
        (OLDER, "ECDHE-ECDSA-CHACHA20-POLY1305"),
        (OLDER, "ECDHE-ECDSA-AES128-SHA"),
        (OLDER, "ECDHE-ECDSA-AES256-SHA384"),
        (NEWER, ""),
    ],
)
def test_a_key_log_opens_what_was_said(version: ssl.TLSVersion, suite: str, size: int) -> None:
    wire = spoken(version, suite)
    stream, found = opened(wire, logged(wire), size)
    assert joined(found) == joined(wire.said)
    assert all(not part.lost for _, part in found)
    security = stream.security
    assert security.version == (0x0303 if version is OLDER else 0x0304)
    assert security.server_name == b"example.org"
    assert "example.org" in security.server_subject
    assert security.established
    assert not stream.muted
    assert (security.opened, security.opaque) == (len(found), 0)
    assert (security.reason, security.tampered) == (None, 0)
    assert [alert.text for alert in security.alerts] == ["Warning: Close Notify"]


@pytest.mark.parametrize("version", [OLDER, NEWER])
def test_a_plaintext_names_the_packets_it_came_in(version: ssl.TLSVersion) -> None:
    wire = spoken(version)
    sizes = {frame.frame: frame for frame, _ in wire.chunks(100)}
    _, found = opened(wire, logged(wire), 100)
    for _, part in found:
        frames = [piece.frame for piece in part.pieces]
        assert frames == sorted(set(frames))
        assert part.frame == part.time == frames[-1]
        length = sum(len(sizes[frame].data) for frame in frames)
        assert len(part.data) < length < len(part.data) + 300


@pytest.mark.parametrize("version", [OLDER, NEWER])
def test_a_resumed_connection_opens_by_its_own_lines(version: ssl.TLSVersion) -> None:
    peers = Peers(version)
    peers.converse(SAID)
    wire = peers.converse(SAID)
    stream, found = opened(wire, logged(wire))
    assert stream.security.resumed
    assert joined(found) == joined(wire.said)


def test_a_server_that_asks_for_another_group_is_followed() -> None:
    """HelloRetryRequest (RFC 8446 clause 4.1.4)."""
    peers = Peers(NEWER)
    peers.server.set_ecdh_curve("secp384r1")
    wire = peers.converse(SAID)
    assert RETRY_RANDOM in wire.sent[1][1]
    stream, found = opened(wire, logged(wire), 100)
    assert joined(found) == joined(wire.said)
    assert stream.security.handshakes == 1


@pytest.mark.parametrize("version", [OLDER, NEWER])
@pytest.mark.parametrize("size", [1 << 20, 200])
def test_a_hole_costs_the_records_in_it(version: ssl.TLSVersion, size: int) -> None:
    """Every chunk of the conversation is lost once; what is read behind it was said."""
    wire = Peers(version, "ECDHE-ECDSA-AES128-GCM-SHA256" if version is OLDER else "").converse(
        [(True, b"one"), (False, b"two" * 100)] * 6
    )
    chunks = list(wire.chunks(size))
    handshake = 12 if size > 1000 else 40
    for gone in range(len(chunks) // 2, len(chunks) - 1):
        for known in (True, False):
            stream = TlsStream(logged(wire), SessionCache())
            found = []
            lost_of = chunks[gone][1]
            for at, (part, forward) in enumerate(chunks):
                if at == gone:
                    continue
                behind = at > gone and forward is lost_of and lost_of is not None
                if behind:
                    lost_of = None  # type: ignore[assignment]
                    lost = len(chunks[gone][0].data) if known else UNKNOWN
                    part = part._replace(lost=lost)
                found += [(forward, plain) for plain in stream.feed(part, forward)]
            said = [data for _, data in wire.said]
            assert all(plain.data in said for _, plain in found)
            assert len(said) - 2 <= len(found), (gone, known, handshake)
            assert sum(plain.lost == UNKNOWN for _, plain in found) <= 1


def test_what_was_said_before_the_capture_began_is_not_read() -> None:
    wire = spoken(OLDER)
    later = Wire(wire.sent[4:], wire.keylog, wire.said)
    stream, found = opened(later, logged(later))
    assert not found
    assert stream.security.reason is Reason.NO_HANDSHAKE
    assert stream.muted
    assert stream.security.opaque == 6


@pytest.mark.parametrize("version", [OLDER, NEWER])
@pytest.mark.parametrize("secrets", [None, Secrets()], ids=["none", "empty"])
def test_without_keys_it_says_so(version: ssl.TLSVersion, secrets: Secrets | None) -> None:
    wire = spoken(version)
    stream, found = opened(wire, secrets)
    assert not found
    assert stream.security.reason is Reason.NO_KEYS
    assert stream.security.established
    assert stream.security.server_name == b"example.org"
    assert stream.security.opaque >= 6
    assert stream.muted is (secrets is None)


@pytest.mark.parametrize("version", [OLDER, NEWER])
def test_a_key_log_of_others_says_so(version: ssl.TLSVersion) -> None:
    wire = spoken(version)
    stream, found = opened(wire, logged(Peers(version).converse(SAID)))
    assert not found
    assert stream.security.reason is Reason.NO_SECRET


@pytest.mark.parametrize("version", [OLDER, NEWER])
def test_a_wrong_secret_says_so(version: ssl.TLSVersion) -> None:
    wire = spoken(version)
    lines = wire.keylog.splitlines()
    other = [line[:-2] + (b"01" if line.endswith(b"00") else b"00") for line in lines]
    wrong = wire._replace(keylog=b"\n".join(other))
    stream, found = opened(wrong, logged(wrong))
    assert not found
    assert stream.security.reason is Reason.WRONG_KEY
    assert stream.security.tampered > 0


@pytest.mark.parametrize("version", [OLDER, NEWER])
def test_a_key_log_that_lags_behind_opens_what_follows(version: ssl.TLSVersion) -> None:
    wire = spoken(version)
    secrets = Secrets()
    stream = TlsStream(secrets, SessionCache())
    found = []
    for at, (part, forward) in enumerate(wire.chunks()):
        if at == len(wire.sent) - 3:
            secrets.add_keylog(wire.keylog)
        found += [(forward, plain) for plain in stream.feed(part, forward)]
    assert [plain.data for _, plain in found] == [b"another", b"last"]
    assert [plain.lost for _, plain in found] == [UNKNOWN, UNKNOWN]
    assert stream.security.reason is None


def test_application_secrets_alone_open_application_data() -> None:
    """Some libraries log nothing of the handshake; what was said is read all the same."""
    wire = spoken(NEWER)
    lines = [line for line in wire.keylog.split(b"\n") if b"HANDSHAKE" not in line]
    stream, found = opened(wire, logged(wire._replace(keylog=b"\n".join(lines))))
    assert joined(found) == joined(wire.said)
    assert stream.security.reason is None


@pytest.mark.parametrize("version", [OLDER, NEWER])
def test_a_capture_that_begins_with_the_hellos_misses_nothing(version: ssl.TLSVersion) -> None:
    """Without a SYN nobody can tell whether bytes came before."""
    wire = spoken(version)
    stream = TlsStream(logged(wire), SessionCache())
    found, begun = [], set[bool]()
    for part, forward in wire.chunks(500):
        lost = 0 if forward in begun else UNKNOWN
        begun.add(forward)
        found += [(forward, p) for p in stream.feed(part._replace(lost=lost), forward)]
    assert joined(found) == joined(wire.said)
    assert all(not plain.lost for _, plain in found)


def test_without_the_library_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers", None)
    for version in (OLDER, NEWER):
        wire = spoken(version)
        stream, found = opened(wire, logged(wire))
        assert not found
        assert stream.security.reason is Reason.NO_CRYPTOGRAPHY
        assert stream.muted


def test_no_library_is_loaded_without_a_key() -> None:
    """Not even to follow a handshake."""
    client_hello = spoken(OLDER).sent[0][1]
    script = f"""
import sys
from analyzer.decryption.sessions import SessionCache
from analyzer.decryption.tls import TlsStream
from analyzer.secrets.reading import read
from analyzer.streams.model import Chunk
stream = TlsStream(read().secrets, SessionCache())
stream.feed(Chunk({client_hello!r}, (), 0, 0, 1), True)
assert stream.security.server_name == b"example.org"
print({{name.partition(".")[0] for name in sys.modules}} & {{"cryptography", "numpy", "scapy"}})
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stderr


def test_a_missing_secret_is_asked_for_so_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls, "MOST_ASKED", 2)
    wire = spoken(OLDER)
    stream, found = opened(wire, logged(Peers(OLDER).converse(SAID)))
    assert stream.muted
    assert stream.security.opaque == 6
    assert not found


SUITES = {
    "PSK-AES128-CCM8": "TLS_PSK_WITH_AES_128_CCM_8",
    "PSK-AES128-GCM-SHA256": "TLS_PSK_WITH_AES_128_GCM_SHA256",
    "PSK-AES256-GCM-SHA384": "TLS_PSK_WITH_AES_256_GCM_SHA384",
    "PSK-AES128-CBC-SHA256": "TLS_PSK_WITH_AES_128_CBC_SHA256",
    "PSK-CHACHA20-POLY1305": "TLS_PSK_WITH_CHACHA20_POLY1305_SHA256",
    "PSK-NULL-SHA256": "TLS_PSK_WITH_NULL_SHA256",
}
LINES = ["a request", "and another one"]


@needs_openssl
def test_a_pre_shared_key_opens_what_openssl_said() -> None:
    names = ":".join(SUITES) + ":@SECLEVEL=0"
    with serving("-tls1_2", "-cipher", names) as port:
        for name, suite in SUITES.items():
            for option in ("", "-no_etm"):
                options = ["-tls1_2", "-cipher", f"{name}:@SECLEVEL=0", *filter(None, [option])]
                if option and "CBC" not in name:
                    continue
                wire = converse(port, LINES, *options)
                stream, found = opened(wire, keyed(), 50)
                security = stream.security
                assert joined(found) == joined(wire.said), name
                assert security.suite_name == suite
                assert security.psk_identity == IDENTITY
                assert security.extended_master_secret
                if "CBC" in name:
                    assert security.encrypt_then_mac is not bool(option)
                assert security.reason is None


@needs_openssl
def test_a_session_resumed_opens_by_the_key_it_began_with(tmp_path: Path) -> None:
    session = str(tmp_path / "session")
    options = ["-tls1_2", "-cipher", "PSK-AES128-GCM-SHA256"]
    with serving(*options) as port:
        first = converse(port, LINES, *options, "-sess_out", session)
        again = converse(port, LINES, *options, "-sess_in", session)
    cache = SessionCache()
    opened(first, keyed(), cache=cache)
    stream, found = opened(again, keyed(), cache=cache)
    assert stream.security.resumed
    assert stream.security.psk_identity == IDENTITY
    assert joined(found) == joined(again.said)

    stream, found = opened(again, keyed())
    assert not found
    assert stream.security.reason is Reason.NO_HANDSHAKE
    assert "session it resumes" in stream.security.detail


@needs_openssl
def test_a_renegotiation_brings_other_keys() -> None:
    options = ["-tls1_2", "-cipher", "PSK-AES128-GCM-SHA256"]
    with serving(*options, "-client_renegotiation") as port:
        wire = converse(port, ["before", "R", "behind it", "R", "at last"], *options)
    stream, found = opened(wire, keyed())
    assert joined(found) == joined(wire.said)
    assert stream.security.handshakes == 3


@needs_openssl
def test_keys_are_updated(tmp_path: Path) -> None:
    with serving("-tls1_3") as port:
        wire = converse(
            port,
            ["before", "K", "behind it", "k", "at last"],
            "-tls1_3",
            keylog=tmp_path / "keys",
        )
    stream, found = opened(wire, logged(wire))
    assert joined(found) == joined(wire.said)
    assert stream.security.version == 0x0304


@needs_libcoap
def test_libcoap_with_gnutls_is_read(tmp_path: Path) -> None:
    """ECDHE_PSK has secrets that the pre-shared key alone does not give."""
    wire = fetched(tmp_path / "keys")
    stream, found = opened(wire, logged(wire), 100)
    assert stream.security.suite_name.startswith("TLS_ECDHE_PSK_WITH_")
    assert stream.security.psk_identity == IDENTITY
    assert stream.security.psk_hint == b"hint"
    said = joined(found)
    assert said[True][1] == said[False][1] == 0xE1  # CSM comes first (RFC 8323 clause 5.3)
    assert b"libcoap" in said[False]
    assert stream.security.opaque == 0

    stream, found = opened(wire, keyed())
    assert not found
    assert stream.security.reason is Reason.NO_SECRET


@needs_openssl
def test_identities_without_a_key_and_wrong_keys_are_told() -> None:
    options = ["-tls1_2", "-cipher", "PSK-AES128-CCM8:@SECLEVEL=0"]
    with serving(*options) as port:
        wire = converse(port, LINES, *options)
    stream, _ = opened(wire, keyed(identity=b"another"))
    assert stream.security.reason is Reason.NO_PSK
    assert IDENTITY.decode() in stream.security.detail
    stream, _ = opened(wire, keyed(b"wrong"))
    assert stream.security.reason is Reason.WRONG_KEY
    assert stream.security.opaque == 4
    assert KEY.hex() not in repr(vars(type(stream))) + repr(stream._negotiation._secrets)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1 << 32), st.sampled_from([OLDER, NEWER]))
def test_damage_is_never_an_exception_and_never_read(seed: int, version: ssl.TLSVersion) -> None:
    wire = spoken(version)
    random = Random(seed)
    stream = TlsStream(logged(wire), SessionCache())
    said = joined(wire.said)
    for part, forward in wire.chunks(random.choice([50, 1400, 1 << 16])):
        data = bytearray(part.data)
        if random.random() < 0.1:
            data[random.randrange(len(data))] ^= random.randrange(1, 256)
        if random.random() < 0.1:
            continue
        lost = random.choice([0, 0, 0, UNKNOWN, 17, 40_000])
        for plain in stream.feed(part._replace(data=bytes(data), lost=lost), forward):
            assert plain.data in said[forward]


@given(st.lists(st.tuples(st.binary(max_size=200), st.booleans(), st.integers(-1, 100))))
def test_noise_is_never_an_exception(noise: list[tuple[bytes, bool, int]]) -> None:
    stream = TlsStream(Secrets(), SessionCache())
    for frame, (data, forward, lost) in enumerate(noise):
        for start in (b"", b"\x16\x03\x03\x00\x40", b"\x17\x03\x03\x00\x20"):
            assert not stream.feed(chunk(start + data, frame, lost), forward)
