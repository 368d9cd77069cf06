"""Xen: the hypervisor, its toolstack, and its list of reserved device memory."""
