# SPDX-License-Identifier: GPL-2.0-only
"""The rule catalogue and its predicates, one module per area."""
