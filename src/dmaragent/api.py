"""The Python interface: the verbs as functions.

``dmaragent.resolve(text, host=PATH)`` returns the answer of ``dmaragent resolve`` as frozen values.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from dmaragent.answers.guest import Answer, answer
from dmaragent.collect.collect import collect
from dmaragent.collect.ledger import LIBXLUTIL, HostRequest
from dmaragent.collect.open_host import OpenedHost, open_host
from dmaragent.errors import DmaragentError
from dmaragent.guests.config import GuestConfig
from dmaragent.guests.formats import Guest, read_all_guests
from dmaragent.guests.kvm_guest import KvmGuest
from dmaragent.host import Host, join
from dmaragent.passthrough.kvm_resolution import AnyResolution, KvmResolution
from dmaragent.policy.library_answers import BINARY_NUMBER
from dmaragent.policy.resolution import Resolution
from dmaragent.policy.resolver import resolve as resolve_guest
from dmaragent.policy.settings import Toolstack
from dmaragent.question.context import (
    DOCUMENTED,
    Context,
    Question,
    context_of,
    library_decides,
    other_releases,
    read_guests,
)
from dmaragent.question.guest_resolver import GuestResolver, any_answer
from dmaragent.question.releases import read_release, release_spans
from dmaragent.readings import Missing

__all__ = [
    "DOCUMENTED",
    "Answer",
    "AnyResolution",
    "GuestResolver",
    "KvmGuest",
    "KvmResolution",
    "OpenedContext",
    "Question",
    "Resolution",
    "Toolstack",
    "answer",
    "any_answer",
    "ask_host",
    "library_request",
    "other_releases",
    "read_all_guests",
    "read_guests",
    "read_release",
    "release_spans",
    "resolve",
    "resolve_guest",
]


def resolve(
    text: str, *, host: str | None = None, source: str = "guest", question: Question | None = None
) -> AnyResolution:
    """Return whether the guest of `text` starts, and why.

    For many guests on one host, read it once: ``ask_host``, ``read_all_guests``, and
    ``GuestResolver(context, question).resolve(guest)`` for each.

    Args:
        text: one guest: an xl.cfg, libxl's JSON, libvirt's XML or a Proxmox VMID.conf.
        host: a bundle, a sosreport, a table, text with a table, a recorded machine or a copied
            root; None: this machine.
        source: the name of `text` in messages, as in ``source:line``.
        question: toolstack and releases; the host's own by default.

    Returns:
        A ``Resolution`` of a Xen guest: verdict, reasons, settings, cases with layouts;
        ``dmaragent.api.answer(resolution)`` adds the fixes.  A ``KvmResolution`` of a KVM guest:
        verdict, reasons, devices.  Addresses and sizes are in bytes.

    Raises:
        DmaragentError: the host cannot be read, a release is invalid, or `text` does not contain
            exactly one guest.  A configuration that xl refuses has an answer, not an error.

    """
    guests = read_all_guests(text, source)
    if len(guests) != 1:
        raise DmaragentError(f"'{source}' contains {len(guests)} guests, and one is required")
    question = question or Question()
    context = ask_host(host, question, guests)
    return GuestResolver(context, question).resolve(guests[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedContext(Context):
    """A host that was read for a question."""

    opened: OpenedHost
    """The opened host and its kind."""


def ask_host(
    path: str | None,
    question: Question,
    guests: Sequence[Guest] = (),
    specifications: Sequence[str] = (),
) -> OpenedContext:
    """Return what decides `question` on the host at `path`, which is read.

    Its libxlutil reads the texts of `guests` and the `specifications` of devices, unless the
    question names a release or another toolstack.  A recording has the answers that it was made
    with, and a copy has none.

    Raises:
        DmaragentError: the host cannot be read, or a release is invalid.

    """
    opened = open_host(path)
    host = join(collect(opened.reader))
    output: bytes | None = None
    if library_decides(question):
        answered = opened.reader.call(library_request(host, guests, specifications))
        output = None if isinstance(answered, Missing) else answered
    context = context_of(host, question, output)
    return OpenedContext(
        opened=opened,
        host=host,
        inventory=context.inventory,
        facts=context.facts,
        stack=context.stack,
        release_known=context.release_known,
    )


def library_request(
    host: Host, guests: Sequence[Guest], specifications: Sequence[str] = ()
) -> HostRequest:
    """Return the request to libxlutil about `guests`; it prefers the running release's library."""
    running = host.running_release
    xen = [guest for guest in guests if isinstance(guest, GuestConfig)]
    entries = {entry.text for guest in xen for entry in guest.pci if entry.read is None}
    texts: dict[str, list[str]] = {
        "series": [] if running is None else ["{}.{}".format(*running.series)],
        "rdm": sorted({guest.rdm for guest in xen if guest.rdm is not None}),
        "pci": sorted(entries | set(specifications)),
    }
    if any(guest.binary is not None for guest in xen):
        texts["numbers"] = [BINARY_NUMBER]
    return LIBXLUTIL.request(arguments=(json.dumps(texts),))
