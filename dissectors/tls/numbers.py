# SPDX-License-Identifier: GPL-2.0-only
"""TLS and DTLS registries as data; cipher suites stand in `cipher_suites.py`.

Sources: IANA "Transport Layer Security (TLS) Parameters" and "TLS ExtensionType Values"; RFC 5246,
5746, 6066, 6347, 7250, 7301, 7366, 7627, 8422, 8446, 9146, 9147.
"""

from __future__ import annotations

from typing import Final

from dissectors.tls.cipher_suites import CIPHER_SUITES as CIPHER_SUITES

# Content types, RFC 5246 clause 6.2.1, RFC 6520, RFC 9146 clause 4, RFC 9147 clause 4.
CHANGE_CIPHER_SPEC: Final = 20
ALERT: Final = 21
HANDSHAKE: Final = 22
APPLICATION_DATA: Final = 23
HEARTBEAT: Final = 24
TLS12_CID: Final = 25
ACK: Final = 26

CONTENT_TYPES: Final[dict[int, str]] = {
    CHANGE_CIPHER_SPEC: "Change Cipher Spec",
    ALERT: "Alert",
    HANDSHAKE: "Handshake",
    APPLICATION_DATA: "Application Data",
    HEARTBEAT: "Heartbeat",
    TLS12_CID: "Connection ID",
    ACK: "ACK",
}

# Versions as the wire has them; those of DTLS count down.
SSL_3_0: Final = 0x0300
TLS_1_0: Final = 0x0301
TLS_1_1: Final = 0x0302
TLS_1_2: Final = 0x0303
TLS_1_3: Final = 0x0304
DTLS_1_0: Final = 0xFEFF
DTLS_1_2: Final = 0xFEFD
DTLS_1_3: Final = 0xFEFC

VERSIONS: Final[dict[int, str]] = {
    SSL_3_0: "SSL 3.0",
    TLS_1_0: "TLS 1.0",
    TLS_1_1: "TLS 1.1",
    TLS_1_2: "TLS 1.2",
    TLS_1_3: "TLS 1.3",
    DTLS_1_0: "DTLS 1.0",
    DTLS_1_2: "DTLS 1.2",
    DTLS_1_3: "DTLS 1.3",
}

# Handshake types, RFC 5246 clause 7.4, RFC 6347 clause 4.3.2, RFC 8446 clause 4, RFC 9147.
HELLO_REQUEST: Final = 0
CLIENT_HELLO: Final = 1
SERVER_HELLO: Final = 2
HELLO_VERIFY_REQUEST: Final = 3
NEW_SESSION_TICKET: Final = 4
END_OF_EARLY_DATA: Final = 5
ENCRYPTED_EXTENSIONS: Final = 8
REQUEST_CONNECTION_ID: Final = 9
NEW_CONNECTION_ID: Final = 10
CERTIFICATE: Final = 11
SERVER_KEY_EXCHANGE: Final = 12
CERTIFICATE_REQUEST: Final = 13
SERVER_HELLO_DONE: Final = 14
CERTIFICATE_VERIFY: Final = 15
CLIENT_KEY_EXCHANGE: Final = 16
FINISHED: Final = 20
KEY_UPDATE: Final = 24

HANDSHAKE_TYPES: Final[dict[int, str]] = {
    HELLO_REQUEST: "Hello Request",
    CLIENT_HELLO: "Client Hello",
    SERVER_HELLO: "Server Hello",
    HELLO_VERIFY_REQUEST: "Hello Verify Request",
    NEW_SESSION_TICKET: "New Session Ticket",
    END_OF_EARLY_DATA: "End of Early Data",
    ENCRYPTED_EXTENSIONS: "Encrypted Extensions",
    REQUEST_CONNECTION_ID: "Request Connection ID",
    NEW_CONNECTION_ID: "New Connection ID",
    CERTIFICATE: "Certificate",
    SERVER_KEY_EXCHANGE: "Server Key Exchange",
    CERTIFICATE_REQUEST: "Certificate Request",
    SERVER_HELLO_DONE: "Server Hello Done",
    CERTIFICATE_VERIFY: "Certificate Verify",
    CLIENT_KEY_EXCHANGE: "Client Key Exchange",
    FINISHED: "Finished",
    21: "Client Certificate URL",
    22: "Certificate Status",
    23: "Supplemental Data",
    KEY_UPDATE: "Key Update",
    25: "Compressed Certificate",
}

RETRY_RANDOM: Final = bytes.fromhex(
    "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c"
)
"""The Random of a ServerHello that is a HelloRetryRequest, RFC 8446 clause 4.1.3."""

# Extensions that are read.
SERVER_NAME: Final = 0
SUPPORTED_GROUPS: Final = 10
POINT_FORMATS: Final = 11
SIGNATURE_ALGORITHMS: Final = 13
ALPN: Final = 16
CLIENT_CERTIFICATE_TYPE: Final = 19
SERVER_CERTIFICATE_TYPE: Final = 20
ENCRYPT_THEN_MAC: Final = 22
EXTENDED_MASTER_SECRET: Final = 23
RECORD_SIZE_LIMIT: Final = 28
SESSION_TICKET: Final = 35
PRE_SHARED_KEY: Final = 41
EARLY_DATA: Final = 42
SUPPORTED_VERSIONS: Final = 43
COOKIE: Final = 44
KEY_SHARE: Final = 51
CONNECTION_ID: Final = 54
RENEGOTIATION_INFO: Final = 65281

EXTENSIONS: Final[dict[int, str]] = {
    SERVER_NAME: "server_name",
    1: "max_fragment_length",
    2: "client_certificate_url",
    3: "trusted_ca_keys",
    4: "truncated_hmac",
    5: "status_request",
    6: "user_mapping",
    9: "cert_type",
    SUPPORTED_GROUPS: "supported_groups",
    POINT_FORMATS: "ec_point_formats",
    12: "srp",
    SIGNATURE_ALGORITHMS: "signature_algorithms",
    14: "use_srtp",
    15: "heartbeat",
    ALPN: "application_layer_protocol_negotiation",
    17: "status_request_v2",
    18: "signed_certificate_timestamp",
    CLIENT_CERTIFICATE_TYPE: "client_certificate_type",
    SERVER_CERTIFICATE_TYPE: "server_certificate_type",
    21: "padding",
    ENCRYPT_THEN_MAC: "encrypt_then_mac",
    EXTENDED_MASTER_SECRET: "extended_master_secret",
    25: "cached_info",
    27: "compress_certificate",
    RECORD_SIZE_LIMIT: "record_size_limit",
    SESSION_TICKET: "session_ticket",
    PRE_SHARED_KEY: "pre_shared_key",
    EARLY_DATA: "early_data",
    SUPPORTED_VERSIONS: "supported_versions",
    COOKIE: "cookie",
    45: "psk_key_exchange_modes",
    47: "certificate_authorities",
    48: "oid_filters",
    49: "post_handshake_auth",
    50: "signature_algorithms_cert",
    KEY_SHARE: "key_share",
    CONNECTION_ID: "connection_id",
    57: "quic_transport_parameters",
    61: "return_routability_check",
    RENEGOTIATION_INFO: "renegotiation_info",
}

GROUPS: Final[dict[int, str]] = {
    19: "secp192r1",
    21: "secp224r1",
    22: "secp256k1",
    23: "secp256r1",
    24: "secp384r1",
    25: "secp521r1",
    26: "brainpoolP256r1",
    27: "brainpoolP384r1",
    28: "brainpoolP512r1",
    29: "x25519",
    30: "x448",
    31: "brainpoolP256r1tls13",
    32: "brainpoolP384r1tls13",
    33: "brainpoolP512r1tls13",
    256: "ffdhe2048",
    257: "ffdhe3072",
    258: "ffdhe4096",
    4588: "X25519MLKEM768",
}

SIGNATURES: Final[dict[int, str]] = {
    0x0201: "rsa_pkcs1_sha1",
    0x0203: "ecdsa_sha1",
    0x0401: "rsa_pkcs1_sha256",
    0x0403: "ecdsa_secp256r1_sha256",
    0x0501: "rsa_pkcs1_sha384",
    0x0503: "ecdsa_secp384r1_sha384",
    0x0601: "rsa_pkcs1_sha512",
    0x0603: "ecdsa_secp521r1_sha512",
    0x0804: "rsa_pss_rsae_sha256",
    0x0805: "rsa_pss_rsae_sha384",
    0x0806: "rsa_pss_rsae_sha512",
    0x0807: "ed25519",
    0x0808: "ed448",
    0x0809: "rsa_pss_pss_sha256",
    0x080A: "rsa_pss_pss_sha384",
    0x080B: "rsa_pss_pss_sha512",
}

WARNING: Final = 1
FATAL: Final = 2

ALERT_LEVELS: Final[dict[int, str]] = {WARNING: "Warning", FATAL: "Fatal"}

ALERTS: Final[dict[int, str]] = {
    0: "Close Notify",
    10: "Unexpected Message",
    20: "Bad Record MAC",
    21: "Decryption Failed",
    22: "Record Overflow",
    30: "Decompression Failure",
    40: "Handshake Failure",
    41: "No Certificate",
    42: "Bad Certificate",
    43: "Unsupported Certificate",
    44: "Certificate Revoked",
    45: "Certificate Expired",
    46: "Certificate Unknown",
    47: "Illegal Parameter",
    48: "Unknown CA",
    49: "Access Denied",
    50: "Decode Error",
    51: "Decrypt Error",
    52: "Too Many CIDs Requested",
    60: "Export Restriction",
    70: "Protocol Version",
    71: "Insufficient Security",
    80: "Internal Error",
    86: "Inappropriate Fallback",
    90: "User Canceled",
    100: "No Renegotiation",
    109: "Missing Extension",
    110: "Unsupported Extension",
    111: "Certificate Unobtainable",
    112: "Unrecognized Name",
    113: "Bad Certificate Status Response",
    114: "Bad Certificate Hash Value",
    115: "Unknown PSK Identity",
    116: "Certificate Required",
    120: "No application Protocol",
}

X509: Final = 0
RAW_PUBLIC_KEY: Final = 2
CERTIFICATE_TYPES: Final[dict[int, str]] = {
    X509: "X.509",
    1: "OpenPGP",
    RAW_PUBLIC_KEY: "Raw Public Key",
}


def suite_name(number: int) -> str:
    return CIPHER_SUITES.get(number, f"cipher suite 0x{number:04x}")


def message_name(kind: int) -> str:
    """A handshake message as RFCs write it, `ClientKeyExchange`."""
    words = HANDSHAKE_TYPES.get(kind, f"message {kind}").split(" ")
    return "".join(word[0].upper() + word[1:] for word in words)


def alert_words(level: int, description: int) -> str:
    """`Fatal: Handshake Failure`."""
    named = ALERT_LEVELS.get(level, f"level {level}")
    return f"{named}: {ALERTS.get(description, f'alert {description}')}"


def key_exchange(suite: int) -> str:
    """PSK, ECDHE_PSK, ECDHE_ECDSA, ... as the name has it; empty in 1.3, which leaves it open."""
    return CIPHER_SUITES.get(suite, "").removeprefix("TLS_").rpartition("_WITH_")[0]
