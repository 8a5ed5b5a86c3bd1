# SPDX-License-Identifier: GPL-2.0-only
"""The options that name key material: what they make are SecretFiles.

Nothing of it is in a message: a word is shown only where it cannot be a key.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from analyzer import completing
from analyzer.secrets.psk import LONGEST

if TYPE_CHECKING:
    from analyzer.secrets.model import Secrets

PSK, KEYLOG = "dtls.psk", "tls.keylog_file"
_PREFERENCES: Final = (PSK, "tls.psk", KEYLOG, "dtls.keylog_file")
"""tshark's, as far as `-o` takes them."""

_PREFERENCE: Final = re.compile(r"[a-z][a-z0-9_]{0,30}(\.[a-z0-9_]{1,40})+")


class SecretFiles(NamedTuple):
    """Files of pre-shared keys, key logs, and OSCORE contexts; `key` is the pre-shared key of every
    identity that has none of its own. `warnings` are a line each. Its repr has no key."""

    psk: tuple[str, ...] = ()
    keylog: tuple[str, ...] = ()
    oscore: tuple[str, ...] = ()
    key: bytes = b""
    warnings: tuple[str, ...] = ()

    def read(self, growing: bool = False) -> Secrets | None:
        """What opens protected flows, None where nothing was given. With `growing` key logs are
        read on. Raises click.ClickException."""
        from analyzer.secrets.reading import SecretsError

        if not any(self):
            return None
        try:
            return self._read(growing)
        except SecretsError as error:
            raise click.ClickException(str(error)) from None

    def beside(self, preferred: SecretFiles) -> SecretFiles:
        """With files that the user prefers, too; those that cannot be used are passed over, and
        told."""
        if not any(preferred):
            return self
        from analyzer.secrets.reading import SecretsError

        files: list[tuple[str, ...]] = []
        warnings = list(self.warnings)
        for kind, given, more in zip(_FILES, self, preferred, strict=False):
            assert isinstance(given, tuple)
            assert isinstance(more, tuple)
            usable = []
            for path in more:
                try:
                    NO_SECRETS._with(kind, (path,))._read(growing=True)
                    usable.append(path)
                except SecretsError as error:
                    warnings.append(f"preferences: {kind}_files: {error}")
            files.append((*given, *usable))
        return SecretFiles(files[0], files[1], files[2], self.key, tuple(warnings))

    def _with(self, kind: str, paths: tuple[str, ...]) -> SecretFiles:
        return self._replace(**{kind: paths})  # type: ignore[arg-type]

    def _read(self, growing: bool) -> Secrets:
        from analyzer.secrets.reading import read

        secrets, warnings = read(
            self.psk, self.keylog, oscore_files=self.oscore, key=self.key, growing=growing
        )
        secrets.warnings = (*self.warnings, *warnings)
        return secrets

    def __repr__(self) -> str:
        return f"<SecretFiles: {len(self.psk)}, {len(self.keylog)}, {len(self.oscore)}>"


NO_SECRETS: Final = SecretFiles()
_FILES: Final = SecretFiles._fields[:3]


def _preferences(
    context: object, parameter: object, values: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """Names and values of tshark's `-o NAME:VALUE`, of which messages show names alone."""
    found = []
    for value in values:
        name, colon, word = (part.strip() for part in value.partition(":"))
        if name not in _PREFERENCES or not colon or not word:
            shown = f"{name} " if _PREFERENCE.fullmatch(name) else ""
            raise click.BadParameter(f"{shown}is not known here; write {PSK}:HEX or {KEYLOG}:FILE")
        found.append((name, word))
    return tuple(found)


def _taken(
    psk: tuple[str, ...],
    keylog: tuple[str, ...],
    oscore: tuple[str, ...],
    preferences: tuple[tuple[str, str], ...],
) -> SecretFiles:
    keys = {_key(name, value) for name, value in preferences if name.endswith(".psk")}
    if len(keys) > 1:
        raise click.UsageError(f"-o {PSK} gives two keys; keep one, or see --psk-file")
    logs = tuple(value for name, value in preferences if not name.endswith(".psk"))
    return SecretFiles(psk, keylog + logs, oscore, next(iter(keys), b""))


def _key(name: str, value: str) -> bytes:
    try:
        key = bytes.fromhex(value.removeprefix("0x").replace(":", ""))
    except ValueError:
        key = b""
    if not 0 < len(key) <= LONGEST:
        raise click.UsageError(f"-o {name} is no key in hex; write {PSK}:HEX, as in {PSK}:0a1b2c")
    return key


def takes_secrets(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that name key material, given to the command as `secret_files`."""

    @functools.wraps(command)
    def taking(
        *arguments: Any,
        psk_files: tuple[str, ...],
        keylog_files: tuple[str, ...],
        oscore_files: tuple[str, ...],
        wireshark: tuple[tuple[str, str], ...],
        **others: Any,
    ) -> Any:
        files = _taken(psk_files, keylog_files, oscore_files, wireshark)
        return command(*arguments, secret_files=files, **others)

    for option in reversed(_OPTIONS):
        taking = option(taking)
    return taking


def _file_option(name: str, help: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(
        f"--{name}-file",
        f"{name}_files",
        shell_complete=completing.files,
        multiple=True,
        envvar=f"MSGSHARK_{name.upper()}_FILE",
        show_envvar=True,
        type=click.Path(),  # which takes several apart in the environment
        metavar="FILE",
        help=f"{help}; may be repeated.",
    )


_OPTIONS: Final = (
    _file_option(
        "psk", "Read DTLS and TLS by pre-shared keys: lines IDENTITY:KEY in hex, or KEY for all"
    ),
    _file_option("keylog", "Read DTLS and TLS by a key log, as SSLKEYLOGFILE makes programs write"),
    _file_option(
        "oscore", "Read OSCORE by security contexts: TOML, aiocoap's JSON, Wireshark's table"
    ),
    click.option(
        "-o",
        "wireshark",
        callback=_preferences,
        multiple=True,
        metavar="NAME:VALUE",
        help=f"As tshark's {PSK}:HEX, which others see in the list of processes (--psk-file does "
        f"not show it), and {KEYLOG}:FILE; may be repeated.",
    ),
)
