"""Messages of the Xen hypervisor when it assigns a device, or a device misbehaves."""

from dmaragent.messages.known.define import message
from dmaragent.messages.model import MessageSeverity, Program, VendorAnswer
from dmaragent.messages.words import NOT_STRATEGY_HOST

XEN = Program.XEN
_IOMMU = "xen/drivers/passthrough/vtd/iommu.c"
_PCI = "xen/drivers/passthrough/pci.c"
_RELAXED = (
    "If the guest may reach the memory that the region shares with the other devices, relax the "
    "device's policy. xl: 'SBDF,rdm_policy=relaxed' in pci=. Qubes: option no-strict-reset=True "
    "of qvm-pci, which also relaxes the policy. libvirt has no such setting. XCP-ng and "
    "XenServer request relaxed themselves, but only after the quarantine, which refuses a shared"
    " region first. For USB controllers this is common: their region is for the keyboard before "
    "the system starts. Options of the dom0 kernel have no effect: Xen decides."
)
_IN_QUARANTINE = (
    "No guest configuration helps: Xen refuses to move the device into the quarantine. xl "
    "pci-assignable-add requests the relaxed policy, so Xen does not refuse it. XCP-ng and "
    "XenServer request the strict policy before they assign a device, so Xen refuses every "
    "shared region. pci-quarantine=false in xenopsd.conf skips the quarantine (found in "
    "xenopsd's source, not tested). Its risk: while no guest has the device, its DMA reaches "
    "dom0's memory. A device without a shared region is safer."
)
_OF_DOM0 = (
    "d0 is a PVH dom0: Xen prints the line while it starts and continues. It is then about dom0's own "
    "memory, and no guest is affected."
)
ASSIGN_ERRORS = {
    1: "EPERM: the device shares a region and the policy is strict; the line before names it.",
    16: "EBUSY: another guest has the device, or the guest has RAM where a region of the "
    "device must be.",
    18: "EXDEV: the guest uses memory sharing, paging, populate-on-demand or is being migrated.",
    19: "ENODEV: Xen does not know the device, or no remapping unit serves it.",
    22: "EINVAL: the guest is being destroyed, or this Xen does not know the toolstack's request.",
    95: "EOPNOTSUPP: the guest was started without an IOMMU, or the device is a conventional "
    "PCI one with a region behind a bridge.",
    98: "EADDRINUSE: a region of the device overlaps a different region that the guest already has.",
}
"""What Xen answers where a device is assigned: pci.c and vtd/iommu.c, as of 4.22."""
ASSIGN_ON_AMD = VendorAnswer(
    by_error={
        1: "EPERM: Xen's security policy (XSM) forbids it. AMD hosts have no rule about shared regions.",
        95: "EOPNOTSUPP: the guest was started without an IOMMU. Or the IOMMU sees the device under "
        "the ID of another, as behind a PCIe-to-PCI bridge, and that ID has a region.",
        98: "EADDRINUSE: a region of the device overlaps one that the guest already has, or has other "
        "rights.",
    }
)
"""The same on AMD: amd/pci_amd_iommu.c, amd_iommu_assign_device and what it calls, as of 4.22."""

MESSAGES = (
    message(
        "xen-shared-rmrr-refused",
        XEN,
        MessageSeverity.REFUSAL,
        "Xen blocks the device: it shares a region, and its policy is strict",
        "It's disallowed to assign <sbdf> with shared RMRR at <address> for <domain>",
        releases="Xen 4.6 and later",
        meaning="The device scope of the region has more than one entry. Xen counts all entries, present"
        " or not, even if the same guest gets all the devices. A guest with one of them could "
        "reach the memory of the others. With the strict policy, the default for a device, Xen "
        "returns EPERM.",
        advice=_RELAXED,
        in_quarantine=_IN_QUARANTINE,
        source=f"{_IOMMU}, intel_iommu_assign_device, 3848058e7d; checked in the source, both "
        "ways to write device and domain; for XCP-ng and XenServer xen-api, "
        "ocaml/xenopsd/xc/device.ml and xenopsd's option pci-quarantine",
    ),
    message(
        "xen-shared-rmrr-risky",
        XEN,
        MessageSeverity.NOTE,
        "Xen assigns the device although it shares a region",
        "It's risky to assign <sbdf> with shared RMRR at <address> for <domain>",
        releases="Xen 4.6 and later",
        meaning="The policy is relaxed, so Xen only warns. The guest can reach memory that several "
        "devices share.",
        advice="No action is needed if you trust the guest. Otherwise assign another device.",
        source=f"{_IOMMU}, intel_iommu_assign_device; checked in the source",
    ),
    message(
        "xen-assign-failed",
        XEN,
        MessageSeverity.CONSEQUENCE,
        "Xen did not assign the device",
        ("<domain>: assign (<sbdf>) failed (<errno>)", "4.14 and later"),
        ("<domain>: assign <sbdf> failed (<errno>)", "4.6 to 4.13"),
        ("assign <sbdf> to <domain> failed (<errno>)", "4.11.3 to 4.13"),
        (
            "XEN_DOMCTL_assign_device: assign <sbdf> to <domain> failed (<errno>)",
            "up to 4.12.1",
        ),
        releases="every release with passthrough",
        meaning="The error number gives the reason.",
        advice="Read the lines before it in xl dmesg, and the meaning of the error.",
        source=f"{_PCI}, assign_device and iommu_do_pci_domctl; checked in the source",
        by_error=ASSIGN_ERRORS,
        on_amd=ASSIGN_ON_AMD,
    ),
    message(
        "xen-deassign-failed",
        XEN,
        MessageSeverity.REFUSAL,
        "Xen did not take the device back from a guest or from the quarantine",
        "<domain>: deassign (<sbdf>) failed (<errno>)",
        ("<domain>: deassign <sbdf> failed (<errno>)", "4.6 to 4.13"),
        ("<domain>: deassign device (<sbdf>) failed", "4.6 to 4.13"),
        ("domain <domid>: deassign device (<sbdf>) failed!", "4.6 to 4.13"),
        ("deassign <sbdf> from <domain> failed (<errno>)", "4.6 to 4.13"),
        releases="every release with passthrough",
        meaning="This is not about reserved memory: the device keeps its owner, or no domain can use it.",
        advice="Read the lines before it in xl dmesg. A reboot of the host releases the device.",
        source=f"{_PCI}, deassign_device; checked in the source",
    ),
    message(
        "xen-identity-map-conflict",
        XEN,
        MessageSeverity.REFUSAL,
        "The guest has other memory at the address of a region",
        "Cannot setup identity map <domain>:<page>, gfn already mapped to <number>",
        releases="Xen 4.6 and later",
        meaning="A region must be at its own address in the guest, but the guest has RAM or another "
        "device there. With the strict policy, Xen blocks the device (EBUSY). With relaxed, Xen "
        "skips the page, and DMA of the device there reaches guest memory. The numbers are pages"
        f" of 4 KiB, not addresses. {_OF_DOM0}",
        advice="Guest memory avoids regions only if the guest starts with the device in its "
        'configuration, or with rdm = "strategy=host". dmaragent resolve GUEST shows the fixes, '
        "dmaragent hotplug those for xl pci-attach.",
        source="xen/arch/x86/mm/p2m.c, p2m_add_identity_entry (before 4.17: "
        "set_identity_p2m_entry); checked at every release tag from 4.6.0 to 4.22.0",
        on_amd=VendorAnswer(
            meaning="A unity range (IVMD block) must be at its own address in the guest, but the guest "
            "has RAM or another device there. With the strict policy, Xen blocks the device (EBUSY). "
            "With relaxed, Xen skips the page, and DMA of the device there reaches guest memory. An "
            f"exclusion range never causes this line. The numbers are pages of 4 KiB, not addresses. {_OF_DOM0}",
            advice="Guest memory avoids regions only if the guest starts with the device in its "
            "configuration. dmaragent resolve GUEST shows the fixes, dmaragent hotplug those for xl "
            "pci-attach. " + NOT_STRATEGY_HOST,
        ),
    ),
)
