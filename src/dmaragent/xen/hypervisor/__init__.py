"""How the Xen hypervisor treats DMAR tables and ``rmrr=``, by full release."""
