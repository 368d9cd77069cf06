"""A support bundle that was written, as a JSON document: docs/schema/dump.v1.json."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmaragent.present.json.common import TOOL
from dmaragent.present.words.bundle import WrittenBundle

if TYPE_CHECKING:
    from dmaragent.present.json.schema import dump as schema


def dump_document(written: WrittenBundle) -> schema.DumpDocument:
    """Return the document of ``dmaragent dump``."""
    answer: schema.Answer = {
        "path": written.path,
        "size": written.size,
        "readings": written.readings,
        "lost": [
            {"what": path, "why": missing.kind.value, "detail": missing.detail}
            for path, missing in written.lost
        ],
        "redacted": written.redacted,
        "replaced": dict(written.replaced),
        "boot_words_left_out": written.words_left_out,
        "problems": list(written.problems),
    }
    return {
        "format": "dmaragent.dump",
        "version": 1,
        "origin": {"tool": TOOL, "host": {"kind": written.host, "path": written.source}},
        "answer": answer,
    }
