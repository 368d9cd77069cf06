"""Sentences about a fleet's documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from dmaragent.errors import DmaragentError, HostError
from dmaragent.iommu.kinds import AbsenceKind
from dmaragent.policy.decisions import Verdict
from dmaragent.present.escaping import visible
from dmaragent.present.words.devices import SIDES, key_words
from dmaragent.present.words.numbers import count, known_regions
from dmaragent.xen.hypervisor.release_spans import NEWEST_RELEASE

if TYPE_CHECKING:  # which import these sentences
    from dmaragent.fleet.classes import OddHost
    from dmaragent.fleet.devices import DevicesOfHost
    from dmaragent.fleet.documents import LeftOut
    from dmaragent.fleet.guests import GuestOnFleet
    from dmaragent.fleet.records import HostRecord

_DAY = 86_400
_MOST_ADDRESSES = 4
"""The most devices of a host that are named by address; more are a number."""
COLLECT_AGAIN = "collect from the host again, or use --stale never"
COLLECT = "collect from the host"
ABSENT = "there is no document for it"


def no_such_folder(path: str) -> HostError:
    return HostError(
        f"{path} does not exist",
        "name a folder with a bundle, a report or a table for each host",
        where=path,
    )


def too_many_documents(path: str, most: int) -> HostError:
    return HostError(
        f"{path} contains more than {most} files", "name the folder that has the documents only"
    )


def no_document(paths: str, left_out: Sequence[LeftOut] = ()) -> HostError:
    others = "".join(f"; {line}" for line in left_out_lines(left_out))
    return HostError(
        f"{paths} contains no document of a host{others}",
        "put a bundle (dmaragent dump), a report or a table there for each host, not a link",
    )


def left_out_lines(left_out: Sequence[LeftOut]) -> Iterator[str]:
    """Yield a sentence for each reason to leave something out, with the first names."""
    for why, (one, many) in _LEFT_OUT.items():
        names = [other.path.rpartition("/")[2] for other in left_out if other.why.value == why]
        if names:
            more = len(names) - _MOST_LEFT_OUT
            listed = " ".join(map(visible, names[:_MOST_LEFT_OUT]))
            rest = f" and {more} more (--json lists all)" if more > 0 else ""
            yield f"{one if len(names) == 1 else many.format(len(names))}: {listed}{rest}"


_MOST_LEFT_OUT = 5
_LEFT_OUT = {
    "not-a-document": ("1 file is not a host's document", "{} files are not hosts' documents"),
    "link": ("1 link is not followed", "{} links are not followed"),
    "special-file": ("1 file is not a regular file", "{} files are not regular files"),
}


def failed(error: BaseException) -> str:
    """Return why a document could not be read, if it is not an error of dmaragent."""
    return f"{type(error).__name__}: {visible(str(error))}"[:200]


def replaced(path: str) -> str:
    return f"{path} is older than another document of this name"


def not_used(path: str) -> str:
    return (
        f"{path} is not used: another document has this name, and their ages are unknown or equal"
    )


def also_lost(detail: str) -> str:
    return f"another document of this name is used or listed; {detail}"


def stale(age: float) -> str:
    days = int(age // _DAY)
    return f"the document is {days} day{'' if days == 1 else 's'} old"


FUTURE = "the date of the document is in the future"


def undated(names: str) -> str:
    return f"used, although the age of the document is unknown: {names}"


# Text -----------------------------------------------------------------------------------

UNKNOWN = "unknown"
ODD = "Differ from most hosts of their model"
NOT_THERE = "no such device"
FUNCTIONS_UNKNOWN = "its PCI functions are unknown"
_VERDICTS = {
    Verdict.STARTS: "Starts",
    Verdict.REFUSED: "Will not start",
    Verdict.UNDECIDED: "Unknown",
}
_DIFFERS = {
    "firmware": "firmware",
    "table": "table",
    "xen": "Xen",
    "list": "source of Xen's list",
}


def class_words(hosts: Sequence[HostRecord]) -> str:
    """Return what the hosts of a class are; values that differ between them are counted."""
    facts = (
        _common(" ".join(filter(None, (host.vendor, host.model))) for host in hosts)
        or "unknown model",
        _common(host.firmware or "" for host in hosts),
        _common(map(_system, hosts)),
        _common(map(_table, hosts)),
    )
    return ", ".join(filter(None, facts))


def _system(host: HostRecord) -> str:
    if host.xen:
        return f"Xen {host.xen}"
    if host.runs_xen:
        return "Xen of unknown release"
    return f"Linux {host.linux}" if host.linux else ""


def _table(host: HostRecord) -> str:
    if host.table:
        return f"{known_regions(host.regions)} ({host.table[:4]})"
    return no_table_words(host)


def no_table_words(host: HostRecord) -> str:
    return _NO_TABLE.get(host.no_table, "no table")


_NO_TABLE = {
    AbsenceKind.DENIED.value: "table not read",
    AbsenceKind.FAILED.value: "table not read",
    AbsenceKind.NOT_COLLECTED.value: "table not collected",
    AbsenceKind.HIDDEN.value: "table hidden",
    AbsenceKind.PVH_DOM0.value: "table hidden by Xen",
    AbsenceKind.UNKNOWN.value: "table unknown",
    AbsenceKind.NO_ACPI.value: "no ACPI tables",
}


def _common(values: Iterable[str]) -> str:
    """Return the value of most hosts, and how many others there are."""
    counts = Counter(values)
    usual = counts.most_common(1)[0][0]
    if len(counts) == 1:
        return usual
    return f"{usual or UNKNOWN} and {count(len(counts) - 1, 'other')}"


def fleet_of(hosts: int, classes: int) -> str:
    return f"{count(hosts, 'host')} in {count(classes, 'class', 'classes')}"


def more_classes(classes: int, hosts: int) -> str:
    return (
        f"{count(classes, 'more class', 'more classes')} with {count(hosts, 'host')}: add --details"
    )


def more_reasons(number: int) -> str:
    return f"{count(number, 'more reason')}: add --details"


def more_reasons_in_show(number: int) -> str:
    return f"{count(number, 'more reason')}: run dmaragent fleet show --details"


def with_errors(hosts: int, names: str) -> str:
    return visible(f"Errors in the firmware's table of {count(hosts, 'host')}: {names}")


NEXT_CHECK = "Next: dmaragent check --host FILE shows the errors of one host"


def odd_host(odd: OddHost) -> str:
    value, usual = odd.value or UNKNOWN, odd.usual or UNKNOWN
    return visible(f"{odd.host.name}: {_DIFFERS[odd.differs]} {value}, most have {usual}")


def no_data(hosts: int) -> str:
    return f"No data for {count(hosts, 'host')}"


def guest_headline(
    guest: GuestOnFleet,
    hosts: int,
    without: int,
    need: int | None = None,
    *,
    with_source: bool = False,
) -> str:
    """Return on how many hosts a guest starts, and whether that is enough."""
    starts, refused = guest.hosts(Verdict.STARTS), guest.hosts(Verdict.REFUSED)
    unknown = guest.hosts(Verdict.UNDECIDED)
    risk = f" ({guest.at_risk} with a risk)" if guest.at_risk else ""
    parts = [f"starts on {starts} of {count(hosts + without, 'host')}{risk}"]
    if refused:
        parts.append(f"not on {refused}")
    if unknown:
        parts.append(f"{unknown} unknown")
    if without:
        parts.append(f"no data for {without}")
    enough = (
        ""
        if need is None
        else f". Enough for --need {need}: {_enough(starts, unknown + without, need)}"
    )
    source = f" ({guest.source})" if with_source else ""
    return visible(f"{guest.name}{source}: {', '.join(parts)}{enough}")


def _enough(yes: int, unknown: int, need: int) -> str:
    if yes >= need:
        return "yes"
    return UNKNOWN if yes + unknown >= need else "no"


def assumed_release(unknown: int, without: int, *, newest: bool) -> str:
    """Return on how many hosts Xen is assumed: those of unknown release, and those without Xen."""
    newest_words = " {}.{}, the newest known release".format(*NEWEST_RELEASE)
    if without and not newest:
        run = count(without, "host runs", "hosts run")
        return f"{run} Linux without Xen: the answer there is what Xen would do."
    kinds = (
        f"{count(unknown, 'host')} of unknown release" if unknown and newest else "",
        f"{count(without, 'host')} without Xen" if without else "",
    )
    hosts = " and ".join(filter(None, kinds))
    return f"Assumes Xen{newest_words}, on {hosts}." if hosts and newest else ""


def assumed_library(hosts: int) -> str:
    """Return on how many hosts the installed libxlutil has the only known release."""
    return f"Assumes the Xen of the installed libxlutil on {count(hosts, 'host')}." if hosts else ""


def assumed_functions(hosts: int) -> str:
    where = f"{count(hosts, 'host')} whose PCI functions are unknown"
    return f"Assumes that every device is present on {where}."


def predicted_list(hosts: int) -> str:
    return f"Xen's list of regions is predicted on {count(hosts, 'host')}."


def verdict_line(verdict: Verdict, hosts: int, classes: int) -> str:
    return f"{_VERDICTS[verdict]}: {count(hosts, 'host')} in {count(classes, 'class', 'classes')}"


def remedy(action: str) -> str:
    return f"Fix, tried on this class: {action}"


OTHER_ADDRESS = (
    "The device can have another address there: dmaragent fleet device ID finds it. --hosts limits "
    "the answer to the hosts that count"
)


def next_command(command: str) -> str:
    return f"Next: {command}"


def whose_verdict(verdict: str, decides: Sequence[str]) -> str:
    """Return a verdict, and who decides: ``allowed (Linux)``."""
    return f"{key_words(verdict)} ({' or '.join(SIDES[side] for side in decides)})"


def may_be_meant(first: str, others: int) -> str:
    more = f" and {count(others, 'other')}" if others else ""
    return f"unknown, because the ID or class of {first}{more} is unknown"


def devices_alike(verdict: str, addresses: Sequence[Sequence[str]], hosts: str, remedy: str) -> str:
    """Return the devices of `hosts` with one verdict and fix; `addresses` has a host's in each."""
    first, *others = addresses
    listed = " ".join(first[:_MOST_ADDRESSES])
    if any(each != first for each in others):
        number = count(sum(map(len, addresses)), "device")
        devices = f"{number} ({listed} on the first host; --json lists all)"
    elif len(first) > _MOST_ADDRESSES:
        more = len(first) - _MOST_ADDRESSES
        devices = f"{listed} and {more} more (--json lists all)"
    else:
        devices = listed
    fix = f" (first fix: {remedy})" if remedy else ""
    return f"{verdict}: {devices} on {hosts}{fix}"


def device_headline(query: str, answers: Sequence[DevicesOfHost], without: int) -> str:
    having = [answer for answer in answers if answer.devices]
    free = [answer for answer in having if any(device.free for device in answer.devices)]
    conditional = sum(
        answer not in free and any(device.conditional for device in answer.devices)
        for answer in having
    )
    text = f"{query}: {len(free)} of {count(len(answers) + without, 'host')} can pass such a device through"
    more = f", {conditional} more on conditions or with a risk" if conditional else ""
    return visible(f"{text}{more}; {len(having)} {'has' if len(having) == 1 else 'have'} one")


def sides_differ(verdicts: Iterable[tuple[str, str]]) -> str:
    """Return that it is unknown whose verdict counts; `verdicts` has each side and its verdict."""
    each = ", ".join(f"{SIDES[side]}: {key_words(verdict)}" for side, verdict in verdicts)
    return f"it is unknown whether the host runs Xen ({each})"


def why_unknown(reason: str) -> str:
    return f"Reason: {reason}"


# Errors of the command ------------------------------------------------------------------


def not_a_device(text: str) -> DmaragentError:
    return DmaragentError(
        f"{text}: neither an ID, an address nor a class of devices",
        "write 8086:10d3, 0000:01:00.0 or a class: display, network, storage, usb, ethernet or another "
        "of dmaragent(8)",
    )


def not_a_number_of_days(text: str) -> DmaragentError:
    return DmaragentError(f"--stale: {text} is not a number of days", "write a number, or never")


LEAST_ONE = "must be a number of 1 or more"


def most_jobs(most: int) -> str:
    return f"must be at most {most}"


def no_names() -> DmaragentError:
    return DmaragentError("--hosts names no host", "write names with commas: xen[01-40],db1")


def too_many_names(most: int) -> DmaragentError:
    return DmaragentError(f"--hosts names more than {most} hosts", "name fewer")
