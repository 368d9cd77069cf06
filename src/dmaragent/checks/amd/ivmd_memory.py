"""Rules about the memory of IVMD blocks, by the firmware's memory map."""

from collections.abc import Iterator

from dmaragent.addresses import span
from dmaragent.checks.amd.effects import (
    CUT,
    CUT_WITHOUT_PREBOOT,
    LOAD,
    XenCase,
    off_case,
    unknown_memory,
)
from dmaragent.checks.amd.facts import Ivmd, IvrsFacts
from dmaragent.checks.amd.fields import ivmd_hit, range_fields
from dmaragent.checks.common.facts import Need
from dmaragent.checks.common.model import Hit, Rule, Severity
from dmaragent.checks.common.rules import rule
from dmaragent.host.memory_map import MemoryType
from dmaragent.xen.hypervisor.memory import in_use

_XEN = (
    "Xen amd/iommu_acpi.c, parse_ivmd_block, until 4.18, and x86/iommu.c, iommu_unity_region_ok, from "
    "4.19 on (83afa31358: 4.17.4, 4.18.1, 4.19)"
)
_LINUX = "Linux amd/init.c, init_unity_map_range"
_GOOD = frozenset({MemoryType.RESERVED, MemoryType.ACPI, MemoryType.NVS, MemoryType.UNUSABLE})
_RESERVED = frozenset({MemoryType.RESERVED})
_LOOK = (
    "Look into Xen's own map (`xl dmesg`, after 'RAM map'). If it has the range as RAM, leave the region out "
    "(dmaragent encode --without)."
)


def _words(ivmd: Ivmd) -> str:
    return ivmd.region.memory or "unknown"


def _begins_at_zero(ivmd: Ivmd) -> bool:
    """Return whether it is a placeholder, which has a rule of its own."""
    return ivmd.pages is not None and not ivmd.pages.start


@rule(
    "ivmd-in-ram",
    Severity.CRITICAL,
    "A region is in memory that is in use, not reserved",
    xen="Xen 4.17.4, 4.18.1, 4.19 and later switch AMD-Vi off (EIO).",
    linux="Linux maps it and uses the memory as RAM: device DMA overwrites it.",
    advice=CUT,
    advice_without_preboot=CUT_WITHOUT_PREBOOT,
    details=f"With AMD-Vi off, no device can be passed through. Xen 4.16 to 4.17.3 and 4.18.0 keep the region. "
    f"{LOAD}",
    source=f"{_XEN}; {_LINUX}",
    needs=[Need.MEMORY_MAP],
)
def in_ram(facts: IvrsFacts) -> Iterator[Hit]:
    """Find regions that Xen cannot turn into reserved memory."""
    assert facts.memory_map is not None  # noqa: S101 - the rule's need
    for ivmd in facts.ivmds:
        checked = facts.memory_checks.get(ivmd.region.number)
        if checked is None or not checked.error or _begins_at_zero(ivmd):
            continue
        assert ivmd.pages is not None  # noqa: S101 - its memory was checked
        used = in_use(facts.memory_map, ivmd.pages)
        part = "it" if used is None or used.range == ivmd.pages else span(used.range)
        kind = _words(ivmd) if used is None else used.words
        case = off_case(
            facts,
            ivmd,
            lambda behaviour: not behaviour.memory_test_inverted,
            errno="EIO",
            kept="keeps it. 4.17.4, 4.18.1, 4.19 and later switch AMD-Vi off.",
        )
        message = f"is in use: the memory map has {part} as {kind}."
        yield ivmd_hit(ivmd, message, range_fields(facts, ivmd), case=case)


@rule(
    "ivmd-in-nvs",
    Severity.WARNING,
    "A region is in ACPI memory, or partly in reserved memory",
    xen="Xen 4.16 to 4.17.3 and 4.18.0 switch AMD-Vi off (EIO).",
    linux="No effect.",
    advice="Use Xen 4.17.4, 4.18.1, 4.19 or later. If that is not possible, leave the region out: "
    "dmaragent encode --without.",
    details=f"The test of these releases is inverted: of a range that is not all reserved they refuse pages "
    f"that are reserved, ACPI or NVS memory. {LOAD}",
    source=_XEN,
    needs=[Need.MEMORY_MAP],
)
def in_nvs(facts: IvrsFacts) -> Iterator[Hit]:
    """Find regions that only the releases with the inverted test refuse."""
    assert facts.memory_map is not None  # noqa: S101 - the rule's need
    assumed = facts.memory_map.if_reserved
    for ivmd in facts.ivmds:
        checked = facts.inverted_memory_checks.get(ivmd.region.number)
        if checked is None or not checked.error:
            continue
        assert ivmd.pages is not None  # noqa: S101 - its memory was checked
        if assumed.covered(ivmd.pages, _RESERVED):
            continue
        if not any(entry.type in _GOOD for entry in facts.memory_map.within(ivmd.pages)):
            continue
        case = off_case(
            facts,
            ivmd,
            lambda behaviour: behaviour.memory_test_inverted,
            errno="EIO",
            kept="keeps the region.",
        )
        inverted = any(behaviour.memory_test_inverted for behaviour in facts.behaviours)
        if facts.release and not inverted and (unknown := unknown_memory(facts, ivmd)):
            case = case._replace(xen=unknown)
        message = f"is not all reserved by the memory map: {_words(ivmd)}."
        yield ivmd_hit(ivmd, message, range_fields(facts, ivmd), case=case)


@rule(
    "ivmd-not-reserved",
    Severity.INFO,
    "A region is in no entry of the memory map",
    xen="Xen 4.16 and later warns, reserves the memory and keeps the region.",
    linux="No effect.",
    advice="No action needed. Report it to the firmware's vendor.",
    source=_XEN,
    needs=[Need.MEMORY_MAP],
)
def not_reserved(facts: IvrsFacts) -> Iterator[Hit]:
    """Find regions with pages that Xen makes reserved."""
    assert facts.memory_map is not None  # noqa: S101 - the rule's need
    assumed = facts.memory_map.if_reserved
    for ivmd in facts.ivmds:
        checked = facts.memory_checks.get(ivmd.region.number)
        if checked is None or checked.error or not (checked.note or checked.doubt):
            continue
        assert ivmd.pages is not None  # noqa: S101 - its memory was checked
        kinds = frozenset(MemoryType)
        if not assumed.covered(ivmd.pages, kinds):
            message = f"is not all in the memory map: {_words(ivmd)}."
            unknown = unknown_memory(facts, ivmd)
            case = XenCase(unknown, Severity.WARNING, _LOOK) if unknown else XenCase("", None)
            yield ivmd_hit(ivmd, message, range_fields(facts, ivmd), case=case)


RULES: tuple[Rule, ...] = (in_ram, in_nvs, not_reserved)
