#!/bin/sh
# Fetch and unpack the Debian packages that `make recall` reads, into the folder $1 (3 GB).
#
# Each suite has an apt configuration of its own, so that nothing of this machine changes. Of
# linux-source only the files of tests/recall/sources.py are unpacked.
set -eu

[ $# = 1 ] || { echo "usage: $0 FOLDER" >&2; exit 2; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
here=$(dirname "$0")
# shellcheck source=tests/support/suite.sh
. "$here/../support/suite.sh"

get() { # suite package...
    suite=$1
    shift
    apt=$folder/$suite/apt
    mkdir -p "$folder/$suite/packages"
    use_suite "$suite" "$apt"
    for package; do
        (cd "$apt/cache" && apt-get --quiet download "$package")
    done
    for file in "$apt"/cache/*.deb; do
        name=$(basename "$file" .deb)
        case $name in
        linux-source-*)
            mkdir -p "$apt/source" "$folder/$suite/linux"
            dpkg-deb --extract "$file" "$apt/source"
            tar --extract --file "$apt"/source/usr/src/linux-source-*.tar.* \
                --directory "$folder/$suite/linux" --strip-components=1 --wildcards \
                '*/drivers/iommu/*' '*/drivers/vfio/*' '*/drivers/acpi/tables.c' \
                '*/security/lockdown/*' '*/arch/x86/include/asm/iommu.h'
            rm -r "$apt/source"
            ;;
        *) dpkg-deb --extract "$file" "$folder/$suite/packages/$name" ;;
        esac
    done
}

get bullseye linux-source-5.10 qemu-system-x86 libxenmisc4.14 librte-eal21 librte-bus-pci21
get bookworm linux-source-6.1 libvirt-l10n qemu-system-x86 libxenmisc4.17 librte-eal23 \
    librte-bus-pci23
get trixie linux-source-6.12 libvirt-l10n qemu-system-x86 libxenmisc4.20 librte-eal25 \
    librte-bus-pci25
get sid linux-source-7.2 libvirt-l10n qemu-system-x86 libxenmisc4.20 librte-eal26 \
    librte-bus-pci26
