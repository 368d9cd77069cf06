"""Guests of any format, resolved on one host: each by the toolstack that its format implies."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from dmaragent.answers import Answer, answer
from dmaragent.errors import DmaragentError
from dmaragent.guests.config import GuestConfig
from dmaragent.guests.formats import Guest
from dmaragent.guests.kvm_guest import GuestFormat, KvmGuest
from dmaragent.passthrough.kvm_resolution import KvmResolution
from dmaragent.policy.decisions import Verdict, unsure
from dmaragent.policy.resolver import Resolution, resolve
from dmaragent.policy.settings import Toolstack
from dmaragent.question import Context, Question, ask_known, other_releases

AnyResolution = Resolution | KvmResolution
"""What becomes of a guest: of a Xen guest, or of a KVM guest."""
AnyAnswer = Answer | KvmResolution
"""The same with all that goes with it."""
_LIBVIRT = (Toolstack.LIBVIRT, Toolstack.QUBES)
_WORDS = {
    Verdict.STARTS: "it starts",
    Verdict.REFUSED: "it does not start",
    Verdict.UNDECIDED: "whether it starts is unknown",
}


def any_answer(found: AnyResolution, *, whole: bool = True) -> AnyAnswer:
    """Return all that is said of `found`; of a KVM guest it is the answer itself."""
    return found if isinstance(found, KvmResolution) else answer(found, whole=whole)


@dataclass(slots=True)
class GuestResolver:
    """Resolves guests on a host that was read for a question."""

    known: Context
    """The host, and what decides there by the question."""
    question: Question
    """The toolstack and releases that were asked for."""
    _by_toolstack: dict[Toolstack, Context] = field(default_factory=dict, repr=False)
    """What decides by other toolstacks, once it was needed."""

    def check(self, guest: Guest) -> None:
        """Check that the toolstack that was asked for builds `guest`.

        Raises:
            DmaragentError: it does not.

        """
        if isinstance(guest, KvmGuest):
            self._check_kvm(guest)
        else:
            self._toolstacks(guest)

    def known_for(self, guest: GuestConfig) -> Context:
        """Return what decides about `guest`: by the first toolstack that may build it."""
        return self._known_for(self._toolstacks(guest)[0])

    def resolve(self, guest: Guest) -> AnyResolution:
        """Return what becomes of `guest`.

        Raises:
            DmaragentError: the toolstack that was asked for does not build it.

        """
        if isinstance(guest, KvmGuest):
            from dmaragent.passthrough.kvm import resolve_kvm  # noqa: PLC0415 - 780 KiB of a worker

            self._check_kvm(guest)
            return resolve_kvm(guest, self.known.inventory, self.known.facts, self.known.stack)
        toolstacks = self._toolstacks(guest)
        first, *others = (self._resolve_by(guest, one) for one in toolstacks)
        return _either(first, others[0]) if others else first

    def other_releases(self, guest: Guest) -> Mapping[Verdict, tuple[str, ...]]:
        """Return the releases of Xen by verdict, if the host's is unknown; empty for KVM guests."""
        if isinstance(guest, KvmGuest):
            return {}
        toolstacks = self._toolstacks(guest)
        if len(toolstacks) > 1:
            return {}
        return other_releases(self._known_for(toolstacks[0]), self.question, guest)

    def _resolve_by(self, guest: GuestConfig, toolstack: Toolstack) -> Resolution:
        known = self._known_for(toolstack)
        return resolve(guest, known.facts, known.stack)

    def _known_for(self, toolstack: Toolstack) -> Context:
        if toolstack is self.known.stack.toolstack:
            return self.known
        if toolstack not in self._by_toolstack:
            question = replace(self.question, toolstack=toolstack)
            self._by_toolstack[toolstack] = ask_known(self.known.host, question)
        return self._by_toolstack[toolstack]

    def _toolstacks(self, guest: GuestConfig) -> tuple[Toolstack, ...]:
        """Return who may build `guest`: two if its XML has a setting that Qubes alone reads."""
        asked = self.question.toolstack
        if guest.format != "libvirt":
            return (asked or Toolstack.XL,)
        if asked is not None:
            if asked not in _LIBVIRT:
                raise DmaragentError(
                    f"'{guest.source}' is libvirt's XML, which {asked.value} does not read",
                    "virsh -c xen:/// domxml-to-native xen-xl FILE writes an xl.cfg",
                )
            return (asked,)
        if "qubes" in (self.known.host.system.kernel_release or ""):
            return (Toolstack.QUBES,)
        either = any(entry.no_strict_reset for entry in guest.pci)
        return _LIBVIRT if either else (Toolstack.LIBVIRT,)

    def _check_kvm(self, guest: KvmGuest) -> None:
        asked = self.question.toolstack
        libvirt = guest.format is GuestFormat.LIBVIRT and asked is Toolstack.LIBVIRT
        if asked is not None and not libvirt:
            raise DmaragentError(
                f"'{guest.source}' is a KVM guest, which {asked.value} does not build",
                "leave out --toolstack",
            )


def _either(libvirt: Resolution, qubes: Resolution) -> Resolution:
    """Return the answer if it is unknown whether libvirt is Qubes': both, if they differ."""
    if libvirt.verdict is qubes.verdict:
        return libvirt
    starts = qubes.verdict is Verdict.STARTS
    risk = f" with {len(qubes.reasons)} warning(s)" if starts and qubes.reasons else ""
    why = (
        f"it depends on the toolstack: with libvirt, which ignores nostrictreset, "
        f"{_WORDS[libvirt.verdict]}; with Qubes' libvirt, which makes the device relaxed, "
        f"{_WORDS[qubes.verdict]}{risk}. --toolstack names one"
    )
    return replace(
        libvirt,
        verdict=Verdict.UNDECIDED,
        reasons=(unsure(why), *libvirt.reasons),
    )
