"""The IOMMU core, for every vendor: units, regions, and why there is no table to have them from."""
