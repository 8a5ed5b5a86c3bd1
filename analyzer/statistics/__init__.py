# SPDX-License-Identifier: GPL-2.0-only
"""Statistics of a capture: who talks to whom, with which codes, how much and when, what is sent
again. Pure functions of the session's tables, in columns: a million messages are no work."""
