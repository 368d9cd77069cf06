"""The answers about a fleet as text: largest class first, reasons once a class, names folded."""

import shlex
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import TypeVar

from dmaragent.fleet import diff_words, words
from dmaragent.fleet.classes import HostClass, OddHost, folded, hosts_by_errors
from dmaragent.fleet.devices import DevicesOfHost
from dmaragent.fleet.diff import FleetDifference
from dmaragent.fleet.fleet import Fleet
from dmaragent.fleet.guests import ClassVerdict, GuestOnFleet
from dmaragent.fleet.records import HostRecord, NoData
from dmaragent.policy.decisions import Verdict
from dmaragent.present.escaping import visible
from dmaragent.present.text.tables import paragraph
from dmaragent.present.words.devices import VERDICTS, verdict_key
from dmaragent.present.words.numbers import count
from dmaragent.question.releases import not_modelled
from dmaragent.releases import Release
from dmaragent.shell_words import as_path
from dmaragent.xen.reserved_list.model import ListSource

MOST_CLASSES = 8
"""Classes that are shown unless all are wanted."""
_INDENT = 2
_REASONS = 3
"""Reasons for one kind of missing data that are shown unless all are wanted."""


def show_text(
    classes: Sequence[HostClass],
    odd: Sequence[OddHost],
    without: Sequence[NoData],
    *,
    details: bool,
) -> Iterator[str]:
    """Yield the hosts by class, those that differ from their model, and those without data."""
    hosts = sum(len(of.hosts) for of in classes)
    yield words.fleet_of(hosts, len(classes))
    if classes:
        yield ""
        shown = classes if details else classes[:MOST_CLASSES]
        for of in shown:
            yield from _class_lines(of)
        yield from more_classes_line(classes[len(shown) :])
    errors = [host.name for of in classes for host in of.hosts if host.findings[0]]
    if errors:
        yield ""
        yield from paragraph(words.with_errors(len(errors), folded(errors)), hang=_INDENT)
        if details:
            yield from _error_lines([host for of in classes for host in of.hosts])
        yield words.NEXT_CHECK
    if odd:
        yield ""
        yield words.ODD
        for each in odd:
            yield from paragraph(words.odd_host(each), indent=_INDENT, hang=_INDENT)
    yield from without_text(without, details=details)


def _class_lines(of: HostClass) -> Iterator[str]:
    """Yield what the hosts of a class are, and their names."""
    head = f"{of.label:3}{len(of.hosts):5}  "
    for number, line in enumerate(
        paragraph(visible(words.class_words(of.hosts)), indent=len(head))
    ):
        yield head + line[len(head) :] if not number else line
    yield from paragraph(visible(folded(of.names)), indent=len(head), hang=_INDENT)


def _error_lines(hosts: Sequence[HostRecord]) -> Iterator[str]:
    """Yield the IDs of errors, hosts with the same ones together."""
    for errors, names in hosts_by_errors(hosts):
        text = f"{folded(names)}: {' '.join(errors)}"
        yield from paragraph(visible(text), indent=_INDENT, hang=_INDENT)


def guests_text(
    guests: Sequence[GuestOnFleet],
    fleet: Fleet,
    *,
    need: int | None = None,
    xen: str | None = None,
    details: bool,
) -> Iterator[str]:
    """Yield for each guest on which hosts it starts, where not and why; and what is assumed.

    `xen` is the release that was named.
    """
    for number, guest in enumerate(guests):
        if number:
            yield ""
        again = sum(other.name == guest.name for other in guests) > 1
        headline = words.guest_headline(
            guest, len(fleet.records), len(fleet.without), need, with_source=again
        )
        yield from paragraph(headline, hang=_INDENT)
        for verdict in (Verdict.STARTS, Verdict.REFUSED, Verdict.UNDECIDED):
            found = [(of, own) for of, own in guest.verdicts if own.verdict is verdict]
            if found:
                yield from _verdict_lines(verdict, found, details=details)
        yield from _next_lines(guest, xen)
    if not all(guest.kvm for guest in guests):
        yield from _assumptions(fleet.records, release_named=xen is not None)
    yield from without_text(fleet.without, details=details)


def _next_lines(guest: GuestOnFleet, xen: str | None) -> Iterator[str]:
    """Yield the command that shows all about a guest on one host, if it does not start everywhere.

    A host in an archive of several has no path of its own.
    """
    verdicts = (Verdict.REFUSED, Verdict.UNDECIDED)
    ordered = [of for verdict in verdicts for of, own in guest.verdicts if own.verdict is verdict]
    host = next((of.first for of in ordered if of.first.where == of.first.path), None)
    if host is not None:
        release = [] if xen is None else ["--xen", xen]
        command = [
            "dmaragent",
            "resolve",
            as_path(guest.source),
            "--host",
            as_path(host.path),
            *release,
        ]
        yield visible(words.next_command(shlex.join(command)))


def _assumptions(records: Sequence[HostRecord], *, release_named: bool) -> Iterator[str]:
    """Yield on how many hosts something is assumed: Xen, its release, its list, the functions."""
    by_library = [record.library and not record.xen and not release_named for record in records]
    others = [record for record, own in zip(records, by_library, strict=True) if not own]
    without = sum(record.without_xen for record in others)
    unknown = sum(not record.xen and not record.without_xen for record in others)
    absent = sum(not record.functions_known for record in records)
    predicted = sum(record.list_source == ListSource.PREDICTED.value for record in records)
    running = {each.xen_release for each in records if each.xen_release and not release_named}
    newer = sorted(note for xen in running for note in not_modelled(Release.parse(xen)))
    notes = [
        *(f"{note}." for note in newer),
        words.assumed_release(unknown, without, newest=not release_named),
        words.assumed_library(len(records) - len(others)),
        words.predicted_list(predicted) if predicted else "",
        words.assumed_functions(absent) if absent else "",
    ]
    if any(notes):
        yield ""
        yield from paragraph(" ".join(filter(None, notes)))


def _verdict_lines(
    verdict: Verdict, found: Sequence[tuple[HostClass, ClassVerdict]], *, details: bool
) -> Iterator[str]:
    hosts = sum(len(of.hosts) for of, _ in found)
    yield words.verdict_line(verdict, hosts, len(found))
    alike = grouped((of, own, (own.reasons, own.remedies or (), own.lines)) for of, own in found)
    shown = alike if details else alike[:MOST_CLASSES]
    for classes, own in shown:
        yield from classes_head(classes)
        reasons = own.reasons if details else own.reasons[:1]
        for reason in reasons:
            yield from paragraph(visible(reason), indent=2 * _INDENT, hang=_INDENT)
        left = len(own.reasons) - len(reasons)
        if left:
            yield f"    {words.more_reasons(left)}"
        tried = list(zip_longest(own.remedies or (), own.lines, fillvalue=()))
        for remedy, lines in tried if details else tried[:1]:
            yield from paragraph(
                words.remedy(visible(str(remedy))), indent=2 * _INDENT, hang=_INDENT
            )
            yield from (visible(f"        {line}") for line in lines)
        if own.absent:
            yield from paragraph(f"{words.OTHER_ADDRESS}.", indent=2 * _INDENT, hang=_INDENT)
    yield from more_classes_line([of for classes, _ in alike[len(shown) :] for of in classes])


_Answer = TypeVar("_Answer")


def grouped(
    found: Iterable[tuple[HostClass, _Answer, Hashable]],
) -> list[tuple[tuple[HostClass, ...], _Answer]]:
    """Return classes with equal answers together, most hosts first.

    `found` has each class with its answer, and what of the answer is shown.
    """
    groups: dict[Hashable, tuple[list[HostClass], _Answer]] = {}
    for of, answer, shown in found:
        groups.setdefault(shown, ([], answer))[0].append(of)
    together = [(tuple(classes), answer) for classes, answer in groups.values()]
    return sorted(together, key=lambda group: -sum(len(of.hosts) for of in group[0]))


def classes_head(classes: Sequence[HostClass]) -> Iterator[str]:
    """Yield the line of classes with one answer; of a single class with its model."""
    if len(classes) == 1:
        yield from class_head(classes[0])
        return
    names = [name for of in classes for name in of.names]
    labels = " ".join(of.label for of in classes[:MOST_CLASSES])
    more = len(classes) - MOST_CLASSES
    rest = f" and {more} more" if more > 0 else ""
    text = f"{labels}{rest} ({count(len(names), 'host')}): {folded(names)}"
    yield from paragraph(visible(text), indent=_INDENT, hang=_INDENT)


def class_head(of: HostClass) -> Iterator[str]:
    """Yield the line of a class: its letter, its hosts, its model."""
    what = " ".join(filter(None, (of.first.model, of.first.firmware)))
    head = f"{of.label} ({count(len(of.hosts), 'host')}): {folded(of.names)}"
    yield from paragraph(
        visible(f"{head}{f' ({what})' if what else ''}"), indent=_INDENT, hang=_INDENT
    )


def more_classes_line(rest: Sequence[HostClass]) -> Iterator[str]:
    """Yield how many classes are left out, if any."""
    if rest:
        yield f"  {words.more_classes(len(rest), sum(len(of.hosts) for of in rest))}"


def devices_text(
    query: str, answers: Sequence[DevicesOfHost], without: Sequence[NoData]
) -> Iterator[str]:
    """Yield the hosts that can give away the device, and those that cannot."""
    alike: dict[tuple[str, tuple[str, ...], str, tuple[str, ...]], dict[str, list[str]]] = {}
    """By verdict, side, fix and reasons: the addresses on each host."""
    others: dict[str, list[str]] = {}
    """By what is known of the devices: the hosts."""
    for answer in answers:
        if answer.unknown or not answer.devices:
            others.setdefault(answer.unknown or words.NOT_THERE, []).append(answer.host)
        for device in answer.devices:
            fix = "" if device.free else device.remedy
            key = (device.verdict, device.decides, fix, device.reasons)
            alike.setdefault(key, {}).setdefault(answer.host, []).append(device.sbdf)
    yield from paragraph(words.device_headline(query, answers, len(without)), hang=_INDENT)
    numbers = {key: sum(map(len, hosts.values())) for key, hosts in alike.items()}
    order = list(map(verdict_key, VERDICTS))
    for key in sorted(alike, key=lambda key: (order.index(key[0]), -numbers[key], key)):
        own = alike[key]
        verdict, decides, remedy, reasons = key
        whose = words.whose_verdict(verdict, decides)
        text = words.devices_alike(whose, tuple(own.values()), folded(own), remedy)
        yield from paragraph(visible(text), indent=_INDENT, hang=_INDENT)
        for reason in reasons:
            yield from paragraph(
                visible(words.why_unknown(reason)), indent=2 * _INDENT, hang=_INDENT
            )
    for what in sorted(others, key=lambda what: (what != words.NOT_THERE, what)):
        hosts = others[what]
        yield from paragraph(
            visible(f"{what}: {count(len(hosts), 'host')}: {folded(hosts)}"),
            indent=_INDENT,
            hang=_INDENT,
        )
    yield from without_text(without, details=None)


def diff_text(difference: FleetDifference, *, details: bool) -> Iterator[str]:
    """Yield what changed, hosts that changed alike together."""
    yield diff_words.diff_headline(difference)
    shown = difference.changed if details else difference.changed[:MOST_CLASSES]
    for entry in shown:
        yield ""
        model = f" ({entry.model})" if entry.model else ""
        head = f"{count(len(entry.hosts), 'host')}: {folded(entry.hosts)}{model}"
        yield from paragraph(visible(head), hang=_INDENT)
        for fact in entry.changes:
            yield from paragraph(visible(diff_words.change(fact)), indent=_INDENT, hang=_INDENT)
        for guest in entry.guests:
            yield from paragraph(
                visible(diff_words.guest_change(guest)), indent=_INDENT, hang=_INDENT
            )
    if len(difference.changed) > len(shown):
        rest = difference.changed[len(shown) :]
        yield diff_words.more_changes(len(rest), sum(len(entry.hosts) for entry in rest))
    for what, names in (
        (diff_words.ONLY_BEFORE, difference.only_before),
        (diff_words.ONLY_AFTER, difference.only_after),
        (diff_words.NOT_COMPARED, difference.not_compared),
    ):
        if names:
            yield ""
            text = f"{what}: {count(len(names), 'host')}: {folded(names)}"
            yield from paragraph(visible(text), hang=_INDENT)
    for side, lost in (
        (diff_words.EARLIER, difference.lost_before),
        (diff_words.LATER, difference.lost_after),
    ):
        yield from _lost_lines(lost, details=details, side=side)


def without_text(without: Sequence[NoData], *, details: bool | None) -> Iterator[str]:
    """Yield the hosts without an answer, by reason.

    Args:
        without: the hosts.
        details: whether every detail is shown, and not the first three; None: the verb has no
            option that shows them.

    """
    if not without:
        return
    yield ""
    yield words.no_data(len(without))
    yield from _lost_lines(without, details=details)


def _lost_lines(
    without: Sequence[NoData], *, details: bool | None, side: str = ""
) -> Iterator[str]:
    """Yield the hosts without an answer by reason; `side` is before the reason."""
    by_reason: dict[str, list[NoData]] = {}
    for host in without:
        by_reason.setdefault(host.why.value, []).append(host)
    for why, hosts in by_reason.items():
        names = visible(folded(host.name for host in hosts))
        yield from paragraph(f"{side}{why}: {names}", indent=_INDENT, hang=_INDENT)
        reasons = list(dict.fromkeys(host.detail for host in hosts if host.detail))
        shown = reasons if details else reasons[:_REASONS]
        for reason in shown:
            yield from paragraph(visible(reason), indent=2 * _INDENT, hang=_INDENT)
        left = len(reasons) - len(shown)
        if left:
            more = words.more_reasons_in_show if details is None else words.more_reasons
            yield f"    {more(left)}"
