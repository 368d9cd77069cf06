"""Whether a device can be passed through, and how safe a step is, in words."""

from dmaragent.passthrough.model import Can, Safety

CAN_WORDS = {
    Can.YES: "yes",
    Can.CONDITIONS: "on conditions",
    Can.NO: "no",
    Can.UNKNOWN: "not known",
    Can.NOT_APPLICABLE: "not applicable",
}

SAFETY_WORDS = {
    Safety.NEEDED: "needed first",
    Safety.SAFE: "safe",
    Safety.FIRMWARE: "changes the firmware",
    Safety.RISK: "at a risk",
}
