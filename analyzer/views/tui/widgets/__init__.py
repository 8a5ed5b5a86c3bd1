# SPDX-License-Identifier: GPL-2.0-only
"""Widgets of the terminal user interface, one a file; none knows what a capture is."""
