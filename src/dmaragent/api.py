"""The Python interface: what the verbs do, as functions.

``dmaragent.resolve(text, host=PATH)`` gives what ``dmaragent resolve`` prints, as frozen values.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from dmaragent.addresses import SBDF
from dmaragent.collect.collect import collect
from dmaragent.collect.opening import OpenedHost, open_host
from dmaragent.errors import DmaragentError
from dmaragent.host import Host, join
from dmaragent.inventory import take_inventory
from dmaragent.platforms.libxl import FIRST_RELEASE
from dmaragent.platforms.releases import Release
from dmaragent.platforms.xen_model import NEWEST_RELEASE
from dmaragent.policy.guest import Complaint, GuestConfig, GuestType
from dmaragent.policy.host_facts import HostFacts, facts_of
from dmaragent.policy.remedies import Remedies, remedies
from dmaragent.policy.resolver import Resolution, Stack
from dmaragent.policy.resolver import resolve as resolve_guest
from dmaragent.policy.saved_guest import guests_from_saved, is_saved
from dmaragent.policy.settings import Toolstack
from dmaragent.policy.xl_guest import guest_from_xl
from dmaragent.policy.xlcfg import ConfigError, read_xl_config

__all__ = ["Question", "Remedies", "Resolution", "read_guests", "remedies", "resolve", "take_facts"]

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
    _, facts, stack = take_facts(host, asked)
    return resolve_guest(guests[0], facts, stack)


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
    near = f" near {config.near!r}" if config.near else ""
    said = f"xl cannot read the file{near}: {config.expected}"
    refusal = Complaint(f"{source}:{config.line}", said)
    return (GuestConfig(source=source, name="", type=GuestType.PV, refusals=(refusal,)),)


def take_facts(path: str | None, question: Question) -> tuple[OpenedHost, HostFacts, Stack]:
    """Read the host at `path` for `question`: what decides there, and by which releases.

    Raises:
        DmaragentError: the host cannot be read, or a release is none.

    """
    opened = open_host(path)
    host = join(collect(opened.reader))
    documented = question.xen == DOCUMENTED
    asked = None if documented or question.xen is None else _release("--xen", question.xen)
    running = _running(host)
    inventory = take_inventory(host, None if asked is None else asked.series)
    facts = facts_of(inventory, asked or running, question.names)
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
    return opened, facts, stack


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
    return f"Xen {used}, the newest modelled: which one runs is not known (--xen says it)"
