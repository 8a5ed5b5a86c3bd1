# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import pytest

from dissectors.coap.content_formats import Syntax, syntax_of, syntax_table
from dissectors.coap.media_types import CONTENT_FORMATS, DOCUMENTATION, EXPERIMENTAL, FORMAT_SETS


@pytest.mark.parametrize(
    ("content_format", "syntax"),
    [
        (0, Syntax.TEXT),
        (20000, Syntax.TEXT),
        (40, Syntax.LINKS),
        (42, Syntax.ANY),
        (50, Syntax.JSON),
        (51, Syntax.JSON),
        (110, Syntax.JSON),
        (11543, Syntax.JSON),
        (60, Syntax.CBOR),
        (16, Syntax.CBOR),
        (101, Syntax.CBOR),
        (112, Syntax.CBOR),
        (340, Syntax.CBOR),
        (10003, Syntax.CBOR),
        (63, Syntax.CBOR_SEQUENCE),
        (272, Syntax.CBOR_SEQUENCE),
        (41, Syntax.ANY),
        (264, Syntax.ANY),
        (11542, Syntax.ANY),
        (11050, Syntax.ANY),  # JSON, deflated
        (11060, Syntax.ANY),
        (12000, Syntax.ANY),
        (65000, Syntax.ANY),
    ],
)
def test_the_syntax_follows_from_the_media_type(content_format: int, syntax: Syntax) -> None:
    assert syntax_of(content_format) is syntax


def test_kernels_read_the_same() -> None:
    table = syntax_table()
    assert len(table) == 65536
    assert [table[number] for number in range(65536)] == [syntax_of(n) for n in range(65536)]


def test_nothing_is_registered_where_nothing_may_be() -> None:
    assert list(CONTENT_FORMATS) == sorted(CONTENT_FORMATS)
    kept_free = {*EXPERIMENTAL, *DOCUMENTATION, *FORMAT_SETS["LwM2M"]}
    assert not kept_free & CONTENT_FORMATS.keys()
