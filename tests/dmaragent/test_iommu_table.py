"""Which reader a firmware table gets: by its signature, from one registry."""

from dmaragent.collect.collect import collect
from dmaragent.host import Host, join
from dmaragent.host.topology import PciTopology
from dmaragent.iommu.model import IommuTable
from dmaragent.iommu.table import READERS, iommu_table
from dmaragent.iommu.vendor import IommuVendor, iommu_vendor, vendor_of_table
from dmaragent.iommu.vtd import read_dmar
from dmaragent.readings import Missing
from support.many_regions import host_of
from support.tables import drhd, table

_DMAR = table(drhd(0xFED9_0000, flags=1))


def _host(content: bytes, name: str = "DMAR") -> Host:
    host = join(collect(host_of(_DMAR)))
    reading = host.reading
    assert reading is not None
    return host._replace(tables=(reading._replace(name=name, content=content),))


def test_another_vendors_table_enters_by_its_reader() -> None:
    contents: list[bytes] = []

    def read_ivrs(content: bytes, topology: PciTopology) -> IommuTable | Missing:
        contents.append(content)
        dmar = read_dmar(_DMAR, topology)
        assert isinstance(dmar, IommuTable)
        return dmar._replace(units=())

    ivrs = b"IVRS" + bytes(44)
    host = _host(ivrs, "IVRS")

    read = iommu_table(host, {**READERS, b"IVRS": read_ivrs})

    assert isinstance(read, IommuTable)
    assert read.units == ()
    assert contents == [ivrs]
    assert iommu_vendor(host) is IommuVendor.AMD


def test_a_dmar_is_read_under_each_of_its_names() -> None:
    for signature in (b"DMAR", b"RMAD", b"XMAR"):
        read = iommu_table(_host(signature + _DMAR[4:]))

        assert isinstance(read, IommuTable), signature
        assert len(read.units) == 1


def test_a_dmar_whose_signature_is_damaged_is_decoded_as_one() -> None:
    read = iommu_table(_host(b"DMAQ" + _DMAR[4:]))

    assert isinstance(read, IommuTable)
    assert read.damage


def test_each_readers_table_has_a_vendor() -> None:
    for signature in READERS:
        assert vendor_of_table(signature.decode()) is not None
