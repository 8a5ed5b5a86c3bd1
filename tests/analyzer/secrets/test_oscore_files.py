# SPDX-License-Identifier: GPL-2.0-only
"""Files of OSCORE security contexts: the three forms, and how a bad one is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analyzer.secrets import oscore_files
from analyzer.secrets.oscore_context import Context, akma_master_secret, hkdf
from analyzer.secrets.oscore_files import ContextsError, read_contexts
from dissectors.coap.cose import ALGORITHMS

SECRET = "0102030405060708090a0b0c0d0e0f10"
FULL = f"""
[[context]]
name = "meter"
master_secret = "{SECRET}"
master_salt = "9e:7c:a9:22:23:78:63:40"
client_id = ""
server_id = "01"
id_context = "37 cb f3 21"
algorithm = "aes-gcm-128"
hkdf = "sha512"

[[context]]
k_af = "{SECRET}{SECRET}"
sender_id = "0a"
recipient_id = "0b"
"""
METER = Context(
    "meter",
    bytes.fromhex(SECRET),
    bytes.fromhex("9e7ca92223786340"),
    b"",
    b"\x01",
    bytes.fromhex("37cbf321"),
    ALGORITHMS["AES-GCM-128"],
    "SHA-512",
)


def written(folder: Path, text: str, name: str = "contexts.toml") -> str:
    path = folder / name
    path.write_text(text, "utf-8")
    return str(path)


def test_toml(tmp_path: Path) -> None:
    k_af = bytes.fromhex(SECRET * 2)
    other = Context("2", akma_master_secret(k_af), b"", b"\x0a", b"\x0b")
    assert read_contexts(written(tmp_path, FULL)) == (METER, other)


def one(**keys: str) -> str:
    """A file of one context, with these keys in place of what is right; None leaves one out."""
    right = {"master_secret": f'"{SECRET}"', "client_id": '"0a"', "server_id": '"0b"'} | keys
    return "[[context]]\n" + "".join(f"{key} = {value}\n" for key, value in right.items() if value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no contexts; write [[context]] and its keys below"),
        ("context = 1", "context is no array of tables; write [[context]]"),
        ("[context]", "context is no array of tables; write [[context]]"),
        ("[[contexts]]", "'contexts' is unknown; write [[context]]"),
        ("[[context", "not TOML: "),
        (one(master_secret=""), "context 1: master_secret: write it or k_af"),
        (one(k_af='"00"'), "context 1: master_secret: write it or k_af"),
        (one(master_secret='"0g"'), "context 1: master_secret: write 1 to 256 bytes as hex digits"),
        (one(master_secret='""'), "1 to 256 bytes as hex digits, these are 0"),
        (one(master_secret="7"), "context 1: master_secret: write 1 to 256 bytes as hex digits"),
        (one(client_id=""), "context 1: client_id: write 0 to 7 bytes as hex digits"),
        (one(client_id=f'"{SECRET}"'), "client_id: write 0 to 7 bytes as hex digits, these are 16"),
        (one(server_id='"0a"'), "context 1: server_id: equals client_id; the ends have different"),
        (one(algorithm='"AES-CCM-64-64-128"', client_id='"0102"'), "client_id: write 0 to 1 bytes"),
        (
            one(algorithm='"AES-CCM-16-64-12"'),
            "algorithm: unknown; did you mean AES-CCM-16-64-128?",
        ),
        (one(algorithm="[]"), "context 1: algorithm: write one of AES-CCM-16-64-128, "),
        (one(hkdf='"MD5"'), "context 1: hkdf: "),
        (one(name='""'), "context 1: name: write a text of 1 to 64 characters"),
        (one(master_slat='"00"'), "context 1: 'master_slat': unknown; did you mean master_salt?"),
        (one(name='"a"') + one(name='"a"'), "context 2: name: two contexts have it; write another"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, told: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ContextsError) as refused:
        read_contexts(path)
    line = str(refused.value)
    assert line.startswith(f"{path}: ")
    assert told in line
    assert "\n" not in line
    assert SECRET not in line


@pytest.mark.parametrize(
    "text",
    [
        f'"{SECRET}" = 1\n',
        one() + f'"{SECRET}" = "01"\n',
        one() + f"[a.{SECRET}]\n[a.{SECRET}]\n",
    ],
)
def test_a_secret_in_place_of_a_key_is_not_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(ContextsError) as refused:
        read_contexts(written(tmp_path, text))
    assert SECRET[:8] not in str(refused.value)


def test_files_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oscore_files, "MOST_BYTES", 1000)
    monkeypatch.setattr(oscore_files, "MOST_CONTEXTS", 2)
    (tmp_path / "latin.toml").write_bytes(b"\xe4")
    for path, told in (
        (str(tmp_path / "none.toml"), "No such file or directory; name a file of OSCORE contexts"),
        ("a\0b.toml", "null"),
        (str(tmp_path / "latin.toml"), "not UTF-8; save it as UTF-8 text"),
        (written(tmp_path, "#" * 1001), "larger than"),
        (written(tmp_path, "[[context]]\n" * 3, "many.toml"), "more than 2 contexts"),
        (written(tmp_path, "x=" + "[" * 900, "deep.toml"), ""),
        (str(tmp_path), "no secret.json or settings.json in it"),
        (written(tmp_path, "{", "x.json"), "not JSON; name aiocoap's settings.json"),
        (written(tmp_path, "[]", "y.json"), "no JSON object; name aiocoap's settings.json"),
        (written(tmp_path, '"1","2"\n', "table"), "neither NAME.toml nor aiocoap's JSON"),
    ):
        with pytest.raises(ContextsError) as refused:
            read_contexts(path)
        assert told in str(refused.value)


def test_the_directory_of_aiocoap(tmp_path: Path) -> None:
    folder = tmp_path / "meter"
    folder.mkdir()
    (folder / "secret.json").write_text(json.dumps({"secret_hex": SECRET, "salt_ascii": "salt"}))
    settings = {
        "sender-id_hex": "",
        "recipient-id_ascii": "s",
        "id-context_hex": "01",
        "algorithm": "A256GCM",
        "kdf-hashfun": "sha384",
        "window": 32,
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    context = Context(
        "meter",
        bytes.fromhex(SECRET),
        b"salt",
        b"",
        b"s",
        b"\x01",
        ALGORITHMS["AES-GCM-256"],
        "SHA-384",
    )
    assert read_contexts(str(folder)) == (context,)
    assert read_contexts(str(folder / "settings.json")) == (context,)


def test_the_table_of_wireshark(tmp_path: Path) -> None:
    line = f'"","01","{SECRET}","9e7ca92223786340","","AES-CCM-16-64-128 (CCM*)"\n'
    path = written(tmp_path, f"# This file is automatically generated\n{line}", "oscore_contexts")
    secret, salt = bytes.fromhex(SECRET), bytes.fromhex("9e7ca92223786340")
    assert read_contexts(path) == (Context("1", secret, salt, b"", b"\x01"),)


def test_hkdf() -> None:
    """RFC 5869 appendix A.1 and A.3."""
    key = bytes([0x0B] * 22)
    long = hkdf("SHA-256", key, bytes(range(13)), bytes(range(0xF0, 0xFA)), 42)
    assert long.hex() == (
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    )
    assert hkdf("SHA-256", key, b"", b"", 42).hex() == (
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    )
