"""The sentences about Xen's ``rmrr=`` option and about boot loaders, one function each.

Most are clauses that begin in lower case and have no full stop: answers list them.

* ``request``: a region on the command line that cannot be read.
* ``writer``: a wanted region without a range.
* ``check``: the result for a wanted region and for a range of an option.
* ``notes``: notes on an option.
* ``faults``: DMA faults that ask for no region.
* ``boot_loaders``: how to set and undo an option.
"""

from dmaragent.addresses import AddressRange


def bytes_of(pages: AddressRange) -> str:
    """Return a range of addresses, both inclusive."""
    return f"0x{pages.start:x}-0x{pages.end - 1:x}"
