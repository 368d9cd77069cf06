"""Messages of the Linux kernel while it uses Intel's IOMMU: devices, mappings, interrupts."""

from dmaragent.messages.known.define import message
from dmaragent.messages.model import AMD, MessageAddress, MessageSeverity, Program
from dmaragent.messages.words import NO_REGION

LINUX = Program.LINUX
_DMAR = "drivers/iommu/intel/dmar.c"
_INTEL = "drivers/iommu/intel/iommu.c"
_REMAP = "drivers/iommu/intel/irq_remapping.c"
_CORE = "drivers/iommu/iommu.c"
_CHECKED = "checked in the sources of 5.10, 6.1, 6.12 and 7.2"
_UPDATE = (
    "Update the firmware. Report it to the machine's vendor with the output of dmaragent check."
)

MESSAGES = (
    message(
        "linux-region-not-mapped",
        LINUX,
        MessageSeverity.FIRMWARE,
        "Linux could not map a region for its device",
        "IOMMU driver was not able to establish FW requested direct mapping",
        ("AMD-Vi: Out of memory allocating dm-regions", "AMD, 5.10 and later", AMD),
        releases="Linux 6.4 and later; AMD's words before, too",
        meaning="The host's own driver loses access to memory that the firmware reserved for the device."
        " If Linux 6.12 or 7.2 on AMD cannot map the region at all, it makes no IOMMU group: no device "
        "of the host can be passed through. An IVMD block with the flag of a unity map and neither "
        "permission does that. Otherwise no effect on guests.",
        advice="Look for the region with dmaragent explain, and for groups in "
        "/sys/kernel/iommu_groups. " + _UPDATE,
        source=f"{_CORE}, iommu_setup_default_domain (152431e4fe7f); {_CHECKED}; the missing groups "
        "seen on booted machines",
    ),
    message(
        "linux-added-ram-not-mapped",
        LINUX,
        MessageSeverity.FAULT,
        "Linux could not map RAM that was added to the running host",
        "Failed to build identity map for [<number>-<number2>]",
        releases="6.1 with VT-d and iommu=pt; other releases were not read",
        meaning="The IOMMU blocks DMA of the host's devices to the added RAM. The numbers are pages of 4 KiB; "
        "older kernels may print bytes." + NO_REGION,
        advice="Boot without iommu=pt before you add RAM to the host, or reboot after it.",
        source=f"{_INTEL}, intel_iommu_memory_notifier, checked in the source of 6.1",
    ),
    message(
        "linux-address-too-wide",
        LINUX,
        MessageSeverity.REFUSAL,
        "The IOMMU translates fewer address bits than are mapped",
        "iommu width (<number>) is not sufficient for the mapped address (<address>)",
        releases="Linux 2.6.28 to 6.12",
        meaning="A guest or program mapped memory above the addresses that the device's remapping unit "
        "translates. Linux does not attach the device (EFAULT).",
        advice="Reduce the guest's address bits: -cpu host,host-phys-bits-limit=39 (39: the"
        " width in the message). The guest's memory must fit into that.",
        source=f"{_INTEL}, prepare_domain_attach_device; checked in the sources of 5.10, 6.1 and "
        "6.12",
        address=MessageAddress.GUEST,
    ),
    message(
        "linux-attach-failed",
        LINUX,
        MessageSeverity.CONSEQUENCE,
        "Linux could not attach the device to the IOMMU",
        "Domain context map failed",
        "Setup RID2PASID failed",
        "PASID table allocation failed",
        "Read-only mapping is disallowed on the domain which serves as the parent",
        "No free domain ids",
        "<iommu>Can't allocate dmar_domain",
        "<iommu>Domain initialization failed",
        "iommu driver failed to attach the default/blocking domain",
        "iommu driver failed to attach a compatible domain",
        "iommu driver failed to attach the default domain",
        "Failed to add to iommu group <group>: <errno>",
        "Failed to allocate default IOMMU domain of type <number> for group <any>",
        "but driver is overriding group <group> to <any>, refusing to probe",
        "IOMMU driver error, requesting conflicting def_domain_type",
        "Device needs domain type <word>, but device <sbdf> in the same iommu group requires type",
        "Multiple IOMMU drivers present for bus <word>",
        "late IOMMU probe at driver bind, something fishy here!",
        "DMA-aliased sibling may be prematurely unblocked",
        "Allocating <number>-page iova failed",
        "Device request: <any> dir <number> --- failed",
        "Device bounce map: <any> dir <number> --- failed",
        releases="every release with an IOMMU; the words differ",
        meaning="Memory or domain numbers of the IOMMU ran out, or its driver refused. The device does "
        "not work, neither for a guest nor for the host." + NO_REGION,
        advice="Read the lines before it. Update the kernel. If it happens again, report it.",
        source=f"{_INTEL}, dmar_insert_one_dev_info, domain_attach_iommu; {_CORE}, "
        f"__iommu_group_set_core_domain, iommu_group_alloc_default_domain; {_CHECKED}",
    ),
    message(
        "linux-domain-type-refused",
        LINUX,
        MessageSeverity.REFUSAL,
        "Linux does not change the mapping type of an IOMMU group",
        "Group not assigned to default domain",
        "Cannot change default domain: <any>",
        "Device cannot be in <word> domain",
        "Device is still bound to driver",
        releases="Linux 5.11 to 6.3",
        meaning="A user or program wrote to the type of the group in /sys/kernel/iommu_groups, but its "
        "devices have drivers, or the group has several devices." + NO_REGION,
        advice="Unbind the drivers of the group first. The host loses its devices.",
        source=f"{_CORE}, iommu_change_dev_def_domain; checked in the source of 6.1",
    ),
    message(
        "linux-map-unaligned",
        LINUX,
        MessageSeverity.REFUSAL,
        "A DMA mapping is not aligned to the IOMMU's pages",
        "unaligned: iova <address> pa <number> size <number2> min_pagesz",
        "unaligned: iova <address> size <number> min_pagesz",
        releases="every release with an IOMMU",
        meaning="A mapping of a driver, or a region of the firmware, begins or ends inside a page. Linux"
        " does not map it (EINVAL).",
        advice="dmaragent check names regions that are not page aligned. " + _UPDATE,
        source=f"{_CORE}, __iommu_map, __iommu_unmap; {_CHECKED}",
        address=MessageAddress.MEMORY,
    ),
    message(
        "linux-interrupts-not-remapped",
        LINUX,
        MessageSeverity.REFUSAL,
        "Linux does not remap interrupts",
        "Failed to enable irq remapping. You are vulnerable to irq-injection attacks",
        "Not enabling interrupt remapping",
        "This system BIOS has enabled interrupt remapping on a chipset that contains an erratum",
        "x2apic is disabled because BIOS sets x2apic opt out bit",
        "Use 'intremap=no_x2apic_optout' to override the BIOS setting",
        "Failed to setup irq remapping for <word>",
        "Compatibility-format IRQs enabled despite intr remapping",
        "<iommu>Failed to enable queued invalidation",
        "<iommu><word> does not support EIM",
        releases="every release with VT-d",
        meaning="VFIO then blocks every device (EPERM), because a guest could send interrupts to the "
        "host with one." + NO_REGION,
        advice="Enable interrupt remapping (x2APIC) in the firmware setup, update the firmware, and "
        "look for intremap=off on the kernel's command line.",
        source=f"{_REMAP}, intel_prepare_irq_remapping, intel_setup_irq_remapping; {_CHECKED}",
    ),
    message(
        "linux-interrupts-remapped",
        LINUX,
        MessageSeverity.NOTE,
        "Linux remaps interrupts",
        "<iommu>Enabled IRQ remapping in <word> mode",
        "Queued invalidation will be enabled to support x2apic and Intr-remapping",
        "<iommu>IOAPIC id <number> under DRHD base <number2>",
        "<iommu>HPET id <number> under DRHD base <number2>",
        releases="every release with VT-d",
        meaning="Nothing is wrong: VFIO needs it.",
        advice="No action is needed.",
        source=f"{_REMAP}, intel_enable_irq_remapping; {_CHECKED}",
    ),
    message(
        "linux-invalidation-error",
        LINUX,
        MessageSeverity.FAULT,
        "A remapping unit could not complete an invalidation",
        "VT-d detected Invalidation Queue Error: Reason <number>",
        "VT-d detected Invalidation Completion Error: SID <number>",
        "VT-d detected invalid descriptor: qw0 = <number>",
        "Invalidation Queue Error (IQE) cleared",
        "Invalidation Completion Error (ICE) cleared",
        "QI HEAD: <any> qw0 = <number>",
        "QI PRIOR: <any> qw0 = <number>",
        releases="Linux 5.10 and later",
        meaning="The kernel invalidated translations, and the unit or a device did not complete it. SID "
        "is the device's bus, device and function as one number." + NO_REGION,
        advice="Update kernel and firmware. If a device is named, check whether it hangs or was "
        "removed.",
        source=f"{_DMAR}, qi_dump_fault, qi_check_fault; {_CHECKED}",
    ),
    message(
        "linux-fault-tables",
        LINUX,
        MessageSeverity.CONSEQUENCE,
        "The IOMMU's tables for the address of a fault",
        "Dump <word> table entries for IOVA <address>",
        "<iommu>root table is not present",
        "<iommu>root entry: <number>",
        "<iommu>scalable mode root entry: hi <number>",
        "<iommu>context table is not present",
        "<iommu>context entry: hi <number>",
        "<iommu>legacy mode page table is not present",
        "<iommu>scalable mode page table is not present",
        "<iommu>pasid directory table is not present",
        "<iommu>pasid dir entry: <number>",
        "<iommu>pasid table is not present",
        "<iommu>pasid table entry[<number>]: <number2>",
        "<iommu>page table not present at level <number>",
        "<iommu>pte level: <number>, pte value: <number2>",
        ("<iommu>root table entry is not present", "seen in 6.3"),
        ("<iommu>context table entry is not present", "seen in 6.3"),
        ("<iommu>pasid directory entry is not present", "seen in 6.3"),
        ("<iommu>pasid table entry is not present", "seen in 6.3"),
        ("<iommu>PTE not present at level <number>", "seen in 6.3"),
        releases="Linux 5.18 and later",
        meaning="They belong to a fault: nothing is mapped after the last entry.",
        advice="Read the line of the fault.",
        source=f"{_INTEL}, dmar_fault_dump_ptes, pgtable_walk; checked in the sources of 6.1, 6.3, 6.12 "
        "and 7.2",
        address=MessageAddress.GUEST,
    ),
)
