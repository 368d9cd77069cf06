"""Files beside a guest's that name devices for it: Proxmox's mappings, libvirt's networks.

Sources: pve-guest-common src/PVE/Mapping/PCI.pm; libvirt src/conf/network_conf.c.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from dmaragent.guests.kvm_guest import MappedDevice
from dmaragent.guests.xml_tree import XmlError, read_documents

_HEAD = re.compile(r"(\S{1,128})\s*")
_MAP = re.compile(r"\s+map\s+(\S.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceMappings:
    """The texts of these files; empty: none was found."""

    mappings: str = ""
    """Proxmox' mapping/pci.cfg."""
    node: str = ""
    """The Proxmox node of the file, by its path; empty: unknown."""
    networks: tuple[str, ...] = ()
    """The XML of libvirt's networks."""

    def mapped(self, name: str) -> tuple[MappedDevice, ...] | None:
        """Return the devices that the mapping `name` may mean; None if they are unknown.

        Each is one alternative: Proxmox uses a free one.
        """
        paths: list[tuple[str, MappedDevice]] = []
        known, section = False, ""
        for line in self.mappings.splitlines():
            head = _HEAD.fullmatch(line)
            if head and not line[0].isspace():
                section = head[1]
                known = known or section == name
            match = _MAP.fullmatch(line)
            if match and section == name:
                parts = dict(part.partition("=")[::2] for part in match[1].split(","))
                device = MappedDevice(
                    path=parts.get("path", ""),
                    ids=parts.get("id", ""),
                    group=parts.get("iommugroup", ""),
                )
                paths.append((parts.get("node", ""), device))
        nodes = {node for node, _ in paths}
        node = self.node or (next(iter(nodes)) if len(nodes) == 1 else "")
        if not known or (len(nodes) > 1 and not node):
            return None
        return tuple(path for where, path in paths if where == node)

    def pools(self) -> Mapping[str, bool]:
        """Return whether each network is a pool of host devices."""
        pools: dict[str, bool] = {}
        for text in self.networks:
            try:
                roots = [*read_documents(text)]
            except XmlError:
                continue
            for root in roots:
                name, forward = root.first("name"), root.first("forward")
                if root.name == "network" and name is not None:
                    pool = forward is not None and forward.get("mode") == "hostdev"
                    pools[name.text.strip()] = pool
        return pools


NO_MAPPINGS = DeviceMappings()
"""For a text without a file."""
