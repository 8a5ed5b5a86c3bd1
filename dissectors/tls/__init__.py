# SPDX-License-Identifier: GPL-2.0-only
"""What the bytes of TLS and DTLS mean: records, handshake messages, certificates."""
