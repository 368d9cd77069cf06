"""What Xen's toolstack and hypervisor make of a guest's choices about reserved device memory."""
