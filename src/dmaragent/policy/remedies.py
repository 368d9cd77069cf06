"""What would help a guest: candidates, each tried by resolving the guest once more.

Pure.  Only what was tried and helped is offered, the safest first; where nothing helps,
that is said with its reason.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.platforms.libxl import toolstack_behaviours
from dmaragent.policy.assignment import ABSENT_RULE, Assigned, assigned_functions
from dmaragent.policy.build import HVMLOADER_RULE, MAP_RULE
from dmaragent.policy.decisions import Decider, Decision, Verdict, span
from dmaragent.policy.entries import changed, quoted, respelled, with_policy, written
from dmaragent.policy.evidence import Evidence
from dmaragent.policy.guest import GuestConfig, GuestType
from dmaragent.policy.layout import DEFAULT_BOUNDARY, Outcome
from dmaragent.policy.model import MIB, Policy, Strategy
from dmaragent.policy.pci_text import PciText
from dmaragent.policy.rdm_text import RdmText, read_documented
from dmaragent.policy.resolver import Case, Resolution, resolve
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
    """The lines of the configuration as they should be; none: ``rdm=`` is to be left out."""
    effect: str
    """What it brings, and what it costs."""
    verdict: Verdict
    """What was found when it was tried."""
    warnings: int = 0
    """How many warnings are left with it."""

    @property
    def brief(self) -> str:
        """The change in a line; what would be too long is named alone."""
        if not self.lines:
            return "leave out rdm="
        told = []
        for line in self.lines:
            name, equals, _ = line.partition("=")
            if len(line) <= _BRIEF and not line.endswith(","):
                told.append(line.strip())
            elif equals and not line.startswith(" "):
                told.append(f"{name.strip()} as below")
        return "; ".join(one for one in told if not one.startswith('"'))


@dataclass(frozen=True, slots=True)
class Remedies:
    """What helps; or why nothing does."""

    found: tuple[Remedy, ...]
    nothing: str
    """Why nothing helps; empty where something does or nothing is needed."""
    spelling: Remedy | None = None
    """How to write what is lost so that it is taken, whatever comes of it then."""


class _Trial:
    """Resolves changed guests, and keeps what helps.

    `guest` is what further changes are made to: the guest as it is, with what must be
    changed in any case and does not help alone.
    """

    def __init__(self, resolution: Resolution, evidence: Evidence | None) -> None:
        self.before = resolution
        self.host = resolution.host
        self.stack = resolution.stack
        self.found: list[Remedy] = []
        self.guest: GuestConfig = resolution.guest
        self.now = resolution
        """What becomes of `guest`."""
        self._lines: dict[str, tuple[str, ...]] = {}
        self._evidence = evidence

    @property
    def devices(self) -> tuple[DeviceSetting, ...]:
        """The devices of `guest`, as they are read."""
        return self.now.settings.devices

    def resolve(self, guest: GuestConfig) -> Resolution:
        """Resolve a changed guest."""
        return resolve(guest, self.host, self.stack, self._evidence)

    def better(self, after: Resolution) -> bool:
        """Tell whether `after` is what is wanted: it starts, with fewer warnings if it did."""
        if after.verdict is not Verdict.STARTS:
            return False
        return self.before.verdict is not Verdict.STARTS or len(after.reasons) < len(
            self.before.reasons
        )

    def offer(
        self,
        kind: RemedyKind,
        guest: GuestConfig,
        lines: dict[str, tuple[str, ...]],
        effect: str,
    ) -> bool:
        """Offer the change to `guest` if it helps; `lines` by what they set."""
        after = self.resolve(guest)
        if not self.better(after):
            return False
        together = {**self._lines, **lines}
        self.found.append(
            Remedy(
                kind=kind,
                lines=tuple(line for part in together.values() for line in part),
                effect=effect,
                verdict=after.verdict,
                warnings=len(after.reasons),
            )
        )
        return True

    def keep(self, guest: GuestConfig, lines: dict[str, tuple[str, ...]]) -> None:
        """Make further changes to `guest`, which takes `lines`."""
        self.guest, self._lines = guest, {**self._lines, **lines}
        self.now = self.resolve(guest)

    def set(self, name: str, value: object) -> dict[str, tuple[str, ...]]:
        """Write one setting: a line of an xl.cfg, or words for another toolstack."""
        if self.stack.toolstack is Toolstack.XL:
            return {name: (f"{name} = {value}",)}
        return {name: (f"{name}: {value}" + (" MiB" if isinstance(value, int) else ""),)}


def remedies(resolution: Resolution, evidence: Evidence | None = None) -> Remedies:
    """Find what helps the guest of `resolution`, if anything is wrong with it."""
    trial = _Trial(resolution, evidence)
    spelling = _spelling(trial)
    if resolution.verdict is Verdict.STARTS and not resolution.reasons:
        return Remedies((), "", spelling)
    undecided = resolution.host.incomplete and resolution.verdict is Verdict.UNDECIDED
    if resolution.stack.toolstack is Toolstack.XAPI or undecided:
        return Remedies((), _why_nothing(resolution), spelling)
    for attempt in _ATTEMPTS:
        attempt(trial)
    needed = resolution.verdict is not Verdict.STARTS and not trial.found
    nothing = _why_nothing(resolution) if needed else ""
    return Remedies(tuple(trial.found), nothing, spelling)


# The text -------------------------------------------------------------------------------


def _spelling(trial: _Trial) -> Remedy | None:
    """Spell what this release loses, ``rdm=`` or keys of ``pci=``, so that it is taken."""
    guest, settings = trial.guest, trial.before.settings
    if not settings.losses or trial.stack.documented:
        return None
    meant = None if settings.rdm_taken or guest.rdm is None else _meant(guest.rdm)
    ignored = any(device.pci.ignored for device in settings.devices)
    if meant is None and not ignored:
        return None
    texts = {}
    for number, entry in enumerate(guest.pci):
        device = next((one for one in trial.devices if one.number == number), None)
        text = respelled(entry.text) if device is None or device.pci.ignored else entry.text
        if device is not None and meant is not None and "rdm_policy=" not in text:
            text = with_policy(device, meant.policy or Policy.STRICT)
        if text != entry.text:
            texts[number] = text
    other, lines = changed(guest, texts)
    for rdm in _rdm_texts(meant):
        after = trial.resolve(replace(other, rdm=rdm))
        if rdm is None or after.settings.rdm_taken:
            told = () if rdm is None else (f"rdm = {quoted(rdm)}",)
            return _spelled((*told, *(lines if texts else ())), after)
    return None


def _rdm_texts(meant: RdmText | None) -> Iterator[str | None]:
    """Yield the ways to write what ``rdm=`` was meant to say, the best first."""
    if meant is not None and meant.strategy is not None:
        yield f"strategy=host,policy={(meant.policy or Policy.RELAXED).value}"
        yield "strategy=host"
    else:
        yield None


def _spelled(lines: tuple[str, ...], after: Resolution) -> Remedy | None:
    words = {
        Verdict.STARTS: "the guest starts then",
        Verdict.REFUSED: "the guest does not start then",
        Verdict.UNDECIDED: "whether the guest starts then cannot be said",
    }
    effect = words[after.verdict]
    if Strategy.HOST in after.settings.strategies and len(after.settings.policies) > 1:
        effect += "; regions of no device of its own have an undefined policy"
    warned = len(after.reasons) if after.verdict is Verdict.STARTS else 0
    if not lines:
        return None
    return Remedy(
        kind=RemedyKind.SPELLING,
        lines=lines,
        effect=effect,
        verdict=after.verdict,
        warnings=warned,
    )


def _meant(text: str) -> RdmText | None:
    """Guess what ``rdm=`` was meant to say: as documented, blanks and case aside."""
    for attempt in (text, "".join(text.split()).lower().strip(",").replace("'", "")):
        read = read_documented(attempt)
        if isinstance(read, RdmText):
            return read
    return None


def _respell(trial: _Trial) -> None:
    """Write entries of ``pci=`` plainly that xl refuses or half reads."""
    if trial.stack.toolstack is not Toolstack.XL:
        return
    texts = {n: respelled(entry.text) for n, entry in enumerate(trial.guest.pci)}
    texts = {n: text for n, text in texts.items() if text != trial.guest.pci[n].text}
    if texts:
        guest, lines = changed(trial.guest, texts)
        trial.offer(RemedyKind.SPELLING, guest, {"pci": lines}, "written so, xl reads it")


# Settings -------------------------------------------------------------------------------


def _settings(trial: _Trial) -> None:
    """Change what other settings stand in the way; where that is not enough, go on from it."""
    guest, effects = trial.guest, []
    lines: dict[str, tuple[str, ...]] = {}
    if guest.memory is not None and guest.memory < guest.most_memory and trial.devices:
        lines |= trial.set("maxmem", guest.memory // MIB)
        effects.append("all memory is there from the start")
        guest = replace(guest, maximum=guest.memory)
    if guest.type is GuestType.PVH and trial.devices:
        lines |= trial.set("type", quoted(GuestType.HVM.value))
        effects.append("HVM guests can have devices")
        guest = replace(guest, type=GuestType.HVM)
    least = guest.least_video
    small = least is not None and guest.videoram is not None and guest.videoram < least
    if guest.type is GuestType.HVM and small:
        lines |= trial.set("videoram", (least or 0) // MIB)
        effects.append("the least that the adapter takes")
        guest = replace(guest, videoram=least)
    if guest.passthrough == "disabled" and trial.devices:
        lines |= trial.set("passthrough", quoted("enabled"))
        effects.append("devices need it")
        guest = replace(guest, passthrough="enabled")
    if lines and not trial.offer(RemedyKind.SETTING, guest, lines, "; ".join(effects)):
        trial.keep(guest, lines)


def _explicit(trial: _Trial) -> None:
    """Say each device's policy, where it is undefined or, up to 4.13, not minded in time."""
    unsettled = not all(
        one.layout.settles_device_policy for one in toolstack_behaviours(trial.stack.release)
    )
    undefined = len(trial.before.settings.policies) > 1
    texts = {
        one.number: with_policy(one, Policy.STRICT)
        for one in trial.devices
        if (one.policy is None and undefined) or (one.policy is Policy.INVALID and unsettled)
    }
    if not texts or trial.stack.toolstack is not Toolstack.XL:
        return
    guest, lines = changed(trial.guest, texts)
    effect = "said for each device, the policy is not left to memory never written"
    if not undefined:
        effect = "libxl up to 4.13 tells the guest of a region only where its policy is set"
    if not trial.offer(RemedyKind.SETTING, guest, {"pci": lines}, effect) and undefined:
        trial.keep(guest, {"pci": lines})


def _by_address(trial: _Trial) -> None:
    """Name a device by its address: by its name its regions are not reserved."""
    texts = {}
    for one in trial.devices:
        address = trial.host.names.get(one.pci.name or "")
        if address is not None:
            texts[one.number] = written(replace(one.pci, name=None, sbdf=address), one.text)
    if texts:
        guest, lines = changed(trial.guest, texts)
        effect = "named by its address, its regions are reserved when the guest is built"
        trial.offer(RemedyKind.SETTING, guest, {"pci": lines}, effect)


# Layout ---------------------------------------------------------------------------------


def _troubled(resolution: Resolution) -> set[AddressRange]:
    """Give the regions that hinder the guest in any case."""
    return {region for case in resolution.cases for region in _hindering(case)}


def _hindering(case: Case) -> Iterator[AddressRange]:
    for one in (*case.built.decisions, *case.built.warnings):
        if one.region is not None:
            yield one.region
        elif one.rule in (MAP_RULE, HVMLOADER_RULE) and case.built.layout is not None:
            for placed in case.built.layout.placed:
                if placed.outcome is Outcome.MOVED:
                    yield placed.reservation.region


def _boundary(trial: _Trial) -> None:
    """Change the boundary, as little as helps."""
    guest = trial.guest
    if guest.type is not GuestType.HVM or trial.stack.toolstack is not Toolstack.XL:
        return
    present = (DEFAULT_BOUNDARY if guest.boundary is None else guest.boundary) // MIB
    troubled = _troubled(trial.now)
    values = {(one.start - 1) // MIB for one in troubled if 0 < one.start <= present * MIB}
    values |= {-(-one.start // MIB) for one in troubled if one.start > present * MIB}
    for value in sorted(values - {present}, key=lambda one: abs(one - present))[:_MOST_CANDIDATES]:
        moves = value < present
        effect = "RAM is moved out of the region, to above 4 GiB" if moves else "RAM is not moved"
        other = replace(guest, boundary=value * MIB)
        lines = trial.set("rdm_mem_boundary", value)
        if trial.offer(RemedyKind.BOUNDARY, other, lines, f"libxl: {effect}"):
            return


def _memory(trial: _Trial) -> None:
    """Find the most memory with which the guest starts, by halving."""
    guest = trial.guest
    if guest.type is not GuestType.HVM or not _troubled(trial.now):
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
    other = replace(guest, memory=least * MIB, maximum=None)
    lines = trial.set("memory", least)
    lines |= {} if guest.maximum is None else trial.set("maxmem", least)
    trial.offer(RemedyKind.MEMORY, other, lines, "the most with which its RAM stays out of the way")


# Devices --------------------------------------------------------------------------------


def _hindrances(resolution: Resolution) -> Iterator[Decision]:
    for case in resolution.cases:
        yield from case.built.decisions or case.built.warnings


def _concerned(trial: _Trial, resolution: Resolution) -> list[DeviceSetting]:
    """Give the devices that are in the way, by whatever function of theirs it is."""
    named = {one.device for one in _hindrances(resolution) if one.device is not None}
    found = []
    for device in trial.devices:
        added = assigned_functions([(device, Policy.STRICT)], trial.host)
        functions = {one.sbdf for one in added if isinstance(one, Assigned)}
        if named & (functions | {device.pci.sbdf}):
            found.append(device)
    return found


def _virtual_functions(trial: _Trial) -> None:
    """Pass a virtual function through instead of the physical one, where it has no region."""
    swaps: dict[SBDF, SBDF] = {}
    texts = {}
    for device in _concerned(trial, trial.now):
        physical = device.pci.sbdf
        if physical is None or device.pci.all_functions:
            continue
        free = (
            one
            for one in trial.host.virtual_functions(physical)
            if trial.host.regions_of(one) == () and one not in swaps.values()
        )
        virtual = next(free, None)
        if virtual is not None:
            swaps[physical] = virtual
            texts[device.number] = written(replace(device.pci, sbdf=virtual), device.text)
    if not swaps:
        return
    guest, lines = changed(trial.guest, texts)
    names = ", ".join(f"{virtual} instead of {physical}" for physical, virtual in swaps.items())
    lines = lines if trial.stack.toolstack is Toolstack.XL else (names,)
    effect = f"{names}: a virtual function is not in the region's scope"
    trial.offer(RemedyKind.VIRTUAL_FUNCTION, guest, {"pci": lines}, effect)


def _strategy(trial: _Trial) -> None:
    """Leave ``strategy=host`` out: what is no device's of the guest need not be reserved."""
    if Strategy.HOST in trial.before.settings.strategies and trial.before.guest.rdm is not None:
        guest = replace(trial.before.guest, rdm=None)
        after = trial.resolve(guest)
        if trial.better(after):
            remedy = Remedy(
                kind=RemedyKind.STRATEGY,
                lines=(),
                effect="without rdm= only the regions of the guest's own devices are reserved",
                verdict=after.verdict,
                warnings=len(after.reasons),
            )
            trial.found.append(remedy)


def _relax(trial: _Trial) -> None:
    """Make devices relaxed: as few as helps."""
    if trial.before.verdict is Verdict.STARTS or trial.stack.toolstack is Toolstack.LIBVIRT:
        return
    texts: dict[int, str] = {}
    after = trial.now
    for _ in range(ROUNDS):
        new = [one for one in _concerned(trial, after) if one.number not in texts]
        if not new:
            return
        texts |= {one.number: with_policy(one, Policy.RELAXED, _without_policy(one)) for one in new}
        guest, lines = changed(trial.guest, texts)
        after = trial.resolve(guest)
        if trial.better(after):
            if trial.stack.toolstack is Toolstack.QUBES:
                names = ", ".join(str(one.asked) for one in trial.devices if one.number in texts)
                lines = (f"option no-strict-reset for {names}",)
            trial.offer(RemedyKind.POLICY, guest, {"pci": lines}, _relaxed_effect(after))
            return


def _without_policy(device: DeviceSetting) -> PciText:
    return replace(device.pci, policy=None)


def _relaxed_effect(after: Resolution) -> str:
    lost = [one for one in after.reasons if one.decider is Decider.XEN]
    if not lost:
        return "relaxed: nothing is lost on this host as it is"
    regions = list(dict.fromkeys(span(one.region) for one in lost if one.region))
    more = f" and {len(regions) - 1} more" if len(regions) > 1 else ""
    return f"at a risk: firmware's DMA to {regions[0]}{more} may meet others' memory"


def _relax_guest(trial: _Trial) -> None:
    """Make the guest's own policy relaxed, where ``rdm=`` makes it strict and is taken."""
    settings = trial.before.settings
    if not settings.rdm_taken or settings.policies != (Policy.STRICT,):
        return
    text = "strategy=host,policy=relaxed"
    guest = replace(trial.guest, rdm=text)
    if trial.resolve(guest).settings.rdm_taken:
        effect = "relaxed: the guest is not told of regions that its RAM is in"
        trial.offer(RemedyKind.POLICY, guest, {"rdm": (f"rdm = {quoted(text)}",)}, effect)


_ATTEMPTS: tuple[Callable[[_Trial], None], ...] = (
    _respell,
    _settings,
    _explicit,
    _by_address,
    _boundary,
    _memory,
    _virtual_functions,
    _strategy,
    _relax,
    _relax_guest,
)


def _why_nothing(resolution: Resolution) -> str:
    """Say why no change of the configuration that was tried helps."""
    if resolution.stack.toolstack is Toolstack.XAPI:
        return "nothing was tried: XAPI's rules are not modelled"
    if resolution.host.incomplete and resolution.verdict is Verdict.UNDECIDED:
        return resolution.host.next_step or "first get the whole table: what it lacks may matter"
    if resolution.host.iommu_off and resolution.settings.devices:
        return "nothing in the guest's configuration helps: the host has no working IOMMU"
    first: Sequence[Decision] = resolution.reasons[:1]
    if any(one.decider in (Decider.XL, Decider.MANUAL) for one in first):
        return "correct it as the reason says"
    if any(one.rule == ABSENT_RULE for one in first):
        return "name each function once, one that answers: lspci -D lists them"
    if any(one.decider is Decider.DMARAGENT for one in first) and len(resolution.cases) < 2:
        return "nothing can be tried before that is known"
    return "no boundary, memory size, policy or virtual function that was tried helps"
