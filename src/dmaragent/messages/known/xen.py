"""Messages of the Xen hypervisor when a device is assigned or misbehaves."""

from dmaragent.messages.known.define import message
from dmaragent.messages.model import MessageSeverity, Program

XEN = Program.XEN
_IOMMU = "xen/drivers/passthrough/vtd/iommu.c"
_PCI = "xen/drivers/passthrough/pci.c"
_RELAXED = (
    "If the guest may reach what the others keep in the region, make the device's policy "
    "relaxed. xl: 'SBDF,rdm_policy=relaxed' in pci=. Qubes: option no-strict-reset=True of "
    "qvm-pci, which sets the policy relaxed as well. libvirt has no such setting. XCP-ng and "
    "XenServer ask for relaxed themselves, but only after the quarantine, which refuses a shared "
    "region first. For USB controllers it is commonly done: their "
    "region is for the keyboard before the system starts. Options of the dom0 kernel have no "
    "effect: Xen decides."
)
_IN_QUARANTINE = (
    "No guest's configuration helps: what is refused is the way into the quarantine. xl "
    "pci-assignable-add asks for it with the relaxed policy, so that it is not refused. XCP-ng and "
    "XenServer ask for it with the strict policy before they give a device to a guest, and are "
    "refused for every shared region; pci-quarantine=false in xenopsd.conf leaves the quarantine "
    "out (seen in xenopsd's source, not tried). Its risk: whenever no guest has the device, what "
    "it still reads and writes reaches dom0's memory. Safer is a device that shares no region."
)
ASSIGN_ERRORS = {
    1: "EPERM: the device shares a region and the policy is strict; the line before names it.",
    16: "EBUSY: another guest has the device, or the guest has RAM where a region of the "
    "device must be.",
    18: "EXDEV: the guest uses memory sharing, paging, populate-on-demand or is being migrated.",
    19: "ENODEV: Xen does not know the device, or no remapping unit serves it.",
    22: "EINVAL: the guest is going away, or the toolstack asked for something that this Xen "
    "does not know.",
    95: "EOPNOTSUPP: the guest was started without an IOMMU, or the device is a conventional "
    "PCI one with a region behind a bridge.",
    98: "EADDRINUSE: a region of the device overlaps one that the guest has already, but is "
    "not the same.",
}
"""What Xen answers where a device is assigned: pci.c and vtd/iommu.c, as of 4.22."""

MESSAGES = (
    message(
        "xen-shared-rmrr-refused",
        XEN,
        MessageSeverity.REFUSAL,
        "Xen refuses the device: it shares a region with others, and the policy is strict",
        "It's disallowed to assign <sbdf> with shared RMRR at <address> for <domain>",
        releases="Xen 4.6 and later",
        meaning="The device scope of the region has more than one entry. Xen counts entries, "
        "whether the devices are there or not and whether they go to the same guest; a guest "
        "with one of them could reach the memory of the others. With the strict policy, the "
        "default of a device, it answers EPERM.",
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
        "Xen assigns the device, though it shares a region with others",
        "It's risky to assign <sbdf> with shared RMRR at <address> for <domain>",
        releases="Xen 4.6 and later",
        meaning="The policy is relaxed, so that Xen only warns: the guest can reach memory that "
        "the firmware shares among several devices.",
        advice="Nothing needs to be done where the guest is trusted with it; else assign "
        "another device.",
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
        meaning="It follows from the reason that its error number stands for.",
        advice="Look at the lines before it in xl dmesg, and at the error.",
        source=f"{_PCI}, assign_device and iommu_do_pci_domctl; checked in the source",
        by_error=ASSIGN_ERRORS,
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
        meaning="It is not about reserved memory: the device stays where it was, or is of no "
        "use to anybody.",
        advice="Look at the lines before it in xl dmesg; a reboot of the host takes it back.",
        source=f"{_PCI}, deassign_device; checked in the source",
    ),
    message(
        "xen-identity-map-conflict",
        XEN,
        MessageSeverity.REFUSAL,
        "The guest has other memory where a region of the device must be",
        "Cannot setup identity map <domain>:<page>, gfn already mapped to <number>",
        releases="Xen 4.6 and later",
        meaning="A region must be at its own address in the guest, and the guest has RAM or "
        "another device there. With the strict policy the device is refused (EBUSY); with "
        "relaxed the page is left out, and what the device does there hits the guest's memory. "
        "The numbers are pages of 4 KiB, not addresses.",
        advice="A guest's memory is laid out around regions only when it starts: give the "
        'device in its configuration, or rdm = "strategy=host". dmaragent resolve GUEST says '
        "what helps; dmaragent hotplug says it for xl pci-attach.",
        source="xen/arch/x86/mm/p2m.c, p2m_add_identity_entry (before 4.17: "
        "set_identity_p2m_entry); checked at every release tag from 4.6.0 to 4.22.0",
    ),
)
