"""Messages of xl and libxlutil about parts of a configuration that they cannot read."""

from dmaragent.messages.known.define import message
from dmaragent.messages.model import MessageSeverity, Program

XL = Program.XL
_XLU = "tools/libs/util/libxlu_pci.c (before 4.15: tools/libxl/libxlu_pci.c)"
_RESOLVE = "dmaragent resolve GUEST shows how this release reads it."

MESSAGES = (
    message(
        "xl-rdm-unreadable",
        XL,
        MessageSeverity.FIRMWARE,
        "xl cannot read rdm= and continues without it",
        "Unknown RDM state option: <written>",
        "Unknown RDM strategy option: <written>",
        ("Unknown RDM property policy value: <written>", "up to 4.14"),
        ("Unknown RDM property value: <written>", "up to 4.13"),
        releases="Xen 4.6 and later",
        meaning="xl does not know the quoted name or value. A space after a comma belongs to the word "
        "that follows it. xl then starts the guest as if rdm= were absent.",
        advice=_RESOLVE,
        source=f"{_XLU}, xlu_rdm_parse; checked in the source",
    ),
    message(
        "xl-policy-unreadable",
        XL,
        MessageSeverity.REFUSAL,
        "xl does not know the policy in the configuration",
        ("<word> is not an valid PCI RDM property policy: 'strict' or 'relaxed'", "up to 4.14"),
        ("Unknown RDM policy: <written>", "4.15 and later; of rdm= as well"),
        releases="Xen 4.6 and later",
        meaning="A policy is strict or relaxed, without spaces. In a device's entry, xl stops. In rdm=, "
        "where xl from 4.15 on prints the same line, it continues: strategy= counts, and the "
        "policy is not set.",
        advice=_RESOLVE,
        source=f"{_XLU}, xlu_pci_parse_bdf, parse_rdm_policy; checked in the source",
    ),
    message(
        "xl-pci-option-unknown",
        XL,
        MessageSeverity.REFUSAL,
        "xl does not know an option of a device",
        ("Unknown PCI BDF option: <written>", "up to 4.14, which ignores the option"),
        ("Unknown PCI_SPEC_STRING option: <written>", "4.15 and later, which stops"),
        releases="every release with passthrough",
        meaning="A space after a comma belongs to the name that follows it: write "
        "'00:1d.0,rdm_policy=relaxed'. Up to 4.14, the device keeps its default policy, strict, "
        "and xl prints nothing else.",
        advice=_RESOLVE,
        source=f"{_XLU}, xlu_pci_parse_bdf, xlu_pci_parse_spec_string; checked in the source",
    ),
    message(
        "xl-pci-unreadable",
        XL,
        MessageSeverity.REFUSAL,
        "xl cannot read a device's entry and does not start the guest",
        ("unable to parse PCI BDF `<word>' for passthrough", "up to 4.14"),
        ("unable to parse PCI_SPEC_STRING `<word>' for passthrough", "4.15 and later"),
        ('pci-attach: malformed BDF specification "<word>"', "up to 4.14"),
        ('pci-attach: malformed PCI_SPEC_STRING "<word>"', "4.15 and later"),
        ('pci-detach: malformed BDF specification "<word>"', "up to 4.14"),
        ('pci-detach: malformed PCI_SPEC_STRING "<word>"', "4.15 and later"),
        'pci-assignable-add: malformed BDF specification "<word>"',
        'pci-assignable-add: malformed BDF "<word>"',
        'pci-assignable-remove: malformed BDF specification "<word>"',
        "pci-assignable-remove: malformed BDF '<word>'",
        releases="every release with passthrough",
        meaning="An entry is an address such as 0000:00:1d.0, with options after commas, without spaces.",
        advice=_RESOLVE,
        source="tools/xl/xl_parse.c, parse_config_data; tools/xl/xl_pci.c, pciattach; checked "
        "in patches",
    ),
    message(
        "xl-option-unreadable",
        XL,
        MessageSeverity.REFUSAL,
        "xl cannot read an option about passthrough and does not start the guest",
        ("ERROR: unknown passthrough option '<word>'", "4.13 and later"),
        ('ERROR: invalid value "<word>" for "gfx_passthru"', "4.7 and later"),
        'ERROR: invalid value <number> for "mmio_hole"',
        releases="Xen 4.6 and later",
        meaning="passthrough accepts default, disabled, enabled, sync_pt or share_pt. gfx_passthru "
        "accepts a boolean or igd. mmio_hole is the size in MiB of the hole for devices below 4 "
        "GiB, 256 to 3840.",
        advice="Correct the value in the guest's configuration.",
        source="tools/xl/xl_parse.c (before 4.9: tools/libxl/xl_cmdimpl.c), parse_config_data; "
        "checked at every release tag from 4.6.0 to 4.22.0",
    ),
)
