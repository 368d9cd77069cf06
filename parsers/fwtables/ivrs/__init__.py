"""The IVRS table: AMD-Vi, as AMD 48882 has it and ACPICA, coreboot, Linux and Xen read it."""
