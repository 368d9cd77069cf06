"""What a toolstack and Xen will do with a guest, and why: :func:`resolve`.

Pure.  The toolstack's release decides how the configuration is read and how the guest is
laid out; the host's facts hold what the hypervisor's release makes of the table.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from dmaragent.platforms.libxl import ToolstackBehaviour, toolstack_behaviours
from dmaragent.platforms.releases import Release
from dmaragent.policy.assignment import Assigned, assigned_functions
from dmaragent.policy.build import INDEPENDENT_RULES, Built, Scenario, build
from dmaragent.policy.decisions import Decider, Decision, Verdict
from dmaragent.policy.evidence import Evidence
from dmaragent.policy.guest import Complaint, GuestConfig
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.model import Policy, Strategy
from dmaragent.policy.other_settings import settle_documented, settle_libvirt
from dmaragent.policy.settings import Settings, Toolstack
from dmaragent.policy.xl_settings import as_read, settle


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Who builds the guest, and how it is told."""

    toolstack: Toolstack = Toolstack.XL
    release: Release
    """Of the toolstack: it reads the configuration and lays the guest out."""
    hypervisor: Release
    """It lists the regions and assigns the devices."""
    documented: bool = False
    """Whether the manual pages are followed, not the release."""
    origin: str = ""
    """How the releases are known, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What becomes of the guest under one of the possible readings, or several alike."""

    assumptions: tuple[str, ...]
    """What each reading assumes; empty where all readings come to the same."""
    readings: int = 1
    """How many readings it stands for: of several, `scenario` has the first's policies."""
    scenario: Scenario
    built: Built


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What becomes of a guest, and why."""

    guest: GuestConfig
    host: HostFacts
    stack: Stack
    verdict: Verdict
    reasons: tuple[Decision, ...]
    """Why, the first before the others; of a guest that starts: what it loses by it."""
    settings: Settings
    """As the toolstack reads them; of several behaviours the first's."""
    readings: tuple[Settings, ...]
    """The settings by each behaviour that the release may have."""
    cases: tuple[Case, ...]
    """The possible outcomes; none where the toolstack refuses the configuration."""
    needs: tuple[str, ...]
    """What must be done before, such as making a device assignable."""

    @property
    def case(self) -> Case | None:
        """The case to show: the first of those that give the verdict."""
        alike = (one for one in self.cases if one.built.verdict is self.verdict)
        return next(alike, self.cases[0] if self.cases else None)


def resolve(
    guest: GuestConfig, host: HostFacts, stack: Stack, evidence: Evidence | None = None
) -> Resolution:
    """Say what becomes of `guest` on `host`."""
    unread: tuple[Complaint, ...] = ()
    if stack.toolstack is Toolstack.XL:
        guest, unread = as_read(guest, stack.release)
        read = guest
    elif stack.toolstack in (Toolstack.LIBVIRT, Toolstack.QUBES):
        stubdomain = guest.stubdomain or stack.toolstack is Toolstack.QUBES
        read = replace(guest, boundary=None, rdm=None, saved_rdm=None, stubdomain=stubdomain)
        read = replace(read, traditional=bool(guest.traditional))
    else:
        read = guest
    behaviours = toolstack_behaviours(stack.release)
    settled = [(one, _settle(guest, one, stack, evidence)) for one in behaviours]
    settings = replace(settled[0][1], messages=(*unread, *settled[0][1].messages))
    cases: tuple[Case, ...] = ()
    if not settings.refusals and stack.toolstack is not Toolstack.XAPI:
        cases = tuple(_cases(read, host, settled))
    verdict, reasons = _conclude(host, stack, settings, cases)
    return Resolution(
        guest=guest,
        host=host,
        stack=stack,
        verdict=verdict,
        reasons=reasons,
        settings=settings,
        readings=tuple(one for _, one in settled),
        cases=cases,
        needs=tuple(_needs(guest, settings, host)),
    )


def _settle(
    guest: GuestConfig, behaviour: ToolstackBehaviour, stack: Stack, evidence: Evidence | None
) -> Settings:
    if stack.toolstack is not Toolstack.XL:
        return settle_libvirt(guest, stack.toolstack)
    if stack.documented:
        return settle_documented(guest, stack.release)
    return settle(guest, behaviour, stack.release, evidence)


_POLICY_WORDS = {
    Policy.STRICT: "policy strict",
    Policy.RELAXED: "policy relaxed",
    Policy.INVALID: "policy unset",
    Policy.NEITHER: "a number that is no policy",
}


def _scenarios(settings: Settings) -> Iterator[tuple[list[str], Scenario]]:
    """Yield the possible readings, each with the words for what it assumes."""
    for strategy in settings.strategies:
        for policy in settings.policies:
            words = []
            if len(settings.strategies) > 1:
                words.append(f"strategy {strategy.value}")
            if len(settings.policies) > 1:
                words.append(_POLICY_WORDS[policy])
            scenario = Scenario(
                strategy=strategy,
                policy=policy,
                devices=settings.devices,
                device_policies=tuple(one.policy or policy for one in settings.devices),
            )
            yield words, scenario


def _effect(scenario: Scenario, behaviour: ToolstackBehaviour) -> object:
    """Give what of a reading makes a difference: readings alike in it need one build."""
    policy = None
    if scenario.strategy is Strategy.HOST:
        policy = Policy.STRICT if scenario.policy is Policy.STRICT else Policy.RELAXED
    return scenario.strategy, policy, scenario.device_policies, behaviour.layout.name


def _cases(
    guest: GuestConfig, host: HostFacts, settled: list[tuple[ToolstackBehaviour, Settings]]
) -> Iterator[Case]:
    found: dict[object, tuple[list[str], Scenario, Built]] = {}
    for behaviour, settings in settled:
        for words, scenario in _scenarios(settings):
            name = [f"xl {behaviour.name}"] if len(settled) > 1 else []
            assumption = ", ".join([*name, *words])
            key = _effect(scenario, behaviour)
            if key not in found:
                built = build(guest, scenario, host, behaviour.layout)
                found[key] = ([], scenario, built)
            found[key][0].append(assumption)
    merged = _merged(list(found.values()))
    for words, scenario, built in merged:
        yield Case(
            assumptions=tuple(words) if len(merged) > 1 else (),
            readings=len(words),
            scenario=scenario,
            built=built,
        )


_Found = tuple[list[str], Scenario, Built]


def _merged(found: list[_Found]) -> list[_Found]:
    """Put together what comes to the same."""
    if len(found) == 1:
        return found
    merged: list[tuple[object, _Found]] = []
    for one in found:
        outcome = _outcome(one[2])
        alike = next((each for each in merged if each[0] == outcome), None)
        if alike is None:
            merged.append((outcome, one))
        else:
            alike[1][0].extend(one[0])
    return [one for _, one in merged]


def _outcome(built: Built) -> object:
    """Give what is seen of a build: the policies that led to it are not."""
    layout = built.layout
    placed = None
    if layout is not None:
        placed = layout.after, [(one.reservation.region, one.outcome) for one in layout.placed]
    return built.verdict, built.decisions, built.warnings, placed, built.memory_map


def _complained(complaint: Complaint, verdict: Verdict, decider: Decider) -> Decision:
    return Decision(decider=decider, verdict=verdict, reason=complaint.text, place=complaint.place)


def _unsure(reason: str) -> Decision:
    return Decision(decider=Decider.DMARAGENT, verdict=Verdict.UNDECIDED, reason=reason)


def _conclude(
    host: HostFacts, stack: Stack, settings: Settings, cases: tuple[Case, ...]
) -> tuple[Verdict, tuple[Decision, ...]]:
    """Give the verdict and its reasons."""
    if stack.toolstack is Toolstack.XAPI:
        return Verdict.UNDECIDED, (_unsure(XAPI_WORDS),)
    if settings.refusals:
        who = Decider.MANUAL if stack.documented else Decider.XL
        refused = tuple(_complained(one, Verdict.REFUSED, who) for one in settings.refusals)
        return Verdict.REFUSED, refused
    if settings.undefined:
        unsure = (
            _complained(one, Verdict.UNDECIDED, Decider.DMARAGENT) for one in settings.undefined
        )
        return Verdict.UNDECIDED, tuple(unsure)
    verdicts = {case.built.verdict for case in cases}
    if len(verdicts) > 1:
        return Verdict.UNDECIDED, (_unsure(_dependence(cases)), *cases[0].built.decisions)
    verdict = cases[0].built.verdict
    alike = {case.built.decisions for case in cases}
    reasons = cases[0].built.decisions
    if len(alike) > 1:
        reasons = tuple(dict.fromkeys(one for case in cases for one in case.built.decisions))
    depends = settings.devices or Strategy.HOST in settings.strategies
    certain = all(
        any(one.rule in INDEPENDENT_RULES for one in case.built.decisions) for case in cases
    )
    if host.incomplete and depends and not certain and verdict is not Verdict.UNDECIDED:
        words = {Verdict.STARTS: "would start", Verdict.REFUSED: "would be refused"}[verdict]
        unsure_too = _unsure(f"{host.incomplete}. By what is known it {words}")
        return Verdict.UNDECIDED, (unsure_too, *reasons)
    if verdict is Verdict.STARTS:
        reasons = tuple(dict.fromkeys(one for case in cases for one in case.built.warnings))
    return verdict, reasons


XAPI_WORDS = (
    "XAPI builds guests by rules of its own, which are not modelled: its xenguest moves low RAM "
    "below every region of the guest's devices, without strategy, policy, boundary or 2 MiB "
    "rounding, and it always assigns devices relaxed"
)


def _dependence(cases: tuple[Case, ...]) -> str:
    """Say what the verdict depends on, each verdict with its readings."""
    words = {
        Verdict.STARTS: "it starts with",
        Verdict.REFUSED: "it does not with",
        Verdict.UNDECIDED: "it cannot be said with",
    }
    told = []
    for verdict, said in words.items():
        assumed = [
            word for case in cases if case.built.verdict is verdict for word in case.assumptions
        ]
        if assumed:
            told.append(f"{said} {', '.join(assumed)}")
    return f"it depends on what cannot be known beforehand: {'; '.join(told)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Documented:
    """What the manual pages promise a guest."""

    settings: Settings
    case: Case | None
    """None where they do not allow the configuration."""


def documented(resolution: Resolution) -> Documented:
    """Resolve the guest of `resolution` as its release's manual pages have it."""
    guest, release = resolution.guest, resolution.stack.release
    settings = settle_documented(guest, release)
    if settings.refusals:
        return Documented(settings=settings, case=None)
    _, scenario = next(_scenarios(settings))
    built = build(guest, scenario, resolution.host, toolstack_behaviours(release)[-1].layout)
    return Documented(settings=settings, case=Case(assumptions=(), scenario=scenario, built=built))


def _needs(guest: GuestConfig, settings: Settings, host: HostFacts) -> Iterator[str]:
    """Yield what must be done before the guest can be created."""
    if host.assignable is None:
        return
    pairs = [(device, Policy.STRICT) for device in settings.devices]
    for one in assigned_functions(pairs, host):
        if not isinstance(one, Assigned):
            continue
        own = one.device.pci.seize
        seize = guest.seize and settings.inherits if own is None else own
        answers = host.functions is None or one.sbdf in host.functions
        if answers and not seize and one.sbdf not in host.assignable:
            yield f"xl pci-assignable-add {one.sbdf}"
