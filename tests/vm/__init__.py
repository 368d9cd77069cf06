"""The truth test: what dmaragent says, held against a booted Linux; Xen is still to come."""
