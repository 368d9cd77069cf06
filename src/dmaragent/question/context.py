"""What decides a question about a host (the toolstack and the releases), and guests resolved there.

Pure. ``ask_host.py`` uses it for a host at a path, the service for the host that it watches.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.errors import DmaragentError
from dmaragent.guests.config import GuestConfig
from dmaragent.guests.formats import Guest, read_all_guests
from dmaragent.guests.kvm_guest import GuestFormat, KvmGuest
from dmaragent.host import Host
from dmaragent.inventory import Inventory, take_inventory, under_release
from dmaragent.iommu.kinds import AbsenceKind
from dmaragent.linux.view import LinuxState
from dmaragent.passthrough.kvm_resolution import AnyResolution
from dmaragent.policy.decisions import Verdict, undecided
from dmaragent.policy.host_facts import HostFacts, facts_of
from dmaragent.policy.library_answers import LibraryAnswers, read_library_answers
from dmaragent.policy.resolution import OtherReleases, Resolution, Stack
from dmaragent.policy.resolver import resolve
from dmaragent.policy.settings import Toolstack
from dmaragent.present.words.host import OTHER_RELEASE_NEEDS_TABLE, absence_words
from dmaragent.question import words
from dmaragent.question.releases import not_modelled, read_release, release_spans, rules_of
from dmaragent.releases import Release
from dmaragent.xen.hypervisor.behaviour import NEWEST_RELEASE
from dmaragent.xen.hypervisor.release_spans import ReleaseSpans

DOCUMENTED = "documented"
"""In place of a release: the manual pages decide, and not the release."""


class Question(NamedTuple):
    """The toolstack and releases of a question."""

    xen: str | None = None
    """A release such as ``4.17`` or ``4.16.1``, ``documented``, or None: the host's own."""
    toolstack: Toolstack | None = None
    """Who builds the guest; None: by the format, libvirt for libvirt's XML, otherwise xl."""
    toolstack_release: str | None = None
    """The toolstack's release, if it differs from the hypervisor's."""
    names: Mapping[str, SBDF] | None = None
    """Device names, as given to ``xl pci-assignable-add -n``."""


def read_guests(text: str, source: str) -> tuple[GuestConfig, ...]:
    """Return the Xen guests of `text`; :func:`read_all_guests` reads KVM guests too.

    Raises:
        DmaragentError: it is not a guest's configuration, or that of a KVM guest.

    """
    guests = []
    for guest in read_all_guests(text, source):
        if isinstance(guest, KvmGuest):
            raise DmaragentError(words.xen_guest_needed(source), words.RESOLVE_ANSWERS_FOR_KVM)
        guests.append(guest)
    return tuple(guests)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What decides about guests on a host, for a question."""

    host: Host
    """The host's readings, joined."""
    inventory: Inventory
    """The inventory of the whole host, by the rules of the hypervisor's release in question."""
    facts: HostFacts
    """The parts of it that decide about guests: the `host` of ``policy.resolver.resolve``."""
    stack: Stack
    """Who builds the guest, and by which releases."""
    release_known: bool
    """Whether the release is named or runs there; otherwise the newest modelled one is assumed."""

    @property
    def is_qubes(self) -> bool:
        """Whether the host runs the kernel of Qubes, whose libvirt builds the guests."""
        return "qubes" in (self.host.system.kernel_release or "")


_LIBRARY = (None, Toolstack.XL)


def library_decides(question: Question) -> bool:
    """Return whether the host's libxlutil decides: not if a release or another toolstack is named."""
    return not (question.xen or question.toolstack_release) and question.toolstack in _LIBRARY


def context_of(host: Host, question: Question, library: bytes | None = None) -> Context:
    """Return what decides on `host` for `question`; `library` is the output of its libxlutil.

    Raises:
        DmaragentError: a release is invalid.

    """
    documented = question.xen == DOCUMENTED
    asked = None if documented or question.xen is None else read_release("xen", question.xen)
    given = question.toolstack_release
    running = host.running_release
    library_answers = None if library is None else read_library_answers(library)
    of_library = None if library_answers is None else library_answers.release
    hypervisor = asked or running or of_library or Release(*NEWEST_RELEASE)
    tools = read_release("toolstack release", given) if given else hypervisor
    if of_library is not None and of_library.series != hypervisor.series:
        tools = of_library
    predicted = asked or _predicted_release(host, hypervisor)
    inventory = take_inventory(host, predicted)
    facts = _facts_of(inventory, hypervisor, question)
    runs_none = inventory.linux.state in (LinuxState.GROUPS, LinuxState.NO_GROUPS)
    stack = Stack(
        toolstack=question.toolstack or Toolstack.XL,
        release=tools,
        hypervisor=hypervisor,
        documented=documented,
        origin=_origin(
            (asked, tools if given else None),
            running,
            library_answers,
            (hypervisor, tools),
            runs_none=runs_none,
        ),
        library_answers=library_answers,
    )
    return Context(
        host=host,
        inventory=inventory,
        facts=facts,
        stack=stack,
        release_known=bool(asked or running or of_library),
    )


def _predicted_release(host: Host, release: Release) -> Release | None:
    """Return the release for predicting Xen's list; None if an unknown release runs."""
    return None if host.xen is not None and host.xen.release is None else release


def _facts_of(inventory: Inventory, release: Release, question: Question) -> HostFacts:
    facts = facts_of(inventory, release, question.names)
    if facts.incomplete and inventory.absence is not None:
        why, step = absence_words(inventory.absence)
        running = inventory.host.running_release
        other = question.xen is not None and running is not None and not release.covers(running)
        if other and inventory.absence.kind is AbsenceKind.PVH_DOM0:
            step = OTHER_RELEASE_NEEDS_TABLE
        facts = replace(facts, incomplete=why, next_step=step)
    return facts


def other_releases(
    context: Context, question: Question, guest: GuestConfig
) -> Mapping[Verdict, tuple[str, ...]]:
    """Return the verdicts on `guest` if the release is unknown, each with its releases.

    Empty if the release is known, or if all releases agree.
    """
    if context.release_known or context.stack.documented or question.toolstack_release:
        return {}
    amd = context.inventory.xen.ivrs is not None
    resolver = _ReleaseResolver(context, question, guest)
    verdicts: list[tuple[Release, _Result]] = []
    steps = _amd_steps() if amd else _SERIES
    for name, release in release_spans(amd=amd):
        result = resolver.result_with(release)
        first, last = (Release.parse(end).series for end in (name.split()[0], name.split()[-1]))
        for step in steps.steps:
            if first <= step.series <= last:
                # Point releases can differ, and each can have an answer if their series has none.
                apart = (
                    amd and result.verdict is Verdict.UNDECIDED and steps.has_points(step.series)
                )
                verdicts.append((step, resolver.result_with(step) if apart else result))
    spans: dict[Verdict, list[Release]] = {}
    warned: dict[bool, list[Release]] = {}
    for step, result in verdicts:
        spans.setdefault(result.verdict, []).append(step)
        if result.verdict is Verdict.STARTS:
            warned.setdefault(result.warned, []).append(step)
    if len(spans) == 1:
        return {}
    return OtherReleases(
        {verdict: tuple(steps.spans(own)) for verdict, own in spans.items()},
        {with_warning: tuple(steps.spans(own)) for with_warning, own in warned.items()},
    )


class _Result(NamedTuple):
    """The verdict on a guest with one release."""

    verdict: Verdict
    warned: bool
    """Whether the guest starts with a warning."""


_SERIES = ReleaseSpans({})
"""The series of releases, without point releases."""


def _amd_steps() -> ReleaseSpans:
    from dmaragent.xen.hypervisor.ivrs_behaviour import (  # noqa: PLC0415 - for AMD hosts only
        RELEASES,
    )

    return RELEASES


@dataclass(slots=True)
class _ReleaseResolver:
    """Resolves a guest under several releases, with the facts of neighbours that behave alike once.

    Only the last facts are kept: on a host with thousands of regions, each takes megabytes.
    """

    context: Context
    question: Question
    guest: GuestConfig
    _last: tuple[object, HostFacts] | None = None

    def result_with(self, release: Release) -> _Result:
        """Return the verdict on the guest if the host's Xen and its tools are of `release`."""
        context = self.context
        predicted = _predicted_release(context.host, release)
        rules = predicted and rules_of(predicted, amd=context.inventory.xen.ivrs is not None)
        if self._last is None or self._last[0] != rules:
            self._last = None  # frees the facts before others are made
            inventory = under_release(context.inventory, predicted)
            self._last = (rules, _facts_of(inventory, release, self.question))
        facts = replace(self._last[1], release=release)
        stack = replace(context.stack, release=release, hypervisor=release)
        found = resolve(self.guest, facts, stack)
        return _Result(found.verdict, found.verdict is Verdict.STARTS and bool(found.reasons))


def _origin(
    named: tuple[Release | None, Release | None],
    running: Release | None,
    library: LibraryAnswers | None,
    stack: tuple[Release, Release],
    *,
    runs_none: bool,
) -> str:
    """Return how the releases of the `stack`, Xen and its tools, are known, in sentences.

    `named`: the releases of both that the question names.  `runs_none`: Linux runs without Xen.
    """
    hypervisor, tools = stack
    asked, asked_tools = named
    sentences = []
    if asked is None and running is not None:
        alike = library is None and asked_tools is None
        sentences.append(words.release_runs(hypervisor, tools_alike=alike))
    elif runs_none and running is None:
        sentences.append(words.without_xen(hypervisor, _why_assumed(asked, library)))
    elif asked is not None:
        sentences.append(words.release_named(hypervisor))
    else:
        sentences.append(words.release_assumed(hypervisor, _why_assumed(asked, library)))
    if asked_tools is not None:
        sentences.append(words.tools_named(asked_tools))
    elif library is not None and library.read_settings:
        sentences.append(words.library_answered(library.release))
    elif library is not None and running is not None:
        sentences.append(words.library_installed(library.release))
    sentences += not_modelled(hypervisor, tools)
    return words.together(sentences)


def _why_assumed(asked: Release | None, library: LibraryAnswers | None) -> str:
    if asked is not None:
        return words.REQUESTED
    return words.NEWEST_KNOWN if library is None else words.OF_LIBRARY


def _for_toolstack(context: Context, toolstack: Toolstack) -> Context:
    """Return `context` for `toolstack`: the same releases, without xl's readings by libxlutil."""
    stack = replace(context.stack, toolstack=toolstack, library_answers=None)
    library = context.stack.library_answers
    if library is not None:
        sentences = [words.library_installed(library.release)]
        if context.host.running_release is not None:
            sentences.insert(0, words.release_runs(stack.hypervisor, tools_alike=False))
        sentences += not_modelled(stack.hypervisor, stack.release)
        stack = replace(stack, origin=words.together(sentences))
    return replace(context, stack=stack)


_LIBVIRT = (Toolstack.LIBVIRT, Toolstack.QUBES)


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

    def contexts_for(self, guest: GuestConfig) -> tuple[Context, ...]:
        """Return what decides about `guest`, with each toolstack that may build it."""
        return tuple(map(self._context_by, self._toolstacks(guest)))

    def source_stack(self, guests: Sequence[Guest]) -> Stack:
        """Return the stack that the source of an answer about `guests` names: xl's, if it builds one.

        Only answers about xl's guests depend on libxlutil.
        """
        xen = [guest for guest in guests if isinstance(guest, GuestConfig)]
        stacks = [self.context_for(guest).stack for guest in xen]
        stacks = stacks or [self._context_by(Toolstack.LIBVIRT).stack]
        return next((each for each in stacks if each.toolstack is Toolstack.XL), stacks[0])

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
            self._by_toolstack[toolstack] = _for_toolstack(self.context, toolstack)
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
        if self.context.is_qubes:
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
