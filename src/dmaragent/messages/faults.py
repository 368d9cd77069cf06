"""Reading DMA faults in logs, for ``why``, ``check`` and ``boot-option``.

Pure.
"""

import re
from collections.abc import Iterator
from functools import cache

from dmaragent.linux.dma_faults import Fault
from dmaragent.messages.known import linux_faults, xen_faults
from dmaragent.messages.model import AMD, Program
from dmaragent.messages.numbers import fault_flag_words, is_interrupt, is_write
from dmaragent.messages.recognise import Recogniser

_DMA_FAULTS = frozenset({"linux-dma-fault", "xen-dma-fault", "xen-amd-dma-fault"})
_REASON = re.compile(
    r"\[?(?:fault )?reason (?P<code>(?:0x)?[0-9a-fA-F]{1,4})h?(?:\]| -) ?(?P<words>.*)"
)
"""The reason as Linux prints it, or as Xen prints it in a separate line."""


def read_faults(log: str, *, amd: bool = False) -> Iterator[Fault]:
    """Yield the DMA faults of VT-d in `log`, and with `amd` those of AMD-Vi; skip other lines.

    A fault of AMD-Vi that is an interrupt's is not a DMA fault.
    """
    for occurrence in _recogniser().occurrences(log):
        names = occurrence.names
        of_amd = occurrence.vendor == AMD
        if of_amd and (not amd or any(map(is_interrupt, names.flags))):
            continue
        text = occurrence.text
        for device in names.devices:
            for span in names.spans:
                yield Fault(
                    device=device,
                    address=span.first,
                    by_xen=occurrence.message.printer is Program.XEN,
                    segment_named=names.segment_named,
                    write=any(map(is_write, names.flags))
                    if of_amd
                    else "[dma write" in text.lower(),
                    reason=(
                        "; ".join(
                            f"flags {flags:#x}: {fault_flag_words(flags)}" for flags in names.flags
                        )
                        if of_amd
                        else _reason(text.partition("fault addr")[2], occurrence.below)
                    ),
                )


@cache
def _recogniser() -> Recogniser:
    both = (*linux_faults.MESSAGES, *xen_faults.MESSAGES)
    return Recogniser(message for message in both if message.id in _DMA_FAULTS)


def _reason(rest: str, below: str) -> str:
    """Return the reason of a fault from the `rest` of its line, or from the line `below` it."""
    match = _REASON.search(rest)
    if match is None and "fault addr" not in below:
        match = _REASON.search(below)
    return "" if match is None else f"reason {match['code']}: {match['words'].strip()}"
