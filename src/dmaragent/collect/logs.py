"""The logs of a collector's report as texts, without what several of them have alike."""

import re

from dmaragent.collect.reader import HostReader
from dmaragent.collect.reports.host import ReportHost

_STAMP = re.compile(
    r"(?:.{0,120}? kernel: )?(?:<\d{1,3}>)?(?:\[[ \d.]+\] |\[[A-Z][a-z]{2} [^]]{8,30}\] )?"
)
"""What dmesg, dmesg -T, syslog and the journal print before a message of the kernel."""


def report_logs(host: HostReader) -> list[str]:
    """Return the logs of `host` if it is a collector's report, none for any other host.

    dmesg, its journal and syslog hold the same messages with other time stamps: a line that
    an earlier log has is left out of a later one.
    """
    if not isinstance(host, ReportHost):
        return []
    texts = []
    known: set[str] = set()
    for _, content in host.logs():
        lines = content.decode("utf-8", "backslashreplace").splitlines()
        bare = [_bare(line) for line in lines]
        fresh = [line for line, text in zip(lines, bare, strict=True) if text not in known]
        known.update(bare)
        if fresh:
            texts.append("\n".join(fresh))
    return texts


def _bare(line: str) -> str:
    """Return a line without its time stamp."""
    found = _STAMP.match(line)
    return line[found.end() :] if found else line
