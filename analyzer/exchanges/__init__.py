# SPDX-License-Identifier: GPL-2.0-only
"""Pairing: the message layer (Message ID) below, the request layer (Token) above."""
