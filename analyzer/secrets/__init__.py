# SPDX-License-Identifier: GPL-2.0-only
"""Key material: files of it, and looking it up. What it holds is never shown."""
