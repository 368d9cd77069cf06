"""A fleet that was read: its hosts, and those without an answer."""

from collections.abc import Sequence
from concurrent.futures import Executor
from typing import NamedTuple

from dmaragent.fleet import words
from dmaragent.fleet.cache import read_cached
from dmaragent.fleet.documents import Document, find_documents
from dmaragent.fleet.engine import answers
from dmaragent.fleet.records import HostRecord, NoData, Why, fresh
from dmaragent.question.context import Question


class Fleet(NamedTuple):
    """The hosts of one or more folders."""

    records: tuple[HostRecord, ...]
    """By name."""
    without: tuple[NoData, ...]
    """The hosts without an answer; a replaced document is no such host."""
    replaced: tuple[NoData, ...]
    """The documents that another one of the same name replaces."""
    documents: int
    expected: int | None
    """How many hosts were named; None: none."""


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


def read_fleet(
    folders: Sequence[str],
    query: FleetQuery,
    *,
    cache: str = "",
    executor: Executor | None = None,
) -> Fleet:
    """Read the documents in `folders`.

    Args:
        folders: folders of documents, or documents.
        query: which hosts it is about, and for which releases.
        cache: the folder of the cache; empty: none.
        executor: where the documents are read; None: here, one after the other.

    Raises:
        HostError: a folder does not exist, or there is no document.

    """
    documents = find_documents(folders)
    expected = query.expected
    if expected is not None:
        documents = [document for document in documents if document.name in expected]
    if not documents and not expected:
        raise words.no_document(", ".join(folders))
    records: list[HostRecord] = []
    without: list[NoData] = []
    tasks = [_Task(document, query.question, cache) for document in documents]
    for result in answers(_read, tasks, executor):
        if isinstance(result, HostRecord):
            records.append(result)
        else:
            without.append(result)
    records, aged = fresh(records, query.most_age)
    known = {record.name for record in records}
    without = [host for host in [*without, *aged] if host.name not in known]
    replaced = [host for host in aged if host.why is Why.REPLACED]
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
        documents=len(documents),
        expected=None if expected is None else len(expected),
    )


def _read(task: _Task) -> HostRecord | NoData:
    return read_cached(*task)
