"""Records kept between runs, by the hash of the document and the version of dmaragent.

An entry that is damaged, or another version's, counts as none.  A document that is a directory has
no entry.
"""

import json
import os
import tempfile
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path

from dmaragent import __version__
from dmaragent.fleet.documents import Document
from dmaragent.fleet.records import HostRecord, NoData, read_record
from dmaragent.question.context import Question

_FORMAT = 9
"""Counted up if a record or a class is made otherwise; entries of another format are not found."""
_LARGEST = 1 << 28
"""Of a larger document no hash is taken."""


def cache_folder() -> str:
    """Return the folder of the cache; empty if there is no home."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        home = os.path.expanduser("~")
        base = os.path.join(home, ".cache") if os.path.isabs(home) else ""
    return base and os.path.join(base, "dmaragent", "fleet")


def read_cached(document: Document, question: Question, folder: str) -> HostRecord | NoData:
    """Return the record of `document`, from the cache in `folder` if it is there and unchanged."""
    known = cached(document, question, folder)
    if isinstance(known, HostRecord):
        return known
    record = read_record(document, question)
    keep(record, known)
    return record


def cached(document: Document, question: Question, folder: str) -> HostRecord | Path | None:
    """Return the record of `document` in the cache, or its place there; None: it has none."""
    key = _key(document.path, question) if folder else ""
    if not key:
        return None
    place = Path(folder, key[:2], key[2:])
    known = _load(place)
    if known is None:
        return place
    return replace(known, name=document.name, path=document.path, where=document.place)


def keep(record: HostRecord | NoData, place: Path | None) -> None:
    """Store a record that was read."""
    if place is not None and isinstance(record, HostRecord):
        _store(place, record)


def _key(path: str, question: Question) -> str:
    try:
        if not os.path.isfile(path) or os.path.getsize(path) > _LARGEST:
            return ""
        with open(path, "rb") as file:
            content = sha256(file.read())
    except OSError:
        return ""
    content.update(f"\0{__version__}\0{_FORMAT}\0{question!r}".encode())
    return content.hexdigest()


def _load(place: Path) -> HostRecord | None:
    """Return a record that was stored at `place`; None: there is none, or it was changed."""
    try:
        loaded = json.loads(place.read_bytes())
        fields = loaded["record"]
        if loaded["check"] != _check(fields, place):
            return None
        lists = {name: tuple(fields[name]) for name in ("findings", "errors")}
        record = HostRecord(**{**fields, **lists})
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return record


def _check(fields: object, place: Path) -> str:
    """Return the hash of an entry and of its key, which is its place."""
    text = json.dumps(fields, sort_keys=True)
    return sha256(f"{place.parent.name}{place.name}\0{text}".encode()).hexdigest()


def _store(place: Path, record: HostRecord) -> None:
    """Write an entry whole or not at all; without a place to write to there is no cache."""
    fields = json.loads(json.dumps(asdict(record)))
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=place.parent, delete=False) as file:
            written = Path(file.name)
            try:
                json.dump({"check": _check(fields, place), "record": fields}, file)
                file.flush()
                written.replace(place)
            except BaseException:  # Ctrl-C too
                written.unlink(missing_ok=True)
                raise
    except OSError:
        return
