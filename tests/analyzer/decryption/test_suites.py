# SPDX-License-Identifier: GPL-2.0-only
"""What the name of a suite says about its records."""

from __future__ import annotations

import pytest

from analyzer.decryption.suites import Cipher, Suite, of_name, suite


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("TLS_PSK_WITH_AES_128_CCM_8", ("PSK", "sha256", Cipher.CCM, 16, 4, 8, "", 0)),
        (
            "TLS_ECDHE_ECDSA_WITH_AES_256_CCM",
            ("ECDHE_ECDSA", "sha256", Cipher.CCM, 32, 4, 16, "", 0),
        ),
        (
            "TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256",
            ("ECDHE_PSK", "sha256", Cipher.CCM, 16, 4, 8, "", 0),
        ),
        (
            "TLS_DHE_PSK_WITH_AES_256_GCM_SHA384",
            ("DHE_PSK", "sha384", Cipher.GCM, 32, 4, 16, "", 0),
        ),
        (
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
            ("ECDHE_RSA", "sha256", Cipher.CHACHA20_POLY1305, 32, 12, 16, "", 0),
        ),
        ("TLS_RSA_WITH_AES_128_CBC_SHA", ("RSA", "sha256", Cipher.CBC, 16, 0, 0, "sha1", 20)),
        ("TLS_PSK_WITH_AES_256_CBC_SHA384", ("PSK", "sha384", Cipher.CBC, 32, 0, 0, "sha384", 48)),
        ("TLS_PSK_WITH_NULL_SHA256", ("PSK", "sha256", Cipher.NULL, 0, 0, 0, "sha256", 32)),
        ("TLS_AES_128_CCM_8_SHA256", ("", "sha256", Cipher.CCM, 16, 12, 8, "", 0)),
        ("TLS_AES_256_GCM_SHA384", ("", "sha384", Cipher.GCM, 32, 12, 16, "", 0)),
        (
            "TLS_CHACHA20_POLY1305_SHA256",
            ("", "sha256", Cipher.CHACHA20_POLY1305, 32, 12, 16, "", 0),
        ),
    ],
)
def test_a_name_says_how_records_open(name: str, told: tuple[object, ...]) -> None:
    assert of_name(1, name) == Suite(1, name, *told)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    [
        "TLS_NULL_WITH_NULL_NULL",
        "TLS_RSA_WITH_RC4_128_SHA",
        "TLS_PSK_WITH_3DES_EDE_CBC_SHA",
        "TLS_PSK_WITH_ARIA_128_GCM_SHA256",
        "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA",
        "TLS_SHA256_SHA256",
        "TLS_EMPTY_RENEGOTIATION_INFO_SCSV",
        "TLS_SM4_GCM_SM3",
        "",
    ],
)
def test_what_is_not_known_does_not_open(name: str) -> None:
    assert of_name(1, name) is None


def test_a_number_that_nobody_assigned_has_no_suite() -> None:
    assert suite(0xC0A8) == of_name(0xC0A8, "TLS_PSK_WITH_AES_128_CCM_8")
    assert suite(0xFFFF) is None
    assert suite(-1) is None
