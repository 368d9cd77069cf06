"""The type of a request to ``/v1/explain-message``; docs/openapi.json contains its schema."""

from typing import TypedDict


class MessageRequest(TypedDict):
    """Messages to explain on this host."""

    message: str
    """One or more lines that Linux, Xen, QEMU, libvirt or another program printed, or a log."""
