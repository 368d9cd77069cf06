"""The text of an option as people paste it, without what only a boot loader understands."""

import re

_BARE = re.compile(r"\s*(?:0[xX])?[0-9a-fA-F]+(?:-[0-9a-fA-FxX]+)?(?:[=;]|\s*$)")
"""A value without the name of its option before it."""


def unquoted(text: str, name: str) -> str:
    r"""Return `text` as Xen gets it: without GRUB's quotation marks, backslashes and variable.

    A value alone is taken as that of the option `name`.
    """
    for sign in "\\\"'":
        text = text.replace(sign, "")
    text = re.sub(r"GRUB_CMDLINE_XEN(?:_DEFAULT)?=", "", text)
    return f"{name}={text.strip()}" if f"{name}=" not in text and _BARE.match(text) else text
