"""Sentences of the fixes for devices: title, effect, cost and risk.

A constant ending in ``_IN_SHORT`` or a function ending in ``_in_short`` is for the one-line list
of fixes. Each module has the fixes of the module with its name above this package.
"""

ROOT_SHELL = "a root shell"
"""The place for a line that changes the host."""


def sentence(words: str) -> str:
    """Return `words` with a capital letter and a full stop."""
    return f"{words[:1].upper()}{words[1:]}."
