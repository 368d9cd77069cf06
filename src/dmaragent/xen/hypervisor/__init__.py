"""What the Xen hypervisor accepts and does, by full release."""
