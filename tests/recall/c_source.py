"""Format strings of printing calls in C source, with the function that each stands in."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_PRINTERS = re.compile(
    r"\b(?P<name>"
    r"pr_(?:emerg|alert|crit|err|warn|warning|notice|info)(?:_once|_ratelimited)?"
    r"|dev_(?:emerg|alert|crit|err|err_probe|warn|notice|info|printk|WARN)(?:_once|_ratelimited)?"
    r"|pci_(?:emerg|alert|crit|err|warn|notice|info|printk)(?:_once|_ratelimited)?"
    r"|printk(?:_once|_ratelimited)?|WARN(?:_ONCE|_TAINT|_TAINT_ONCE)?|panic|early_panic"
    r"|[gd]{1,2}printk|gdprintk|guest_?printk"
    r"|LOG(?:E|EV|D|ED|EVD)?|LIBXL__LOG(?:_ERRNO(?:VAL)?)?|libxl__log|XLU__PCI_ERR|f?printf|PRINTF|BUG_ON_MSG"
    r"|error_(?:setg|setg_errno|report|append_hint|prepend|printf)|warn_report(?:_once)?"
    r"|error_propagate_prepend|info_report"
    r"|(?:RTE|EAL|PCI)_LOG(?:_LINE)?|VMBUS_LOG"
    r"|amd_iommu_debug|DUMP_printk|AMD_IOMMU_(?:ERROR|WARN|VERBOSE|DEBUG)"
    r")\s*\("
)
_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_COMMENT = re.compile(r'("(?:[^"\\\n]|\\.)*")|/\*.*?\*/|//[^\n]*', re.DOTALL)
_LAST_WORD = re.compile(r"(?<![\w,])\b(\w+)$")
_TOKEN = re.compile(r'\s*(?:"((?:[^"\\\n]|\\.)*)"|\b([A-Za-z_]\w*)\b)')
_FUNCTION = re.compile(r"^(?=[A-Za-z_])[^;={}#\n]*?\b(\w+)\s*\(", re.MULTILINE)
_PREFIX = re.compile(r'^#define[ \t]+(pr|dev)_fmt\(fmt\)[ \t]+"([^"\n]*)"', re.MULTILINE)
_MACROS = {
    "PRIx64": "lx", "PRIX64": "lX", "PRIu64": "lu", "PRId64": "ld", "PRIx32": "x", "PRIu32": "u",
    "PRIpaddr": "016lx", "PRI_mfn": "05lx", "PRI_gfn": "05lx", "PRI_pfn": "05lx", "PRIu16": "u",
    "PRI_xen_pfn": "016lx", "PRIuMAX": "u", "PRIx16": "x", "PRIxMAX": "x", "PRIu8": "u",
    "PRI_stdval": "lx", "PRIddr": "lx", "HWADDR_PRIx": "lx", "VFIO_MSG_PREFIX": "vfio %s: ",
    "PRI_pci_addr": "%04x:%02x:%02x.%x", "PCI_PRI_FMT": "%04x:%02x:%02x.%x",
    "PCI_BDF": "%04x:%02x:%02x.%01x", "PCI_BDF_VDEVFN": "%04x:%02x:%02x.%01x@%02x",
    "PCI_BDF_XSPATH": "%04x-%02x-%02x-%01x", "PRIxPTR": "lx", "RAM_ADDR_FMT": "%lx",
    "PRI_SBDF": "%04x:%02x:%02x.%u", "TARGET_FMT_lx": "%lx", "PRIuPTR": "lu", "PRIxSIZE": "lx",
    "PRI_dfn": "lx", "SYSFS_PCIBACK_DRIVER": "/sys/bus/pci/drivers/pciback",
    "VTDPREFIX": "[VT-D]", "ERMRRU_FMT": "[%lx-%lx]", "PRIiPTR": "ld", "PCI_BDF1": "%x:%x:%x",
}  # fmt: skip
_XEN_PREFIXES = {
    "AMD_IOMMU_ERROR": "AMD-Vi: Error: ",
    "AMD_IOMMU_WARN": "AMD-Vi: Warning: ",
    "AMD_IOMMU_VERBOSE": "AMD-Vi: ",
    "AMD_IOMMU_DEBUG": "AMD-Vi: ",
}
"""What the macros of Xen's drivers/passthrough/amd/iommu.h put before a text."""
_DEBUG = re.compile(r"^\s*(?:\w+,\s*)?(?:LIBXL__LOG_|XTL_)?(?:DEBUG|DETAIL|VERBOSE)\b")
"""What libxl prints only with xl -vvv."""
_ESCAPES = {"n": " ", "t": " ", '"': '"', "\\": "\\", "r": " "}


@dataclass(frozen=True, slots=True, order=True)
class Printed:
    """One format string: where it is printed."""

    file: str
    function: str
    text: str


def printed(file: str, source: str) -> Iterator[Printed]:
    """Yield the format strings that the C `source` of `file` prints, in its order.

    What the kernel puts before them belongs to them: pr_fmt, and driver and device of dev_printk.
    """
    bare = _COMMENT.sub(lambda match: match[1] or "\n" * match[0].count("\n"), source)
    prefixes = {match[1]: match[2] for match in _PREFIX.finditer(source)}
    if "#define dev_fmt(fmt) pr_fmt(fmt)" in re.sub(r"[ \t]+", " ", source):
        prefixes["dev"] = prefixes.get("pr", "")
    functions = [(match.start(), match[1]) for match in _FUNCTION.finditer(bare)]
    for call in _PRINTERS.finditer(bare):
        if bare[: call.start()].rpartition("\n")[2].lstrip().startswith("#define"):
            continue
        arguments = _arguments(bare, call.end())
        text = "" if _DEBUG.match(arguments) else _first_format(arguments)
        if text:
            if call["name"].startswith(("pr_", "DUMP_")):
                text = prefixes.get("pr", "") + text
            elif call["name"] in _XEN_PREFIXES:
                text = _XEN_PREFIXES[call["name"]] + text
            elif call["name"].startswith(("dev_", "pci_")):
                text = "%s %s: " + prefixes.get("dev", "") + text
            inside = [name for at, name in functions if at < call.start()]
            yield Printed(file, inside[-1] if inside else "", text)


def _arguments(source: str, at: int) -> str:
    """Return what stands between the parenthesis that was opened before `at` and its end."""
    depth, place = 1, at
    while depth and place < min(len(source), at + 4000):
        if source[place] == '"':
            match = _STRING.match(source, place)
            place = match.end() if match else place + 1
            continue
        depth += {"(": 1, ")": -1}.get(source[place], 0)
        place += 1
    return source[at : place - 1]


def _first_format(arguments: str) -> str:
    """Return the first run of string literals, macros among them put into words."""
    for start in _STRING.finditer(arguments):
        before = arguments[: start.start()].rstrip()
        name = _LAST_WORD.search(before)
        text, at = "", start.start()
        if name is not None and name[1] in _MACROS:
            text = _MACROS[name[1]]
        elif "VTDPREFIX" in before:  # dprintk(VTDPREFIX, "...")
            text = "[VT-D]"
        while match := _TOKEN.match(arguments, at):
            literal, macro = match.groups()
            if literal is None and macro not in _MACROS:
                break
            text += _MACROS[macro] if literal is None else _unescaped(literal)
            at = match.end()
        if text.strip():
            return re.sub(r"\s+", " ", text).strip()
    return ""


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], ""), text)
