# SPDX-License-Identifier: GPL-2.0-only
"""Reading files of secrets: what cannot be used is one line, and so is what others may read."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from analyzer.capture.store import printable
from analyzer.secrets.keylog import KeyLog
from analyzer.secrets.model import Secrets
from analyzer.secrets.psk import Identities, PskError, may_be_key

if TYPE_CHECKING:
    from analyzer.secrets.oscore_context import Context

MOST_BYTES: Final = 64 << 20
"""Of one file; a key log is read up to there."""

_MIB: Final = MOST_BYTES >> 20
_OTHERS: Final = stat.S_IRGRP | stat.S_IROTH


class SecretsError(Exception):
    """The file cannot be used; the one-line message says where, why and what to do next."""


class SecretsRead(NamedTuple):
    """What files gave."""

    secrets: Secrets
    warnings: list[str]
    """A line each: files that others may read, lines that mean nothing."""


class KeyLogFile:
    """A key log of a process that still runs: read on when a secret is missing.

    While the file has not grown, asking costs one `stat`. One that is not there yet is waited for;
    one that became shorter is read anew.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = path
        self._size = 0  # when last looked at
        self._read = 0

    def read_on(self, log: KeyLog) -> bool:
        """Take the lines that were added since; whether there were any."""
        try:
            size = min(os.stat(self._path).st_size, MOST_BYTES)
            if size == self._size:
                return False
            begin = self._read if size > self._size else 0
            with open(self._path, "rb") as file:
                file.seek(begin)
                text = file.read(size - begin)
        except OSError:
            return False
        whole = text.rfind(b"\n") + 1  # a line that is half written comes again
        self._size = size
        self._read = begin + whole
        log.add(text[:whole])
        return whole > 0


def read(
    psk_files: Iterable[str | os.PathLike[str]] = (),
    keylog_files: Iterable[str | os.PathLike[str]] = (),
    *,
    oscore_files: Iterable[str | os.PathLike[str]] = (),
    key: bytes = b"",
    growing: bool = False,
) -> SecretsRead:
    """All secrets of these files; `key` is the pre-shared key of every identity that has none of
    its own. Raises SecretsError.

    With `growing`, for a live capture, a key log is read on when a secret is missing, and need
    not be there yet.
    """
    psk_files, keylog_files = tuple(psk_files), tuple(keylog_files)
    oscore_files = tuple(oscore_files)
    for path in (*psk_files, *keylog_files, *oscore_files):
        if may_be_key(os.fspath(path)) and not os.path.exists(path):
            raise SecretsError("what should name a file may be a key; write it into a file, 0600")
    warnings: list[str] = []
    identities = Identities()
    for path in psk_files:
        text = _bytes(path, "pre-shared keys", warnings)
        if len(text) > MOST_BYTES:
            raise SecretsError(f"{_shown(path)}: larger than {_MIB} MiB: no file of keys")
        try:
            identities.add(text)
        except PskError as error:
            raise SecretsError(f"{_shown(path)}: {error}") from None
    if key and identities.for_all not in (None, key):
        raise SecretsError("two keys for every identity; keep one of them")
    identities.for_all = key or identities.for_all
    contexts = tuple(one for path in oscore_files for one in _contexts(path, warnings))
    log = KeyLog()
    files = [_keylog(path, log, warnings, growing) for path in keylog_files]
    secrets = Secrets(identities, keylog=log, growing=files if growing else (), oscore=contexts)
    return SecretsRead(secrets, warnings)


def _keylog(
    path: str | os.PathLike[str], log: KeyLog, warnings: list[str], growing: bool
) -> KeyLogFile:
    name = _shown(path)
    file = KeyLogFile(path)
    if growing and not os.path.exists(path):
        warnings.append(f"{name}: is not there yet; it is read when it is")
        return file
    text = _bytes(path, "a key log", warnings)
    if len(text) > MOST_BYTES:
        warnings.append(f"{name}: only its first {_MIB} MiB are read")
    before = log.malformed, len(log)
    if growing:
        file.read_on(log)
    else:
        log.add(text[:MOST_BYTES])
    malformed, found = log.malformed - before[0], len(log) - before[1]
    if malformed and not found:
        raise SecretsError(
            f"{name}: no key log; a line is LABEL CLIENT_RANDOM SECRET, as SSLKEYLOGFILE has it"
        )
    if malformed:
        lines = "line is" if malformed == 1 else "lines are"
        warnings.append(f"{name}: {malformed} {lines} no key log's and passed over")
    return file


def _contexts(path: str | os.PathLike[str], warnings: list[str]) -> tuple[Context, ...]:
    """The OSCORE contexts of a file, or of a folder of aiocoap. Raises SecretsError."""
    from analyzer.secrets.oscore_files import ContextsError, files_of, read_contexts

    try:
        found = read_contexts(os.fspath(path))
    except ContextsError as error:
        raise SecretsError(printable(str(error))) from None
    for name in files_of(os.fspath(path)):
        with suppress(OSError):
            _warn(name, os.stat(name).st_mode, warnings)
    return found


def _warn(path: str | os.PathLike[str], mode: int, warnings: list[str]) -> None:
    """Tell what others may read."""
    if mode & _OTHERS:
        name = _shown(path)
        warnings.append(f"{name}: others may read these secrets; chmod 600 {shlex.quote(name)}")


def _bytes(path: str | os.PathLike[str], wanted: str, warnings: list[str]) -> bytes:
    """A file, up to a byte more than is taken of it. Raises SecretsError."""
    name = _shown(path)
    try:
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise SecretsError(f"{name}: {error.strerror}; give a file of {wanted}") from None
    except ValueError as error:  # a name with a null character
        raise SecretsError(f"{name}: {error}; give a file of {wanted}") from None
    _warn(path, mode, warnings)
    return text


def _shown(path: str | os.PathLike[str]) -> str:
    return printable(os.fspath(path))
