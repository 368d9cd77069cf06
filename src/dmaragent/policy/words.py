"""The sentences of this package, each under its id."""

from dmaragent.policy.decisions import Harm

HARM_WORDS = {
    Harm.NONE: "",
    Harm.SHARED: "other devices can use the same memory by DMA",
    Harm.HOST_MEMORY: "the guest can reach host memory",
    Harm.CORRUPTION: "DMA can overwrite guest RAM",
}
"""What each harm is, in words; nothing for none."""
