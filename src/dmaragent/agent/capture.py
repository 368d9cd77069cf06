"""What only root can read, kept for the agent and for the group dmaragent.

The result is an ordinary bundle with only the entries of the ledger that need root.
"""

from dmaragent.collect.bundling import pack
from dmaragent.collect.collect import collect
from dmaragent.collect.ledger import CLOCK
from dmaragent.collect.reader import HostReader
from dmaragent.collect.recorded.recording import Recorder, files_of

TOP = "capture"


def capture(host: HostReader) -> bytes:
    """Return a bundle, a plain tar, of the readings of `host` that need root."""
    recorder = Recorder(host)
    collect(recorder)  # everything: an earlier reading decides which functions Xen is queried about
    recorder.call(CLOCK.request())
    kept = {
        request: answer
        for request, answer in recorder.answers.items()
        if request.needs_root or request == CLOCK.request()
    }
    return pack(files_of(kept), TOP, 0, compress=False)
