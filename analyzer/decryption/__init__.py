# SPDX-License-Identifier: GPL-2.0-only
"""Opening what was protected: TLS, DTLS and OSCORE, with the keys of `analyzer.secrets`.

`cryptography` (extra `decrypt`) is imported where a key is put to use, never before.
"""
