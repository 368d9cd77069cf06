"""The report of a fleet as a single HTML file, with the style and the script of the other report.

:func:`fleet_html` is a pure function from frozen values to text. Lists are limited, so the page of
a large fleet stays small; what it leaves out is counted, with the command that shows it.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dmaragent.fleet.classes import HostClass, OddHost, linux_classes, odd_hosts, xen_classes
from dmaragent.fleet.guests import GuestOnFleet
from dmaragent.fleet.html import words
from dmaragent.fleet.html.guests import guests_section
from dmaragent.fleet.html.hosts import (
    classes_section,
    errors_section,
    firmware_section,
    kvm_classes_section,
    no_data_section,
    odd_section,
    several_firmwares,
    with_errors,
)
from dmaragent.fleet.html.parts import cut
from dmaragent.fleet.records import HostRecord, NoData
from dmaragent.fleet.words import guest_headline
from dmaragent.policy.decisions import Verdict
from dmaragent.present.html.parts import Section, Tile, section, strip
from dmaragent.present.html.whole_page import whole_page

_MOST_GUESTS = 4
"""Guests that are listed at the top."""


class FleetReport(NamedTuple):
    """What the report of a fleet is about."""

    records: Sequence[HostRecord]
    without: Sequence[NoData] = ()
    guests: Sequence[GuestOnFleet] = ()
    """Xen guests, with their verdicts on the classes for Xen."""
    kvm_guests: Sequence[GuestOnFleet] = ()
    """KVM guests, with their verdicts on the classes for KVM."""


def fleet_html(report: FleetReport) -> str:
    """Return the page."""
    records, without = report.records, report.without
    classes, odd = xen_classes(records), odd_hosts(records)
    kvm_classes = linux_classes(records) if report.kvm_guests else ()
    sections = (
        _glance(report, classes, odd),
        guests_section(report.guests, report.kvm_guests, classes, kvm_classes),
        classes_section(classes),
        kvm_classes_section(kvm_classes),
        firmware_section(records, classes, [*report.guests, *report.kvm_guests]),
        odd_section(odd),
        errors_section(records),
        no_data_section(without),
    )
    return whole_page(
        words.title(len(records) + len(without)),
        words.lead(len(records), len(classes), len(without)),
        [part for part in sections if part is not None],
    )


def _glance(report: FleetReport, classes: Sequence[HostClass], odd: Sequence[OddHost]) -> Section:
    return section("glance", words.GLANCE, strip(list(_tiles(report, classes, odd))))


def _tiles(
    report: FleetReport, classes: Sequence[HostClass], odd: Sequence[OddHost]
) -> Iterator[Tile]:
    """Yield the answers of the report, each with a link to its section."""
    records = report.records
    if not records:
        yield Tile(words.NOTHING_READ, tone="bad")
    else:
        yield from _guest_tiles(report)
        sizes = words.lead(len(records), len(classes), 0).rstrip(".")
        largest = words.largest(len(classes[0].hosts), classes[0].label)
        yield Tile(sizes, "classes", (largest,))
        yield _firmware_tile(records)
    if odd:
        hosts = len({each.host.name for each in odd})
        yield Tile(words.odd_in_short(hosts), "odd", tone="warned")
    wrong = with_errors(records)
    if wrong:
        yield Tile(words.errors_in_short(len(wrong)), "errors", tone="bad")
    if report.without:
        yield Tile(words.no_data_in_short(len(report.without)), "no-data", tone="warned")


def _firmware_tile(records: Sequence[HostRecord]) -> Tile:
    """Return whether models have more than one firmware."""
    models = several_firmwares(records)
    key = "firmware" if any(host.model for host in records) else ""
    if models:
        return Tile(words.several_firmwares(models), key, tone="warned")
    if all(host.model and host.firmware for host in records):
        return Tile(words.ONE_FIRMWARE, key, tone="good")
    return Tile(words.NOT_SEVERAL, key)


def _guest_tiles(report: FleetReport) -> Iterator[Tile]:
    """Yield how many guests start on every host, and those that start on the fewest."""
    guests = sorted(
        [*report.guests, *report.kvm_guests], key=lambda guest: guest.hosts(Verdict.STARTS)
    )
    if not guests:
        return
    hosts, without = len(report.records), len(report.without)
    sure = sum(guest.hosts(Verdict.STARTS) == hosts + without for guest in guests)
    lines = [cut(guest_headline(guest, hosts, without), 300) for guest in guests[:_MOST_GUESTS]]
    left = len(guests) - len(lines)
    more = words.more_guests(left) if left else None
    risk = any(found.risk for guest in guests for _, found in guest.verdicts)
    refused = any(guest.hosts(Verdict.REFUSED) for guest in guests)
    tone = "bad" if refused else "warned" if sure < len(guests) or risk else "good"
    yield Tile(words.guests_on_all(sure, len(guests)), "guests", (*lines, more), tone)
