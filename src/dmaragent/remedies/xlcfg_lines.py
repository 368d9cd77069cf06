"""Changed entries of a guest's ``pci=``, written as lines of an xl.cfg."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from dmaragent.guests.config import GuestConfig, PciEntry
from dmaragent.guests.pci import write_pci
from dmaragent.guests.pci_text import PciText, PolicyWord
from dmaragent.guests.rdm import Policy
from dmaragent.policy.settings import GuestDevice

_WIDTH = 76
_POLICY = re.compile(r"rdm_policy=([A-Za-z]+)")


def quote(text: str) -> str:
    """Return `text` in quotes for an xl.cfg."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def pci_lines(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the lines of ``pci=``: one line if that is short, otherwise a line for each entry."""
    entries = [quote(text) for text in texts]
    line = f"pci = [ {', '.join(entries)} ]"
    if len(line) <= _WIDTH or len(entries) == 1:
        return (line,)
    middle = [f"        {entry}," for entry in entries[1:-1]]
    return (f"pci = [ {entries[0]},", *middle, f"        {entries[-1]} ]")


def change_entries(
    guest: GuestConfig, texts: Mapping[int, str]
) -> tuple[GuestConfig, tuple[str, ...]]:
    """Return `guest` with other texts for the entries of these numbers, and the new lines."""
    entries = [
        PciEntry(entry.place, texts[number]) if number in texts else entry
        for number, entry in enumerate(guest.pci)
    ]
    return replace(guest, pci=tuple(entries)), pci_lines([entry.text for entry in entries])


def with_policy(device: GuestDevice, policy: Policy, pci: PciText | None = None) -> str:
    """Return a device's entry with `policy`; the entry unchanged if it cannot be written so."""
    word = PolicyWord.STRICT if policy is Policy.STRICT else PolicyWord.RELAXED
    return entry_text(replace(pci or device.pci, policy=word), device.text)


def entry_text(pci: PciText, otherwise: str) -> str:
    """Return `pci` as text, or `otherwise` if no text can express it."""
    if pci.policy is PolicyWord.INVALID:
        pci = replace(pci, policy=None)
    try:
        return write_pci(replace(pci, ignored=()))
    except ValueError:
        return otherwise


def respell_entry(text: str) -> str:
    """Return an entry without blanks or a final comma, its policy in small letters."""
    bare = "".join(text.split()).rstrip(",")
    return _POLICY.sub(lambda match: match[0].lower(), bare)
