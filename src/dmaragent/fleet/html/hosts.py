"""The hosts of the report of a fleet: classes, firmware, odd hosts, and hosts without data."""

from collections import Counter
from collections.abc import Mapping, Sequence

from dmaragent.fleet.classes import HostClass, OddHost
from dmaragent.fleet.guests import GuestOnFleet
from dmaragent.fleet.html import words
from dmaragent.fleet.html.parts import (
    KVM,
    MOST_CLASSES,
    XEN,
    Place,
    cut,
    labels,
    long_table,
    most_characters,
    names_of,
    values,
)
from dmaragent.fleet.records import HostRecord, NoData
from dmaragent.fleet.words import no_table_words
from dmaragent.policy.decisions import Verdict
from dmaragent.present.html.markup import Child, Markup, element
from dmaragent.present.html.parts import RowGroup, Section, bullets, section

_MOST_ROWS = 500
_DETAILS = 5
"""Details that are shown of a reason."""
_LONG = 600
"""Characters of a detail with its next step."""
_BUDGET = 400_000
"""Characters of names in one table."""
GUEST_COLUMNS = 3
"""Guests that have a column in the table of firmware."""
_SHOW, _EXPORT = "dmaragent fleet show --details", "dmaragent fleet export"


def model_name(host: HostRecord) -> str:
    """Return vendor and model of a host; empty if it is unknown."""
    return cut(" ".join(word for word in (host.vendor, host.model) if word))


def classes_section(classes: Sequence[HostClass]) -> Section | None:
    """Return the classes with their hosts."""
    if not classes:
        return None
    lead = element("p", words.CLASSES_LEAD, class_="note")
    return section("classes", words.CLASSES, lead, _classes_table(classes, XEN))


def kvm_classes_section(classes: Sequence[HostClass]) -> Section | None:
    """Return the classes for KVM guests."""
    if not classes:
        return None
    lead = element("p", words.LINUX_LEAD, class_="note")
    return section("kvm-classes", words.LINUX_CLASSES, lead, _classes_table(classes, KVM))


def _classes_table(classes: Sequence[HostClass], place: Place) -> Markup:
    most = most_characters((of.names for of in classes), _BUDGET)
    groups = [RowGroup([_class_row(of, place)], _class_note(of, most)) for of in classes]
    return long_table(
        words.CLASSES_CAPTION, words.CLASS_COLUMNS, groups, most=MOST_CLASSES, rest=_SHOW
    )


def _class_row(of: HostClass, place: Place) -> Sequence[Child]:
    return (
        element("span", f"{place.prefix}{of.label}", id=f"{place.key}-{of.label}", class_="short"),
        str(len(of.hosts)),
        values(model_name(host) for host in of.hosts),
        values(host.firmware or "" for host in of.hosts),
        values(_xen(host) for host in of.hosts),
        values(host.linux or "" for host in of.hosts),
        values((host.list_source for host in of.hosts), whole=True),
        values((host.table or no_table_words(host) for host in of.hosts), whole=True),
        values("" if host.regions is None else str(host.regions) for host in of.hosts),
    )


def _xen(host: HostRecord) -> str:
    return host.running_xen or (words.XEN_UNKNOWN if host.runs_xen else "")


def _class_note(of: HostClass, most: int | None) -> Child:
    why = of.first.incomplete
    missing = element("p", cut(words.incomplete(why))) if why else None
    return [names_of(of.names, most), missing]


# Firmware -------------------------------------------------------------------------------


def several_firmwares(records: Sequence[HostRecord]) -> int:
    """Return how many models have more than one firmware that is known."""
    known = [host for host in records if host.firmware]
    return sum(len(firmwares) > 1 for firmwares in _firmwares(known).values())


def _firmwares(records: Sequence[HostRecord]) -> dict[str, dict[str, list[HostRecord]]]:
    """Return the hosts by model and firmware, of models that are known."""
    found: dict[str, dict[str, list[HostRecord]]] = {}
    for host in records:
        if host.model:
            of_model = found.setdefault(model_name(host), {})
            of_model.setdefault(cut(host.firmware or words.UNKNOWN), []).append(host)
    return found


def firmware_section(
    records: Sequence[HostRecord], classes: Sequence[HostClass], guests: Sequence[GuestOnFleet]
) -> Section | None:
    """Return how many hosts and classes each firmware has, and how many of them start a guest."""
    by_model = _firmwares(records)
    if not by_model:
        return None
    class_of = {host.name: of for of in classes for host in of.hosts}
    shown = guests[:GUEST_COLUMNS]
    verdicts = [_verdicts(guest) for guest in shown]
    head = [*words.FIRMWARE_COLUMNS, *(words.starts_column(cut(each.name, 30)) for each in shown)]
    ordered = sorted(by_model.items(), key=lambda item: (-len(item[1]), -_hosts(item[1]), item[0]))
    groups = [
        RowGroup([_firmware_row(model, firmware, hosts, class_of, verdicts)])
        for model, firmwares in ordered
        for firmware, hosts in sorted(firmwares.items(), key=lambda item: (-len(item[1]), item[0]))
    ]
    return section(
        "firmware",
        words.FIRMWARE,
        element("p", words.FIRMWARE_LEAD, class_="note"),
        long_table(words.FIRMWARE_CAPTION, head, groups, most=_MOST_ROWS, rest=_EXPORT),
    )


def _hosts(firmwares: Mapping[str, Sequence[HostRecord]]) -> int:
    return sum(map(len, firmwares.values()))


def _verdicts(guest: GuestOnFleet) -> Mapping[str, Verdict]:
    """Return the verdict on a guest by the name of the host."""
    return {host.name: found.verdict for of, found in guest.verdicts for host in of.hosts}


def _firmware_row(
    model: str,
    firmware: str,
    hosts: Sequence[HostRecord],
    class_of: Mapping[str, HostClass],
    verdicts: Sequence[Mapping[str, Verdict]],
) -> Sequence[Child]:
    own = list({class_of[host.name].label: class_of[host.name] for host in hosts}.values())
    return (
        model,
        firmware,
        str(len(hosts)),
        labels(sorted(own, key=lambda of: (-len(of.hosts), of.names)), XEN),
        *(_starts_on(Counter(by_name[host.name] for host in hosts)) for by_name in verdicts),
    )


def _starts_on(hosts: Counter[Verdict]) -> str:
    return words.part_of(hosts[Verdict.STARTS], hosts[Verdict.UNDECIDED], sum(hosts.values()))


# Odd hosts, and tables with errors ------------------------------------------------------


def odd_section(odd: Sequence[OddHost]) -> Section | None:
    """Return the hosts that differ from most of their model, those that differ alike together."""
    if not odd:
        return None
    alike: dict[tuple[str, str, str, str], list[str]] = {}
    for each in odd:
        key = (model_name(each.host), each.differs, cut(each.value), cut(each.usual))
        alike.setdefault(key, []).append(each.host.name)
    most = most_characters(alike.values(), _BUDGET)
    groups = [
        RowGroup(
            [
                (
                    names_of(names, most),
                    words.DIFFERS[differs],
                    value or words.UNKNOWN,
                    usual or words.UNKNOWN,
                    model,
                )
            ]
        )
        for (model, differs, value, usual), names in sorted(
            alike.items(), key=lambda item: (-len(item[1]), item[0])
        )
    ]
    return section(
        "odd",
        words.ODD,
        element("p", words.ODD_LEAD, class_="note"),
        long_table(words.ODD_CAPTION, words.ODD_COLUMNS, groups, most=_MOST_ROWS, rest=_SHOW),
    )


def with_errors(records: Sequence[HostRecord]) -> list[HostRecord]:
    """Return the hosts whose table has errors."""
    return [host for host in records if host.findings[0]]


def errors_section(records: Sequence[HostRecord]) -> Section | None:
    """Return the hosts whose table has errors, by the number of its errors and warnings."""
    alike: dict[tuple[int, int], list[str]] = {}
    for host in with_errors(records):
        alike.setdefault(host.findings, []).append(host.name)
    if not alike:
        return None
    most = most_characters(alike.values(), _BUDGET)
    groups = [
        RowGroup([(names_of(names, most), str(len(names)), str(errors), str(warnings))])
        for (errors, warnings), names in sorted(alike.items(), reverse=True)
    ]
    return section(
        "errors",
        words.ERRORS,
        element("p", words.ERRORS_LEAD, class_="note"),
        long_table(words.ERRORS_CAPTION, words.ERRORS_COLUMNS, groups, most=_MOST_ROWS, rest=_SHOW),
    )


# No data --------------------------------------------------------------------------------


def no_data_section(without: Sequence[NoData]) -> Section | None:
    """Return the hosts without an answer, by reason."""
    if not without:
        return None
    by_reason: dict[str, list[NoData]] = {}
    for host in without:
        by_reason.setdefault(host.why.value, []).append(host)
    most = most_characters(([host.name for host in hosts] for hosts in by_reason.values()), _BUDGET)
    groups = [
        RowGroup(
            [(words.WHY[why], str(len(hosts)), names_of([host.name for host in hosts], most))],
            _details(hosts),
        )
        for why, hosts in sorted(by_reason.items(), key=lambda item: (-len(item[1]), item[0]))
    ]
    return section(
        "no-data",
        words.NO_DATA,
        element("p", words.NO_DATA_LEAD, class_="note"),
        long_table(words.NO_DATA_CAPTION, words.NO_DATA_COLUMNS, groups, most=99, rest=_SHOW),
    )


def _details(hosts: Sequence[NoData]) -> Child:
    """Return the most frequent details of a reason, each with the next step."""
    counted = Counter((host.detail, host.next_step) for host in hosts if host.detail).most_common()
    shown = [
        cut(words.detail(detail, next_step), _LONG) for (detail, next_step), _ in counted[:_DETAILS]
    ]
    left = len(counted) - len(shown)
    return bullets([*shown, words.more_values(left)] if left else shown)
