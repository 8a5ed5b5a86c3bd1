# SPDX-License-Identifier: GPL-2.0-only
"""The demo: a real MSGin5G Server and UEs on a loopback of their own, some of which misbehave."""
