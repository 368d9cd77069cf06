"""The host of a question, opened and read; its libxlutil reads the texts of the guests."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from dmaragent.collect.collect import collect
from dmaragent.collect.ledger import LIBXLUTIL, HostRequest
from dmaragent.collect.open_host import OpenedHost, open_host
from dmaragent.guests.config import GuestConfig
from dmaragent.guests.formats import Guest
from dmaragent.host import Host, join
from dmaragent.policy.library_answers import BINARY_NUMBER
from dmaragent.question.context import (
    Context,
    Question,
    context_of,
    library_decides,
)
from dmaragent.readings import Missing


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
