"""What only root may read, kept for the agent and for the group dmaragent.

A bundle like any other, of the ledger's entries that need root and no others.
"""

from dmaragent.collect.bundling import pack
from dmaragent.collect.collect import collect
from dmaragent.collect.ledger import CLOCK
from dmaragent.collect.reader import HostReader
from dmaragent.collect.recorded.recording import Recorder, files_of

TOP = "capture"


def capture(host: HostReader) -> bytes:
    """Give the bundle of what `host` tells root alone: a plain tar."""
    recorder = Recorder(host)
    collect(recorder)  # all of it: which functions Xen is asked about is read on the way
    recorder.call(CLOCK.request())
    kept = {
        request: answer
        for request, answer in recorder.answers.items()
        if request.needs_root or request == CLOCK.request()
    }
    return pack(files_of(kept), TOP, 0, compress=False)
