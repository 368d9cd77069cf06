"""Hosts with an IVRS: every answer on any table, by several releases of Xen."""

from dmaragent.addresses import MIB, SBDF
from dmaragent.answers.devices import device_rows
from dmaragent.answers.explain import explain
from dmaragent.checks import check as find
from dmaragent.guests.config import EmulatedDevices, GuestConfig, GuestType, PciEntry
from dmaragent.inventory import take_inventory
from dmaragent.policy.host_facts import facts_of
from dmaragent.policy.hotplug import attach
from dmaragent.policy.resolution import Stack
from dmaragent.policy.resolver import resolve
from dmaragent.present.json.inventory import inventory_answer
from dmaragent.present.text.inventory_short import inventory_short_text
from dmaragent.present.text.tree import tree_text
from dmaragent.releases import Release
from fuzz.kinds import Kind, hold
from fuzz.tables import IVRS_WORDS, ivrs_seeds, sealed
from support.amd_hosts import host_of, table_alone

_RELEASES = tuple(map(Release.parse, ("4.15.5", "4.16.0", "4.17.7", "4.18.4", "4.20.4")))
_DEVICES = tuple(map(SBDF.parse, ("00:1d.0", "01:00.0", "00:01.0", "05:00.0")))


def check(data: bytes) -> None:
    """Ask everything about a host whose table is `data`, and about that table alone."""
    table = b"IVRS" + data[4:]
    release = _RELEASES[sum(data) % len(_RELEASES)]
    for host in (host_of(table, {}), host_of(table), table_alone(table)):
        taken = take_inventory(host, release)
        facts = facts_of(taken, release)
        stack = Stack(
            release=release,
            hypervisor=release,
        )
        inventory_answer(taken)
        hold(any(True for _ in inventory_short_text(taken, "")), "the inventory is empty")
        for _ in tree_text(taken):
            pass
        find(taken)
        device_rows(taken, facts, stack)
        for sbdf in _DEVICES:
            explain(taken, facts, stack, sbdf)
        resolve(_guest("01:00.0", "strategy=host"), facts, stack)
        attach("02:00.0", _guest(), facts, stack)


def _guest(device: str = "", rdm: str | None = None) -> GuestConfig:
    return GuestConfig(
        source="guest",
        name="guest",
        type=GuestType.HVM,
        builder=GuestType.HVM,
        typed=GuestType.HVM,
        memory=4096 * MIB,
        emulated=EmulatedDevices(),
        pci=(PciEntry("", device),) if device else (),
        rdm=rdm,
        passthrough="enabled",
    )


KIND = Kind(
    name="amd-hosts",
    check=check,
    seeds=ivrs_seeds,
    words=IVRS_WORDS,
    text=False,
    repair=sealed,
)
