# SPDX-License-Identifier: GPL-2.0-only
"""Display filters in Wireshark's grammar: which rows of a table pass.

`compiled` makes a Filter of a text; `complete` says what may stand at the cursor. Both are loaded
when asked for: a command without a filter pays for none of it.
"""
