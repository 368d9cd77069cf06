"""What would help a guest: candidates, each tried by resolving the guest once more.

Pure.  Only what was tried and helped is offered, the safest first; where nothing helps,
that is said with its reason.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.policy.assignment import ABSENT_RULE
from dmaragent.policy.decisions import Decider, Decision, Verdict, span
from dmaragent.policy.evidence import Evidence
from dmaragent.policy.guest import GuestConfig, GuestType, PciEntry
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.layout import DEFAULT_BOUNDARY
from dmaragent.policy.model import MIB, Policy, Strategy
from dmaragent.policy.pci_text import PciText, PolicyWord, write_pci
from dmaragent.policy.rdm_text import RdmText, read_documented
from dmaragent.policy.resolver import Resolution, Stack, resolve
from dmaragent.policy.settings import DeviceSetting, Toolstack

ROUNDS = 4
"""How often devices are made relaxed before it is given up: refusals come one after another."""
_BRIEF = 72
_MOST_CANDIDATES = 32
"""Boundaries that are tried, nearest to the present one first."""


class RemedyKind(Enum):
    """The kinds of change, in order of safety."""

    SPELLING = "spelling"
    SETTING = "setting"
    BOUNDARY = "boundary"
    MEMORY = "memory"
    VIRTUAL_FUNCTION = "virtual-function"
    STRATEGY = "strategy"
    POLICY = "policy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """One change that helps."""

    kind: RemedyKind
    lines: tuple[str, ...]
    """The lines of the configuration as they should be."""
    effect: str
    """What it brings, and what it costs."""
    verdict: Verdict
    """What was found when it was tried."""
    warnings: int = 0
    """How many warnings are left with it."""

    @property
    def brief(self) -> str:
        """The change in a line: long lists of devices are told by their number."""
        if len(self.lines) == 1 and len(self.lines[0]) <= _BRIEF:
            return self.lines[0]
        return "; ".join(
            one if len(one) <= _BRIEF else f"{one.partition('=')[0].strip()} as below"
            for one in self.lines
        )


@dataclass(frozen=True, slots=True)
class Remedies:
    """What helps; or why nothing does."""

    found: tuple[Remedy, ...]
    nothing: str
    """Why nothing helps; empty where something does or nothing is needed."""
    spelling: Remedy | None = None
    """How to write an ``rdm=`` that is dropped so that it is taken, whatever comes of it then."""


class _Trial:
    """Resolves changed guests, and keeps what helps."""

    def __init__(self, resolution: Resolution, evidence: Evidence | None) -> None:
        self.guest: GuestConfig = resolution.guest
        self.host: HostFacts = resolution.host
        self.stack: Stack = resolution.stack
        self.before = resolution
        self._evidence = evidence
        self.found: list[Remedy] = []
        self.base: GuestConfig = resolution.guest
        """What further changes are made to: the guest, its undefined policies said."""
        self.base_lines: tuple[str, ...] = ()
        """What that takes."""

    def resolve(self, guest: GuestConfig) -> Resolution:
        return resolve(guest, self.host, self.stack, self._evidence)

    def better(self, after: Resolution) -> bool:
        """Tell whether `after` is what is wanted: it starts, with fewer warnings if it did."""
        if after.verdict is not Verdict.STARTS:
            return False
        return self.before.verdict is not Verdict.STARTS or len(after.reasons) < len(
            self.before.reasons
        )

    def offer(
        self, kind: RemedyKind, guest: GuestConfig, lines: Sequence[str], effect: str
    ) -> bool:
        """Offer the change to `guest` if it helps."""
        after = self.resolve(guest)
        if not self.better(after):
            return False
        self.found.append(
            Remedy(
                kind=kind,
                lines=(*self.base_lines, *lines),
                effect=effect,
                verdict=after.verdict,
                warnings=len(after.reasons),
            )
        )
        return True


def remedies(resolution: Resolution, evidence: Evidence | None = None) -> Remedies:
    """Find what helps the guest of `resolution`, if anything is wrong with it."""
    trial = _Trial(resolution, evidence)
    spelling = _lost_text(trial)
    if resolution.verdict is Verdict.STARTS and not resolution.reasons:
        return Remedies((), "", spelling)
    if resolution.stack.toolstack is Toolstack.XAPI or resolution.host.incomplete:
        return Remedies((), _why_nothing(resolution), spelling)
    for attempt in _ATTEMPTS:
        attempt(trial)
    needed = resolution.verdict is not Verdict.STARTS and not trial.found
    nothing = _why_nothing(resolution) if needed else ""
    return Remedies(tuple(trial.found), nothing, spelling)


def quoted(text: str) -> str:
    """Put `text` in quotes as xl.cfg takes it; what is not printable stays out of sight."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def pci_line(texts: Sequence[str]) -> str:
    """Write a ``pci=`` line."""
    return f"pci = [ {', '.join(quoted(text) for text in texts)} ]"


# The text -------------------------------------------------------------------------------


def _lost_text(trial: _Trial) -> Remedy | None:
    """Spell ``rdm=`` so that this release takes what was meant, where it drops it."""
    guest, settings = trial.guest, trial.before.settings
    if guest.rdm is None or settings.rdm_taken or trial.stack.toolstack is not Toolstack.XL:
        return None
    meant = _meant(guest.rdm)
    if meant is None or trial.stack.documented:
        return None
    strategy, policy = meant.strategy, meant.policy or Policy.RELAXED
    texts = [one.text if one.explicit else _with_policy(one, policy) for one in settings.devices]
    for text in (f"strategy=host,policy={policy.value}", "strategy=host"):
        if strategy is None:
            break
        changed = replace(
            guest, rdm=text, pci=tuple(PciEntry(guest.source, each) for each in texts)
        )
        after = trial.resolve(changed)
        if not after.settings.rdm_taken:
            continue
        lines = [f"rdm = {quoted(text)}", *([pci_line(texts)] if texts else [])]
        effect = f"the guest {_VERDICT_WORDS[after.verdict]} then"
        if text == "strategy=host":
            effect += "; the policy of regions of no device of its own stays undefined"
        return Remedy(
            kind=RemedyKind.SPELLING, lines=tuple(lines), effect=effect, verdict=after.verdict
        )
    if not texts:
        return None
    changed = replace(guest, rdm=None, pci=tuple(PciEntry(guest.source, each) for each in texts))
    after = trial.resolve(changed)
    return Remedy(
        kind=RemedyKind.SPELLING,
        lines=(pci_line(texts),),
        effect=f"the guest {_VERDICT_WORDS[after.verdict]} then",
        verdict=after.verdict,
    )


_VERDICT_WORDS = {
    Verdict.STARTS: "starts",
    Verdict.REFUSED: "does not start",
    Verdict.UNDECIDED: "may or may not start",
}


def _meant(text: str) -> RdmText | None:
    """Guess what ``rdm=`` was meant to say: as documented, blanks and case aside."""
    for attempt in (text, "".join(text.split()).lower().strip(",").replace("'", "")):
        read = read_documented(attempt)
        if isinstance(read, RdmText):
            return read
    return None


def _respell(trial: _Trial) -> None:
    """Take the blanks out of entries of ``pci=`` that xl refuses or half reads."""
    texts = ["".join(entry.text.split()) for entry in trial.guest.pci]
    if texts == [entry.text for entry in trial.guest.pci]:
        return
    changed = replace(trial.guest, pci=tuple(PciEntry(trial.guest.source, one) for one in texts))
    trial.offer(RemedyKind.SPELLING, changed, [pci_line(texts)], "without blanks xl reads it")


# Settings -------------------------------------------------------------------------------


def _settings(trial: _Trial) -> None:
    """Try what other settings of the guest may stand in the way."""
    guest = trial.guest
    if guest.memory is not None and guest.memory < guest.most_memory:
        line = f"maxmem = {guest.memory // MIB}"
        changed = replace(guest, maximum=guest.memory)
        trial.offer(RemedyKind.SETTING, changed, [line], "all memory is there from the start")
    if guest.videoram is not None and guest.least_video and guest.videoram < guest.least_video:
        changed = replace(guest, videoram=None)
        line = f"videoram = {guest.least_video // MIB}"
        trial.offer(RemedyKind.SETTING, changed, [line], "the least that the adapter takes")
    if guest.passthrough == "disabled":
        changed = replace(guest, passthrough=None)
        trial.offer(RemedyKind.SETTING, changed, ['passthrough = "enabled"'], "devices need it")
    if guest.type is GuestType.PVH:
        changed = replace(guest, type=GuestType.HVM)
        trial.offer(RemedyKind.SETTING, changed, ['type = "hvm"'], "HVM guests can have devices")


def _troubled(resolution: Resolution) -> list[AddressRange]:
    """Give the regions that hinder the guest in any case, highest first."""
    found = {
        one.region
        for case in resolution.cases
        for one in (*case.built.decisions, *case.built.warnings)
        if one.region is not None
    }
    return sorted(found, reverse=True)


def _boundary(trial: _Trial) -> None:
    """Lower the boundary, as little as helps."""
    guest = trial.base
    if guest.type is not GuestType.HVM or trial.stack.toolstack is not Toolstack.XL:
        return
    present = (DEFAULT_BOUNDARY if guest.boundary is None else guest.boundary) // MIB
    below = {(one.start - 1) // MIB for one in _troubled(trial.before) if one.start}
    for value in sorted((one for one in below if one < present), reverse=True)[:_MOST_CANDIDATES]:
        changed = replace(guest, boundary=value * MIB)
        effect = "libxl then moves RAM out of the region, to above 4 GiB"
        if trial.offer(RemedyKind.BOUNDARY, changed, [f"rdm_mem_boundary = {value}"], effect):
            return


def _memory(trial: _Trial) -> None:
    """Find the most memory with which the guest starts, by halving."""
    guest = trial.base
    if guest.type is not GuestType.HVM or not _troubled(trial.before):
        return

    def works(size: int) -> bool:
        return trial.better(trial.resolve(replace(guest, memory=size * MIB, maximum=None)))

    least, most = guest.video // MIB + 3, guest.most_memory // MIB
    if most <= least or not works(least):
        return
    while most - least > 1:
        middle = (least + most) // 2
        if works(middle):
            least = middle
        else:
            most = middle
    changed = replace(guest, memory=least * MIB, maximum=None)
    lines = [f"memory = {least}"]
    lines += [] if guest.maximum is None else [f"maxmem = {least}"]
    trial.offer(
        RemedyKind.MEMORY, changed, lines, "the most with which its RAM stays out of the way"
    )


# Devices --------------------------------------------------------------------------------


def _device_settings(trial: _Trial) -> tuple[DeviceSetting, ...]:
    return trial.before.settings.devices


def _virtual_functions(trial: _Trial) -> None:
    """Pass a virtual function through instead of the physical one, where it has no region."""
    devices = _device_settings(trial)
    involved = {one.device for one in _hindrances(trial.before)}
    swaps: dict[SBDF, SBDF] = {}
    for device in devices:
        physical = device.pci.sbdf
        if physical is None or physical not in involved or device.pci.all_functions:
            continue
        free = (
            one
            for one in trial.host.virtual_functions(physical)
            if trial.host.regions_of(one) == () and one not in swaps.values()
        )
        virtual = next(free, None)
        if virtual is not None:
            swaps[physical] = virtual
    if not swaps:
        return
    texts = []
    for device in devices:
        virtual = swaps.get(device.pci.sbdf) if device.pci.sbdf else None
        changed_pci = replace(device.pci, sbdf=virtual or device.pci.sbdf, ignored=())
        texts.append(device.text if virtual is None else write_pci(changed_pci))
    guest = replace(trial.guest, pci=tuple(PciEntry(trial.guest.source, each) for each in texts))
    names = ", ".join(f"{virtual} instead of {physical}" for physical, virtual in swaps.items())
    effect = f"{names}: a virtual function is not in the region's scope"
    trial.offer(RemedyKind.VIRTUAL_FUNCTION, guest, [pci_line(texts)], effect)


def _hindrances(resolution: Resolution) -> Iterator[Decision]:
    for case in resolution.cases:
        yield from case.built.decisions or case.built.warnings


def _strategy(trial: _Trial) -> None:
    """Leave ``strategy=host`` out: what is no device's of the guest need not be reserved."""
    if Strategy.HOST in trial.before.settings.strategies and trial.guest.rdm is not None:
        changed = replace(trial.guest, rdm=None)
        effect = "without rdm= only the regions of the guest's own devices are reserved"
        trial.offer(RemedyKind.STRATEGY, changed, ["# rdm = …"], effect)


def _with_policy(device: DeviceSetting, policy: Policy, pci: PciText | None = None) -> str:
    """Write a device's entry with `policy`; as it stands where it cannot be written so."""
    word = PolicyWord.STRICT if policy is Policy.STRICT else PolicyWord.RELAXED
    try:
        return write_pci(replace(pci or device.pci, policy=word, ignored=()))
    except ValueError:
        return device.text


def _explicit(trial: _Trial) -> None:
    """Say each device's policy, where what it inherits is undefined."""
    if all(one.policy is not None for one in _device_settings(trial)):
        return
    if len(trial.before.settings.policies) == 1:
        return
    texts = [
        one.text if one.explicit else _with_policy(one, Policy.STRICT)
        for one in _device_settings(trial)
    ]
    guest = replace(trial.guest, pci=tuple(PciEntry(trial.guest.source, each) for each in texts))
    effect = "said for each device, the policy is not left to memory never written"
    if not trial.offer(RemedyKind.SETTING, guest, [pci_line(texts)], effect):
        trial.base, trial.base_lines = guest, (pci_line(texts),)


def _as_it_stands(trial: _Trial) -> None:
    """Go back to the guest as it is: what follows names the devices itself."""
    trial.base, trial.base_lines = trial.guest, ()


def _relax(trial: _Trial) -> None:
    """Make devices relaxed: as few as helps."""
    if trial.before.verdict is Verdict.STARTS or trial.stack.toolstack is Toolstack.LIBVIRT:
        return
    devices = list(_device_settings(trial))
    relaxed: list[SBDF] = []
    after = trial.before
    for _ in range(ROUNDS):
        named = [one.device for one in _hindrances(after) if one.device is not None]
        new = [
            one
            for one in dict.fromkeys(named)
            if one not in relaxed and any(device.asked == one for device in devices)
        ]
        if not new:
            break
        relaxed += new
        texts = [
            _with_policy(one, Policy.RELAXED) if one.asked in relaxed else one.text
            for one in devices
        ]
        guest = replace(
            trial.guest, pci=tuple(PciEntry(trial.guest.source, each) for each in texts)
        )
        after = trial.resolve(guest)
        if trial.better(after):
            lines = [pci_line(texts)]
            if trial.stack.toolstack is Toolstack.QUBES:
                lines = [f"option no-strict-reset for {', '.join(map(str, relaxed))}"]
            trial.offer(RemedyKind.POLICY, guest, lines, _relaxed_effect(after))
            return


def _relaxed_effect(after: Resolution) -> str:
    lost = [one for one in after.reasons if one.decider is Decider.XEN]
    if not lost:
        return "relaxed: nothing is lost on this host as it is"
    regions = list(dict.fromkeys(span(one.region) for one in lost if one.region))
    more = f" and {len(regions) - 1} more" if len(regions) > 1 else ""
    return f"at a risk: firmware's DMA to {regions[0]}{more} may meet others' memory"


def _relax_guest(trial: _Trial) -> None:
    """Make the guest's own policy relaxed, where ``rdm=`` makes it strict."""
    if Policy.STRICT in trial.before.settings.policies and trial.guest.rdm is not None:
        text = "strategy=host,policy=relaxed"
        changed = replace(trial.guest, rdm=text)
        effect = "relaxed: the guest is not told of regions that its RAM is in"
        trial.offer(RemedyKind.POLICY, changed, [f"rdm = {quoted(text)}"], effect)


_ATTEMPTS: tuple[Callable[[_Trial], None], ...] = (
    _respell,
    _settings,
    _explicit,
    _boundary,
    _memory,
    _as_it_stands,
    _virtual_functions,
    _strategy,
    _relax,
    _relax_guest,
)


def _why_nothing(resolution: Resolution) -> str:
    """Say why no change of the configuration that was tried helps."""
    if resolution.stack.toolstack is Toolstack.XAPI:
        return "nothing was tried: XAPI's rules are not modelled"
    if resolution.host.incomplete:
        return resolution.host.next_step or "first get the whole table: what it lacks may matter"
    if resolution.host.iommu_off and resolution.settings.devices:
        return "nothing in the guest's configuration helps: the host has no working IOMMU"
    first = resolution.reasons[0] if resolution.reasons else None
    if first is not None and first.decider is Decider.XL:
        return "correct it as the reason says"
    if first is not None and first.rule == ABSENT_RULE:
        return "name a function that answers: lspci -D lists them"
    if first is not None and first.decider is Decider.DMARAGENT and len(resolution.cases) < 2:
        return "nothing can be tried before that is known"
    return "no boundary, memory size, policy or virtual function that was tried helps"
