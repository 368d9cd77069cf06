"""A question about guests on a host that was read: for which releases, and what decides there.

Pure.  ``api.py`` asks it of a host at a path, the service of the host it watches.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from dmaragent.addresses import SBDF
from dmaragent.errors import DmaragentError
from dmaragent.guests.config import GuestConfig
from dmaragent.guests.formats import read_all_guests
from dmaragent.guests.kvm_guest import KvmGuest
from dmaragent.host import Host
from dmaragent.inventory import Inventory, take_inventory, under_release
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.evidence import read_evidence
from dmaragent.policy.host_facts import HostFacts, facts_of
from dmaragent.policy.other_settings import documented_default
from dmaragent.policy.resolver import Stack
from dmaragent.policy.resolver import resolve as resolve_guest
from dmaragent.policy.settings import Toolstack
from dmaragent.policy.xl_settings import PASSTHROUGH, PVH_AND_TYPE
from dmaragent.present.words.host import absence_words
from dmaragent.releases import Release
from dmaragent.xen.hypervisor.behaviour import NEWEST_RELEASE, behaviours_of
from dmaragent.xen.toolstack.libxl import FIRST_RELEASE, toolstack_behaviours

DOCUMENTED = "documented"
"""In place of a release: what the manual pages say, whatever a release does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """For which toolstack and releases a question is asked."""

    xen: str | None = None
    """A release such as ``4.17`` or ``4.16.1``, ``documented``, or None: the host's own."""
    toolstack: Toolstack | None = None
    """Who builds the guest; None: what its format implies, libvirt for libvirt's XML, else xl."""
    toolstack_release: str | None = None
    """The toolstack's release, where it is not the hypervisor's."""
    names: Mapping[str, SBDF] | None = None
    """What ``xl pci-assignable-add -n`` called devices."""


def read_guests(text: str, source: str) -> tuple[GuestConfig, ...]:
    """Read the Xen guests of `text`: see :func:`read_all_guests`, which reads KVM guests too.

    Raises:
        DmaragentError: it is no guest's configuration, or that of a KVM guest.

    """
    found = []
    for guest in read_all_guests(text, source):
        if isinstance(guest, KvmGuest):
            raise DmaragentError(
                f"'{source}' is a KVM guest, and a Xen guest is needed here",
                "`dmaragent resolve` answers for KVM guests",
            )
        found.append(guest)
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What decides about guests on a host, for a question."""

    host: Host
    """The readings, joined."""
    inventory: Inventory
    """Of the whole host, by the rules of the hypervisor's release that is asked about."""
    facts: HostFacts
    """What of it decides about guests: what ``resolve_guest`` takes as `host`."""
    stack: Stack
    """Who builds the guest, and by which releases."""
    release_known: bool
    """Whether a release was named, or runs there; else the newest modelled is taken."""


_LIBRARY = (None, Toolstack.XL)


def asks_library(question: Question) -> bool:
    """Tell whether the host's libxlutil has a say: not where a release is named, nor for others."""
    return not (question.xen or question.toolstack_release) and question.toolstack in _LIBRARY


def ask_known(host: Host, question: Question, library: bytes | None = None) -> Context:
    """Say what decides on `host` for `question`; `library` is what its libxlutil printed.

    Raises:
        DmaragentError: a release is none.

    """
    documented = question.xen == DOCUMENTED
    asked = None if documented or question.xen is None else read_release("xen", question.xen)
    given = question.toolstack_release
    running = running_release(host)
    evidence = None if library is None else read_evidence(library)
    found = None if evidence is None else evidence.release
    hypervisor = asked or running or found or Release(*NEWEST_RELEASE)
    tools = read_release("toolstack release", given) if given else hypervisor
    if found is not None and found.series != hypervisor.series:
        tools = found
    stack = Stack(
        toolstack=question.toolstack or Toolstack.XL,
        release=tools,
        hypervisor=hypervisor,
        documented=documented,
        origin=_origin(asked, running, hypervisor, tools, found),
        evidence=evidence,
    )
    inventory, facts = _facts(host, hypervisor, question)
    return Context(
        host=host,
        inventory=inventory,
        facts=facts,
        stack=stack,
        release_known=bool(asked or running or found),
    )


def _facts(host: Host, release: Release, question: Question) -> tuple[Inventory, HostFacts]:
    """Take the inventory of `host` under `release`, and what of it decides about guests."""
    inventory = take_inventory(host, _predicted_release(host, release))
    return inventory, _facts_of(inventory, release, question)


def _predicted_release(host: Host, release: Release) -> Release | None:
    """Return the release to predict Xen's list by; None if an unknown one runs."""
    return None if host.xen is not None and host.xen.release is None else release


def _facts_of(inventory: Inventory, release: Release, question: Question) -> HostFacts:
    facts = facts_of(inventory, release, question.names)
    if facts.incomplete and inventory.absence is not None:
        why, step = absence_words(inventory.absence)
        facts = replace(facts, incomplete=why, next_step=step)
    return facts


def other_releases(
    asked: Context, question: Question, guest: GuestConfig
) -> Mapping[Verdict, tuple[str, ...]]:
    """Say what becomes of `guest` by each release, where none is known: verdict and releases.

    Empty where one is known, or all agree.
    """
    if asked.release_known or asked.stack.documented or question.toolstack_release:
        return {}
    verdicts: list[tuple[Verdict, str, str]] = []
    by_rules: dict[object, HostFacts] = {}
    for name, release in release_spans():
        stack = replace(asked.stack, release=release, hypervisor=release)
        predicted = _predicted_release(asked.host, release)
        rules = predicted and behaviours_of(predicted)
        if rules not in by_rules:
            inventory = under_release(asked.inventory, predicted)
            by_rules[rules] = _facts_of(inventory, release, question)
        facts = replace(by_rules[rules], release=release)
        verdict = resolve_guest(guest, facts, stack).verdict
        first, last = name.split(" to ")[0], name.split(" to ")[-1]
        if verdicts and verdicts[-1][0] is verdict:
            first = verdicts.pop()[1]
        verdicts.append((verdict, first, last))
    found: dict[Verdict, list[str]] = {}
    for verdict, first, last in verdicts:
        found.setdefault(verdict, []).append(first if first == last else f"{first} to {last}")
    return {} if len(found) == 1 else {one: tuple(names) for one, names in found.items()}


def release_spans() -> tuple[tuple[str, Release], ...]:
    """Give the spans of releases in which toolstack and hypervisor do the same, and one of each."""
    spans: list[tuple[object, Release, Release]] = []
    for minor in range(FIRST_RELEASE[1], NEWEST_RELEASE[1] + 1):
        release = Release(4, minor)
        does = (
            toolstack_behaviours(release),
            tuple(dict.fromkeys(each.for_guests for each in behaviours_of(release))),
            documented_default(release),
            [release.series >= first for first in (PVH_AND_TYPE, PASSTHROUGH)],
        )
        if spans and spans[-1][0] == does:
            spans[-1] = (does, spans[-1][1], release)
        else:
            spans.append((does, release, release))
    return tuple(
        (str(last) if first == last else f"{first} to {last}", last) for _, first, last in spans
    )


def running_release(host: Host) -> Release | None:
    """Give the release of Xen that runs on `host`."""
    return None if host.xen is None else host.xen.release


def read_release(option: str, text: str) -> Release:
    """Read the release of Xen that `option` was given.

    Raises:
        DmaragentError: it is none, or one without reserved device memory for guests.

    """
    try:
        release = Release.parse(text)
    except ValueError as error:
        raise DmaragentError(f"{option}: {error}") from error
    if release.series < FIRST_RELEASE:
        first = "{}.{}".format(*FIRST_RELEASE)
        raise DmaragentError(
            f"{option}: Xen {release} has no reserved device memory for guests",
            f"{first} is the first that has",
        )
    return release


def _origin(
    asked: Release | None,
    running: Release | None,
    hypervisor: Release,
    tools: Release,
    library: Release | None,
) -> str:
    """Say how the releases are known."""
    told = []
    if asked is not None:
        told.append(f"Xen {hypervisor} as asked")
    elif running is not None and library is None:
        told.append(f"Xen {hypervisor} runs there, its tools taken to be of the same release")
    elif running is not None:
        told.append(f"Xen {hypervisor} runs there")
    elif library is None:
        told.append(f"the release is not known: taken to be Xen {hypervisor}, the newest modelled")
    if library is not None:
        told.append(f"libxlutil {library} of the host was asked")
    newest = "{}.{}".format(*NEWEST_RELEASE)
    told += [
        f"{one} is not modelled: taken to behave as {newest}"
        for one in dict.fromkeys((hypervisor, tools))
        if one.series > NEWEST_RELEASE
    ]
    return "; ".join(told)
