"""Sentences of ``boot-option``: incomplete questions, and what a log lacks."""

from dmaragent.errors import DmaragentError


def boot_option_asks(*, nothing: bool) -> DmaragentError:
    """Return the error of ``boot-option`` without a task, or with two."""
    given = "nothing to do" if nothing else "only one task at a time is possible"
    return DmaragentError(
        f"boot-option: {given}",
        "name regions (0xBASE-0xLIMIT=SBDF), or use --check [TEXT] or --from-log FILE",
    )


def not_a_region(why: Exception) -> DmaragentError:
    return DmaragentError(f"REGION {why}", "write a region like 0xbdf3e000-0xbdf5dfff=00:1d.0")


def command_line_unknown(where: str, option: str) -> DmaragentError:
    return DmaragentError(
        f"--check: Xen's command line is unknown for {where}",
        f"add the text: --check '{option}=...'; on a Xen host, run it as root in dom0",
    )


def no_option_in_text(option: str) -> DmaragentError:
    return DmaragentError(
        f"--check: the text has no {option}=",
        f"write it as on Xen's command line: '{option}=0x...=00:1d.0'",
    )


def no_fault_in_log(where: str) -> DmaragentError:
    return DmaragentError(
        f"--from-log: {where} contains no DMA fault of VT-d or AMD-Vi",
        "use the output of `xl dmesg` or `dmesg`, with lines like "
        "'[DMA Write] Request device [0000:00:1d.0] fault addr bdf3e000'",
    )


def only_faults_of_amd(where: str) -> DmaragentError:
    return DmaragentError(
        f"--from-log: {where} contains DMA faults of AMD-Vi only, and the host is not an AMD machine",
        "name the AMD host with --host, or use --vendor amd",
    )
