# SPDX-License-Identifier: GPL-2.0-only
"""CoAP: registries, the walk over the wire format, Scapy layers."""
