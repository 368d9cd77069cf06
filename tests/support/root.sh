# Functions for scripts that work in a fresh root of a Debian suite. They need root, mmdebstrap and a
# mirror. The calling script stands in the checkout.
# shellcheck shell=bash

lacks() { # reason: end without a failure, but with one if CI=true
    echo "${TARGET:?}: skipped: $1" >&2
    [ "${CI:-}" != true ] || exit 1
    exit 0
}

need_roots() { # end if no root can be made here
    [ "$(id -u)" = 0 ] || lacks "it needs root, for a chroot"
    local tool
    for tool in mmdebstrap unshare; do
        command -v $tool >/dev/null || lacks "$tool is not installed"
    done
}

fresh_root() { # suite packages folder: unpack a root with these packages; it is made anew after a day
    local base
    base=build/roots/$1-$(sha256sum <<<"$2" | cut -c 1-12).tar
    mkdir -p build/roots "$3"
    if [ -z "$(find "$base" -mtime -1 2>/dev/null)" ]; then
        # A mirror of sid can be older than its file of signatures allows.
        mmdebstrap --quiet --variant=minbase --include="$2" --aptopt='Acquire::Check-Valid-Until "false"' \
            "$1" "${base%.tar}.new.tar" </dev/null
        mv "${base%.tar}.new.tar" "$base"
    fi
    tar --extract --file "$base" --directory "$3" --numeric-owner
    cp /etc/resolv.conf "$3/etc/resolv.conf"
    # The same registries as here, and the authorities that they are trusted by.
    mkdir -p "$3/etc/ssl/certs"
    cp /etc/ssl/certs/ca-certificates.crt "$3/etc/ssl/certs/ca-certificates.crt"
    [ ! -e /etc/pip.conf ] || cp /etc/pip.conf "$3/etc/pip.conf"
}

checkout_to() { # folder: a copy of the sources, as git has them with what is not committed yet
    mkdir -p "$1"
    git ls-files --cached --others --exclude-standard -z |
        tar --create --null --files-from - --ignore-failed-read |
        tar --extract --directory "$1"
}

within() { # root user command...: run it there, in its own /proc and /tmp, without this environment
    local root=$1 user=$2 home settings
    shift 2
    home=$(awk -F: -v "user=$user" '$1 == user { print $6 }' "$root/etc/passwd")
    mapfile -t settings < <(env | grep -E \
        '^(PIP_(CERT|INDEX_URL|EXTRA_INDEX_URL|DEFAULT_TIMEOUT)|SSL_CERT_FILE|https?_proxy|HTTPS?_PROXY|no_proxy|NO_PROXY)=' || true)
    # shellcheck disable=SC2016 # the inner shell expands them
    unshare --mount --pid --fork --kill-child sh -eu -c '
        root=$1 user=$2; shift 2
        mount -t proc proc "$root/proc"
        mount --rbind /dev "$root/dev"
        mount -t tmpfs tmpfs "$root/tmp"
        exec chroot --userspec="$user:$user" "$root" env -i "$@"
    ' within "$root" "$user" HOME="$home" USER="$user" LC_ALL=C.UTF-8 TERM=dumb \
        DEBIAN_FRONTEND=noninteractive PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "${settings[@]}" "$@" </dev/null
}
