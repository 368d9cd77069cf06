"""Messages that people typed, or changed to lower case: "iommu domain attach"."""

import string
from dataclasses import replace

from dmaragent.messages.model import Message

_DISTINCTIVE = 20
"""Minimum length of a wording's longest text to search for it in lower case, too."""
_SMALL = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def lower(text: str) -> str:
    """Return `text` with ASCII letters in lower case; its length stays the same."""
    return text.translate(_SMALL)


def folded(message: Message) -> Message | None:
    """Return `message` with wordings for a text in lower case; None: none is long enough."""
    wordings = tuple(
        wording._replace(
            template=replace(
                wording.template,
                anchor=lower(wording.template.anchor),
                source=f"(?i:{wording.template.source})",
            ),
        )
        for wording in message.wordings
        if len(wording.template.anchor) >= _DISTINCTIVE
    )
    return replace(message, wordings=wordings) if wordings else None
