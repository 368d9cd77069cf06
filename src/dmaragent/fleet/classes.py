"""Classes of a fleet: hosts that are alike in what decides, so that one answer is for all.

Pure.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from dmaragent.fleet.records import LOST_OR_NONE, HostRecord


class HostClass(NamedTuple):
    """Hosts with equal answers."""

    label: str
    """A letter or more, by size: A is the largest class for Xen guests, a the one for KVM guests."""
    digest: str
    """Two classes have one digest if their bundles have different answers of libxlutil."""
    hosts: tuple[HostRecord, ...]
    """By name."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its hosts."""
        return tuple(host.name for host in self.hosts)

    @property
    def first(self) -> HostRecord:
        """The host whose document answers for all of them."""
        return self.hosts[0]


def xen_classes(records: Iterable[HostRecord]) -> tuple[HostClass, ...]:
    """Return the classes for Xen guests, the largest first."""
    return _classes(records, lambda record: (record.xen_class, record.library))


def linux_classes(records: Iterable[HostRecord]) -> tuple[HostClass, ...]:
    """Return the classes for KVM guests, the largest first."""
    classes = _classes(records, lambda record: (record.linux_class, ""))
    return tuple(of._replace(label=of.label.lower()) for of in classes)


def _classes(
    records: Iterable[HostRecord], key: Callable[[HostRecord], tuple[str, str]]
) -> tuple[HostClass, ...]:
    groups: dict[tuple[str, str], list[HostRecord]] = {}
    for record in sorted(records, key=lambda record: (record.name, record.where)):
        groups.setdefault(key(record), []).append(record)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[1][0].name))
    return tuple(
        HostClass(_label(number), digest, tuple(hosts))
        for number, ((digest, _), hosts) in enumerate(ordered)
    )


def _label(number: int) -> str:
    """Return A to Z, then AA, AB and so on."""
    text = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def hosts_by_errors(
    records: Iterable[HostRecord],
) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    """Return the IDs of errors with the names of the hosts that have these, most hosts first."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for record in records:
        if record.errors:
            alike.setdefault(record.errors, []).append(record.name)
    groups = ((errors, tuple(sorted(names))) for errors, names in alike.items())
    return tuple(sorted(groups, key=lambda group: (-len(group[1]), group)))


class OddHost(NamedTuple):
    """A host that differs from most of the same model, and in what."""

    host: HostRecord
    differs: str
    """``firmware``, ``table``, ``xen`` or ``list``."""
    value: str
    """Empty: unknown."""
    usual: str


def odd_hosts(records: Sequence[HostRecord]) -> tuple[OddHost, ...]:
    """Return the hosts that differ from the most of their model, if three quarters are alike.

    What is unknown of most hosts is not usual.
    """
    models: dict[tuple[str | None, str | None], list[HostRecord]] = {}
    for record in records:
        if record.model:
            models.setdefault((record.vendor, record.model), []).append(record)
    odd = []
    for alike in models.values():
        for name, facts in _FACTS.items():
            odd += _odd(alike, name, facts)
    return tuple(sorted(odd, key=lambda odd_host: (odd_host.host.name, odd_host.differs)))


_FACTS: Mapping[str, Callable[[HostRecord], str]] = {
    "firmware": lambda record: record.firmware or "",
    "table": lambda record: record.firmwares_table,
    "xen": lambda record: record.running_xen,
    "list": lambda record: record.list_source,
}
_SHARE = 0.75
_LEAST = 4
"""Hosts of a model from which on one can be odd."""


def _odd(
    hosts: Sequence[HostRecord], name: str, fact: Callable[[HostRecord], str]
) -> list[OddHost]:
    counts = Counter(map(fact, hosts))
    usual, number = counts.most_common(1)[0]
    if not usual or len(hosts) < _LEAST or number < _SHARE * len(hosts):
        return []
    return [
        OddHost(host, name, value, usual)
        for host in hosts
        if (value := fact(host)) != usual and {value, usual} != LOST_OR_NONE
    ]


# Names ----------------------------------------------------------------------------------


def folded(names: Iterable[str]) -> str:
    """Return names as text, with runs of numbers folded: ``xen[001-120] other``."""
    runs: dict[tuple[str, str, int], list[int]] = {}
    order: list[tuple[str, str, int] | str] = []
    for name in sorted(set(names)):
        head, digits, tail = _parts(name)
        if not digits:
            order.append(name)
            continue
        key = (head, tail, len(digits))
        if key not in runs:
            order.append(key)
        runs.setdefault(key, []).append(int(digits))
    return " ".join(
        key if isinstance(key, str) else _folded(*key, sorted(runs[key])) for key in order
    )


def _parts(name: str) -> tuple[str, str, str]:
    """Return a name before its last number, that number, and the rest."""
    end = len(name)
    while end and not (name[end - 1].isascii() and name[end - 1].isdigit()):
        end -= 1
    start = end
    while start and name[start - 1].isascii() and name[start - 1].isdigit():
        start -= 1
    return name[:start], name[start:end], name[end:]


def _folded(head: str, tail: str, width: int, numbers: Sequence[int]) -> str:
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    if len(numbers) == 1:
        return f"{head}{numbers[0]:0{width}}{tail}"
    text = ",".join(
        f"{first:0{width}}" if first == last else f"{first:0{width}}-{last:0{width}}"
        for first, last in spans
    )
    return f"{head}[{text}]{tail}"
