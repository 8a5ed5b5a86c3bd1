# SPDX-License-Identifier: GPL-2.0-only
"""What a user writes about a capture: marks, comments, ignored findings, time references, names.

It lies in a file of its own beside the capture, which is never touched. No screen, no tables.
"""
