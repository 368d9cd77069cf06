"""Sentences about a guest whose devices move to other hosts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from dmaragent.addresses import SBDF
from dmaragent.errors import DmaragentError
from dmaragent.policy.decisions import Harm, Verdict
from dmaragent.policy.settings import Toolstack
from dmaragent.policy.words import HARM_WORDS
from dmaragent.present.words.numbers import count, size_words

if TYPE_CHECKING:  # which imports these sentences
    from dmaragent.fleet.move import Move

# Why the answer about a device is unknown or no -------------------------------------------

SOURCE_FUNCTIONS_UNKNOWN = (
    "the PCI functions of the host on which the guest was started are unknown: add --device ID"
)
NOT_FOUND_ON_SOURCE = (
    "the device is not on the host on which the guest was started: add --device ID"
)
SOURCE_ID_UNKNOWN = "its ID on the host on which the guest was started is unknown: add --device ID"
FUNCTIONS_UNKNOWN = "the PCI functions of this host are unknown"


def no_such_device(ids: str) -> str:
    return f"no device {ids}"


def may_be_wanted(ids: str, first: SBDF, others: int) -> str:
    more = f" and {count(others, 'other')}" if others else ""
    return f"{first}{more} may be {ids}: its ID is unknown"


def no_other_device(ids: str) -> str:
    return f"no other device {ids}"


_TOOLSTACKS = {Toolstack.LIBVIRT: "Xen's libvirt", Toolstack.QUBES: "Qubes' libvirt"}


def toolstacks(built: Toolstack, attaches: Toolstack) -> str:
    """Return the names of who built the guest, and of who attaches its devices."""
    one, other = (_TOOLSTACKS.get(each, each.value) for each in (built, attaches))
    return one if one == other else f"{one} on the source and {other} here"


def with_toolstack(name: str, verdict: Verdict, reasons: Sequence[str]) -> str:
    """Return the answer about a device with one of several possible toolstacks."""
    text = f"with {name}: {_DEVICE[verdict]}"
    return f"{text}: {reasons[0]}" if reasons else text


EACH_REFUSES_ANOTHER = (
    "each libvirt that can have built the guest refuses a device, but not the same one"
)
"""The reason for a refusal if each device is refused by one of the possible toolstacks only."""


# Text -----------------------------------------------------------------------------------

ATTACHED = {
    Verdict.STARTS: "Can be attached",
    Verdict.REFUSED: "Cannot be attached",
    Verdict.UNDECIDED: "Unknown",
}
_DEVICE = {
    Verdict.STARTS: "can be attached",
    Verdict.REFUSED: "refused",
    Verdict.UNDECIDED: "unknown",
}
NOT_BOUND_KNOWN = "Unknown whether it is bound to pciback"
XEN_STEPS = (
    "Xen migrates no guest that has a device: detach the devices, migrate the guest, attach them. "
    "The guest keeps its memory layout until it reboots. Not checked: processors, storage and "
    "networks, and whether another guest has the device"
)
KVM_DECIDES = (
    "Linux decides on each host: a region that is locked blocks a device with any memory layout. "
    "KVM migrates a guest with its device only if the driver of that device supports migration "
    "by VFIO; detach other devices before, and attach them after. Not checked: processors, storage "
    "and networks"
)


def headline(move: Move, without: int) -> str:
    yes, no, unknown = map(move.hosts, (Verdict.STARTS, Verdict.REFUSED, Verdict.UNDECIDED))
    at_risk = sum(target.at_risk for target in move.targets)
    risky = f" ({at_risk} with a risk)" if at_risk else ""
    hosts = count(len(move.targets) + without, "host")
    parts = [f"its devices can be attached on {yes} of {hosts}{risky}"]
    parts += [f"not on {no}"] if no else []
    parts += [f"{unknown} unknown"] if unknown else []
    parts += [f"no data for {without}"] if without else []
    return f"started on {move.source.name}; {', '.join(parts)}"


def wanted(text: str, ids: str) -> str:
    return f"Device  {text}" + (f" ({ids})" if ids and ids != text else "")


def ram_ends(ends: Sequence[int], source: str) -> str:
    if not ends:
        return f"RAM     unknown, because this guest would not start on {source} as it is"
    where = " or ".join(f"{end:#x} ({size_words(end)})" for end in ends)
    return f"RAM     below 4 GiB ends at {where}, as {source} laid it out"


def why_ram_unknown(reason: str) -> str:
    return f"Reason: {reason}"


FIND_SETTING = (
    "Next: dmaragent fleet resolve --one-setting finds the setting with which the guest starts"
)


def check_configuration(source: str) -> str:
    return f"Next: check that the guest was started on {source}, and with this configuration"


def resolve_on_source(source: str) -> str:
    return f"Next: dmaragent resolve, with --host and the document of {source}, has all reasons"


def hosts(verdict: Verdict, number: int) -> str:
    return f"{ATTACHED[verdict]}: {count(number, 'host')}"


def device_line(place: str, verdict: Verdict, *, absent: bool = False) -> str:
    return f"{place}: {'not present' if absent else _DEVICE[verdict]}"


def first_run(command: str) -> str:
    return f"First: {command}"


def risk(harm: Harm) -> str:
    return f"Risk: {HARM_WORDS[harm]}"


def if_relaxed(harm: Harm) -> str:
    text = "With rdm_policy=relaxed it is attached"
    return f"{text}. Risk: {HARM_WORDS[harm]}" if harm else text


def more_hosts(groups: int, number: int) -> str:
    return f"{count(groups, 'more answer')} for {count(number, 'host')}: add --details"


# Errors of the command ------------------------------------------------------------------


def not_an_id(text: str) -> DmaragentError:
    return DmaragentError(
        f"--device: '{text}' is not the ID of a device", "write one like 8086:1521"
    )


def no_device(source: str) -> DmaragentError:
    return DmaragentError(
        f"{source} has no device", "add --device ID for the device that is to be attached"
    )


def no_source(name: str, folders: Iterable[str]) -> DmaragentError:
    return DmaragentError(
        f"--from {name}: no document of this name in {', '.join(folders)}, and no file",
        "name the host on which the guest was started, or its document",
    )


def no_target(name: str) -> DmaragentError:
    return DmaragentError(
        f"there is no host except {name}", "add the documents of the hosts to move to"
    )


def not_one_guest(number: int) -> DmaragentError:
    return DmaragentError(f"{count(number, 'guest')} given, and one is required", "name one guest")
