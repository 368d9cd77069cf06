"""Sentences about a table of IOMMUs, and the evidence for a missing one."""

# Why a table is not examined ------------------------------------------------------------


def structures_of(kind: str) -> str:
    return f"{kind} structures"


SCOPE_ENTRIES = "device scope entries"


def too_many_to_examine(number: int, what: str, most: int) -> str:
    return (
        f"it has {number:,} {what}, but dmaragent examines at most {most:,}; "
        "`dmaragent decode` shows all of them"
    )


# Evidence for the reason that there is no table -----------------------------------------

GUEST_TYPE_PVH = "/sys/hypervisor/guest_type is PVH"
HYPERVISOR_HAS_REGIONS = "the hypervisor lists reserved device memory, but the kernel has no table"
HYPERVISOR_USES_IOMMU = "the hypervisor uses an IOMMU (xl info), but the kernel has no table"
IORT_PRESENT = "it has an IORT table"
ARM_PROCESSOR = "the processor is from Arm"
VTD_OFF = "VT-d is off in the firmware setup, or the machine lacks it"
AMD_VI_OFF = "AMD-Vi is off in the firmware setup, or the machine lacks it"
INTEL_PROCESSOR = "the processor is from Intel"
PROCESSOR_VIRTUAL = "the processor reports a hypervisor"


def reading_error(path: str, error: str) -> str:
    return f"{path}: {error}"


def logged_table(line: str) -> str:
    return f"boot log: {line}"


def processor_is(vendor: str) -> str:
    return f"the processor is {vendor}"


# AMD's device IDs -----------------------------------------------------------------------

DEVICE_ENTRIES = "device entries"
REGIONS_OF_DEVICES = "IVMD blocks on a host of so many functions"
ALL_DEVICES = "all devices"
FUNCTIONS_UNKNOWN = "the PCI functions of this host are unknown"


def no_device(sbdf: str) -> str:
    return f"no device is present at {sbdf}"


def alias(devices: str, seen_as: str) -> str:
    """The IOMMU sees the requests of `devices` with another device ID."""
    return f"{devices} as {seen_as}"


def all_behind(iommu: str) -> str:
    """All devices of the IOMMU whose own PCI function is `iommu`."""
    return f"all devices of the IOMMU {iommu}"
