"""Sentences about one setting for all hosts of a fleet."""

from dmaragent.addresses import SBDF, AddressRange, span
from dmaragent.errors import DmaragentError
from dmaragent.policy.decisions import Harm
from dmaragent.policy.words import HARM_WORDS
from dmaragent.present.words.numbers import count
from dmaragent.releases import Release

# Why a result is unknown ----------------------------------------------------------------


def reserved_entries_not_all_avoided(release: Release) -> str:
    return (
        f"hvmloader of {release} may place a BAR over some reserved ranges, and with this "
        "mmio_hole its BARs begin below them"
    )


def region_not_in_map(region: AddressRange, sbdf: SBDF) -> str:
    return (
        f"the guest's memory map does not show region {span(region)} of {sbdf}, so hvmloader "
        "may place a BAR there"
    )


# Text -----------------------------------------------------------------------------------

LINES = "Write into the xl.cfg, in place of its own lines:"
BEST = "The best setting that was tried:"
LESS_MEMORY = "With less risk, and less memory (tried on every class):"
MORE_WITH_LESS_MEMORY = "On more hosts, with less memory (tried on every class):"
PROMISED = (
    "This is for devices that the guest has from its start. A device that is attached later may be "
    "refused: hvmloader places BARs from the start of the hole upwards, and avoids only the regions "
    "of devices that the guest starts with. Ask `dmaragent fleet move`"
)
UNCLEARABLE = (
    "Regions below 1 MiB or above 4 GiB cannot be avoided by mmio_hole. A device with one can "
    "need rdm_policy=relaxed, less memory, or another host"
)


def starts_everywhere(hosts: int, classes: int, at_risk: int, *, changed: bool) -> str:
    how = "with one setting" if changed else "as it is"
    where = f"{count(hosts, 'host')} in {count(classes, 'class', 'classes')}"
    risky = f", with a risk on {at_risk}" if at_risk else ""
    return f"starts {how} on every host{risky} ({where}, {'each ' if classes > 1 else ''}tried)"


def no_setting(starts: int, hosts: int) -> str:
    return (
        "no setting of mmio_hole and rdm_policy starts it on every host: the best one starts it "
        f"on {starts} of {hosts}"
    )


def no_room(room: int, region: AddressRange, host: str) -> str:
    return (
        f"no mmio_hole leaves {room} MiB below the regions of all hosts: region {span(region)} of "
        f"{host} is too low (the largest mmio_hole is 3840 MiB)"
    )


def unknown_setting(starts: int, hosts: int, unknown: int, without: int) -> str:
    open_hosts = [f"{unknown} unknown"] if unknown else []
    open_hosts += [f"no data for {without}"] if without else []
    return (
        f"unknown whether one setting starts it on every host: it starts on {starts} of {hosts}, "
        f"{', '.join(open_hosts)}"
    )


def low_memory(size: int) -> str:
    return (
        f"Guest memory below 4 GiB: at most {size} MiB; the rest is above. A 32-bit guest "
        "without PAE cannot use the rest"
    )


def reason_of_hole(region: AddressRange, host: str, bar_room: int | None) -> str:
    if bar_room is None:
        return f"Reason: RAM must end below region {span(region)} of {host}"
    return (
        f"Reason: RAM must end {bar_room} MiB below region {span(region)} of {host}, the lowest "
        "one of any device"
    )


def risk(harm: Harm, hosts: int) -> str:
    return f"Risk on {count(hosts, 'host')}: {HARM_WORDS[harm]}"


# Errors of the command ------------------------------------------------------------------

IS_KVM = "and this is a KVM guest: Linux decides about its devices with any memory layout"
IS_LIBVIRT = "and libvirt's XML has no mmio_hole and no rdm_policy"
IS_SAVED = "and xl reads no JSON"
HAS_BINARY_NUMBERS = "and this one has numbers with 0b: write them in decimal"
NEED_IS_ALL = DmaragentError(
    "--need has no meaning with --one-setting, which is about all hosts",
    "name the hosts with --hosts",
)
ROOM_WITHOUT_SETTING = DmaragentError("--bar-room needs --one-setting", "add --one-setting")
ROOM_IS_NEGATIVE = DmaragentError("--bar-room cannot be negative", "write a number of MiB")


def only_for_xl(source: str, why: str) -> DmaragentError:
    return DmaragentError(
        f"{source}: --one-setting needs an xl.cfg, {why}", "name the xl.cfg of an HVM or PV guest"
    )
