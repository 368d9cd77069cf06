// Every sentence of the page. Words for verdicts are those of the commands and of the report.

export const DEVICE_VERDICTS = {
    yes: "allowed",
    "on-conditions": "allowed with conditions",
    no: "blocked",
    unknown: "unknown",
    "not-applicable": "not applicable",
};
export const ALLOWED_WITH_RISK = "allowed with risk";
export const GUEST_VERDICTS = {
    starts: "will start",
    refused: "will not start",
    undecided: "unknown",
};
export const SEVERITIES = {
    critical: "critical",
    error: "error",
    warning: "warning",
    info: "note",
};
export const HOLDS = { direct: "locked", "direct-relaxable": "relaxable" };
export const PRESENCES = { present: "", absent: "absent", unknown: "possibly absent" };
export const EFFECTS = { refused: "refuses it", undecided: "unknown", warning: "warning" };
/** Return a text of the agent as a sentence, or as the next step. */
export const sentence = text => text.slice(0, 1).toUpperCase() + text.slice(1);
export const next = hint => hint && `Next: ${hint}.`;
export const UNKNOWN = "unknown";
export const NOTHING = "-";

export const absences = {
    denied: ["The table is present, but reading it needs root",
             "Check that dmaragent-capture.service ran: it reads the table as root"],
    failed: ["The table could not be read", "Fix the cause of that error"],
    "not-collected": ["The table was not read, so the host may or may not have one", ""],
    "pvh-dom0": ["Xen hides the table from this PVH dom0",
                 "Check that dmaragent-capture.service ran: it reads Xen's list as root, which needs no table"],
    hidden: ["The kernel found the table at boot, but does not show it",
             "Look for acpi= options, or for a kernel without ACPI's table files"],
    amd: ["There is no IVRS table: AMD-Vi is off in the firmware setup, or the machine lacks it",
          "Set IOMMU (AMD-Vi) to Enabled in the firmware setup"],
    arm: ["There is no DMAR or IVRS table: this is an Arm machine",
          "Rely on the regions that Linux reports in /sys/kernel/iommu_groups/*/reserved_regions"],
    "virtual-machine": ["There is no table: this is a virtual machine",
                        "Use dmaragent on the host, or give this machine a virtual IOMMU"],
    "no-acpi": ["This kernel shows no ACPI tables",
                "Boot without acpi=off; in a container, /sys/firmware may be hidden"],
    "vtd-off": ["There is no DMAR table: VT-d is off in the firmware setup, or the machine lacks VT-d",
                "Switch on VT-d (Intel Virtualization Technology for Directed I/O) in the firmware setup"],
    unknown: ["There is no table", "Switch on VT-d (AMD: the IOMMU) in the firmware setup"],
};

// The state -----------------------------------------------------------------------------

export const READING = "Reading this host…";
export const FILE_ONLY = "Published inventory only. It updates when the agent publishes another.";
export const NO_ANSWER = "There is no inventory of this host to show.";
export const live = (generation, scanned) =>
    `Live: inventory ${generation} of the agent, read ${new Date(scanned * 1000).toLocaleString()}.`;
export const changed = generation => `The host changed. Now: inventory ${generation}.`;

export const MISSED =
    "Missing: the verdicts on devices, the findings, the check of guests, and the report.";
export const SOCKET_OFF = "The local API is disabled, so only the published inventory is shown";
export const SOCKET_OFF_HINT = "To show everything, enable the socket and restart the service:";
export const ENABLE_SOCKET = [
    "sudo systemctl stop dmaragent.service",
    "sudo systemctl enable --now dmaragent.socket",
    "sudo systemctl start dmaragent.service",
];
export const NOT_ALLOWED = "You cannot use the local API, so only the published inventory is shown";
export const NOT_ALLOWED_NOTHING = "You cannot use the local API";
export const NOT_ALLOWED_HINT =
    "Only root and members of the group dmaragent can connect. Turn on administrative access in " +
    "Cockpit, or let an administrator add you to the group, then log in again:";
export const joinGroup = user => [`sudo usermod --append --groups dmaragent ${user}`];
export const NOT_RUNNING = "The agent is not running";
export const NOT_RUNNING_DETAIL =
    "There is no local API, and no published inventory. The state of this host is unknown.";
export const NOT_RUNNING_HINT = "Start the service, or find out why it does not run:";
export const START_SERVICE = [
    "sudo systemctl enable --now dmaragent.service",
    "systemctl status dmaragent.service",
];
export const NOT_READ = "The agent has no valid inventory of this host";
export const NOT_READ_HINT = "The log has more. This page continues when the agent has read the host:";
export const SHOW_LOG = ["sudo journalctl --unit dmaragent.service --lines 20"];
export const FAILED = "The agent does not answer as expected";
export const failedWith = (problem, detail) => [problem, detail].filter(Boolean).join(": ");
export const RETRIES = "This page tries again by itself.";
export const NO_TABLE = "This host has no table of reserved memory";
export const TABLE_UNREAD = "The table of reserved memory could not be read";
export const NO_TABLE_EFFECT = "Reserved regions are unknown. That is not the same as none.";
export const UNDECODABLE = "The table could not be decoded, so its regions are unknown";
export const INCOMPLETE = "The table is damaged: regions can be missing";
export const DAMAGED = "The table is damaged, but no region can be missing";
export const iommuOff = "Xen switches the IOMMU off for the whole host";
export const EMPTY_LIST = "Xen lists no region, so strategy=host reserves nothing";
export const UNDETERMINED = "The table names devices that could not be found";
export const NOT_FOUND_BEHIND = "Paths through a bridge whose bus is unknown:";
export const PROBLEMS = "Some readings failed, so answers can be unknown";
export const NEWER = "This document is newer than the page";
export const NEWER_HINT = "update the package dmaragent-cockpit and reload the page";

// Parts ---------------------------------------------------------------------------------

export const SUMMARY = "This host";
export const DEVICES = "Devices";
export const REGIONS = "Reserved regions";
export const PICTURE = "Address space";
export const FINDINGS = "Findings";
export const GUEST = "Will this guest start?";
export const NEEDS_API = "Needs the local API of the agent: see above.";
export const NOT_OFFERED =
    "The running agent does not offer this. Update the package dmaragent and restart dmaragent.service.";

export const TABLE = "Table";
export const XEN = "Xen";
export const LINUX = "Linux";
export const FIRMWARE = "Firmware";
export const KERNEL = "Kernel";
export const RELEASE = "Release";
export const bytes = number => `${number} bytes`;
export const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;
export const xenRelease = (release, dom0) =>
    `Xen ${release || "of unknown release"}${dom0 ? ", dom0" : ""}`;
export const LIST_SOURCES = {
    hypervisor: "reported by Xen",
    predicted: "predicted from the table",
    unknown: "unknown",
};
export const LINUX_STATES = {
    groups: "uses the IOMMU",
    "not-applicable-under-xen": "no IOMMU groups: Xen owns the IOMMU",
    "no-groups": "does not use the IOMMU",
    unknown: "unknown whether it uses the IOMMU",
};
export const listed = (entries, source) => source === "unknown"
    ? "Xen's list is unknown"
    : `${count(entries, "region")} in Xen's list (${LIST_SOURCES[source]})`;

const UNITS = [["TiB", 40n], ["GiB", 30n], ["MiB", 20n], ["KiB", 10n]];
/** Return a number of bytes to a tenth of the largest unit. */
export function size(number) {
    const whole = BigInt(number);
    for (const [unit, shift] of UNITS) {
        if (whole >= 1n << shift) {
            const tenths = (whole * 10n + (1n << (shift - 1n))) >> shift;
            const about = whole * 10n === tenths << shift ? "" : "about ";
            return `${about}${tenths / 10n}${tenths % 10n ? `.${tenths % 10n}` : ""} ${unit}`;
        }
    }
    return count(Number(whole), "byte");
}

/** Return ascending numbers as spans: 1-3, 5. */
export function spans(numbers) {
    const found = [];
    for (const number of numbers) {
        const last = found.at(-1);
        if (last && last[1] + 1 === number)
            last[1] = number;
        else
            found.push([number, number]);
    }
    return found.map(([first, last]) => first === last ? `${first}` : `${first}-${last}`).join(", ");
}

// Devices -------------------------------------------------------------------------------

export const DEVICE_COLUMNS = ["Device", "Xen", "Linux", "Regions", "Fix to try first"];
export const NAMED_COLUMNS = ["Device", "Regions", "Linux"];
export const DEVICES_CAPTION = "Whether a guest can have the device";
export const NAMED_CAPTION = "Devices that regions name";
export const NO_DEVICES = "No device of this host can be passed through.";
export const NO_NAMED = "No region names a device.";
export const DEVICES_UNKNOWN = "The devices are unknown.";
export const NO_VERDICTS = "The verdicts of Xen and Linux are unknown";
export const VERDICTS_PENDING = "The verdicts of Xen and Linux are being computed…";
export const VERDICTS_NEED_API = "The verdicts of Xen and Linux need the local API.";
export const others = (chipset, absent) =>
    `${count(chipset, "bridge or chipset function", "bridges and chipset functions")}, ` +
    `${count(absent, "absent device")}`;
export const OTHERS_CAPTION = "Bridges, chipset functions and absent devices";
export const leftOut = (number, command) => `${number} more not shown. All: ${command}`;
export const unknownFor = (number, why) => `Unknown for ${count(number, "device")}: ${why}`;
export const reported = number => `${number} reported`;
export const fixFor = (title, side) => side ? `${title} (${side})` : title;
export const decides = side => `Only ${side === "xen" ? XEN : LINUX} decides on this host.`;
export const BOTH_DECIDE = "It is unknown whether the host runs Xen, so both verdicts are shown.";
export const driver = name => `driver ${name}`;
export const RISK_MEANS =
    "Allowed with risk: firmware, device and guest can overwrite each other's memory.";
export const REPORTED_MEANS =
    "Reported: regions that Xen or Linux report and that no table has, so they have no number.";

// Regions -------------------------------------------------------------------------------

export const REGION_COLUMNS = ["Region", "Range", "Size", "Devices", "Xen", "Linux", "Memory map"];
export const REGIONS_CAPTION = "Ranges that firmware reserves for devices";
export const NO_REGIONS = "None: the table reserves no memory for devices.";
export const REGIONS_UNKNOWN = "Unknown: there is no decoded table.";
export const LIMIT_BELOW_BASE = "limit below base";
export const LISTED = "listed";
export const NOT_LISTED = "not listed";
export const because = (word, reason) => reason ? `${word}: ${reason}` : word;
export const PREDICTED = "predicted";
export const NOT_APPLICABLE = "not applicable";
export const NO_PRESENT_DEVICE = "no device";
export const devices = number => count(number, "device");
export const segment = number => `segment ${number.toString(16).padStart(4, "0")}`;
export const XEN_ONLY_CAPTION = "Ranges in Xen's list that the table does not have";
export const XEN_ONLY_COLUMNS = ["Range", "Size", "Origin"];
export const LIST_ORIGINS = {
    table: "the table",
    "rmrr-option": "the option rmrr=",
    "ivmd-option": "the option ivmd=",
    unexplained: "unexplained",
    unknown: "unknown: there is no table",
};
export const LINUX_ONLY_CAPTION = "Ranges that only Linux reports";
export const LINUX_ONLY_COLUMNS = ["Range", "Size", "Type", "IOMMU groups"];
export const LINUX_MEANS =
    "Locked: VFIO refuses the device. Relaxable: VFIO does not map the region.";

// The picture ---------------------------------------------------------------------------

export const NOTHING_TO_DRAW = "There is no region to draw.";
export const PICTURE_NAME = number =>
    `The ranges of the tables above by address, ${count(number, "range")}. Heights are not to scale.`;
export const gap = bytesBetween => `${size(bytesBetween)} between`;
export const regionLabel = (number, bytesOfIt, who) => `${number}: ${size(bytesOfIt)}, ${who}`;
export const xenLabel = bytesOfIt => `Xen only, ${size(bytesOfIt)}`;
export const linuxLabel = bytesOfIt => `Linux only, ${size(bytesOfIt)}`;
export const andMore = (first, more) => more ? `${first} +${more}` : first;
export const NOBODY = "no device";
export const PICTURE_NOTE = "Heights are not to scale. The report also has the firmware's memory map.";
export const tooMany = number => `${number} ranges are too many to draw. The tables have all.`;

// Findings ------------------------------------------------------------------------------

export const NO_FINDINGS = "No finding.";
export const FINDINGS_UNKNOWN = "The findings are unknown.";
export const checksRan = (ran, skipped) => skipped
    ? `${ran} checks ran. ${skipped} could not run, because something is unknown:`
    : `${ran} checks ran.`;
export const ON_XEN = "Effect on Xen";
export const ON_LINUX = "Effect on Linux";
export const FIX = "Fix";
export const DETAILS = "Details";
export const FINDING_ID = "ID";
export const SOURCE = "Source";
export const severityOf = (word, number) => number === 1 ? word : `${number} × ${word}`;
export const needed = (need, rules) => `${need}: ${rules.join(", ")}`;

// Guests --------------------------------------------------------------------------------

export const LIBVIRT_GUEST = "Guest of libvirt";
export const CHOOSE_GUEST = "Choose a guest…";
export const GUEST_FILE = "File";
export const GUEST_TEXT = "Configuration";
export const GUEST_TEXT_HELP =
    "An xl.cfg, libxl's JSON (xl list -l), libvirt's XML (virsh dumpxml) or a Proxmox VMID.conf.";
export const CHECK_GUEST = "Check the guest";
export const CHECKING = "Checking…";
export const NO_TEXT = "Choose a guest or a file, or paste a configuration.";
export const FILE_UNREADABLE = "The file could not be read";
export const LARGE_FILE = "The file is larger than 64 KiB, so it is not the configuration of a guest";
export const DUMPXML_FAILED = "libvirt does not return the guest";
export const CANNOT_ANSWER = "The guest could not be checked";
export const atLine = number => `Line ${number} of the configuration.`;
export const CHANGED_SINCE = "The host may have changed since this answer. Check the guest again.";
export const GUEST_WITHOUT_NAME = "The guest";
export const verdictOf = (name, verdict) => `${name}: ${verdict}`;
export const WHY = "Reasons";
export const WARNINGS = "Warnings";
export const FIXES = "Fixes, safest first, each tested by resolving the guest again";
export const decided = (who, effect) => effect ? `${who} (${effect})` : who;
export const MESSAGE_SHOWN = text => `Message: ${text}`;
export const COST = "Cost";
export const UNDO = "Undo";
export const HARMS = {
    none: "",
    shared: "Risk: other devices can use the same memory by DMA.",
    "host-memory": "Risk: the guest can reach host memory.",
    corruption: "Risk: DMA can overwrite guest memory.",
    "all-host-memory": "Risk: DMA can overwrite all memory of the host.",
};
export const WITH_FIX = {
    starts: "",
    refused: "This fix removes the first refusal, and another one remains.",
    undecided: "With this fix, the verdict is unknown.",
};
export const warningsLeft = number => `With this fix: ${count(number, "warning")}.`;
export const noFix = why => `No fix was found: ${why}`;
export const NEEDS = "Before the guest can start";
export const NOTES = "Notes on the configuration";
export const SETTING_LOST = text => `Ignored: ${text}`;
export const NO_REASON = "No reserved region is in the way.";
export const DEPENDS = "The result depends on what is unknown:";
export const hypervisorOf = (hypervisor, stack) => hypervisor === "kvm"
    ? "KVM: Linux (VFIO) decides."
    : `${stack.toolstack} ${stack.release}, Xen ${stack.hypervisor}.`;

// Downloads -----------------------------------------------------------------------------

export const REPORT = "Download report";
export const BUNDLE = "Download support bundle";
export const BUNDLE_NEEDS_ADMIN = "The bundle needs administrative access.";
export const REPORT_NEEDS_API = "The report needs the local API.";
export const BUNDLE_RUNS = "Collecting the bundle…";
export const REPORT_RUNS = "Writing the report…";
export const DOWNLOADED = name => `${name} is ready.`;
export const incomplete = name => `${name} is ready. A reading or an answer failed; the bundle has the reason.`;
export const REPORT_FAILED = "The report could not be written";
export const BUNDLE_FAILED = "The bundle could not be collected";
