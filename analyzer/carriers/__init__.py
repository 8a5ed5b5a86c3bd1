# SPDX-License-Identifier: GPL-2.0-only
"""What CoAP rides in: TCP, TLS, WebSocket, DTLS, OSCORE; messages taken out of it."""
