# SPDX-License-Identifier: GPL-2.0-only
"""MSGin5G (3GPP TS 24.538): information elements in JSON payloads of CoAP messages."""
