"""The sentences of decisions about guests: a function or a constant each, its name the id.

A part of a sentence stands above the sentence that it completes.
"""

from collections.abc import Sequence

from dmaragent.addresses import MIB, SBDF, AddressRange, span
from dmaragent.errors import entry_excerpt, excerpt
from dmaragent.guests.config import Vga
from dmaragent.guests.pci import PciRefusal, PciUndefined
from dmaragent.guests.rdm import Policy, RdmRefusal, Strategy
from dmaragent.policy.decisions import Harm, Verdict
from dmaragent.releases import Release

HARM_WORDS = {
    Harm.NONE: "",
    Harm.SHARED: "other devices can use the same memory by DMA",
    Harm.HOST_MEMORY: "the guest can reach host memory",
    Harm.CORRUPTION: "DMA can overwrite guest RAM",
}
"""What each harm is, in words; nothing for none."""


# The settings as a toolstack reads them ---------------------------------------------------


def type_not_read(release: Release, kind: str) -> str:
    return f"xl {release} does not read type=, only builder=: the guest is {kind}"


def passthrough_not_read(release: Release) -> str:
    return f"xl {release} does not read passthrough="


def library_asked(release: Release) -> str:
    """Name the libxlutil of the host as the one that reads a setting."""
    return f"libxlutil {release}, asked on this host,"


def rdm_dropped(reader: str, text: str, refusal: RdmRefusal, expected: RdmRefusal | None) -> str:
    """`reader` ignores ``rdm=``; `expected` is where and why it does by what is known of it."""
    loud = "without a word" if refusal.silent else "with a message that does not stop it"
    shown = entry_excerpt(text, refusal.position)
    sentence = f"{reader} drops rdm = '{shown}' {loud}, as if it were not there"
    if expected is None:
        return sentence
    where = f"at character {expected.position + 1}"
    return f"{sentence} ({where}; it expects {expected.expected})"


def rdm_partly_unwritten(reader: str, text: str, unwritten: Sequence[str]) -> str:
    """`reader` takes ``rdm=`` without a strategy or a policy, which keep what memory held."""
    return (
        f"{reader} takes rdm = '{entry_excerpt(text)}' and leaves the {' and '.join(unwritten)} "
        "to memory that it never wrote: any value is possible"
    )


def rdm_not_documented(text: str, refusal: RdmRefusal) -> str:
    shown = entry_excerpt(text, refusal.position)
    return f"rdm = '{shown}': character {refusal.position + 1} should be {refusal.expected}"


def pci_answer_unexpected(release: Release, text: str, *, taken: bool) -> str:
    """The host's libxlutil contradicts what is known of its release."""
    does = "takes" if taken else "refuses"
    return f"libxlutil {release}, asked on this host, {does} '{text}' unexpectedly"


def pci_refused(release: Release, text: str, refusal: PciRefusal) -> str:
    shown = entry_excerpt(text, refusal.position)
    return (
        f"xl {release} refuses '{shown}' and exits with {refusal.exit_status}"
        f" (at character {refusal.position + 1}; it expects {refusal.expected})"
    )


def pci_undefined(release: Release, text: str, undefined: PciUndefined) -> str:
    shown = entry_excerpt(text, undefined.position)
    return f"what xl {release} makes of '{shown}' cannot be said: {undefined.why}"


def pci_key_ignored(release: Release, key: str, text: str) -> str:
    shown = entry_excerpt(text)
    blank = ", for the blank in it" if key.strip() != key else ""
    return f"xl {release} ignores '{excerpt(key)}' in '{shown}' with a message: no such key{blank}"


def pci_flag_is_no(release: Release, word: str, text: str) -> str:
    shown = entry_excerpt(text, text.find(word))
    return (
        f"xl {release} reads {excerpt(word)} in '{shown}' as no: only a number other than 0 is yes"
    )


def pci_not_documented(text: str, refusal: PciRefusal) -> str:
    shown = entry_excerpt(text, refusal.position)
    return f"'{shown}': character {refusal.position + 1} should be {refusal.expected}"


def setting_left_out(toolstack: str, name: str) -> str:
    return f"{toolstack} has no such setting: {name} is left out"


def libvirt_ignores_policy(text: str) -> str:
    return f"libvirt has no such setting: rdm_policy of '{entry_excerpt(text)}' is left out"


LIBVIRT_IGNORES_NO_STRICT_RESET = (
    "libvirt ignores nostrictreset, so the device is strict. Qubes' libvirt alone reads "
    "it, and makes the device relaxed (--toolstack qubes)"
)

TYPE_IGNORED = "type= is not read"
PASSTHROUGH_IGNORED = "passthrough= is not read"
RDM_IGNORED = "rdm= is dropped"
POLICY_IGNORED = "rdm_policy is left out"


def key_ignored(key: str) -> str:
    return f"{excerpt(key.strip())} is ignored"


def setting_ignored(name: str) -> str:
    return f"{name}= is left out"


# What libxl refuses before it builds anything ---------------------------------------------

PVH_WITHOUT_DEVICES = "a PVH guest cannot be given PCI devices"
PASSTHROUGH_DISABLED = "it has devices, and passthrough is disabled"
SHARE_PT_OF_PV_GUEST = "passthrough = share_pt is not valid for a PV guest"
SHARE_PT_UNSUPPORTED = (
    "passthrough = share_pt is not supported by this host: `xl info` lists no iommu_hap_pt_share"
)
SHARE_PT_WITHOUT_HAP = "passthrough = share_pt is only valid for guests with HAP"
SHARE_PT_UNKNOWN = (
    "whether passthrough = share_pt is supported is unknown: virt_caps of `xl info` "
    "does not say (iommu_hap_pt_share)"
)


def iommu_off(why: str) -> str:
    return f"no device can be passed through: {why}"


def passthrough_of_pvh_guest(passthrough: str | None) -> str:
    return f"passthrough = {passthrough} is refused for a PVH guest, devices or not"


def memory_below_maxmem(memory: int, maximum: int) -> str:
    return (
        f"memory ({memory // MIB} MiB) is less than maxmem "
        f"({maximum // MIB} MiB): populate on demand does not go with passthrough"
    )


def adapter_missing(device_model: str, vga: Vga) -> str:
    return f"{device_model} has no {vga.value}"


def videoram_too_small(video: int, vga: Vga, least: int) -> str:
    return f"videoram is {video // MIB} MiB; {vga.value} needs {least // MIB}"


# How a guest is built ---------------------------------------------------------------------

STRATEGY_OF_PVH_GUEST = (
    "strategy=host for a PVH guest: libxl reserves regions for it by settings of another "
    "kind of guest; nobody has seen what comes of it"
)
SHADOW_MISSING = "hap=0 needs shadow paging, which this Xen was built without"
SHADOW_UNKNOWN = (
    "hap=0 needs shadow paging, and whether this Xen has it is unknown: virt_caps of "
    "`xl info` does not say. Xen's log (`xl dmesg`) or a guest with hap=0 shows it"
)


def video_exceeds_memory(video: int, memory: int) -> str:
    return (
        f"{video // MIB} MiB of video memory are more than the guest's "
        f"{memory // MIB} MiB of memory: the size wraps around"
    )


def low_ram_below_loader(lowmem_end: int, loader: int) -> str:
    """The guest has no RAM at `loader`, where hvmloader is copied to."""
    wraps = ". Its size in the memory map wraps around" if lowmem_end < loader else ""
    return (
        f"low RAM ends at {lowmem_end:#x}, so the guest has none at {loader:#x}, where "
        f"hvmloader is loaded{wraps}"
    )


def too_many_map_entries(number: int) -> str:
    return f"the memory map would have {number} entries; libxl refuses 128"


def hvmloader_meets_region(region: AddressRange, own: AddressRange) -> str:
    return (
        f"the guest halts as it starts: {span(region)} is reserved in "
        f"{span(own)}, which hvmloader keeps for itself"
    )


def hvmloader_without_low_ram(lowmem_end: int) -> str:
    return f"the guest halts as it starts: low RAM ends at {lowmem_end:#x}, below 2 MiB"


# What becomes of a region when RAM moves: parts of the two sentences below, and of tables

NO_RAM_THERE = "the guest has no RAM there"
POLICY_UNSET = "no policy is set for it, and libxl up to 4.13 then leaves it out of the map"
CROSSES_FOUR_GIB = "it crosses 4 GiB, where libxl up to 4.13 sees RAM even if there is none"
EMPTY_ABOVE_FOUR_GIB = "it is above 4 GiB, where libxl counts it although it has no pages"
ABOVE_FOUR_GIB = "it is above 4 GiB, where libxl does not move RAM"
UNDER_MOVED_RAM = "RAM that was moved to above 4 GiB has come to lie there"


def below_boundary(boundary: int) -> str:
    words = f"{boundary:#x} ({boundary // MIB} MiB)"
    return f"it starts at or below the boundary {words}, so RAM stays"


def empty_below_boundary(boundary: int) -> str:
    return f"{below_boundary(boundary)}; libxl counts it although it has no pages"


def ram_moved(boundary: int, lowmem_end: int) -> str:
    return f"it starts above the boundary {boundary:#x}: low RAM now ends at {lowmem_end:#x}"


RDM_MAKES_STRICT = "rdm= makes it strict"


def device_makes_strict(sbdf: SBDF, *, explicit: bool) -> str:
    default = "" if explicit else ", the default of a device"
    return f"{sbdf} is strict{default}"


def strict_region_in_ram(region: AddressRange, why: str, makes_strict: str) -> str:
    return f"the guest has RAM in {span(region)}: {why}; {makes_strict}"


def region_hidden(region: AddressRange, why: str) -> str:
    return f"the guest is not told of {span(region)}: {why}"


# How devices are assigned -----------------------------------------------------------------


def function_there_already(sbdf: SBDF) -> str:
    return f"{sbdf} cannot be added: the guest has it already"


def function_given_twice(sbdf: SBDF) -> str:
    return f"{sbdf} cannot be added: it is given twice"


def name_unknown(name: str) -> str:
    return f"which device name={excerpt(name)} stands for is known to xenstore alone"


def all_functions_without_slot(entry: str) -> str:
    return f"{entry}: all functions (*) need a place in the guest, as @VSLOT"


def function_absent(sbdf: SBDF) -> str:
    return f"no function answers at {sbdf}: there is nothing to pass through"


def host_bridge(sbdf: SBDF) -> str:
    return f"{sbdf} is a host bridge, which Xen assigns to no guest"


def inherits_no_policy(sbdf: SBDF) -> str:
    return f"{sbdf} inherits a policy that is neither strict nor relaxed: libxl does not add it"


def _shared(region: AddressRange, sbdf: SBDF, sharers: int) -> str:
    return f"{span(region)} of {sbdf} is shared: its scope has {sharers} entries"


def shared_and_strict(region: AddressRange, sbdf: SBDF, sharers: int) -> str:
    return f"{_shared(region, sbdf, sharers)}, and the device is strict"


def shared_and_relaxed(region: AddressRange, sbdf: SBDF, sharers: int) -> str:
    shared = _shared(region, sbdf, sharers)
    return f"{shared}. Relaxed, Xen assigns it all the same, and calls it risky"


def _ram_in_region(region: AddressRange, sbdf: SBDF, ram: AddressRange) -> str:
    return f"the guest has RAM in {span(region)} of {sbdf}, at {span(ram)}"


def ram_in_strict_region(region: AddressRange, sbdf: SBDF, ram: AddressRange) -> str:
    overlap = _ram_in_region(region, sbdf, ram)
    return f"{overlap}, and the device is strict: it cannot be mapped there"


def ram_in_relaxed_region(region: AddressRange, sbdf: SBDF, ram: AddressRange) -> str:
    overlap = _ram_in_region(region, sbdf, ram)
    return f"{overlap}: Xen skips those pages, and the device's DMA there meets guest RAM"


_BRIDGED = "since XSA-400 Xen gives such a device to no guest while it has a region"


def conventional_pci(sbdf: SBDF, bridge: SBDF) -> str:
    return f"{sbdf} is conventional PCI behind the bridge {bridge}: {_BRIDGED}"


def conventional_pci_possible(sbdf: SBDF, bridge: SBDF) -> str:
    return f"{sbdf} may be conventional PCI behind the bridge {bridge}: {_BRIDGED}"


def conventional_pci_by_point_release(sbdf: SBDF, bridge: SBDF) -> str:
    return (
        f"{conventional_pci(sbdf, bridge)}, and the first "
        "point releases of this series are without it"
    )


def host_gap(sbdf: SBDF, unknown: str, next_step: str) -> str:
    """Something is `unknown` of the host on which the answer about a device depends."""
    return f"{sbdf}: {unknown}. {next_step.capitalize()}"


def regions_unknown(sbdf: SBDF) -> str:
    return f"the regions of {sbdf} are not known: Xen cannot be asked about it"


def regions_may_be_more(sbdf: SBDF, paths: Sequence[str]) -> str:
    shown = ", ".join(paths)
    return f"whether {sbdf} owns more regions is not known: these paths may lead to it: {shown}"


def sharing_unknown_without_table(sbdf: SBDF) -> str:
    return f"whether the regions of {sbdf} are shared is not known: there is no table"


def sharing_unknown_of_structure(sbdf: SBDF) -> str:
    why = "no structure of the table has them"
    return f"whether the regions of {sbdf} are shared is not known: {why}"


# What of the host decides -----------------------------------------------------------------

XENS_IOMMU_OFF = "Xen's IOMMU is off: `xl info` lists no directio among virt_caps"


def vtd_off_by_xen(why: str) -> str:
    return f"Xen switches VT-d off for the whole host: {why}"


XENS_LIST_LACKS_REGIONS = (
    "Xen's list lacks regions that Xen accepts by its rules, and nothing that was read says why"
)
TABLE_UNDECODED = "nothing of the table can be decoded, and no hypervisor answers"
NO_TABLE_NOR_HYPERVISOR = "there is neither a hypervisor that answers nor a table"
TABLE_DAMAGED = "the table is damaged: regions may be missing"


# What the verdict on a guest depends on ---------------------------------------------------

XAPI_NOT_MODELLED = (
    "XAPI builds guests by rules of its own, which are not modelled: its xenguest moves low RAM "
    "below every region of the guest's devices, without strategy, policy, boundary or 2 MiB "
    "rounding, and it always assigns devices relaxed"
)
ASSUMED_POLICY = {
    Policy.STRICT: "policy strict",
    Policy.RELAXED: "policy relaxed",
    Policy.INVALID: "policy unset",
    Policy.NEITHER: "a number that is no policy",
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
    Verdict.STARTS: "it starts with",
    Verdict.REFUSED: "it does not with",
    Verdict.UNDECIDED: "it cannot be said with",
}


def verdict_depends(assumptions: Sequence[tuple[Verdict, Sequence[str]]]) -> str:
    """The readings differ in their verdict; each verdict with what its readings assume."""
    parts = [f"{_BY_VERDICT[verdict]} {' or '.join(words)}" for verdict, words in assumptions]
    return f"it depends on what cannot be known beforehand: {'; '.join(parts)}"


def regions_may_be_missing(why: str, verdict: Verdict) -> str:
    """A region that is not known could change `verdict`, which is not undecided."""
    words = {Verdict.STARTS: "would start", Verdict.REFUSED: "would be refused"}[verdict]
    return f"{why}. By what is known it {words}"


GUEST_DOES = {
    Verdict.STARTS: "the guest starts",
    Verdict.REFUSED: "the guest does not start",
    Verdict.UNDECIDED: "whether the guest starts is unknown",
}
DEVICE_DOES = {
    Verdict.STARTS: "the device is attached",
    Verdict.REFUSED: "the device is refused",
    Verdict.UNDECIDED: "whether the device is attached is unknown",
}


def binary_numbers_decide(plain: str, binary: str) -> str:
    """The answer depends on how 0b is read; what it is for each reading, as in GUEST_DOES."""
    return (
        "it depends on the C library that libxlutil was built with: if that reads 0b as binary "
        f"(C23, as in Debian 13), {binary}; if not (as in Debian 12), {plain}"
    )


def message_of_reading(assumed: str, message: str) -> str:
    return f"with {assumed}, {message}"


# What becomes of a device that is attached ------------------------------------------------

NO_IOMMU_CONTEXT = (
    "the guest was created without a device and without passthrough=: it has no IOMMU "
    "context (strategy=host alone gives it none)"
)
NOTHING_KNOWN = "nothing is known of it"


def guest_unknown(why: str) -> str:
    return f"the guest itself is not known: {why}"


def guest_start_unknown(why: str) -> str:
    return f"whether the guest itself starts is unknown: {why}"


def guest_ram_unknown(why: str) -> str:
    return f"where its RAM lies is not known, for by the rules it does not start: {why}"


def attached_undefined(text: str, undefined: PciUndefined) -> str:
    return f"what xl makes of '{text}' cannot be said: {undefined.why}"


def attached_refused(text: str, refusal: PciRefusal) -> str:
    where = f"at character {refusal.position + 1}"
    return f"'{text}' is refused: {where} should be {refusal.expected}"


def _of_region(region: AddressRange, sbdf: SBDF) -> str:
    return f"{span(region)} of {sbdf}"


def _at_part(region: AddressRange, part: AddressRange) -> str:
    return "" if part == region else f", at {span(part)}"


def pages_in_strict_region(region: AddressRange, sbdf: SBDF, part: AddressRange, what: str) -> str:
    return (
        f"the guest has {what} in {_of_region(region, sbdf)}{_at_part(region, part)}"
        ", and the device is strict: it cannot be mapped there"
    )


def pages_in_relaxed_region(region: AddressRange, sbdf: SBDF, part: AddressRange, what: str) -> str:
    return (
        f"the guest has {what} in {_of_region(region, sbdf)}{_at_part(region, part)}"
        ": Xen skips those pages, and the device's DMA there overwrites them"
    )


def hole_unknown_of_strict(region: AddressRange, sbdf: SBDF, part: AddressRange, why: str) -> str:
    return (
        f"unknown what the guest has in {_of_region(region, sbdf)}{_at_part(region, part)}: {why}"
        ". `lspci -v` in the guest shows where its BARs are"
    )


def hole_unknown_of_relaxed(region: AddressRange, sbdf: SBDF, part: AddressRange, why: str) -> str:
    return (
        f"unknown what the guest has in {_of_region(region, sbdf)}{_at_part(region, part)}: {why}"
        ". Xen skips pages of guest memory there, and the device's DMA overwrites them"
    )


def region_under_emulated(  # noqa: PLR0913 - each is in the sentence
    region: AddressRange,
    sbdf: SBDF,
    part: AddressRange,
    what: str,
    *,
    certain: bool,
    strict: bool,
) -> str:
    """Xen maps a region over the BARs of an emulated device, `certain` to be there or not."""
    lies = "lies" if certain else "may lie"
    refused = ". If Xen drivers of the guest keep pages there, Xen refuses it (EBUSY)"
    return (
        f"{_of_region(region, sbdf)} {lies} under {what}{_at_part(region, part)}"
        ": Xen maps it there, and the guest then "
        f"reaches host memory where it expects that device{refused if strict and certain else ''}"
    )


# What lies in a guest's MMIO hole: parts of the sentences above ---------------------------

HVMLOADERS_OWN = "hvmloader and the local APIC use it"
PASSED_BARS_UNKNOWN = "the sizes of the BARs of the devices that the guest has are not known"
SMALL_BARS_DECIDE = "whether the BARs begin lower depends on the sizes of the small ones"
EMULATED_UNKNOWN = "the configuration does not say which devices are emulated, and what boots it"
DEVICE_MODEL_NOT_MODELLED = (
    "the device model is qemu-xen-traditional or in a stub domain, which is not modelled"
)
QXL_NOT_MODELLED = "the BARs of qxl are not modelled"
CIRRUS_SIZES = "QEMU's cirrus takes 4, 8 or 16 MiB of video memory"
STDVGA_SIZES = "QEMU's stdvga takes up to 512 MiB of video memory"
PLATFORM_BAR = "the Xen platform device's BAR"
CIRRUS_BAR = "the BAR of the display adapter (cirrus)"
STDVGA_FRAMEBUFFER = "the framebuffer of the display adapter (stdvga)"
SMALL_BARS = "the BARs of network cards, USB controllers and other emulated devices"


def reserved_ranges_stepped_over(release: Release) -> str:
    return f"hvmloader of {release} may not step over every reserved range"


def video_memory(vga: Vga) -> str:
    return f"the video memory of its display adapter ({vga.value})"


# Where the manual pages differ, and what was reported -------------------------------------

_DOCUMENTED_DOES = {
    Verdict.STARTS: "starts",
    Verdict.REFUSED: "does not start",
    Verdict.UNDECIDED: "may or may not start",
}
DOCUMENTED_AND_REFUSED = "the manual pages allow it, and the release refuses it"


def not_documented(place: str, complaint: str) -> str:
    return f"{place}: the manual pages do not allow {complaint}"


def read_all_the_same(verdict: Verdict) -> str:
    return f"the release reads it all the same, and the guest {_DOCUMENTED_DOES[verdict]}"


def verdicts_differ(documented: Verdict, shipped: Verdict) -> str:
    return (
        f"the guest: documented {_DOCUMENTED_DOES[documented]}, shipped {_DOCUMENTED_DOES[shipped]}"
    )


def setting_differs(name: str, documented: str, shipped: Sequence[str]) -> str:
    return f"{name}: documented {documented}, shipped {' or '.join(shipped)}"


def one_device_reported(entries: int) -> str:
    """Xl 4.15, as reported, gives the guest one of its `entries` with rdm_policy."""
    return (
        f"Of xl 4.15 it was reported that of several entries with rdm_policy (here: "
        f"{entries}) only one device appears in the guest, and that `xl pci-attach` adds "
        "the others. Count them with `xl pci-list`, and tell pci-attach the policy again."
    )


# The settings in effect: values and origins -----------------------------------------------

XL_DEFAULT = "default of xl"
LIBXL_DEFAULT = "default of libxl"
HAP_OF_HOST = "what the host can do"
HAP_ASSUMED = "assumed: what the host can do is not known"
IN_STUB_DOMAIN = "in a stub domain: no effect"
STRATEGY_NEVER_WRITTEN = "ignore or host: never written"
POLICY_NEVER_WRITTEN = "any: never written"
DEFAULT = "default"
FROM_RDM = "from rdm="


def adapter_default(vga: Vga) -> str:
    return f"default of {vga.value}"


def without_effect(value: str) -> str:
    return f"{value}: no effect"


def rdm_not_taken(place: str) -> str:
    return f"default: {place} is not taken"


def origin_of_device(origins: Sequence[str], place: str) -> str:
    return f"{' or '.join(origins)} ({place})"


def size(number: int) -> str:
    return f"{number // MIB} MiB" if number % MIB == 0 else f"{number // 1024} KiB"
