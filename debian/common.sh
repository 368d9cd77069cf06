# Functions of debian/test.sh and debian/test-upgrade.sh: packages built for a suite, and fresh roots.
# shellcheck shell=bash

# shellcheck source=tests/support/root.sh
. tests/support/root.sh

work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
passed=0

fail() {
    echo "FAIL: $1" >&2
    exit 1
}
ok() {
    passed=$((passed + 1))
    echo "ok: $1"
}

is_here() { # suite: whether this machine is of that suite
    [ "$(. /etc/os-release && echo "${VERSION_CODENAME:-}")" = "$1" ]
}

need_builder() { # suite: end if its package cannot be built
    need_roots
    if is_here "$1"; then
        command -v lintian >/dev/null || lacks "lintian is not installed"
        command -v dpkg-checkbuilddeps >/dev/null || lacks "dpkg-dev is not installed"
        local missing
        missing=$(dpkg-checkbuilddeps 2>&1) || lacks "${missing##*error: }"
        return
    fi
    builder=$work/builder-$1
    [ ! -d "$builder" ] || return 0
    fresh_root "$1" "$(build_depends),build-essential,git,lintian" "$builder"
    chroot "$builder" useradd --create-home user
    checkout_to "$builder/home/user/clone"
    chroot "$builder" chown --recursive user: /home/user
}

build_depends() { # the names of Build-Depends, with commas
    sed -n '/^Build-Depends:/,/^[^ ]/s/^ \([a-z0-9-]*\).*/\1/p' debian/control | paste -sd,
}

build_for() { # suite version folder: build the package with that suite's tools
    if is_here "$1"; then
        debian/build.sh "$2" "$3"
        return
    fi
    # shellcheck disable=SC2016 # the inner shell expands it
    within "$work/builder-$1" user sh -euc 'cd ~/clone && debian/build.sh "$1" ~/built' build "$2"
    mkdir -p "$3"
    mv "$work/builder-$1"/home/user/built/* "$3/"
}

lintian_of() { # suite folder: that suite's lintian on the package
    local options=(--allow-root --fail-on "error,warning" --tag-display-limit 0)
    if is_here "$1"; then
        lintian "${options[@]}" "$2"/*.changes
        return
    fi
    cp -r "$2" "$work/builder-$1/srv/looked-at"
    within "$work/builder-$1" user sh -euc 'lintian "$@" /srv/looked-at/*.changes' lintian "${options[@]}"
}

apt() { # root words...: apt-get in a root, quiet unless it fails
    local where=$1
    shift
    within "$where" root apt-get --quiet --quiet --yes -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 \
        -o Dpkg::Options::=--force-confdef "$@" >"$work/apt" 2>&1 || {
        cat "$work/apt" >&2
        fail "apt-get $*"
    }
}

version_in() { # root: the installed version and its state
    # shellcheck disable=SC2016 # dpkg-query expands them
    within "$1" root dpkg-query --show --showformat='${Version} ${Status}' dmaragent
}
