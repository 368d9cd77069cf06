"""IOMMU tables of every vendor: units, regions, and why a host has no table."""
