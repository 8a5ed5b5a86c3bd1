# SPDX-License-Identifier: GPL-2.0-only
"""Profiles: what a release of the spec asks for, and how fast a network transmits."""
