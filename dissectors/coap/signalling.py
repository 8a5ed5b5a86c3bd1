# SPDX-License-Identifier: GPL-2.0-only
"""Signalling messages as data: codes 7.01 to 7.05 and the options of each (RFC 8323 clause 5).

Their option numbers are a registry apart, anew for each code (clause 5.2): 2 is Max-Message-Size in
a CSM and Custody in a Ping. An odd number is critical here too; none is assigned yet.
"""

from __future__ import annotations

from typing import Final

from dissectors.coap.numbers import Format, OptionSpec, Repeat

CSM, PING, PONG, RELEASE, ABORT = range(0xE1, 0xE6)

CODE_CLASS: Final = 7

# CSM
MAX_MESSAGE_SIZE: Final = 2
BLOCK_WISE_TRANSFER: Final = 4
EXTENDED_TOKEN_LENGTH: Final = 6
# Ping and Pong
CUSTODY: Final = 2
# Release
ALTERNATIVE_ADDRESS: Final = 2
HOLD_OFF: Final = 4
# Abort
BAD_CSM_OPTION: Final = 2


def _option(
    number: int,
    name: str,
    format: Format,
    least: int,
    most: int,
    repeat: Repeat = Repeat.NEVER,
    reference: str = "RFC 8323",
) -> OptionSpec:
    return OptionSpec(number, name, format, least, most, repeat, 0, 0, reference)


_UINT, _EMPTY, _STRING = Format.UINT, Format.EMPTY, Format.STRING
_CUSTODY = _option(CUSTODY, "Custody", _EMPTY, 0, 0)

_SPECS: Final[dict[int, tuple[OptionSpec, ...]]] = {
    CSM: (
        _option(MAX_MESSAGE_SIZE, "Max-Message-Size", _UINT, 0, 4),
        _option(BLOCK_WISE_TRANSFER, "Block-Wise-Transfer", _EMPTY, 0, 0),
        _option(EXTENDED_TOKEN_LENGTH, "Extended-Token-Length", _UINT, 0, 3, reference="RFC 8974"),
    ),
    PING: (_CUSTODY,),
    PONG: (_CUSTODY,),
    RELEASE: (
        _option(ALTERNATIVE_ADDRESS, "Alternative-Address", _STRING, 1, 255, Repeat.ALWAYS),
        _option(HOLD_OFF, "Hold-Off", _UINT, 0, 3),
    ),
    ABORT: (_option(BAD_CSM_OPTION, "Bad-CSM-Option", _UINT, 0, 2),),
}

OPTIONS: Final[dict[int, dict[int, OptionSpec]]] = {
    code: {spec.number: spec for spec in specs} for code, specs in _SPECS.items()
}
"""Code -> number -> option; none may stand in requests or responses."""

BASE: Final[dict[int, int]] = {MAX_MESSAGE_SIZE: 1152, EXTENDED_TOKEN_LENGTH: 8}
"""What holds of a peer before its CSM says otherwise, by the option of the CSM (RFC 8323 clause
5.3.1, RFC 8974 clause 2.2.1). Block-Wise-Transfer has none: without it, no BERT."""

TOKEN_LENGTHS: Final = range(8, 65805)
"""What Extended-Token-Length may say (RFC 8974 clause 2.2.1)."""


def is_signalling(code: int) -> bool:
    """A code of class 7, assigned or not."""
    return code // 32 == CODE_CLASS


def option_name(code: int, number: int) -> str:
    """Its name in messages of this code, or `Unknown critical 3` / `Unknown elective 8`."""
    spec = OPTIONS.get(code, {}).get(number)
    if spec is not None:
        return spec.name
    return f"Unknown {'critical' if number & 1 else 'elective'} {number}"
