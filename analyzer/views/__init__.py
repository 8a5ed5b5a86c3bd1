# SPDX-License-Identifier: GPL-2.0-only
"""Views of a session: siblings that never import each other."""
