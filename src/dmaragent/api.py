"""The Python interface: what the verbs do, as functions.

``dmaragent.resolve(text, host=PATH)`` gives what ``dmaragent resolve`` prints, as frozen values.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dmaragent.addresses import SBDF
from dmaragent.collect.collect import collect
from dmaragent.collect.ledger import LIBXLUTIL
from dmaragent.collect.opening import LIVE, OpenedHost, open_host
from dmaragent.errors import DmaragentError
from dmaragent.host import Host, join
from dmaragent.inventory import take_inventory
from dmaragent.platforms.libxl import FIRST_RELEASE
from dmaragent.platforms.releases import Release
from dmaragent.platforms.xen_model import NEWEST_RELEASE
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.evidence import Evidence, read_evidence
from dmaragent.policy.guest import Complaint, GuestConfig, GuestType
from dmaragent.policy.host_facts import HostFacts, facts_of
from dmaragent.policy.remedies import remedies
from dmaragent.policy.resolver import Resolution, Stack
from dmaragent.policy.resolver import resolve as resolve_guest
from dmaragent.policy.saved_guest import guests_from_saved, is_saved
from dmaragent.policy.settings import Toolstack
from dmaragent.policy.trial import Remedies
from dmaragent.policy.xl_guest import guest_from_xl
from dmaragent.policy.xlcfg import ConfigError, read_xl_config
from dmaragent.present.wording import absence_words
from dmaragent.snapshot import Missing

__all__ = [
    "Asked",
    "Question",
    "Remedies",
    "Resolution",
    "ask_host",
    "ask_toolstack",
    "other_releases",
    "read_guests",
    "remedies",
    "resolve",
]

DOCUMENTED = "documented"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """For which toolstack and releases a question is asked."""

    xen: str | None = None
    """A release such as ``4.17`` or ``4.16.1``, ``documented``, or None: the host's own."""
    toolstack: str = Toolstack.XL.value
    """xl, libvirt, qubes or xapi."""
    toolstack_release: str | None = None
    """The toolstack's release, where it is not the hypervisor's."""
    names: Mapping[str, SBDF] | None = None
    """What ``xl pci-assignable-add -n`` called devices."""


def resolve(
    text: str, *, host: str | None = None, source: str = "guest", question: Question | None = None
) -> Resolution:
    """Say what Xen will do with the guest of `text`, and why.

    Args:
        text: an xl.cfg, or libxl's JSON of one guest.
        host: a table, acpidump text, a recorded machine or a copied root; None: this machine.
        source: what `text` is called in messages, as ``source:line``.
        question: toolstack and releases; by default the host's own.

    Returns:
        The resolution: verdict, reasons, settings, cases with layouts; addresses and sizes
        in bytes.  ``dmaragent.api.remedies(resolution)`` finds what helps.

    Raises:
        DmaragentError: the host cannot be read, a release is none, or `text` holds JSON that
            is not one guest's.  A configuration that xl refuses is an answer, not an error.

    """
    asked = question or Question()
    guests = read_guests(text, source)
    if len(guests) != 1:
        raise DmaragentError(f"{source} holds {len(guests)} guests, and one is asked for")
    found = ask_host(host, asked)
    stack, evidence = ask_toolstack(found, asked, guests)
    return resolve_guest(guests[0], found.facts, stack, evidence)


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
                f"{source} is not a guest's JSON: {error}",
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
    facts: HostFacts
    stack: Stack
    release_known: bool
    """Whether a release was named, or runs there; else the newest modelled is taken."""


def ask_host(path: str | None, question: Question) -> Asked:
    """Read the host at `path` for `question`: what decides there, and by which releases.

    Raises:
        DmaragentError: the host cannot be read, or a release is none.

    """
    opened = open_host(path)
    host = join(collect(opened.reader))
    documented = question.xen == DOCUMENTED
    asked = None if documented or question.xen is None else _release("--xen", question.xen)
    running = _running(host)
    hypervisor = asked or running or Release(*NEWEST_RELEASE)
    given = question.toolstack_release
    tools = hypervisor if given is None else _release("--toolstack-release", given)
    stack = Stack(
        toolstack=Toolstack(question.toolstack),
        release=tools,
        hypervisor=hypervisor,
        documented=documented,
        origin=_origin(asked, running, hypervisor),
    )
    return Asked(
        opened=opened,
        host=host,
        facts=_facts(host, hypervisor, question),
        stack=stack,
        release_known=bool(asked or running),
    )


def _facts(host: Host, release: Release, question: Question) -> HostFacts:
    """Take the facts of `host` under `release`."""
    unknown = host.xen is not None and host.xen.release is None
    inventory = take_inventory(host, None if unknown else release.series)
    facts = facts_of(inventory, release, question.names)
    if facts.incomplete and inventory.absence is not None:
        why, step = absence_words(inventory.absence)
        facts = replace(facts, incomplete=why, next_step=step)
    return facts


def other_releases(
    asked: Asked, question: Question, guest: GuestConfig
) -> Mapping[Verdict, tuple[str, ...]]:
    """Say what becomes of `guest` by each release, where none is known: verdict and releases.

    Empty where one is known, or all agree.
    """
    if asked.release_known or asked.stack.documented or question.toolstack_release:
        return {}
    found: dict[Verdict, list[str]] = {}
    for name, text in _REPRESENTATIVES:
        release = Release.parse(text)
        stack = replace(asked.stack, release=release, hypervisor=release)
        verdict = resolve_guest(guest, _facts(asked.host, release, question), stack).verdict
        found.setdefault(verdict, []).append(name)
    return {} if len(found) == 1 else {one: tuple(names) for one, names in found.items()}


_REPRESENTATIVES = (
    ("4.6 to 4.8", "4.8"),
    ("4.9 to 4.12", "4.12"),
    ("4.13", "4.13"),
    ("4.14", "4.14"),
    ("4.15 and 4.16", "4.16"),
    ("4.17 and 4.18", "4.18"),
    ("4.19 and 4.20", "4.20"),
    ("4.21 and 4.22", "4.22"),
)
"""The spans of releases in which toolstack and hypervisor do the same, and one of each."""


def ask_toolstack(
    asked: Asked, question: Question, guests: Sequence[GuestConfig]
) -> tuple[Stack, Evidence | None]:
    """Ask the libxlutil of this machine about the texts of `guests`, where that is meant.

    Its release is then the toolstack's.  It is not asked for another host, nor where a
    release or another toolstack is named.
    """
    opened, stack = asked.opened, asked.stack
    named = question.xen or question.toolstack_release
    if opened.kind != LIVE or named or stack.toolstack is not Toolstack.XL:
        return stack, None
    texts = {
        "rdm": sorted({one.rdm for one in guests if one.rdm is not None}),
        "pci": sorted({each.text for one in guests for each in one.pci if each.read is None}),
    }
    output = opened.reader.call(LIBXLUTIL.request(arguments=(json.dumps(texts),)))
    evidence = None if isinstance(output, Missing) else read_evidence(output)
    if evidence is None:
        return stack, None
    same = evidence.release.series == stack.hypervisor.series
    release = stack.hypervisor if same else evidence.release
    origin = f"{stack.origin}; libxlutil {evidence.release} of this machine was asked"
    return replace(stack, release=release, origin=origin), evidence


def _running(host: Host) -> Release | None:
    if host.xen is None or host.xen.release is None:
        return None
    return Release.running(host.xen.release, host.xen.extra)


def _release(option: str, text: str) -> Release:
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


def _origin(asked: Release | None, running: Release | None, used: Release) -> str:
    newer = ""
    if used.series > NEWEST_RELEASE:
        newer = ", which is not modelled: taken to behave as {}.{}".format(*NEWEST_RELEASE)
    if asked is not None:
        return f"Xen {used} as asked{newer}"
    if running is not None:
        return f"Xen {used} runs there{newer}, its tools taken to be of the same release"
    return f"the release is not known: taken to be Xen {used}, the newest modelled"
