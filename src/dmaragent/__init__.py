"""dmaragent: what reserved device memory a host has, and what a hypervisor does with it."""

__version__ = "0.1.0"
