# SPDX-License-Identifier: GPL-2.0-only
"""TCP streams: bytes in order, and the CoAP messages in them (RFC 8323)."""
