# SPDX-License-Identifier: GPL-2.0-only
"""A report of `check` as one HTML file: no network, no other file, readable without JavaScript."""
