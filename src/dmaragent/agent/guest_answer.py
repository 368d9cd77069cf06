"""Answer a guest request for a host: a task of a worker. Pure.

The size of the answer is computed first, so that a small request cannot cause a large answer.
"""

from __future__ import annotations

import json

from dmaragent.agent import words
from dmaragent.agent.guest_request import GuestRequest, read_guest_request, unreadable
from dmaragent.agent.http_messages import ApiResponse, json_response
from dmaragent.agent.limits import MOST_DEVICES, MOST_GUESTS, MOST_REGIONS
from dmaragent.agent.published import Stamp
from dmaragent.answers.guest import any_answer
from dmaragent.errors import DmaragentError
from dmaragent.guests.config import GuestConfig
from dmaragent.guests.formats import Guest, read_all_guests
from dmaragent.guests.kvm_guest import KvmGuest
from dmaragent.guests.words import GUEST_FORMATS
from dmaragent.host import Host
from dmaragent.present.json.common import source_object
from dmaragent.present.json.resolve import resolve_document
from dmaragent.question.context import Context, GuestResolver, context_of

LIVE = "live"
"""The kind of host in every answer's origin: the machine that the agent runs on."""
SOURCE = "guest"
"""The file name of the posted configuration in places such as ``guest:3``."""


def answer(body: bytes, host: Host, stamp: Stamp) -> ApiResponse:
    """Return the answer to the request in `body` for `host`, with `stamp` in its origin."""
    request = read_guest_request(body)
    if isinstance(request, ApiResponse):
        return request
    guests = _guests(request)
    if isinstance(guests, ApiResponse):
        return guests
    try:
        known = context_of(host, request.question)
        resolver = GuestResolver(known, request.question)
        for guest in guests:
            resolver.check(guest)
    except DmaragentError as error:
        return unreadable(error.message, error.hint)
    regions = sum(_regions(guest, known) for guest in guests)
    if regions > MOST_REGIONS:
        return _too_many(words.too_many_regions(MOST_REGIONS, regions))
    return _resolutions(guests, resolver, stamp)


def _guests(request: GuestRequest) -> tuple[Guest, ...] | ApiResponse:
    """Return the guests, or a refusal if there are too many."""
    try:
        guests = read_all_guests(request.text, SOURCE)
    except DmaragentError as error:
        return unreadable(error.message, error.hint, _line(error))
    except (
        RecursionError
    ):  # almost too deep nesting can still be too deep for the sentences about it
        return unreadable(words.guest_nested())
    if len(guests) > MOST_GUESTS:
        return _too_many(words.too_many_guests(MOST_GUESTS, len(guests)))
    devices = sum(map(_devices, guests))
    if devices > MOST_DEVICES:
        return _too_many(words.too_many_devices(MOST_DEVICES, devices))
    xen = (guest for guest in guests if isinstance(guest, GuestConfig))
    refused = next((guest for guest in xen if not guest.readable and not guest.older), None)
    if refused is None:
        return guests
    first = refused.refusals[0]
    hint = words.guest_its_toolstack_reads(GUEST_FORMATS)
    line = first.place.rpartition(":")[2]
    return unreadable(first.text, hint, int(line) if line.isdecimal() else None)


def _line(error: BaseException) -> int | None:
    """Return the line at which reading JSON or XML stopped, if that was the error."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, json.JSONDecodeError):
            return cause.lineno
        line = getattr(cause, "line", None)  # an XmlError's; its parser is not imported here
        if isinstance(line, int):
            return line
        cause = cause.__cause__
    return None


def _devices(guest: Guest) -> int:
    return len(guest.devices if isinstance(guest, KvmGuest) else guest.pci)


def _regions(guest: Guest, known: Context) -> int:
    """Return the most regions that the answer can list for `guest`.

    Each device counts as the one with the most regions, because the release decides which device an
    entry means. A region of a device that starts at the same address as one in Xen's list is the
    same region (``reservations``).
    """
    facts = known.facts
    widest = max((len(regions or ()) for regions in facts.devices.values()), default=0)
    written = (guest.rdm, guest.saved_rdm) if isinstance(guest, GuestConfig) else (None, None)
    lists = [facts.listed, *(entries for _, entries in facts.alternatives)]
    longest = max(map(len, lists))
    if written == (None, None):
        return min(longest + widest, widest * _devices(guest))
    starts = set.intersection(*({region.start for region in entries} for entries in lists))
    apart = max(
        (
            sum(region.start not in starts for region in regions or ())
            for regions in facts.devices.values()
        ),
        default=0,
    )
    return longest + min(widest, apart * _devices(guest))


def _resolutions(guests: tuple[Guest, ...], resolver: GuestResolver, stamp: Stamp) -> ApiResponse:
    alone = len(guests) == 1
    answers = (any_answer(resolver.resolve(guest), whole=alone) for guest in guests)
    others = resolver.other_releases(guests[0]) if alone else {}
    origin = source_object({"kind": LIVE, "path": ""}, resolver.source_stack(guests))
    document = resolve_document(answers, (), origin, others)
    stamp.put_in(document)
    return json_response(document)


def _too_many(why: str) -> ApiResponse:
    return unreadable(why, words.FEWER)
