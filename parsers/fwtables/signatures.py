"""The signatures of the tables that this package decodes, and the names of their files."""

SIGNATURES = (b"DMAR", b"RMAD", b"XMAR")
"""The signatures one and the same table is found under.

Xen overwrites ``DMAR`` with ``RMAD`` (``XMAR`` up to 4.5) so that dom0 does not
drive VT-d itself: xen/drivers/passthrough/vtd/dmar.c, ``acpi_dmar_zap``.
"""
SIGNATURE_NAMES = tuple(signature.decode("ascii") for signature in SIGNATURES)
"""The same as text: Linux names the files of /sys/firmware/acpi/tables so."""
