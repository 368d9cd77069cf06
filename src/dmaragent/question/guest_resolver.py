"""Guests of any format, resolved on one host by the toolstack that the format implies."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dmaragent.answers.guest import Answer, answer
from dmaragent.errors import DmaragentError
from dmaragent.guests.config import GuestConfig
from dmaragent.guests.formats import Guest
from dmaragent.guests.kvm_guest import GuestFormat, KvmGuest
from dmaragent.passthrough.kvm_resolution import AnyResolution, KvmResolution
from dmaragent.policy.decisions import Verdict, undecided
from dmaragent.policy.resolution import Resolution
from dmaragent.policy.resolver import resolve
from dmaragent.policy.settings import Toolstack
from dmaragent.question import words
from dmaragent.question.context import Context, Question, context_of, other_releases

AnyAnswer = Answer | KvmResolution
"""A resolution with its fixes and notes; for a KVM guest the resolution itself."""
_LIBVIRT = (Toolstack.LIBVIRT, Toolstack.QUBES)


def any_answer(resolution: AnyResolution, *, whole: bool = True) -> AnyAnswer:
    """Return `resolution` with its fixes and notes; a KVM guest's is returned as it is."""
    if isinstance(resolution, KvmResolution):
        return resolution
    return answer(resolution, whole=whole)


@dataclass(slots=True)
class GuestResolver:
    """Resolves guests on a host that was read for a question."""

    context: Context
    """The host, and what decides there for the question."""
    question: Question
    """The requested toolstack and releases."""
    _by_toolstack: dict[Toolstack, Context] = field(default_factory=dict, repr=False)
    """What decides for other toolstacks, once it is needed."""

    def check(self, guest: Guest) -> None:
        """Check that the requested toolstack builds `guest`.

        Raises:
            DmaragentError: it does not.

        """
        if isinstance(guest, KvmGuest):
            self._check_kvm(guest)
        else:
            self._toolstacks(guest)

    def context_for(self, guest: GuestConfig) -> Context:
        """Return what decides about `guest`, with the first toolstack that may build it."""
        return self._context_by(self._toolstacks(guest)[0])

    def resolve(self, guest: Guest) -> AnyResolution:
        """Return whether `guest` starts, and why.

        Raises:
            DmaragentError: the requested toolstack does not build it.

        """
        if isinstance(guest, KvmGuest):
            from dmaragent.passthrough.kvm import resolve_kvm  # noqa: PLC0415 - 780 KiB of a worker

            self._check_kvm(guest)
            return resolve_kvm(
                guest, self.context.inventory, self.context.facts, self.context.stack
            )
        toolstacks = self._toolstacks(guest)
        first, *others = (self._resolve_by(guest, toolstack) for toolstack in toolstacks)
        return _either(first, others[0]) if others else first

    def other_releases(self, guest: Guest) -> Mapping[Verdict, tuple[str, ...]]:
        """Return the releases of Xen by verdict, if the host's is unknown; empty for KVM guests."""
        if isinstance(guest, KvmGuest):
            return {}
        toolstacks = self._toolstacks(guest)
        if len(toolstacks) > 1:
            return {}
        return other_releases(self._context_by(toolstacks[0]), self.question, guest)

    def _resolve_by(self, guest: GuestConfig, toolstack: Toolstack) -> Resolution:
        context = self._context_by(toolstack)
        return resolve(guest, context.facts, context.stack)

    def _context_by(self, toolstack: Toolstack) -> Context:
        if toolstack is self.context.stack.toolstack:
            return self.context
        if toolstack not in self._by_toolstack:
            question = self.question._replace(toolstack=toolstack)
            self._by_toolstack[toolstack] = context_of(self.context.host, question)
        return self._by_toolstack[toolstack]

    def _toolstacks(self, guest: GuestConfig) -> tuple[Toolstack, ...]:
        """Return the possible toolstacks: two if the XML has a setting that only Qubes reads."""
        asked = self.question.toolstack
        if guest.format != "libvirt":
            return (asked or Toolstack.XL,)
        if asked is not None:
            if asked not in _LIBVIRT:
                raise DmaragentError(
                    words.libvirt_xml_not_read(guest.source, asked.value),
                    words.CONVERT_LIBVIRT_XML,
                )
            return (asked,)
        if "qubes" in (self.context.host.system.kernel_release or ""):
            return (Toolstack.QUBES,)
        either = any(entry.no_strict_reset for entry in guest.pci)
        return _LIBVIRT if either else (Toolstack.LIBVIRT,)

    def _check_kvm(self, guest: KvmGuest) -> None:
        asked = self.question.toolstack
        libvirt = guest.format is GuestFormat.LIBVIRT and asked is Toolstack.LIBVIRT
        if asked is not None and not libvirt:
            raise DmaragentError(
                words.kvm_guest_not_built(guest.source, asked.value), words.OMIT_TOOLSTACK
            )


def _either(libvirt: Resolution, qubes: Resolution) -> Resolution:
    """Return the answer for either libvirt if it is unknown which one runs; both, if they differ."""
    if libvirt.verdict is qubes.verdict:
        return libvirt
    warnings = len(qubes.reasons) if qubes.verdict is Verdict.STARTS else 0
    why = words.depends_on_libvirt(libvirt.verdict, qubes.verdict, warnings)
    return libvirt._replace(
        verdict=Verdict.UNDECIDED,
        reasons=(undecided(why), *libvirt.reasons),
    )
