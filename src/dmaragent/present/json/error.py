"""An error as a document, for programs that use ``--json``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dmaragent.errors import DmaragentError, HostError
from dmaragent.present.json.common import TOOL

if TYPE_CHECKING:
    from dmaragent.present.json.schema import error as schema


def error_document(error: DmaragentError, words: Sequence[str]) -> schema.ErrorDocument:
    """Return the document for an error of the command line `words`.

    Its ``where`` is the input that the error names, or else the host if that cannot be read, as
    typed. It is None if the error is about neither.
    """
    return {
        "format": "dmaragent.error",
        "version": 1,
        "origin": {"tool": TOOL},
        "error": {
            "what": error.message,
            "where": error.where or (_host(words) if isinstance(error, HostError) else None),
            "next": error.hint or None,
        },
    }


def _host(words: Sequence[str]) -> str | None:
    """Return the host that the command line names."""
    for number, word in enumerate(words):
        if word == "--host" and number + 1 < len(words):
            return words[number + 1]
        if word.startswith("--host="):
            return word.removeprefix("--host=")
    return None
