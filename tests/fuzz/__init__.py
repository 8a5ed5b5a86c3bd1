# SPDX-License-Identifier: GPL-2.0-only
"""Fuzzing: targets, a corpus for each, a runner for atheris (`__main__`) and one for pytest."""
