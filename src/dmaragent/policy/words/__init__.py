"""The sentences of decisions about Xen guests, one module for each subject.

Each sentence is a function of its values, or a constant.  Parts of a sentence are above it.

* ``settings``: how a toolstack reads the configuration, and which settings are in effect.
* ``building``: what libxl, libxc and hvmloader refuse, and where guest RAM is.
* ``assignment``: how Xen assigns the devices, and what is unknown about the host.
* ``verdict``: what a verdict depends on.
* ``hotplug``: devices that are attached to a running guest, and the MMIO hole.
"""

from dmaragent.addresses import KIB, MIB
from dmaragent.policy.decisions import Harm

HARM_WORDS = {
    Harm.NONE: "",
    Harm.SHARED: "other devices can use the same memory by DMA",
    Harm.HOST_MEMORY: "the guest can reach host memory",
    Harm.CORRUPTION: "DMA can overwrite guest RAM",
    Harm.ALL_HOST_MEMORY: "DMA can overwrite all memory of the host",
}
"""Each harm in words; empty for none."""


def size_words(size: int) -> str:
    """Return a size in bytes as the configuration has it: in MiB, or in KiB if it is not whole."""
    return f"{size // MIB} MiB" if size % MIB == 0 else f"{size // KIB} KiB"


def capitalized(sentence: str) -> str:
    """Return `sentence` with a capital letter, to follow another sentence."""
    return sentence[:1].upper() + sentence[1:]
