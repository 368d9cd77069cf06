"""Whether a device can be passed through, and how safe a step is, in words."""

from dmaragent.passthrough.model import Can, Case, PlatformVerdict, ToolstackPolicy
from dmaragent.remedies.remedy import DeviceRemedy, Safety

CAN_WORDS = {
    Can.YES: "allowed",
    Can.CONDITIONS: "allowed if ...",
    Can.NO: "blocked",
    Can.UNKNOWN: "unknown",
    Can.NOT_APPLICABLE: "not applicable",
}
"""The verdict words of devices, the same in every verb and in the report."""
ALLOWED_WITH_RISK = "allowed with risk"


def verdict_word(can: Can, *, risk: bool = False) -> str:
    """Return the verdict word; `risk`: device, firmware or guest can overwrite memory then."""
    return ALLOWED_WITH_RISK if risk and can in (Can.YES, Can.CONDITIONS) else CAN_WORDS[can]


_SAFETY_WORDS = {
    Safety.NEEDED: "needed first",
    Safety.SAFE: "safe",
    Safety.FIRMWARE: "changes the firmware",
    Safety.RISK: "at a risk",
}


def xen_would_decide(verdict: PlatformVerdict) -> str:
    """Return Xen's verdict on a host where Linux alone decides."""
    return f"does not run here; it would say: {verdict.explanation}"


def toolstack_policy(toolstack: ToolstackPolicy) -> str:
    """Return which policy a device gets by default from a toolstack, and what that leads to."""
    verdict = CAN_WORDS[toolstack.can]
    return f"{toolstack.toolstack}: {toolstack.policy}, which comes to: {verdict}. {toolstack.explanation}"


def step_title(step: DeviceRemedy) -> str:
    """Return what a step is called, on whose side it is, and how safe."""
    side = f"{step.side}; " if step.side else ""
    return f"{step.title} ({side}{_SAFETY_WORDS[step.safety]})"


def case_verdict(case: Case) -> str:
    """Return a case, whether the device can be passed through in it, and why."""
    return f"{case.title}: {CAN_WORDS[case.can]}. {case.explanation}"


def case_message(case: Case) -> str:
    """Return what is printed in a case."""
    return f'It prints "{case.message}"'


def case_source(case: Case) -> str:
    """Return the rule behind a case, its error and the releases it holds for; empty if unknown."""
    parts = []
    if case.rule is not None:
        parts.append(
            f"{case.rule.source}, {case.rule.error}" if case.rule.error else case.rule.source
        )
    if case.releases:
        parts.append(case.releases)
    return f"({'; '.join(parts)})" if parts else ""
