"""The signatures of the tables that this package decodes, and the names of their files."""

SIGNATURES = (b"DMAR", b"RMAD", b"XMAR")
"""The signatures under which a DMAR table is found.

Xen overwrites ``DMAR`` with ``RMAD`` (``XMAR`` up to 4.5) so that dom0 does not
drive VT-d itself: xen/drivers/passthrough/vtd/dmar.c, ``acpi_dmar_zap``.
"""
IVRS_SIGNATURE = b"IVRS"
DECODED_SIGNATURES = (*SIGNATURES, IVRS_SIGNATURE)
"""The signatures of all tables that are decoded."""
SIGNATURE_NAMES = tuple(signature.decode("ascii") for signature in DECODED_SIGNATURES)
"""The same as text: the names of their files in /sys/firmware/acpi/tables, DMAR first."""
