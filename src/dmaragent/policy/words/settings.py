"""How a toolstack reads a guest's configuration, and which settings are in effect."""

from collections.abc import Sequence

from dmaragent.errors import entry_excerpt, excerpt
from dmaragent.guests.config import Vga
from dmaragent.guests.pci_text import PciRefusal, PciUndefined
from dmaragent.guests.rdm import RdmRefusal
from dmaragent.policy.decisions import Verdict
from dmaragent.releases import Release

# The settings as a toolstack reads them ---------------------------------------------------


def type_not_read(release: Release, kind: str) -> str:
    return f"xl {release} does not read type=, only builder=: the guest is {kind}"


def passthrough_not_read(release: Release) -> str:
    return f"xl {release} does not read passthrough="


def device_model_removed(release: Release) -> str:
    return (
        f"xl {release} does not know device_model_version = 'qemu-xen-traditional': 4.20 was the "
        "last release with it"
    )


def stub_domain_needs_traditional(release: Release) -> str:
    return f"libxl {release} runs only qemu-xen-traditional in a stub domain"


def library_reader(release: Release) -> str:
    """Return the host's libxlutil as the reader of a setting."""
    return f"the host's libxlutil {release}"


def rdm_dropped(reader: str, text: str, refusal: RdmRefusal, expected: RdmRefusal | None) -> str:
    """Return that `reader` ignores ``rdm=``; `expected` is where and why, as its release does."""
    how = "without a message" if refusal.silent else "with a message, and continues"
    shown = entry_excerpt(text, refusal.position)
    sentence = f"{reader} ignores rdm = '{shown}' {how}"
    if expected is None:
        return sentence
    return f"{sentence}. At character {expected.position + 1} it expects {expected.expected}"


def rdm_partly_unwritten(reader: str, text: str, unwritten: Sequence[str]) -> str:
    """Return that `reader` accepts ``rdm=`` and leaves the strategy or the policy unset."""
    return (
        f"{reader} accepts rdm = '{entry_excerpt(text)}' and never sets the "
        f"{' and '.join(unwritten)}. Any value is possible: xl reads uninitialized memory"
    )


def rdm_not_documented(text: str, refusal: RdmRefusal) -> str:
    shown = entry_excerpt(text, refusal.position)
    return f"rdm = '{shown}': character {refusal.position + 1} should be {refusal.expected}"


def pci_answer_unexpected(release: Release, text: str, *, taken: bool) -> str:
    """Return that the host's libxlutil contradicts what is known about its release."""
    does = "accepts" if taken else "refuses"
    return f"the host's libxlutil {release} {does} '{text}', unlike other builds of that release"


def pci_refused(release: Release, text: str, refusal: PciRefusal) -> str:
    shown = entry_excerpt(text, refusal.position)
    return (
        f"xl {release} cannot read '{shown}' and exits with {refusal.exit_status}: at character "
        f"{refusal.position + 1} it expects {refusal.expected}"
    )


def pci_undefined(release: Release, text: str, undefined: PciUndefined) -> str:
    shown = entry_excerpt(text, undefined.position)
    return f"the result of '{shown}' with xl {release} is unknown: {undefined.why}"


def pci_key_ignored(release: Release, key: str, text: str) -> str:
    shown = entry_excerpt(text)
    blank = " that contains a blank" if key.strip() != key else ""
    return (
        f"xl {release} ignores '{excerpt(key)}' in '{shown}' with a message: "
        f"it has no such key{blank}"
    )


def pci_flag_is_no(release: Release, word: str, text: str) -> str:
    shown = entry_excerpt(text, text.find(word))
    return f"xl {release} reads {excerpt(word)} in '{shown}' as no: only a number except 0 is yes"


def pci_not_documented(text: str, refusal: PciRefusal) -> str:
    shown = entry_excerpt(text, refusal.position)
    return f"'{shown}': character {refusal.position + 1} should be {refusal.expected}"


def setting_left_out(toolstack: str, name: str) -> str:
    return f"{toolstack} has no setting for {name}, so it is ignored"


def libvirt_ignores_policy(text: str) -> str:
    return f"libvirt has no setting for the rdm_policy of '{entry_excerpt(text)}', so it is ignored"


LIBVIRT_IGNORES_NO_STRICT_RESET = (
    "libvirt ignores nostrictreset, so the device is strict. Only Qubes' libvirt reads it, and "
    "makes the device relaxed (--toolstack qubes)"
)

TYPE_IGNORED = "type= is ignored"
PASSTHROUGH_IGNORED = "passthrough= is ignored"
RDM_IGNORED = "rdm= is ignored"
POLICY_IGNORED = "rdm_policy is ignored"


def key_ignored(key: str) -> str:
    return f"{excerpt(key.strip())} is ignored"


def setting_ignored(name: str) -> str:
    return f"{name}= is ignored"


# Differences of the manual pages, and what was reported -----------------------------------

_DOCUMENTED_DOES = {
    Verdict.STARTS: "starts",
    Verdict.REFUSED: "does not start",
    Verdict.UNDECIDED: "unknown",
}
DOCUMENTED_AND_REFUSED = "the manual pages allow it, and the release refuses it"


def not_documented(place: str, complaint: str) -> str:
    return f"{place}: the manual pages do not allow {complaint}"


def read_all_the_same(verdict: Verdict) -> str:
    return f"the release reads it all the same; the guest: {_DOCUMENTED_DOES[verdict]}"


def verdicts_differ(documented: Verdict, shipped: Verdict) -> str:
    return (
        f"the guest: documented {_DOCUMENTED_DOES[documented]}, shipped {_DOCUMENTED_DOES[shipped]}"
    )


def setting_differs(name: str, documented: str, shipped: Sequence[str]) -> str:
    return f"{name}: documented {documented}, shipped {' or '.join(shipped)}"


def one_device_reported(entries: int) -> str:
    """Return what was reported of xl 4.15 and a guest with several `entries` with rdm_policy."""
    return (
        "xl 4.15 adds only one of the devices to the guest if several entries have rdm_policy "
        f"(here: {entries}). `xl pci-attach` adds the others. Count the devices with `xl pci-list`, "
        "and repeat the policy for pci-attach."
    )


# The settings in effect: values and origins -----------------------------------------------

XL_DEFAULT = "default of xl"
LIBXL_DEFAULT = "default of libxl"
HAP_OF_HOST = "capability of the host"
HAP_ASSUMED = "assumed: the host's capability is unknown"
IN_STUB_DOMAIN = "in a stub domain: no effect"
STRATEGY_NEVER_WRITTEN = "ignore or host: never written"
POLICY_NEVER_WRITTEN = "any: never written"
DEFAULT = "default"
FROM_RDM = "from rdm="
RDM_NOT_READ = "default: rdm= is ignored"


def adapter_default(vga: Vga) -> str:
    return f"default of {vga.value}"


def without_effect(value: str) -> str:
    return f"{value}: no effect on regions"
