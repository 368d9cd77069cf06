"""The fast readers and writers of the DMAR table, derived from its grammar."""

from fwtables import header
from fwtables.dmar import grammar
from fwtables.dmar.constants import StructureType
from fwtables.layout import derive

TABLE_HEADER = derive(header.TABLE_HEADER)
TABLE = derive(header.TABLE_HEADER + grammar.DMAR)
STRUCTURE_HEADER = derive(grammar.STRUCTURE_HEADER)
DEVICE_SCOPE = derive(grammar.DEVICE_SCOPE)
PATH_ENTRY = derive(grammar.PATH_ENTRY)
BODIES = {
    StructureType.DRHD: derive(grammar.DRHD),
    StructureType.RMRR: derive(grammar.RMRR),
    StructureType.ATSR: derive(grammar.ATSR),
    StructureType.RHSA: derive(grammar.RHSA),
    StructureType.ANDD: derive(grammar.ANDD),
    StructureType.SATC: derive(grammar.SATC),
    StructureType.SIDP: derive(grammar.SIDP),
}
"""By structure type: the fixed part after the structure's type and length."""
