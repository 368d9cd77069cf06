"""What the verdict on a guest or a device depends on."""

from collections.abc import Sequence

from dmaragent.guests.rdm import Policy, Strategy
from dmaragent.policy.decisions import Verdict

XAPI_NOT_MODELLED = (
    "XAPI builds guests by its own rules, which are not modelled. Its xenguest moves low RAM "
    "below every region of the guest's devices, without strategy, policy, boundary or 2 MiB "
    "rounding. It always assigns devices relaxed"
)
ASSUMED_POLICY = {
    Policy.STRICT: "policy strict",
    Policy.RELAXED: "policy relaxed",
    Policy.INVALID: "policy unset",
    Policy.NEITHER: "a number that is not a policy",
}
ASSUMED_HAP = "a host with HAP"
ASSUMED_NO_HAP = "a host without HAP"
ASSUMED_DECIMAL = "a libxlutil that does not read 0b as binary"
ASSUMED_BINARY = "a libxlutil that reads 0b as binary"


def assumed_strategy(strategy: Strategy) -> str:
    return f"strategy {strategy.value}"


def assumed_xl(behaviour: str) -> str:
    return f"xl {behaviour}"


def all_assumed(assumptions: Sequence[str]) -> str:
    return " and ".join(filter(None, assumptions))


_BY_VERDICT = {
    Verdict.STARTS: "starts with",
    Verdict.REFUSED: "fails with",
    Verdict.UNDECIDED: "unknown with",
}


def verdict_depends(assumptions: Sequence[tuple[Verdict, Sequence[str]]]) -> str:
    """Return what the verdict depends on: each verdict with what its readings assume."""
    parts = [f"{_BY_VERDICT[verdict]} {' or '.join(words)}" for verdict, words in assumptions]
    return f"the result depends on values that cannot be predicted: {'; '.join(parts)}"


def regions_may_be_missing(why: str, verdict: Verdict) -> str:
    """Return that an unknown region could change `verdict`, which is not undecided."""
    does = {Verdict.STARTS: "starts", Verdict.REFUSED: "does not start"}[verdict]
    return f"{why}. With the known regions alone the guest {does}"


def known_regions_decide(why: str, depends: str) -> str:
    """Return that an unknown region could change a verdict that also depends on other values."""
    return f"{why}. With the known regions alone, {depends}"


GUEST_DOES = {
    Verdict.STARTS: "the guest starts",
    Verdict.REFUSED: "the guest does not start",
    Verdict.UNDECIDED: "the result is unknown",
}
DEVICE_DOES = {
    Verdict.STARTS: "the device is attached",
    Verdict.REFUSED: "the device is refused",
    Verdict.UNDECIDED: "the result is unknown",
}


def binary_numbers_decide(plain: str, binary: str) -> str:
    """Return that the answer depends on how 0b is read; see GUEST_DOES for both results."""
    return (
        "the result depends on the C library that libxlutil was built with. If it reads 0b as "
        f"binary (C23, as in Debian 13), {binary}; if not (as in Debian 12), {plain}"
    )


def message_of_reading(assumed: str, message: str) -> str:
    return f"with {assumed}: {message}"
