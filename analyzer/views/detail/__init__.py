# SPDX-License-Identifier: GPL-2.0-only
"""One message in full: a tree of nodes with byte ranges, made from the Scapy layers."""
