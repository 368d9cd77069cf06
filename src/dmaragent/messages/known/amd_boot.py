"""Messages of the Linux kernel when it starts AMD's IOMMU, or runs without it."""

from dmaragent.messages.known.define import message
from dmaragent.messages.model import AMD, MessageSeverity, Program
from dmaragent.messages.words import NO_REGION

LINUX = Program.LINUX
_INIT = "drivers/iommu/amd/init.c"
_IOMMU = "drivers/iommu/amd/iommu.c"
_CHECKED = "checked in the sources of 5.10, 6.1, 6.12 and 7.2"

MESSAGES = (
    message(
        "linux-amd-iommu-off",
        LINUX,
        MessageSeverity.REFUSAL,
        "Linux does not use AMD's IOMMU: a kernel option disables it",
        "AMD-Vi: AMD IOMMU disabled",
        releases="every release with AMD-Vi",
        meaning="amd_iommu=off or iommu=off is on the kernel's command line. VFIO cannot pass through "
        "any device." + NO_REGION,
        advice="Remove the option and reboot. Nothing else is needed: AMD's IOMMU is on unless an "
        "option or the firmware setup disables it.",
        source=f"{_INIT}, state_next; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "linux-amd-option-unknown",
        LINUX,
        MessageSeverity.NOTE,
        "The kernel does not know a word of amd_iommu=",
        "AMD-Vi: Unknown option - '<word>'",
        releases="every release with AMD-Vi",
        meaning="The quoted word has no effect. amd_iommu=on is the common case: AMD's IOMMU is on "
        "unless the firmware setup or an option disables it." + NO_REGION,
        advice="No action is needed. You can remove the word from the kernel's command line, or correct"
        " its spelling.",
        source=f"{_INIT}, parse_amd_iommu_options; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "linux-amd-iommu-failed",
        LINUX,
        MessageSeverity.REFUSAL,
        "Linux could not start AMD's IOMMU, or not for one device",
        "Failed to initialize IOMMU Hardware (error=<errno>)",
        "AMD-Vi: Failed to initialize. The CMPXCHG16B feature is required",
        "AMD-Vi: Host Address Translation is not supported",
        "AMD-Vi: Disable host address translation due to invalid translation level",
        "AMD-Vi: Disable IOMMU on Stoney Ridge",
        "AMD-Vi: IOMMU not currently supported when SME is active",
        "System has more IOMMUs than supported by this driver",
        "AMD-Vi: Can not reserve memory region <any> for mmio",
        "AMD-Vi: This is a BIOS bug. Please contact your hardware vendor",
        "AMD-Vi: Failed to initialize - trying to proceed anyway",
        "DMA translation not supported by iommu",
        releases="every release with AMD-Vi; the words differ",
        meaning="A unit cannot be used, or the firmware's table (IVRS) is wrong about it. Devices "
        "behind it cannot be passed through." + NO_REGION,
        advice="Read the lines before it. Update the firmware, and report it to the machine's vendor.",
        source=f"{_INIT}, iommu_map_mmio_space, early_amd_iommu_init, amd_iommu_init_pci; "
        f"{_IOMMU}, amd_iommu_probe_device; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "linux-amd-interrupts-not-remapped",
        LINUX,
        MessageSeverity.REFUSAL,
        "Linux does not remap interrupts on this AMD host",
        "AMD-Vi: Disabling interrupt remapping",
        releases="every release with AMD-Vi",
        meaning="The firmware's table (IVRS) lacks the I/O APIC. VFIO then blocks every device (EPERM)."
        + NO_REGION,
        advice="Update the firmware. The kernel option ivrs_ioapic= names the I/O APIC by hand: with a "
        "wrong number the host does not boot.",
        source=f"{_INIT}, check_ioapic_information; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "linux-amd-iommu-on",
        LINUX,
        MessageSeverity.NOTE,
        "Linux uses AMD's IOMMU",
        "AMD-Vi: Interrupt remapping enabled",
        "AMD-Vi: Found IOMMU cap <number>",
        "AMD-Vi: Extended features (<any>)",
        "AMD-Vi: Virtual APIC enabled",
        "AMD-Vi: X2APIC enabled",
        "AMD-Vi: V2 page table enabled",
        "AMD-Vi: Cannot enable v2 page table for DMA-API. Fallback to v1",
        releases="every release with AMD-Vi",
        meaning="Nothing is wrong: IOMMU groups exist, and VFIO can work.",
        advice="No action is needed.",
        source=f"{_INIT}, print_iommu_info; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "linux-amd-fault-tables",
        LINUX,
        MessageSeverity.CONSEQUENCE,
        "The IOMMU's entries for the fault in the previous lines",
        "AMD-Vi: DTE[<number>]: <number2>",
        "AMD-Vi: CMD[<number>]: <number2>",
        "AMD-Vi: CMD Buffer head=<number> tail=<number2>",
        "AMD-Vi: Control Reg : <number>",
        "AMD-Vi: device=<sbdf> domain=<number>",
        "AMD-Vi: IOMMU GA Log overflow",
        "AMD-Vi: IOMMU GA Log restarting",
        "AMD-Vi: IOMMU <word> log overflow",
        "AMD-Vi: IOMMU <word> log restarting",
        "AMD-Vi: Unknown PPR request received",
        releases="every release with AMD-Vi",
        meaning="They belong to a fault. An overflow means that more faults happened than the log can "
        "store.",
        advice="Read the line of the fault.",
        source=f"{_IOMMU}, dump_dte_entry, dump_command, amd_iommu_int_thread; {_CHECKED}",
        vendor=AMD,
    ),
)
