# SPDX-License-Identifier: GPL-2.0-only
"""Finding messages by what is in their line, in their detail or in their bytes."""
