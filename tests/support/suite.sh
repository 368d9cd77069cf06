# Functions for scripts that read packages of another Debian suite. Nothing of this machine changes:
# each suite has an apt configuration, lists and a cache of its own, and no package is installed.
# shellcheck shell=sh

# The mirror that this machine's apt has for its own suite, unless MIRROR names another.
# shellcheck disable=SC2016 # apt puts the address there, not the shell
mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' | grep -v security | head -n 1)}
key=/usr/share/keyrings/debian-archive-keyring.gpg

use_suite() { # suite folder: make the folder and its apt configuration, and read the lists
    mkdir -p "$2/state/lists/partial" "$2/cache/archives/partial"
    : >"$2/status"
    echo "deb [signed-by=$key] $mirror $1 main" >"$2/sources.list"
    cat >"$2/apt.conf" <<CONFIGURATION
Dir::Etc::sourcelist "$2/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State "$2/state";
Dir::State::status "$2/status";
Dir::Cache "$2/cache";
Acquire::Languages "none";
Acquire::Retries "3";
CONFIGURATION
    export APT_CONFIG="$2/apt.conf"
    apt-get --quiet --quiet update
}

unpack() { # suite folder package...: unpack the packages and what they need in the folder
    suite=$1 folder=$2
    shift 2
    rm -rf "$folder"
    use_suite "$suite" "$folder/apt"
    apt-get --quiet --quiet --yes --download-only --no-install-recommends install "$@"
    for archive in "$folder"/apt/cache/archives/*.deb; do
        # A program of this machine does not run with an older C library than it was built for.
        name=$(dpkg-deb --field "$archive" Package)
        version=$(dpkg-deb --field "$archive" Version)
        own=$(dpkg-query --show --showformat '${Version}' libc6)
        [ "$name" = libc6 ] && dpkg --compare-versions "$version" lt "$own" && continue
        dpkg-deb --extract "$archive" "$folder"
    done
    rm -rf "$folder/apt" "${folder:?}/usr/share/doc" "${folder:?}/usr/share/man"
}
