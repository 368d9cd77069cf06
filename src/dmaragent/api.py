"""The Python interface: what the verbs do, as functions.

``dmaragent.resolve(text, host=PATH)`` gives what ``dmaragent resolve`` prints, as frozen values.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dmaragent.addresses import SBDF
from dmaragent.collect.collect import collect
from dmaragent.collect.ledger import LIBXLUTIL, Request
from dmaragent.collect.opening import OpenedHost, open_host
from dmaragent.errors import DmaragentError
from dmaragent.host import Host, join
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.platforms.libxl import FIRST_RELEASE, toolstack_behaviours
from dmaragent.platforms.releases import Release
from dmaragent.platforms.xen_model import NEWEST_RELEASE, behaviour_of
from dmaragent.policy.answer import Answer, answer
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.evidence import read_evidence
from dmaragent.policy.guest import Complaint, GuestConfig, GuestType
from dmaragent.policy.host_facts import HostFacts, facts_of
from dmaragent.policy.other_settings import documented_default
from dmaragent.policy.resolver import Resolution, Stack
from dmaragent.policy.resolver import resolve as resolve_guest
from dmaragent.policy.saved_guest import guests_from_saved, is_saved
from dmaragent.policy.settings import Toolstack
from dmaragent.policy.xl_guest import guest_from_xl
from dmaragent.policy.xl_settings import PASSTHROUGH, PVH_AND_TYPE
from dmaragent.policy.xlcfg import ConfigError, read_xl_config
from dmaragent.present.wording import absence_words
from dmaragent.snapshot import Missing

__all__ = [
    "Answer",
    "Asked",
    "Question",
    "Resolution",
    "Toolstack",
    "answer",
    "ask_host",
    "library_request",
    "read_guests",
    "read_release",
    "resolve",
    "resolve_guest",
]

DOCUMENTED = "documented"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """For which toolstack and releases a question is asked."""

    xen: str | None = None
    """A release such as ``4.17`` or ``4.16.1``, ``documented``, or None: the host's own."""
    toolstack: Toolstack = Toolstack.XL
    toolstack_release: str | None = None
    """The toolstack's release, where it is not the hypervisor's."""
    names: Mapping[str, SBDF] | None = None
    """What ``xl pci-assignable-add -n`` called devices."""


def resolve(
    text: str, *, host: str | None = None, source: str = "guest", question: Question | None = None
) -> Resolution:
    """Say what Xen will do with the guest of `text`, and why.

    For many guests on one host, read it once: ``ask_host``, ``read_guests``, and
    ``resolve_guest(guest, asked.facts, asked.stack)`` for each.

    Args:
        text: an xl.cfg, or libxl's JSON of one guest.
        host: a bundle, a sosreport, a table, acpidump text, a recorded machine or a copied root;
            None: this machine.
        source: what `text` is called in messages, as ``source:line``.
        question: toolstack and releases; by default the host's own.

    Returns:
        The resolution: verdict, reasons, settings, cases with layouts; addresses and sizes
        in bytes.  ``dmaragent.api.answer(resolution)`` adds what helps.

    Raises:
        DmaragentError: the host cannot be read, a release is none, or `text` holds JSON that
            is not one guest's.  A configuration that xl refuses is an answer, not an error.

    """
    guests = read_guests(text, source)
    if len(guests) != 1:
        raise DmaragentError(f"{source} holds {len(guests)} guests, and one is asked for")
    asked = ask_host(host, question or Question(), guests)
    return resolve_guest(guests[0], asked.facts, asked.stack)


def read_guests(text: str, source: str) -> tuple[GuestConfig, ...]:
    """Read the guests of `text`: an xl.cfg holds one, libxl's JSON may hold several.

    Raises:
        DmaragentError: it is JSON, and not libxl's.

    """
    if is_saved(text):
        try:
            return guests_from_saved(text, source)
        except ValueError as error:
            raise DmaragentError(
                str(error),
                "give what `xl list -l` or `xl create -n -d` prints, or an xl.cfg",
            ) from error
    config = read_xl_config(text)
    if not isinstance(config, ConfigError):
        return (guest_from_xl(config, source),)
    near = f" near '{config.near}'" if config.near else ""
    said = f"xl cannot read the file{near}: {config.expected}"
    refusal = Complaint(f"{source}:{config.line}", said)
    return (
        GuestConfig(source=source, name="", type=GuestType.PV, refusals=(refusal,), readable=False),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A host that was read for a question."""

    opened: OpenedHost
    host: Host
    inventory: Inventory
    """Of the whole host, by the rules of the hypervisor's release that is asked about."""
    facts: HostFacts
    stack: Stack
    release_known: bool
    """Whether a release was named, or runs there; else the newest modelled is taken."""


def ask_host(
    path: str | None,
    question: Question,
    guests: Sequence[GuestConfig] = (),
    specifications: Sequence[str] = (),
) -> Asked:
    """Read the host at `path` for `question`: what decides there, and by which releases.

    Its libxlutil is asked how it reads the texts of `guests`, and the `specifications` of
    devices besides; not where a release or another toolstack is named.  A recording has the
    answers that it was made with, and a copy none.

    Raises:
        DmaragentError: the host cannot be read, or a release is none.

    """
    opened = open_host(path)
    host = join(collect(opened.reader))
    documented = question.xen == DOCUMENTED
    asked = None if documented or question.xen is None else read_release("xen", question.xen)
    given = question.toolstack_release
    running = _running(host)
    evidence = None
    if not (question.xen or given) and question.toolstack is Toolstack.XL:
        output = opened.reader.call(library_request(host, guests, specifications))
        evidence = None if isinstance(output, Missing) else read_evidence(output)
    library = None if evidence is None else evidence.release
    hypervisor = asked or running or library or Release(*NEWEST_RELEASE)
    tools = read_release("toolstack release", given) if given else hypervisor
    if library is not None and library.series != hypervisor.series:
        tools = library
    stack = Stack(
        toolstack=question.toolstack,
        release=tools,
        hypervisor=hypervisor,
        documented=documented,
        origin=_origin(asked, running, hypervisor, tools, library),
        evidence=evidence,
    )
    inventory, facts = _facts(host, hypervisor, question)
    return Asked(
        opened=opened,
        host=host,
        inventory=inventory,
        facts=facts,
        stack=stack,
        release_known=bool(asked or running or library),
    )


def library_request(
    host: Host, guests: Sequence[GuestConfig], specifications: Sequence[str] = ()
) -> Request:
    """Ask libxlutil about `guests`: that of the release that runs there before others."""
    running = _running(host)
    entries = {each.text for one in guests for each in one.pci if each.read is None}
    texts = {
        "series": [] if running is None else ["{}.{}".format(*running.series)],
        "rdm": sorted({one.rdm for one in guests if one.rdm is not None}),
        "pci": sorted(entries | set(specifications)),
    }
    return LIBXLUTIL.request(arguments=(json.dumps(texts),))


def _facts(host: Host, release: Release, question: Question) -> tuple[Inventory, HostFacts]:
    """Take the inventory of `host` under `release`, and what of it decides about guests."""
    unknown = host.xen is not None and host.xen.release is None
    inventory = take_inventory(host, None if unknown else release.series)
    facts = facts_of(inventory, release, question.names)
    if facts.incomplete and inventory.absence is not None:
        why, step = absence_words(inventory.absence)
        facts = replace(facts, incomplete=why, next_step=step)
    return inventory, facts


def other_releases(
    asked: Asked, question: Question, guest: GuestConfig
) -> Mapping[Verdict, tuple[str, ...]]:
    """Say what becomes of `guest` by each release, where none is known: verdict and releases.

    Empty where one is known, or all agree.
    """
    if asked.release_known or asked.stack.documented or question.toolstack_release:
        return {}
    found: dict[Verdict, list[str]] = {}
    for name, release in release_spans():
        stack = replace(asked.stack, release=release, hypervisor=release)
        _, facts = _facts(asked.host, release, question)
        verdict = resolve_guest(guest, facts, stack).verdict
        found.setdefault(verdict, []).append(name)
    return {} if len(found) == 1 else {one: tuple(names) for one, names in found.items()}


def release_spans() -> tuple[tuple[str, Release], ...]:
    """Give the spans of releases in which toolstack and hypervisor do the same, and one of each."""
    spans: list[tuple[object, Release, Release]] = []
    for minor in range(FIRST_RELEASE[1], NEWEST_RELEASE[1] + 1):
        release = Release(4, minor)
        does = (
            toolstack_behaviours(release),
            behaviour_of(release.series),
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


def _running(host: Host) -> Release | None:
    if host.xen is None or host.xen.release is None:
        return None
    return Release.running(host.xen.release, host.xen.extra)


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
