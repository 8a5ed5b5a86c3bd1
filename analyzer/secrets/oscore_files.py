# SPDX-License-Identifier: GPL-2.0-only
"""Files of OSCORE security contexts: our own TOML, aiocoap's JSON, Wireshark's table.

    [[context]]
    name = "meter-1"                    # else its number
    master_secret = "0102030405060708090a0b0c0d0e0f10"
    master_salt = "9e7ca92223786340"    # else empty
    client_id = ""                      # the ids of both ends; which is which does not matter
    server_id = "01"
    id_context = "37cbf3210017a2d3"     # else none
    algorithm = "AES-CCM-16-64-128"     # unless it is this
    hkdf = "SHA-256"                    # unless it is this

Bytes are hex digits; spaces and colons between them do not matter. `k_af` in place of
`master_secret` is the key of AKMA (akma_master_secret). aiocoap names a directory, or the
settings.json or secret.json in it. Wireshark's `oscore_contexts` has six columns.

Refused in one line that names file, context and key, and never a secret.
"""

from __future__ import annotations

import csv
import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from analyzer.profiles.toml import nearest, unknown_key
from analyzer.secrets.oscore_context import HASHES, Context, akma_master_secret
from dissectors.coap import cose

MOST_BYTES: Final = 4 << 20
"""A file may be this large."""

MOST_CONTEXTS: Final = 16_384
"""A file may hold as many contexts."""

_LONGEST_SECRET: Final = 256
_LONGEST_CONTEXT: Final = 255
_LONGEST_NAME: Final = 64
_SECRET: Final = re.compile(r"[0-9a-fA-F]{8,}")
"""What may be one where the name of a key is expected."""

_ENDS: Final = (("client_id", "server_id"), ("sender_id", "recipient_id"))
"""What the ids of both ends are called; tools that are an end themselves call them the other."""

_SECRETS: Final = ("master_secret", "k_af")
_KEYS: Final = (
    "name",
    *_SECRETS,
    "master_salt",
    "client_id",
    "server_id",
    "id_context",
    "algorithm",
    "hkdf",
    "sender_id",
    "recipient_id",
)
_AIOCOAP_FILES: Final = ("secret.json", "settings.json")
_AIOCOAP_KEYS: Final = {
    "secret": "master_secret",
    "salt": "master_salt",
    "sender-id": "sender_id",
    "recipient-id": "recipient_id",
    "id-context": "id_context",
    "algorithm": "algorithm",
    "kdf-hashfun": "hkdf",
}
_COSE_NAMES: Final = {"a128gcm": "AES-GCM-128", "a192gcm": "AES-GCM-192", "a256gcm": "AES-GCM-256"}
"""What COSE itself calls some algorithms, by letters and digits."""

_WIRESHARK_COLUMNS: Final = (
    "sender_id",
    "recipient_id",
    "master_secret",
    "master_salt",
    "id_context",
    "algorithm",
)


class ContextsError(Exception):
    """A file of security contexts is refused; the text is one line for the user."""


def read_contexts(path: str) -> tuple[Context, ...]:
    """The security contexts in a file, or in a directory of aiocoap. Raises ContextsError."""
    if os.path.isdir(path) or path.endswith(".json"):
        return (_context(_aiocoap(path), path, f"{path}: "),)
    if path.endswith(".toml"):
        tables, where = _toml(path), f"{path}: context "
    else:
        tables, where = _wireshark(path), f"{path}: line "
    if len(tables) > MOST_CONTEXTS:
        raise ContextsError(f"{path}: more than {MOST_CONTEXTS} contexts; divide the file")
    contexts: dict[str, Context] = {}
    for number, table in enumerate(tables, 1):
        context = _context(table, str(number), f"{where}{number}: ")
        if context.name in contexts:
            raise ContextsError(f"{where}{number}: name: two contexts have it; write another")
        contexts[context.name] = context
    return tuple(contexts.values())


def files_of(path: str) -> list[str]:
    """The files that are read for this name."""
    folder = Path(path)
    if not folder.is_dir():
        return [path]
    return [str(folder / name) for name in _AIOCOAP_FILES if (folder / name).exists()]


def _text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise ContextsError(f"{path}: larger than {MOST_BYTES >> 20} MiB: no contexts")
        return data.decode()
    except UnicodeDecodeError:
        raise ContextsError(f"{path}: not UTF-8; save it as UTF-8 text") from None
    except (OSError, ValueError) as error:  # ValueError: a name with a null character
        reason = getattr(error, "strerror", None) or error
        raise ContextsError(f"{path}: {reason}; name a file of OSCORE contexts") from None


# The three forms, as tables of one -------------------------------------------------------------


def _toml(path: str) -> list[Mapping[str, Any]]:
    try:
        document = tomllib.loads(_text(path))
    except RecursionError:
        raise ContextsError(f"{path}: nested too deep; write [[context]]") from None
    except ValueError as error:
        raise ContextsError(f"{path}: not TOML: {_SECRET.sub('...', str(error))}") from None
    for key in document:
        if key != "context":
            raise ContextsError(f"{path}: {_shown(key)} is unknown; write [[context]]")
    tables = document.get("context", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ContextsError(f"{path}: context is no array of tables; write [[context]]")
    if not tables:
        raise ContextsError(f"{path}: no contexts; write [[context]] and its keys below")
    return tables


def _aiocoap(path: str) -> Mapping[str, Any]:
    """What the one or two files of a directory say together."""
    folder = Path(path) if os.path.isdir(path) else Path(path).parent
    files = [str(folder / name) for name in _AIOCOAP_FILES if (folder / name).exists()]
    if path.endswith(".json") and not os.path.isdir(path) and path not in files:
        files = [path]
    if not files:
        raise ContextsError(f"{path}: no {' or '.join(_AIOCOAP_FILES)} in it")
    table: dict[str, Any] = {"name": folder.resolve().name[:_LONGEST_NAME] or "aiocoap"}
    for file in files:
        try:
            document = json.loads(_text(file))
        except (ValueError, RecursionError):
            raise ContextsError(f"{file}: not JSON; name aiocoap's settings.json") from None
        if not isinstance(document, dict):
            raise ContextsError(f"{file}: no JSON object; name aiocoap's settings.json")
        for key, value in document.items():
            name, _, form = key.partition("_")
            if name in _AIOCOAP_KEYS:
                table[_AIOCOAP_KEYS[name]] = _from_aiocoap(value, form)
    return table


def _from_aiocoap(value: Any, form: str) -> Any:
    return value.encode().hex() if form == "ascii" and isinstance(value, str) else value


def _wireshark(path: str) -> list[Mapping[str, Any]]:
    lines = [line for line in _text(path).splitlines() if line.strip() and line[0] != "#"]
    tables: list[Mapping[str, Any]] = []
    try:
        for row in csv.reader(lines):
            if len(row) != len(_WIRESHARK_COLUMNS):
                raise ContextsError(
                    f"{path}: neither NAME.toml nor aiocoap's JSON, and line {len(tables) + 1} has "
                    f"not the {len(_WIRESHARK_COLUMNS)} columns of Wireshark's oscore_contexts"
                )
            given = dict(zip(_WIRESHARK_COLUMNS, row, strict=True))
            given["algorithm"] = given["algorithm"].partition(" ")[0]
            tables.append(
                {key: value for key, value in given.items() if value or key.endswith("_id")}
            )
    except csv.Error:
        raise ContextsError(f"{path}: line {len(tables) + 1}: no line of CSV") from None
    return tables


# One context ----------------------------------------------------------------------------------


def _context(table: Mapping[str, Any], name: str, where: str) -> Context:
    """The context of a table. Raises ContextsError, which begins with `where`."""
    for key in table:
        if key not in _KEYS:
            raise ContextsError(f"{where}{_shown(key)}: {unknown_key(key, _KEYS)}")
    name = table.get("name", name)
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME:
        raise ContextsError(f"{where}name: write a text of 1 to {_LONGEST_NAME} characters")
    algorithm = cose.ALGORITHMS[
        _choice(table, "algorithm", tuple(cose.ALGORITHMS), cose.DEFAULT.name, where)
    ]
    ends = next((pair for pair in _ENDS if any(key in table for key in pair)), _ENDS[0])
    ids = tuple(_octets(table, key, 0, algorithm.longest_id, where) for key in ends)
    if ids[0] == ids[1]:
        raise ContextsError(f"{where}{ends[1]}: equals {ends[0]}; the ends have different ids")
    given = [key for key in _SECRETS if key in table]
    if len(given) != 1:
        raise ContextsError(f"{where}master_secret: write it or k_af, as hex digits, and one alone")
    secret = _octets(table, given[0], 1, _LONGEST_SECRET, where)
    salt = "master_salt" in table
    context = "id_context" in table
    return Context(
        name=name,
        master_secret=akma_master_secret(secret) if given[0] == "k_af" else secret,
        master_salt=_octets(table, "master_salt", 0, _LONGEST_SECRET, where) if salt else b"",
        client_id=ids[0],
        server_id=ids[1],
        id_context=_octets(table, "id_context", 0, _LONGEST_CONTEXT, where) if context else None,
        algorithm=algorithm,
        hash=_choice(table, "hkdf", HASHES, HASHES[0], where),
    )


def _shown(key: str) -> str:
    return repr(_SECRET.sub("...", key[:_LONGEST_NAME]))


def _octets(table: Mapping[str, Any], key: str, least: int, most: int, where: str) -> bytes:
    wanted = f"{where}{key}: write {least} to {most} bytes as hex digits"
    value = table.get(key)
    if not isinstance(value, str):
        raise ContextsError(wanted)
    try:
        octets = bytes.fromhex(value.removeprefix("0x").replace(":", ""))
    except ValueError:
        raise ContextsError(wanted) from None
    if not least <= len(octets) <= most:
        raise ContextsError(f"{wanted}, these are {len(octets)}")
    return octets


def _choice(
    table: Mapping[str, Any], key: str, known: tuple[str, ...], default: str, where: str
) -> str:
    """One of the known names; case and separators do not matter, as with `sha256`."""
    value = table.get(key, default)
    if isinstance(value, str):
        folded = {_letters(name): name for name in known}
        letters = _letters(value)
        found = folded.get(letters) or _COSE_NAMES.get(letters)
        if found in known:
            return found
        if near := nearest(value, known):
            raise ContextsError(f"{where}{key}: unknown; did you mean {near}?")
    raise ContextsError(f"{where}{key}: write one of {', '.join(known)}")


def _letters(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())
