"""Bridges with impossible bus numbers: each is reported, and the buses behind it are unknown.

Linux renumbers such bridges before anything can read them (drivers/pci/probe.c,
``pci_scan_bridge_extend``: "bridge configuration invalid").  They appear only in copies of a host
that were edited or mixed.
"""

from collections.abc import Mapping

from dmaragent.addresses import SBDF
from dmaragent.host import words
from dmaragent.host.parse import Problems
from dmaragent.host.topology import PciFunction


def impossible_bridges(
    functions: Mapping[SBDF, PciFunction], problems: Problems
) -> dict[SBDF, PciFunction]:
    """Return the impossible bridges of `functions`, with the buses behind them unknown."""
    wrong: dict[SBDF, str] = {}
    behind: dict[tuple[int, int], list[SBDF]] = {}
    for sbdf, bridge in sorted(functions.items()):
        secondary, subordinate = bridge.secondary_bus, bridge.subordinate_bus
        if secondary is None:
            continue
        behind.setdefault((sbdf.segment, secondary), []).append(sbdf)
        if secondary <= sbdf.bus:
            wrong[sbdf] = words.bus_not_above(secondary, sbdf.bus)
        elif subordinate is not None and subordinate < secondary:
            wrong[sbdf] = words.highest_bus_below_first(subordinate, secondary)
    for (_, bus), bridges in behind.items():
        for sbdf in bridges if len(bridges) > 1 else ():
            others = [other for other in bridges if other != sbdf]
            wrong.setdefault(sbdf, words.bus_behind_others(bus, others))
    for sbdf, why in sorted(wrong.items()):
        problems.add(words.impossible_bridge(sbdf, why))
    return {
        sbdf: functions[sbdf]._replace(secondary_bus=None, subordinate_bus=None, buses_open=True)
        for sbdf in wrong
    }
