"""The truth test: what dmaragent says, held against a booted Linux and a booted Xen."""
