"""How to write settings that a release ignores, so that it accepts them."""

from collections.abc import Iterator
from dataclasses import replace

from dmaragent.guests.config import GuestType
from dmaragent.guests.rdm import Policy, RdmText, Strategy, read_rdm_documented
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.resolution import Resolution
from dmaragent.remedies import words
from dmaragent.remedies.guests.trial import Trial
from dmaragent.remedies.remedy import GuestRemedy, RemedyKind
from dmaragent.remedies.xlcfg_lines import change_entries, quote, respell_entry, with_policy


def respell_ignored_settings(trial: Trial) -> GuestRemedy | None:
    """Return a spelling that the release accepts for ignored ``rdm=`` or keys of ``pci=``."""
    guest, settings = trial.guest, trial.before.settings
    if not settings.ignored_settings or trial.stack.documented:
        return None
    meant = None if settings.rdm_taken or guest.rdm is None else _intended(guest.rdm)
    ignored = any(device.pci.ignored for device in settings.devices)
    untyped = guest.typed is GuestType.HVM and guest.type is not GuestType.HVM
    if meant is None and not ignored and not untyped:
        return None
    builder: tuple[str, ...] = ()
    if untyped:
        guest = replace(guest, type=GuestType.HVM, builder=GuestType.HVM)
        builder = ('builder = "hvm"',)
    texts = {}
    devices = {device.number: device for device in trial.devices}
    for number, entry in enumerate(guest.pci):
        device = devices.get(number)
        text = respell_entry(entry.text) if device is None or device.pci.ignored else entry.text
        if device is not None and meant is not None and "rdm_policy=" not in text:
            text = with_policy(device, meant.policy or Policy.STRICT)
        if text != entry.text:
            texts[number] = text
    other, lines = change_entries(guest, texts)
    for rdm in _rdm_texts(meant):
        after = trial.resolve(other if rdm is None else replace(other, rdm=rdm))
        if rdm is None or after.settings.rdm_taken:
            rdm_line = () if rdm is None else (f"rdm = {quote(rdm)}",)
            return _remedy((*builder, *rdm_line, *(lines if texts else ())), after)
    return None


def _rdm_texts(meant: RdmText | None) -> Iterator[str | None]:
    """Yield spellings of what ``rdm=`` was meant to be, the best first; None: unchanged."""
    if meant is not None and meant.strategy is not None:
        yield f"strategy=host,policy={(meant.policy or Policy.RELAXED).value}"
        yield "strategy=host"
    else:
        yield None


def _remedy(lines: tuple[str, ...], after: Resolution) -> GuestRemedy | None:
    undefined = Strategy.HOST in after.settings.strategies and len(after.settings.policies) > 1
    warned = len(after.reasons) if after.verdict is Verdict.STARTS else 0
    if not lines:
        return None
    return GuestRemedy(
        kind=RemedyKind.SPELLING,
        lines=lines,
        action=words.spelling_effect(after.verdict, policies_undefined=undefined),
        verdict=after.verdict,
        warnings=warned,
    )


def _intended(text: str) -> RdmText | None:
    """Return what ``rdm=`` was probably meant to be: as documented, ignoring blanks and case."""
    for attempt in (text, "".join(text.split()).lower().strip(",").replace("'", "")):
        read = read_rdm_documented(attempt)
        if isinstance(read, RdmText):
            return read
    return None
