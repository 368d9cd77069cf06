"""What a host sends: a document as base64 between marked lines, with its hash.

A login shell can print anything before and after it, so each line that counts begins with a mark: a
random word of this run.
"""

import base64
import hashlib
import re

from dmaragent.fleet.collection.model import Broken, Failure, Received

MOST_BYTES = 1 << 24
"""The largest document: 500 times a usual one."""
MOST_TEXT = MOST_BYTES * 3 // 2
"""The longest stream of such a document, in base64 with line ends."""
_BEGIN = re.compile(rb"begin (dmaragent|capture\.sh)")
_END = re.compile(rb"end ([0-9a-f]{64})(?: .*)?")


def script(on_host: str, capture: str, mark: str) -> str:
    """Return what a shell on the host runs: the text of on_host.sh, with that of capture.sh."""
    return on_host.replace("@MARK@", mark).replace("@CAPTURE@", capture.rstrip("\n"))


def read_stream(text: bytes, mark: str) -> Received | Broken | None:
    """Return the document in `text`, or what is wrong with it; None if the script did not run."""
    prefix = mark.encode() + b" "
    lines = [line.strip() for line in text.split(b"\n")]
    marked = [number for number, line in enumerate(lines) if line.startswith(prefix)]
    if not marked:
        return None
    first = lines[marked[0]].removeprefix(prefix)
    if first == b"not-root":
        return Broken(Failure.NOT_ROOT)
    if first == b"failed":
        return Broken(Failure.DUMP_FAILED)
    begin = _BEGIN.fullmatch(first)
    end = _END.fullmatch(lines[marked[1]].removeprefix(prefix)) if len(marked) > 1 else None
    if begin is None or end is None:
        return Broken(Failure.HALF)
    document = _decoded(b"".join(lines[marked[0] + 1 : marked[1]]))
    if document is None or hashlib.sha256(document).hexdigest().encode() != end[1]:
        return Broken(Failure.WRONG_HASH)
    return Received(begin[1].decode(), document)


def is_complete(text: bytes | bytearray, mark: str) -> bool:
    """Return whether `text` has the last line that the script prints."""
    at = text.rfind(b"\n" + mark.encode() + b" end ")
    return at >= 0 and b"\n" in text[at + 1 :]


def suffix_of(document: bytes) -> str:
    """Return the end of the file name of a bundle, by its first bytes."""
    if document.startswith(b"\xfd7zXZ\0"):
        return ".tar.xz"
    return ".tar.gz" if document.startswith(b"\x1f\x8b") else ".tar"


SUFFIXES = (".tar.xz", ".tar.gz", ".tar")
"""Every end of a name that a document can get."""


def _decoded(encoded: bytes) -> bytes | None:
    try:
        return base64.b64decode(encoded, validate=True)
    except ValueError:
        return None
