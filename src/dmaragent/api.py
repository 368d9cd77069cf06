"""The Python interface: the verbs as functions.

``dmaragent.resolve(text, host=PATH)`` returns the answer of ``dmaragent resolve`` as frozen values::

    from dmaragent.api import DmaragentError, Verdict, any_answer, resolve

    try:
        resolution = resolve(text, host="bundle.tar.xz")
    except DmaragentError as error:
        print(error.message, error.hint)
    else:
        print(resolution.verdict is Verdict.STARTS)
        for decision in resolution.reasons:
            print(decision.effect, decision.reason)

``answer(resolution)`` adds the fixes: ``remedies.ranked``, the best first.
"""

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.answers.guest import Answer, AnyAnswer, answer, any_answer
from dmaragent.errors import DmaragentError, HostError
from dmaragent.guests.formats import read_all_guests
from dmaragent.guests.kvm_guest import GuestFormat, KvmDevice, KvmGuest
from dmaragent.passthrough.kvm_resolution import (
    AnyResolution,
    AssignedFunction,
    KvmResolution,
    RegionsSource,
)
from dmaragent.policy.decisions import Decider, Decision, Effect, Harm, SourceRule, Verdict
from dmaragent.policy.effective_settings import EffectiveSetting
from dmaragent.policy.resolution import Resolution, Stack
from dmaragent.policy.resolver import resolve as resolve_guest
from dmaragent.policy.settings import Toolstack
from dmaragent.question.ask_host import OpenedContext, ask_host, library_request
from dmaragent.question.context import (
    DOCUMENTED,
    GuestResolver,
    Question,
    other_releases,
    read_guests,
)
from dmaragent.question.releases import read_release, release_spans
from dmaragent.releases import Release
from dmaragent.remedies.guests.trial import GuestRemedies
from dmaragent.remedies.remedy import GuestRemedy, RemedyKind

__all__ = [
    "DOCUMENTED",
    "SBDF",
    "AddressRange",
    "Answer",
    "AnyAnswer",
    "AnyResolution",
    "AssignedFunction",
    "Decider",
    "Decision",
    "DmaragentError",
    "Effect",
    "EffectiveSetting",
    "GuestFormat",
    "GuestRemedies",
    "GuestRemedy",
    "GuestResolver",
    "Harm",
    "HostError",
    "KvmDevice",
    "KvmGuest",
    "KvmResolution",
    "OpenedContext",
    "Question",
    "RegionsSource",
    "Release",
    "RemedyKind",
    "Resolution",
    "SourceRule",
    "Stack",
    "Toolstack",
    "Verdict",
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
