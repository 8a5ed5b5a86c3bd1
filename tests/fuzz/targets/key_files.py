# SPDX-License-Identifier: GPL-2.0-only
"""Files of secrets: the first byte chooses the form, the rest is the file.

What is refused is refused in one line, and no secret is in that, nor in any repr.
"""

from __future__ import annotations

import re

from analyzer.secrets.keylog import KeyLog
from analyzer.secrets.oscore_context import Context
from analyzer.secrets.reading import SecretsError, read
from fuzz.targets.records import path

SUFFIXES = (".psk", ".keys", ".toml", ".json", ".csv")
_HEX = re.compile(r"[0-9a-fA-F]{16,}")


def run(data: bytes) -> None:
    kind = data[0] % len(SUFFIXES) if data else 0
    file = path().with_name("secrets" + SUFFIXES[kind])
    file.write_bytes(data[1:])
    file.chmod(0o600)
    try:
        if kind == 0:
            found = read([file])
        elif kind == 1:
            found = read([], [file])
            log = KeyLog()
            for line in data[1:].splitlines():
                log.add(line)
            assert len(log) == len(found.secrets._keylog)
        else:
            found = read(oscore_files=[file])
    except SecretsError as error:
        _check(str(error), str(file))
        return
    for warning in found.warnings:
        _check(warning, str(file))
    assert _HEX.search(repr(found.secrets)) is None
    for context in found.secrets.oscore:
        _derive(context)


def _check(text: str, file: str) -> None:
    assert text.isprintable()
    assert text.startswith(file)
    assert _HEX.search(text.replace(file, "")) is None


def _derive(context: Context) -> None:
    algorithm = context.algorithm
    assert len(context.key(context.client_id)) == algorithm.key
    assert len(context.common_iv()) == algorithm.nonce
    assert context.client_id != context.server_id
    secret = context.master_secret.hex()
    assert secret not in repr(context).replace(repr(context.name), "")
