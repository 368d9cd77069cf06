"""The part of Linux's verdict about interrupts: VFIO refuses devices if they are not remapped.

Pure.  Source: Linux drivers/vfio/vfio_iommu_type1.c, ``vfio_iommu_type1_attach_group``.
"""

from dmaragent.passthrough import interrupts_words, words
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.model import Can, Case, CaseKind, PlatformVerdict
from dmaragent.policy.decisions import SourceRule

INTERRUPTS_RULE = SourceRule(
    "Linux vfio/vfio_iommu_type1.c, vfio_iommu_type1_attach_group", "EPERM", of_regions=False
)


def with_interrupts(device: DeviceContext, verdict: PlatformVerdict) -> PlatformVerdict:
    """Return the `verdict` on the device, with the condition on a kernel that remaps no interrupt.

    Another refusal remains, and so does what is unknown.
    """
    case, off = interrupts_case(device), device.remapping_off
    if case is None or off is None or verdict.can in (Can.NO, Can.UNKNOWN):
        return verdict
    cases = (*verdict.cases, case)
    rest = words.with_verdict_word(verdict.can, verdict.explanation, risk=verdict.risk)
    explanation = interrupts_words.interrupts_and_rest(off, rest, unsafe=device.unsafe_interrupts)
    can = verdict.can if case.can is Can.YES else case.can
    risk = case.risk or (verdict.risk and can is Can.CONDITIONS)
    return PlatformVerdict(can=can, explanation=explanation, risk=risk, cases=cases)


def interrupts_case(device: DeviceContext) -> Case | None:
    """Return the effect of a kernel that does not remap interrupts; None if it may remap them."""
    off, unsafe = device.remapping_off, device.unsafe_interrupts
    if off is None:
        return None
    can = {True: Can.YES, False: Can.NO, None: Can.CONDITIONS}[unsafe]
    return Case(
        title="interrupts",
        kind=CaseKind.INTERRUPTS,
        can=can,
        explanation=interrupts_words.interrupts_case(off, unsafe=unsafe),
        summary=interrupts_words.IF_UNSAFE_INTERRUPTS if can is Can.CONDITIONS else "",
        risk=unsafe is True,
        rule=INTERRUPTS_RULE,
        message="" if unsafe else interrupts_words.INTERRUPTS_MESSAGE,
    )
