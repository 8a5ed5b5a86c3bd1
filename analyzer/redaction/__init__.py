# SPDX-License-Identifier: GPL-2.0-only
"""Captures to give away: who is who is replaced, what is wrong stays.

Nothing of a packet passes unless a module here says so. Frames are built anew from what was read of
them (`frames`), their CoAP messages rewritten in place (`messages`, `payloads`), so that every
length and every offset stays. What stands for what is a keyed permutation (`cipher`): the same in
every place and in every capture of one key, and never the same for two.
"""
