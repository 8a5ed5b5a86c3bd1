# SPDX-License-Identifier: GPL-2.0-only
"""Screens of the terminal user interface, one page each."""
