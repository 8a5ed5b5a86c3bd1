# SPDX-License-Identifier: GPL-2.0-only
"""The three tables as rows of inked cells, one module per list."""
