"""Fixes of how ``rdm=`` and the entries of ``pci=`` are written."""

import re
from dataclasses import replace
from difflib import get_close_matches

from dmaragent.guests.config import PciEntry
from dmaragent.guests.rdm import RdmRefusal, RdmText, read_rdm_documented
from dmaragent.policy.assignment import SLOT_RULE
from dmaragent.policy.settings import Toolstack
from dmaragent.remedies import words
from dmaragent.remedies.guests.trial import Trial
from dmaragent.remedies.remedy import RemedyKind
from dmaragent.remedies.xlcfg_lines import (
    change_entries,
    entry_text,
    pci_lines,
    quote,
    respell_entry,
)

_KEYS = ("rdm_policy", "msitranslate", "power_mgmt", "permissive", "seize", "vslot")
_WORDS = {"yes": "1", "true": "1", "on": "1", "no": "0", "false": "0", "off": "0"}
"""The meaning of words in place of a number: xl reads every word as 0."""
_SLOT = re.compile(r"(?:0x)?[01]?[0-9a-fA-F]")
_NO_FUNCTION = re.compile(r"(?:([0-9a-fA-F]{1,4}):)?([0-9a-fA-F]{1,2}):([0-9a-fA-F]{1,2})\.?(,.*)?")
"""An address without a function, and the pairs after it."""
_EVERY_FUNCTION = re.compile(
    r"(?:([0-9a-fA-F]{1,4}):)?([0-9a-fA-F]{1,2}):([0-9a-fA-F]{1,2})\.\*(?:@[0-9a-fA-Fx]+)?(,.*)?"
)
"""An address with ``*``, and the pairs after it."""
_RDM = {"strategy": ("host",), "policy": ("strict", "relaxed")}


def respell_entries(trial: Trial) -> None:
    """Rewrite entries of ``pci=`` that xl refuses or reads only in part."""
    if trial.stack.toolstack is not Toolstack.XL or trial.guest.saved_rdm is not None:
        return

    def with_function(text: str) -> str:
        return _add_function(text, trial)

    kept = tuple(entry for entry in trial.guest.pci if entry.text.strip())
    if len(kept) < len(trial.guest.pci):
        guest, lines = change_entries(replace(trial.guest, pci=kept), {})
        trial.keep(guest, {"pci": lines})
        if trial.offer(RemedyKind.SPELLING, guest, {}, words.REMOVE_EMPTY_ENTRIES):
            return
    for repair in (respell_entry, _correct_keys, with_function):
        texts = {n: repair(entry.text) for n, entry in enumerate(trial.guest.pci)}
        texts = {n: text for n, text in texts.items() if text != trial.guest.pci[n].text}
        if not texts:
            continue
        guest, lines = change_entries(trial.guest, texts)
        effect = words.WRITE_ENTRIES_PLAINLY
        if trial.offer(RemedyKind.SPELLING, guest, {"pci": lines}, effect):
            return
        after, now = trial.resolve(guest).settings, trial.now.settings
        if len(after.refusals) + len(after.undefined) < len(now.refusals) + len(now.undefined):
            trial.keep(guest, {"pci": lines})
            return


def respell_rdm(trial: Trial) -> None:
    """Write ``rdm=`` as documented, if the manual pages refuse it as it is."""
    text = trial.guest.rdm
    if (
        text is None
        or not trial.stack.documented
        or not isinstance(read_rdm_documented(text), RdmRefusal)
    ):
        return
    parts = {}
    for part in "".join(text.split()).lower().split(","):
        key, _, value = part.partition("=")
        near = get_close_matches(key, _RDM, 1, 0.6)
        values = get_close_matches(value, _RDM[near[0]], 1, 0.6) if near else []
        if values:
            parts[near[0]] = f"{near[0]}={values[0]}"
    meant = ",".join(parts.values())
    if isinstance(read_rdm_documented(meant), RdmText):
        guest, lines = replace(trial.guest, rdm=meant), {"rdm": (f"rdm = {quote(meant)}",)}
        effect = words.WRITE_RDM_AS_DOCUMENTED
        if not trial.offer(RemedyKind.SPELLING, guest, lines, effect):
            trial.keep(guest, lines)


def _add_function(text: str, trial: Trial) -> str:
    """Add the function to an address without one, if only one function is present there."""
    match = _NO_FUNCTION.fullmatch(respell_entry(text))
    if match is None or trial.host.functions is None:
        return text
    segment, bus, device = int(match[1] or "0", 16), int(match[2], 16), int(match[3], 16)
    present = [
        sbdf
        for sbdf in trial.host.functions
        if (sbdf.segment, sbdf.bus, sbdf.device) == (segment, bus, device)
    ]
    rest = match[4] or ""
    return f"{present[0]}{rest}" if len(present) == 1 else text


def _correct_keys(text: str) -> str:
    """Correct the keys and values of an entry; drop what xl does not know."""
    address, *pairs = respell_entry(text).split(",")
    place, at, slot = address.partition("@")
    keys = {"": place + (at + slot if _is_slot(slot) else "")}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        near = get_close_matches(key, _KEYS, 1, 0.6)
        if key not in _KEYS and not near:
            continue
        key = key if key in _KEYS else near[0]
        if key == "rdm_policy" and value not in ("strict", "relaxed"):
            value = (get_close_matches(value, ("strict", "relaxed"), 1) or ["strict"])[0]
        elif key == "vslot" and not _is_slot(value):
            continue
        elif key not in ("rdm_policy", "vslot"):
            value = _WORDS.get(value.lower(), value) if equals else "1"
        keys[key] = f"{key}={value}"
    return ",".join(keys.values())


def _is_slot(text: str) -> bool:
    return _SLOT.fullmatch(text) is not None


def leave_out_duplicates(trial: Trial) -> None:
    """Drop entries whose device another entry already has."""
    seen: set[object] = set()
    kept: list[PciEntry] = []
    by_number = {device.number: device for device in trial.devices}
    for number, entry in enumerate(trial.guest.pci):
        device = by_number.get(number)
        what = None if device is None else (device.pci.sbdf or device.pci.name)
        if what is not None and what in seen:
            continue
        seen.add(what)
        kept.append(entry)
    if trial.stack.toolstack is Toolstack.XL and len(kept) < len(trial.guest.pci):
        guest = replace(trial.guest, pci=tuple(kept))
        lines = {"pci": pci_lines([entry.text for entry in kept])}
        effect = words.WRITE_DEVICES_ONCE
        if not trial.offer(RemedyKind.SETTING, guest, lines, effect):
            trial.keep(guest, lines)


def name_functions(trial: Trial) -> None:
    """Replace an entry with ``*`` and no slot by an entry for each function."""
    stopped = {reason.device for reason in trial.now.reasons if reason.rule == SLOT_RULE}
    if not stopped or trial.host.functions is None or trial.stack.toolstack is not Toolstack.XL:
        return
    by_number = {device.number: device for device in trial.devices}
    entries: list[PciEntry] = []
    for number, entry in enumerate(trial.guest.pci):
        device = by_number.get(number)
        first = None if device is None or not device.pci.all_functions else device.pci.sbdf
        if device is None or first is None or first not in stopped:
            entries.append(entry)
            continue
        for sbdf in sorted(trial.host.siblings(first)):
            single = replace(device.pci, sbdf=sbdf, all_functions=False)
            entries.append(PciEntry(entry.place, entry_text(single, entry.text)))
    guest = replace(trial.guest, pci=tuple(entries))
    lines = {"pci": pci_lines([entry.text for entry in entries])}
    effect = words.WRITE_FUNCTIONS_APART_FOR_SLOT
    if not trial.offer(RemedyKind.SETTING, guest, lines, effect):
        trial.keep(guest, lines)


def with_functions_apart(trial: Trial) -> Trial | None:
    """Return a trial with an entry for each function that ``*`` means.

    ``*`` needs a slot in the guest, and xl up to 4.14 does not read it. None: no entry has it, or
    the host's functions are unknown.
    """
    if trial.stack.toolstack is not Toolstack.XL or trial.host.functions is None:
        return None
    entries: list[PciEntry] = []
    for entry in trial.guest.pci:
        match = _EVERY_FUNCTION.fullmatch(entry.text)
        if match is None:
            entries.append(entry)
            continue
        slot = (int(match[1] or "0", 16), int(match[2], 16), int(match[3], 16))
        present = [
            sbdf for sbdf in trial.host.functions if (sbdf.segment, sbdf.bus, sbdf.device) == slot
        ]
        if not present:
            return None
        entries += [PciEntry(entry.place, f"{sbdf}{match[4] or ''}") for sbdf in sorted(present)]
    if [entry.text for entry in entries] == [entry.text for entry in trial.guest.pci]:
        return None
    guest = replace(trial.guest, pci=tuple(entries))
    return trial.with_change(guest, {"pci": pci_lines([entry.text for entry in entries])})
