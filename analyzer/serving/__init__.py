# SPDX-License-Identifier: GPL-2.0-only
"""`msgshark serve`: the screen in a browser, for those who have the token."""
