"""A fleet that was read: its hosts, and those without an answer."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from dmaragent.collect.given_file import is_archive_file
from dmaragent.errors import DmaragentError
from dmaragent.fleet import words
from dmaragent.fleet.cache import cached, keep, read_cached
from dmaragent.fleet.documents import Document, Found, LeftOut, documents_in, search_documents
from dmaragent.fleet.engine import Elsewhere, Engine, answers
from dmaragent.fleet.records import HostRecord, NoData, Why, fresh, no_data
from dmaragent.question.context import Question


class Fleet(NamedTuple):
    """The hosts of one or more folders."""

    records: tuple[HostRecord, ...]
    """By name."""
    without: tuple[NoData, ...]
    """The hosts without an answer; a replaced document is not one of them."""
    replaced: tuple[NoData, ...]
    """The documents that another one of the same name replaces."""
    documents: int
    expected: int | None
    """How many hosts were named; None: none."""
    left_out: tuple[LeftOut, ...] = ()
    """What is in the folders and was not read, by path."""


class FleetQuery(NamedTuple):
    """Which hosts a question is about, and for which releases."""

    question: Question = Question()
    expected: frozenset[str] | None = None
    """The names of the hosts that there should be; others are left out.  None: all."""
    most_age: float | None = None
    """The age in seconds from which on a document counts as stale; None: never."""


class _Task(NamedTuple):
    document: Document
    question: Question
    cache: str
    unpacked: str

    @property
    def path(self) -> str:
        """The document."""
        return self.document.path


class _Places(NamedTuple):
    """The folders that a run writes to; empty: none."""

    cache: str
    unpacked: str


_DEEPEST = 3
"""Archives within each other, down to a document."""


def read_fleet(
    folders: Sequence[str],
    query: FleetQuery,
    *,
    cache: str = "",
    unpacked: str = "",
    engine: Engine = None,
) -> Fleet:
    """Read the documents in `folders`.

    Args:
        folders: folders of documents, or documents.
        query: which hosts it is about, and for which releases.
        cache: the folder of the cache; empty: none.
        unpacked: the folder that archives of several documents are unpacked to, which must exist
            for as long as the result is used; empty: they are not.
        engine: where the documents are read; None: here, one after the other.

    Raises:
        HostError: a folder does not exist, or there is no document.

    """
    expected = query.expected
    searched = search_documents(folders)
    documents, left_out = searched.documents, searched.left_out
    named = [document for document in documents if expected is None or document.name in expected]
    if not documents and not expected:
        raise words.no_document(", ".join(folders), left_out)
    places = _Places(cache, unpacked)
    records, without, others_inside = _read_all(named, query.question, places, engine)
    read = {record.name for record in records} | {host.name for host in without}
    missing = (expected or frozenset()) - read
    if missing:
        others = [
            document
            for document in documents
            if document.name not in missing and is_archive_file(document.path)
        ]
        inside = _read_all([*others], query.question, places, engine)
        records += [record for record in inside[0] if record.name in missing]
        without += [host for host in inside[1] if host.name in missing]
        others_inside += inside[2]
    if expected is not None:
        records = [record for record in records if record.name in expected]
        without = [host for host in without if host.name in expected]
    found = len(records) + len(without)
    records, aged = fresh(records, query.most_age)
    known = {record.name for record in records}
    replaced = [host for host in aged if host.why is Why.REPLACED]
    lost: dict[str, NoData] = {}
    for host in (*aged, *without):
        if host.why is Why.REPLACED:
            continue
        if host.name in known or host.name in lost:
            replaced.append(host._replace(why=Why.REPLACED, detail=words.also_lost(host.detail)))
        else:
            lost[host.name] = host
    without = list(lost.values())
    told = known | {host.name for host in without}
    without += [
        NoData(name, Why.ABSENT, words.ABSENT, words.COLLECT)
        for name in sorted(expected or ())
        if name not in told
    ]
    return Fleet(
        records=tuple(sorted(records, key=lambda record: record.name)),
        without=tuple(sorted(without, key=lambda host: (host.name, host.why.value, host.detail))),
        replaced=tuple(replaced),
        documents=found,
        expected=None if expected is None else len(expected),
        left_out=tuple(dict.fromkeys((*left_out, *others_inside))),
    )


def _read_all(
    documents: Sequence[Document], question: Question, places: _Places, engine: Engine
) -> tuple[list[HostRecord], list[NoData], list[LeftOut]]:
    """Read documents, and those in archives of several; return also what these contain besides."""
    records: list[HostRecord] = []
    without: list[NoData] = []
    left_out: list[LeftOut] = []
    for depth in range(_DEEPEST + 1):
        unpacked = places.unpacked if depth < _DEEPEST else ""
        tasks = [_Task(document, question, places.cache, unpacked) for document in documents]
        inside: list[Document] = []
        for result in _read_each(tasks, engine):
            if isinstance(result, HostRecord):
                records.append(result)
            elif isinstance(result, NoData):
                without.append(result)
            else:
                inside += result.documents
                left_out += result.left_out
        documents = inside
        if not documents:
            break
    return records, without, left_out


def _read_each(tasks: Sequence[_Task], engine: Engine) -> Iterator[HostRecord | NoData | Found]:
    """Yield what each of `tasks` is about.

    Only this machine has the cache and the folder of unpacked archives, so workers elsewhere read
    documents and do nothing else.
    """
    if not isinstance(engine, Elsewhere):
        yield from answers(_read, tasks, engine)
        return
    known = [cached(task.document, task.question, task.cache) for task in tasks]
    asked = [
        task._replace(cache="", unpacked="")
        for task, record in zip(tasks, known, strict=True)
        if not isinstance(record, HostRecord)
    ]
    found = answers(_record, asked, engine)
    for task, record in zip(tasks, known, strict=True):
        if isinstance(record, HostRecord):
            yield record
        else:
            new = next(found)
            keep(new, record)
            yield _inside(task, new)


def _read(task: _Task) -> HostRecord | NoData | Found:
    """Return the record of a document, why it has none, or the documents in it."""
    return _inside(task, _record(task))


def _record(task: _Task) -> HostRecord | NoData:
    return read_cached(task.document, task.question, task.cache)


def _inside(task: _Task, record: HostRecord | NoData) -> HostRecord | NoData | Found:
    """Return the documents in one, if it has several, or else what it was read as."""
    if not task.unpacked:
        return record
    if isinstance(record, HostRecord):
        return _beside(task, record) if record.beside else record
    if record.why is not Why.UNREADABLE:
        return record
    inside = _unpacked(task, record.next_step, lambda found: found.several)
    return inside or record  # one directory is the host itself, which failed


def _beside(task: _Task, record: HostRecord) -> HostRecord | NoData | Found:
    """Return the documents in an archive that was read as the host `record`, or `record` if it is one.

    An archive that cannot be unpacked has no data, because it can have more hosts.
    """
    several = partial(Found.several_beside, table_only=record.table_only)
    return _unpacked(task, "", several) or record


def _unpacked(
    task: _Task, next_step: str, is_several: Callable[[Found], bool]
) -> NoData | Found | None:
    """Return the documents in an archive if it `is_several`, or why it cannot be unpacked."""
    folder, failed = "", None
    try:
        folder = tempfile.mkdtemp(dir=task.unpacked)
        inside = documents_in(task.document, folder)
    except DmaragentError as error:
        failed = no_data(task.document, error.message, error.hint)
    except (OSError, RecursionError, ValueError) as error:
        failed = no_data(task.document, words.failed(error), next_step)
    else:
        if is_several(inside):
            return inside.as_folder()
    shutil.rmtree(folder, ignore_errors=True)  # many such archives would fill the disk
    return failed
