#!/bin/sh
# capture.sh: write a bundle with everything that dmaragent reads from a host, to open elsewhere.
#
# For hosts where dmaragent itself cannot run: XenServer and XCP-ng dom0s, rescue systems, an
# initramfs.  Needs a POSIX shell and the tools of busybox; no Python.
#
# The bundle is a recorded machine (testdata/README.md): manifest.json is the log of all questions
# and answers, root/ contains the bytes, calls/ the output of commands.  The questions and their
# order are those of dmaragent's collector (src/dmaragent/collect/); tests compare the two.  A
# shell cannot make some calls: udev's list, the hypercalls for Xen's own list, libxlutil, and the
# guests (JSON that can contain passwords).  These are "not collected" in the bundle.

set -u
umask 077
LC_ALL=C
export LC_ALL
PATH=$PATH:/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin
export PATH

TOOL="capture.sh 1"

# --- What is kept of texts that can describe more than hardware ------------------------------

# The only options that are kept of the command lines of Linux and Xen: see dmaragent.boot_words.
LINUX_WORDS="intel_iommu amd_iommu iommu iommu.passthrough iommu.strict vfio-pci.ids \
pcie_acs_override pci xen-pciback.hide pciback.hide pci-stub.ids acpi intremap nointremap memmap \
vfio_iommu_type1.allow_unsafe_interrupts noapic nolapic disableapic nosmp maxcpus \
vfio-pci.disable_denylist"
XEN_WORDS="rmrr iommu dom0-iommu iommu_inclusive_mapping iommu_dev_iotlb_timeout ats pci \
pci-phantom mmcfg msi acpi apic x2apic x2apic_phys dom0 dom0_mem hvm_debug e820-mtrr-clip \
e820-verbose loglvl guest_loglvl mem availmem crashkernel placeholder ivmd ivrs_ioapic \
ivrs_hpet dbgp com1 com2"

# The lines of xl info whose values are kept: see dmaragent.redaction.
INFO_LINES="release version machine nr_cpus max_cpu_id nr_nodes cores_per_socket \
threads_per_core cpu_mhz hw_caps virt_caps arm_sve_vector_length total_memory free_memory \
sharing_freed_memory sharing_used_memory outstanding_claims free_cpus cpupool xen_major \
xen_minor xen_extra xen_version xen_caps xen_scheduler xen_pagesize platform_params \
xen_changeset cc_compiler cc_compile_date build_id xend_config_format libxl_version \
numa_info cpu_topology"

# The lines of the kernel's log that are kept, as in src/dmaragent/collect/live/calls.py: W matches
# the characters beside a whole word.
# shellcheck disable=SC2016 # awk's variables, not the shell's
BOOT_LINES='
BEGIN { W = "[^A-Za-z0-9_]" }
/BIOS-e820: / || /DMAR-IR:/ || /AMD-Vi:/ || /Booting paravirtualized kernel/ ||
/Hypervisor detected/ ||
$0 ~ ("ACPI: (DMAR|RMAD|XMAR|IVRS)(" W "|$)") || $0 ~ ("(^|" W ")(DMAR|IVRS|IOMMU)(" W "|$)") ||
$0 ~ ("(^|" W ")dmar[0-9]*:")'

# The lines of Xen's log that Xen wrote and no guest, and each guest's devices in xenstore.  Both as
# in src/dmaragent/collect/outputs.py.
XEN_LINES='/^\(XEN\)/ && !/^\(XEN\) ?(\[[^]]*\] )?(\(d[0-9]|HVM[0-9]+:)/'
PCI_KEYS='/^\/[^ =]*\/((dev|key|vdevfn|opts|state)-[0-9]+|state|online|num_devs|frontend|frontend-id) = /'

# Replaces what identifies a host, as dmaragent.redaction does: boot options and lines of xl info
# that are not listed above, UUIDs, MAC addresses, who built Xen, and the host name.  The host name
# is replaced in its own file and in xl info.  It is also replaced in texts that no answer uses:
# Xen's log and error messages.
# Writes FILE.new beside each FILE argument, prints the FILEs that changed, and writes a summary
# for the manifest to NOTE.
# shellcheck disable=SC2016 # awk's variables, not the shell's
REDACT='
function loader_mark(word) {
    if (word ~ /^BOOT_IMAGE=/) return "BOOT_IMAGE="
    if (word ~ /^initrd=\\EFI\\proxmox\\/) return "initrd=\\EFI\\proxmox\\"
    if (word ~ /^initrd=\\[^\\]+\\[^\\]+\\/) return "initrd=\\...\\...\\"
    return ""
}
function linux_line(line,    count, at, char, quoted, word, out) { # quotes protect blanks
    words_left_out += split(line, pieces, " ")
    count = length(line)
    word = out = ""
    quoted = for_init = 0
    for (at = 1; at <= count; at++) {
        char = substr(line, at, 1)
        if (char == "\"") quoted = !quoted
        if (quoted || !index(" \t\v\f\r", char)) word = word char
        else {
            out = out linux_word(word)
            word = ""
        }
    }
    return substr(out linux_word(word), 2)
}
function linux_word(word,    quoted, equals, name, value, key) { # words after -- are for init
    if (word == "" || for_init) return ""
    quoted = sub(/^"/, "", word)
    equals = index(word, "=") ? "=" : ""
    name = value = word
    sub(/=.*/, "", name)
    if (!sub(/^[^=]*=/, "", value)) value = ""
    if (equals && (sub(/^"/, "", value) || quoted)) sub(/"$/, "", value)
    else if (quoted) sub(/"$/, "", name)
    if (name == "--" && !equals) {
        for_init = 1
        return ""
    }
    key = loader_mark(name equals value)
    if (key != "") name = key
    else {
        key = name
        sub(/[[].*/, "", key)
        gsub(/_/, "-", key)
        if (key ~ /[ \t]/ || !index(linux, " " key " ")) return ""
        sub(/[ \t\v\f\r"].*/, "", value)
        name = name equals value
    }
    words_left_out--
    return " " name
}
function kept(words, list,    count, word, at, name, out) {
    count = split(words, word, " ")
    out = ""
    for (at = 1; at <= count; at++) {
        name = word[at]
        sub(/[=[].*/, "", name)
        gsub(/_/, "-", name)
        if (index(list, " " name " ")) out = out (out == "" ? "" : " ") word[at]
        else words_left_out++
    }
    return out
}
function listed(words,    count, word, at, out) {
    count = split(words, word, " ")
    out = " "
    for (at = 1; at <= count; at++) out = out word[at] " "
    gsub(/_/, "-", out)
    return out
}
function counter(kind, value) {
    value = tolower(value)
    if (!((kind, value) in known)) known[kind, value] = kind "-" ++numbers[kind]
    places[known[kind, value]]++
    return known[kind, value]
}
function removed() {
    places["removed"]++
    return "removed"
}
function replaced(line, pattern, kind, before, after,    out, start) {
    out = ""
    while (match(line, pattern)) {
        start = out substr(line, 1, RSTART - 1)
        if (substr(start, length(start)) ~ before || substr(line, RSTART + RLENGTH, 1) ~ after) {
            out = start substr(line, RSTART, 1)
            line = substr(line, RSTART + 1)
        } else {
            out = start counter(kind, substr(line, RSTART, RLENGTH))
            line = substr(line, RSTART + RLENGTH)
        }
    }
    return out line
}
function without_host(line, name,    out, at, around) {
    out = ""
    while (name != "" && (at = index(line, name))) {
        around = substr(" " out substr(line, 1, at - 1), length(out) + at, 1) \
            substr(line " ", at + length(name), 1)
        out = out substr(line, 1, at - 1) (around ~ /[A-Za-z0-9_-]/ ? name : counter("host", host))
        line = substr(line, at + length(name))
    }
    return out line
}
function whole(words) { # without the last word if Xen cut the line: it reports 1023 bytes
    if (length(words) >= 1023) sub(/ ?[^ ]*$/, "", words)
    return words
}
function of_info(line,    at, name, start, value, cut) {
    if (!(at = index(line, ":"))) return line ~ /^[ \t]*(removed[ \t]*)?$/ ? line : removed()
    name = substr(line, 1, at - 1)
    gsub(/^[ \t]+|[ \t]+$/, "", name)
    start = at + match(substr(line, at + 1) "x", /[^ \t]/)
    value = substr(line, start)
    sub(/[ \t]+$/, "", value)
    if (value == "" || index(info, " " name " ")) return line
    if (name == "xen_commandline") { # blanks keep the length of a line that Xen cut
        value = substr(line, at + 1)
        sub(/^ /, "", value)
        cut = length(value) >= 1023
        value = kept(whole(value), xen)
        while (cut && length(value) < 1023) value = value " "
        return substr(line, 1, at) " " value
    }
    value = name == "host" ? counter("host", host == "" ? value : host) : removed()
    return substr(line, 1, start - 1) value
}
function of_log(line) {
    if (match(line, /parameters? ["\047]/))
        line = substr(line, 1, RSTART + RLENGTH - 2) removed()
    while (match(line, /\([^()@ \t]+@[^() \t]+\)/))
        line = substr(line, 1, RSTART) removed() substr(line, RSTART + RLENGTH - 1)
    if (match(line, /([Cc]ommand line|xen_commandline[ \t]*): ?|CMDLINE\[[^]]*\]:|cmdline: *\047/))
        line = substr(line, 1, RSTART + RLENGTH - 1) kept(substr(line, RSTART + RLENGTH), linux xen)
    return line
}
function nameless(line) {
    return host ~ /[^0-9]/ ? without_host(without_host(line, host), short) : line
}
BEGIN {
    host = short = ENVIRON["CAPTURE_HOST_NAME"]
    sub(/[.].*/, "", short)
    if (short !~ /[^0-9]/) short = ""
    linux = listed(linux_words)
    xen = listed(xen_words)
    count = split(xen, word, " ")
    for (at = 1; at <= count; at++) xen = xen "no-" word[at] " "
    info = " " info_lines " "
    h = "[0-9A-Fa-f]"
    two = h h
    four = two two
    colons = two ":" two ":" two ":" two ":" two ":" two
    mac = colons "|"
    gsub(/:/, "-", colons)
    mac = mac colons
    uuid = four four "-" four "-" four "-" four "-" four four four
}
{
    line = $0
    if (FILENAME == "../log" && line !~ /^missing\tcall\t/) { print line > (FILENAME ".new"); next }
    if (FILENAME ~ /\/proc\/cmdline$/) line = linux_line(line)
    else if (FILENAME ~ /\/hostname$/) line = line == "" ? line : counter("host", host)
    else if (FILENAME == "calls/xl-info") line = of_info(line)
    else if (FILENAME ~ /^calls\/(boot-log|xl-dmesg)$/) line = of_log(line)
    if (FILENAME == "calls/xl-dmesg" || line ~ /^missing\tcall\t(xl-dmesg|xenstore-pci)\t/)
        line = nameless(line)
    line = replaced(line, uuid, "uuid", "[0-9A-Za-z_-]", "[0-9A-Za-z_-]")
    line = replaced(line, mac, "mac", "[0-9A-Za-z_:.-]", "[0-9A-Za-z_:-]")
    if (line != $0) changed[FILENAME] = 1
    print line > (FILENAME ".new")
}
END {
    for (name in changed) print name
    printf " \"redaction\": {\n  \"replaced\": {" > note
    for (name in places) {
        printf "%s\"%s\": %d", separator, name, places[name] > note
        separator = ", "
    }
    printf "},\n  \"boot_words_left_out\": %d\n },\n", words_left_out > note
}'

# --- Writing the log -------------------------------------------------------------------------

# Converts text to the inside of a JSON string.  Bytes that are not UTF-8 become Python's surrogates,
# as in dmaragent's file names.  The text ends with a sentinel, which is removed.
# shellcheck disable=SC2016 # awk's variables, not the shell's
ESCAPE='
BEGIN { for (at = 1; at < 256; at++) code[sprintf("%c", at)] = at }
{ text = text (NR > 1 ? "\n" : "") $0 }
END {
    count = length(text) - 1
    for (at = 1; at <= count; at += size) {
        first = code[substr(text, at, 1)]
        size = first < 128 ? 1 : first < 194 ? 0 : first < 224 ? 2 : first < 240 ? 3 : first < 245 ? 4 : 0
        value = first - (size == 2 ? 192 : size == 3 ? 224 : 240)
        for (more = 1; more < size; more++) {
            byte = at + more <= count ? code[substr(text, at + more, 1)] : 0
            if (byte < 128 || byte > 191) { size = 0; break }
            value = value * 64 + byte - 128
        }
        if (size == 3 && (value < 2048 || (value >= 55296 && value < 57344))) size = 0
        if (size == 4 && (value < 65536 || value > 1114111)) size = 0
        if (size == 0) { printf "\\udc%02x", first; size = 1 }
        else if (size == 4) {
            value -= 65536
            printf "\\u%04x\\u%04x", 55296 + int(value / 1024), 56320 + value % 1024
        }
        else if (size > 1) printf "\\u%04x", value
        else if (first < 32 || first == 34 || first == 92 || first == 127) printf "\\u%04x", first
        else printf "%s", substr(text, at, 1)
    }
}'

# Writes the manifest from the sums, the names of redacted files and the log.  Fails if a value has
# no sum or the log is incomplete.
# shellcheck disable=SC2016 # awk's variables, not the shell's
MANIFEST='
kind == "sum" { sum[substr($0, 67)] = substr($0, 1, 64); next }
kind == "redacted" { redacted[$0] = 1; next }
($2, $3) in seen { lines++; next }
{
    lines++
    seen[$2, $3] = 1
    line = "  {\"operation\": \"" $2 "\", \"path\": \"" $3 "\", \"outcome\": \""
    if ($1 == "missing")
        line = line $4 "\", \"detail\": \"" $5 "\"}"
    else if ($1 == "list")
        line = line "value\", \"entries\": [" $4 "], \"redacted\": false}"
    else {
        digest = $5 != "" ? $5 : sum[$4]
        if (length(digest) != 64) broken = 1
        line = line "value\", \"sha256\": \"" digest "\", \"redacted\": " \
            ($4 in redacted ? "true" : "false") "}"
    }
    printf "%s%s", separator, line
    separator = ",\n"
}
END { exit broken || lines != expected }'

usage() {
    cat <<'USAGE'
usage: capture.sh [-o FILE] [--force] [--no-redact] [--root DIR [--calls]]

Write a bundle with everything that dmaragent reads from this host.  Open it
where dmaragent is installed:

    dmaragent inventory --host FILE

  -o FILE       the file to write (default: dmaragent-DATE-TIME.tar.gz);
                - is standard output: ssh HOST sh -s -- -o - <capture.sh >FILE
  --force       replace FILE if it exists
  --no-redact   keep the host name, UUIDs, MAC addresses and all boot options
  --root DIR    read the copied tree DIR instead of /, and make no calls
  --calls       with --root: make calls, because DIR is this host's own root
  -h, --help    show this help

Run it as root: the ACPI tables, the kernel's log and xl need root.
Exit codes: 0 written, 2 not written.
USAGE
}

say() { # a line of progress; on a terminal it replaces the last one
    if [ -t 2 ]; then printf '\r\033[K%s' "capture.sh: $*" >&2; else echo "capture.sh: $*" >&2; fi
}

die() {
    [ -t 2 ] && echo >&2
    echo "capture.sh: $*" >&2
    exit 2
}

full() { die "cannot write to $work: free some space, or set TMPDIR to another folder"; }

cleanup() {
    trap '' HUP INT TERM
    # A signal can come between the start of a program and `child=$!`.
    [ -n "$child" ] || [ "${!-}" = "$ended" ] || child=$!
    [ -n "$child" ] && kill "$child" 2>/dev/null
    [ -z "$partial" ] || [ "$output" = - ] || rm -f "$partial"
    [ -n "$reserved" ] && rm -f "$reserved"
    [ -n "$work" ] && rm -rf "$work"
}

quote() { # set $quoted to $1 inside a JSON string, and $odd if that changed it
    quoted=$1 odd=
    case $1 in
    *[!A-Za-z0-9:._,@%+=/' '-]*)
        odd=1
        quoted=$(printf '%sx' "$1" | awk "$ESCAPE")
        ;;
    esac
}

put() { # write a line of the log, its fields separated by tabs
    expected=$((expected + 1))
    printf '%s\t%s\t%s\t%s\t%s\n' "$@" >&3 || full
}

missing() { # missing OPERATION PATH OUTCOME DETAIL
    outcome=$3
    quote "$4"
    set -- "$1" "$2" "$3" "$quoted"
    quote "$2"
    put missing "$1" "$quoted" "$3" "$4"
}

why() { # log a failure with the last error message, in $work/err
    echo probe >"$work/probe" || full
    reason=$(sed -n '/: /{s/.*: //;p;q;}' "$work/err")
    case $reason in
    "No such file or directory" | "Not a directory" | "No such device" | "No such device or address")
        missing "$1" "$2" "$absent" "$reason"
        ;;
    "Permission denied" | "Operation not permitted") missing "$1" "$2" denied "$reason" ;;
    "No space left on device" | "File too large" | "Disk quota exceeded" | "Read-only file system")
        die "cannot write to $work: $reason"
        ;;
    *) missing "$1" "$2" failed "${reason:-it cannot be read}" ;;
    esac
}

# --- Reading, listing and links --------------------------------------------------------------

exists() { [ -e "$1" ] || [ -L "$1" ]; }

gone() { # gone OPERATION PATH: log it as absent, or as denied if a directory is closed
    above=${2%/*}
    while [ -n "$above" ] && ! [ -e "$root$above" ]; do above=${above%/*}; done
    if [ -d "$root$above/" ] && ! [ -x "$root$above/" ]; then
        missing "$1" "$2" denied "Permission denied"
    else
        missing "$1" "$2" "$absent" "No such file or directory"
    fi
}

inside() { # with --root: whether PATH is in the tree, as a link can lead out of it
    [ -n "$root" ] || return 0
    if [ "${1%/*}" != "$looked_at" ]; then
        looked_at=${1%/*}
        real=$(cd -P "$root$looked_at/" 2>/dev/null && pwd -P) || real=$root
    fi
    case $real/ in "$root"/*) return 0 ;; *) return 1 ;; esac
}

room() { # room OPERATION PATH: set $dest to its path in the bundle; false if that is taken
    quote "$2"
    kept=${odd:+$odd_tree/root$2}
    dest=${kept:-$tree/root$2}
    [ -d "${dest%/*}" ] || mkdir -p "${dest%/*}" 2>"$work/err" || {
        why "$1" "$2"
        return 1
    }
}

value() { # log that $dest contains the answer; hash it now if its name is odd
    outcome=value digest=
    quote "$2"
    if [ -n "$odd" ]; then
        digest=$(sha256sum <"$dest") || die "sha256sum failed"
        digest=${digest%% *}
        put value "$1" "$quoted" "" "$digest"
    else
        put value "$1" "$quoted" "root$2" ""
    fi
}

read_file() { # read_file PATH [WINDOW [PAGES]]: read all of it, or WINDOW bytes from its start
    source=$root$1
    if ! inside "$1" || { [ -n "$root" ] && [ -L "$source" ]; }; then
        missing read "$1" failed "a link leads out of the copied tree"
    elif ! [ -e "$source" ]; then
        gone read "$1"
    elif ! [ -f "$source" ]; then
        missing read "$1" failed "not a regular file"
    elif room read "$1"; then
        pages=${3:-16}
        set -- "$1" "${2:-}"
        # The kernel returns some files in pieces of a page or less, so count bytes.
        if [ -z "$2" ]; then
            dd if="$source" of="$dest" bs=4096 count=$((pages + 1)) 2>"$work/err"
        elif [ "$2" -gt 4096 ]; then
            dd if="$source" of="$dest" bs=1 count="$2" 2>"$work/err"
        else
            dd if="$source" of="$dest" bs="$2" count=1 2>"$work/err"
        fi || {
            [ $? -lt 128 ] || die "cannot write to $work: dd was killed"
            rm -f "$dest"
            why read "$1"
            return 0
        }
        IFS=' +' read -r full part _ <"$work/err"
        if [ -z "$2" ] && [ "$full" -ge "$pages" ] && [ "$full$part" != "${pages}0" ]; then
            rm -f "$dest"
            missing read "$1" failed "more than $((pages * 4096)) bytes"
        else
            value read "$1"
        fi
    fi
}

read_link() { # read_link PATH
    source=$root$1
    if ! inside "$1"; then
        missing link "$1" failed "a link leads out of the copied tree"
    elif ! exists "$source"; then
        gone link "$1"
    elif ! [ -L "$source" ]; then
        missing link "$1" failed "Invalid argument"
    elif room link "$1"; then
        if readlink -n "$source" >"$dest" 2>"$work/err"; then
            value link "$1"
        else
            rm -f "$dest"
            why link "$1"
        fi
    fi
}

list_dir() { # list_dir PATH [FUNCTION]: log the names in it, then call FUNCTION with each
    if ! inside "$1/"; then
        missing list "$1" failed "a link leads out of the copied tree"
    elif ! [ -d "$root$1" ]; then
        gone list "$1"
    elif ! [ -r "$root$1" ] || ! [ -x "$root$1" ]; then
        missing list "$1" denied "Permission denied"
    else
        entries=
        for entry in "$root$1"/.[!.]* "$root$1"/..?* "$root$1"/*; do
            exists "$entry" || continue
            quote "${entry##*/}"
            entries="$entries${entries:+, }\"$quoted\""
        done
        quote "$1"
        outcome=value
        put list list "$quoted" "$entries" ""
        [ -n "${2-}" ] || return 0
        for entry in "$root$1"/.[!.]* "$root$1"/..?* "$root$1"/*; do
            exists "$entry" && "$2" "${entry##*/}"
        done
        outcome=value
    fi
}

# --- The calls -------------------------------------------------------------------------------

run() { # run COMMAND…: write its output to $work/out; a signal to this script ends it too
    # shellcheck disable=SC2086 # without a time limit, this must be no word
    $time_limit "$@" </dev/null >"$work/out" 2>"$work/err" &
    child=$!
    wait "$child"
    status=$?
    ended=$child child=
    return "$status"
}

keep_call() { # keep_call NAME: $work/out contains its answer
    { mkdir -p "$tree/calls" && cat "$work/out" >"$tree/calls/$1"; } || full
    put value call "$1" "calls/$1" ""
}

call_failed() { # call_failed NAME PROGRAM: log the reason
    said=$(sed -n 's/^[[:space:]]*//;/./{p;q;}' "$work/err")
    case $status:$said in
    124:* | 143:*) missing call "$1" failed "$2 did not answer in 10 s" ;;
    *[Pp]ermission* | *"not permitted"*) missing call "$1" denied "$2 exited with $status: $said" ;;
    *) missing call "$1" failed "$2 exited with $status: $said" ;;
    esac
}

ask_program() { # ask_program NAME FILTER PROGRAM ARGUMENT…: awk's FILTER selects the lines to keep
    name=$1 filter=$2
    shift 2
    if ! command -v "$1" >/dev/null; then
        missing call "$name" absent "$1 is not installed"
    elif run "$@" || { [ "$name" = boot-log ] && ! grep_denied && kernel_lines; }; then
        awk "$filter" "$work/out" >"$work/lines" || full
        mv "$work/lines" "$work/out"
        keep_call "$name"
    else
        call_failed "$name" "$1"
    fi
}

grep_denied() { # whether permission was denied; busybox's dmesg has no --kernel
    case $(cat "$work/err") in *[Pp]ermi*) return 0 ;; *) return 1 ;; esac
}

kernel_lines() { # without --kernel: lines with a level below 8 are the kernel's
    run dmesg -r || run dmesg || return
    sed -e '/^<[0-9][0-9]/d' -e '/^<[89]>/d' -e 's/^<[0-7]>//' "$work/out" >"$work/lines" || full
    mv "$work/lines" "$work/out"
}

resources() {
    # shellcheck disable=SC2016 # awk's variables, not the shell's
    if awk '
        $1 == "MemTotal:" { memory = $2 }
        $1 == "btime" { boot = $2 }
        END {
            if (memory == "" || boot == "") exit 1
            printf "{\"memory_total\": %.0f, \"boot_time\": %.0f}", memory * 1024, boot
        }' "$root/proc/meminfo" "$root/proc/stat" >"$work/out" 2>"$work/err"; then
        keep_call resources
    else
        missing call resources failed "/proc/meminfo and /proc/stat do not say"
    fi
}

# --- The readings: the ledger, in the collector's order --------------------------------------

acpi_table() {
    case $1 in
    DMAR | RMAD | XMAR | IVRS) ;;
    DMAR[0-9] | DMAR[0-9][0-9] | DMAR[0-9][0-9][0-9] | DMAR[0-9][0-9][0-9][0-9]) ;;
    RMAD[0-9] | RMAD[0-9][0-9] | RMAD[0-9][0-9][0-9] | RMAD[0-9][0-9][0-9][0-9]) ;;
    XMAR[0-9] | XMAR[0-9][0-9] | XMAR[0-9][0-9][0-9] | XMAR[0-9][0-9][0-9][0-9]) ;;
    IVRS[0-9] | IVRS[0-9][0-9] | IVRS[0-9][0-9][0-9] | IVRS[0-9][0-9][0-9][0-9]) ;;
    *) return ;;
    esac
    read_file "/sys/firmware/acpi/tables/$1" "" 4096
}

acpi_tables() {
    list_dir "/sys/firmware/acpi/tables" acpi_table
    if [ "$outcome" != value ]; then
        for name in DMAR RMAD XMAR IVRS; do acpi_table "$name"; done
    fi
}

resolve() { # resolve PATH: set $device to the target, from its text alone
    device=
    rest=$1/
    while [ -n "$rest" ]; do
        step=${rest%%/*}
        rest=${rest#*/}
        case $step in
        "" | .) ;;
        ..) device=${device%/*} ;;
        *) device=$device/$step ;;
        esac
    done
}

pci_function() {
    read_link "/sys/bus/pci/devices/$1"
    device=/sys/bus/pci/devices/$1
    if [ "$outcome" = value ]; then
        # A line end in the file is a part of the target.
        if IFS= read -r target <"$dest"; then
            target=$(cat "$dest" && echo x)
            target=${target%x}
        fi
        resolve "/sys/bus/pci/devices/$target"
    fi
    read_file "$device/class"
    code=0x06
    [ "$outcome" = value ] && { IFS= read -r code <"$dest" || :; }
    read_file "$device/vendor"
    read_file "$device/device"
    read_file "$device/config" 64
    case $code in 0x06*) read_file "$device/secondary_bus_number" ;; esac
    read_link "$device/driver"
    read_link "$device/physfn"
    read_file "$device/sriov_totalvfs"
    functions=$((functions + 1))
    [ $((functions % 100)) -ne 0 ] || say "$functions PCI functions"
}

iommu_group() {
    list_dir "/sys/kernel/iommu_groups/$1/devices"
    read_file "/sys/kernel/iommu_groups/$1/reserved_regions"
    read_file "/sys/kernel/iommu_groups/$1/name"
}

memory_range() {
    for part in start end type; do read_file "/sys/firmware/memmap/$1/$part"; done
}

pci_slot() { read_file "/sys/bus/pci/slots/$1/address"; }

dmi_entry() {
    case $1 in 9-*) read_file "/sys/firmware/dmi/entries/$1/raw" ;; esac
}

system() {
    list_dir "/sys/bus/pci/slots" pci_slot
    list_dir "/sys/firmware/dmi/entries" dmi_entry
    for name in sys_vendor product_name board_name bios_vendor bios_version bios_date; do
        read_file "/sys/class/dmi/id/$name"
    done
    read_file "/proc/cpuinfo" 8192
    read_file "/proc/sys/kernel/osrelease"
    read_file "/proc/cmdline"
    read_file "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts"
}

xen() { # unless the kernel shows that there is no Xen
    read_file "/sys/hypervisor/type"
    kind=xen of_type=$outcome
    if [ "$outcome" = value ]; then
        kind=
        IFS= read -r kind <"$dest" || :
    fi
    [ "$kind" = xen ] || return 0
    # A kernel without CONFIG_XEN_SYS_HYPERVISOR has no /sys/hypervisor on Xen either.
    read_file "/proc/xen/capabilities"
    [ "$of_type$outcome" != absentabsent ] || return 0
    for part in major minor extra; do read_file "/sys/hypervisor/version/$part"; done
    read_file "/sys/hypervisor/guest_type"
    list_dir "/sys/bus/pci/drivers/pciback"
    [ -n "$calls" ] || return 0
    ask_program xl-info 1 xl info
    ask_program xl-dmesg "$XEN_LINES" xl dmesg
    ask_program xenstore-pci "$PCI_KEYS" xenstore-ls -f /local/domain/0/backend/pci
}

ask() {
    say "ACPI tables and PCI functions"
    acpi_tables
    list_dir "/sys/bus/pci/devices" pci_function
    say "IOMMU groups, memory map, firmware"
    list_dir "/sys/kernel/iommu_groups" iommu_group
    list_dir "/sys/firmware/memmap" memory_range
    if [ -n "$calls" ]; then
        ask_program boot-log "$BOOT_LINES" dmesg --kernel
        resources
    fi
    system
    xen
    read_file "/proc/sys/kernel/hostname"
    date +%s >"$work/out" || full
    keep_call clock
}

# --- Writing the bundle ----------------------------------------------------------------------

redact() {
    set --
    # The order matters: a value gets the same number in all of them.
    for text in calls/boot-log calls/xenstore-pci calls/xl-dmesg calls/xl-info \
        root/proc/cmdline root/proc/sys/kernel/hostname; do
        [ -f "$tree/$text" ] && set -- "$@" "$text"
    done
    : >"$work/redacted"
    set -- "$@" ../log
    CAPTURE_HOST_NAME=
    if [ -f "$tree/root/proc/sys/kernel/hostname" ]; then
        IFS= read -r CAPTURE_HOST_NAME <"$tree/root/proc/sys/kernel/hostname" || :
    fi
    export CAPTURE_HOST_NAME
    (cd "$tree" && awk -v note=../note -v linux_words="$LINUX_WORDS" -v xen_words="$XEN_WORDS" \
        -v info_lines="$INFO_LINES" "$REDACT" "$@") \
        >"$work/redacted" || full
    while IFS= read -r text; do
        [ -f "$tree/$text.new" ] || : >"$tree/$text.new" # no line was kept
        mv -f "$tree/$text.new" "$tree/$text" || full
    done <"$work/redacted"
    for text in "$@"; do rm -f "$tree/$text.new"; done
}

write_manifest() {
    mkdir -p "$tree/root" "$tree/calls" || full
    (cd "$tree" && find root calls -type f -exec sha256sum {} +) >"$work/sums" || full
    {
        printf '{\n "format": "dmaragent.recording",\n "version": 1,\n'
        printf ' "tool": "%s",\n' "$TOOL"
        [ ! -f "$work/note" ] || cat "$work/note"
        printf ' "readings": [\n'
        awk -F '\t' -v expected="$expected" "$MANIFEST" \
            kind=sum "$work/sums" kind=redacted "$work/redacted" kind=log "$work/log" || exit 1
        printf '\n ]\n}\n'
    } >"$tree/manifest.json" || full
    if [ -d "$odd_tree" ]; then
        cp -R "$odd_tree/." "$tree/" || full
    fi
}

pack() {
    owner=
    tar --owner=0 --group=0 --numeric-owner -cf /dev/null -C "$tree" manifest.json 2>/dev/null &&
        owner="--owner=0 --group=0 --numeric-owner"
    set -- "$top/manifest.json" "$top/root" "$top/calls"
    # A pipe returns only the status of its last command, so tar leaves a mark.
    # shellcheck disable=SC2086 # without an owner, this must be no word
    if [ -n "$compressed" ]; then
        { tar $owner -cf - -C "$work" "$@" && : >"$work/packed"; } | gzip -c >&4
    else
        tar $owner -cf - -C "$work" "$@" >&4 && : >"$work/packed"
    fi || die "cannot write $partial: free some space, or use another disk"
    [ -e "$work/packed" ] || die "tar failed"
}

reserve() { # open a new file beside $output as descriptor 4
    # Everything is written to the descriptor.  The owner of the folder can replace the name by a
    # link, and root would write to its target.  noclobber still opens an existing device.
    {
        set -C
        command exec 4>"$output.partial-$$"
    } 2>/dev/null || die "cannot write in the folder of $output: use another folder"
    set +C
    [ -f "/proc/$$/fd/4" ] || ! [ -e "/proc/$$/fd/4" ] || die "$output.partial-$$ exists and is not a file: remove it"
    partial=$output.partial-$$
}

publish() { # move the finished file to its name; never onto another without --force
    # shellcheck disable=SC3013 # dash, bash, busybox and ksh have -ef
    exists "/proc/$$/fd/4" && ! [ "$partial" -ef "/proc/$$/fd/4" ] &&
        die "$partial was replaced by another user: write to a folder of your own"
    [ -d "$output" ] && die "$output is a directory"
    if [ -n "$force" ]; then
        mv -f "$partial" "$output" || die "cannot write $output"
    elif ln "$partial" "$output" 2>/dev/null; then
        rm -f "$partial"
    elif (set -C && : >"$output") 2>/dev/null; then # a file system without hard links
        reserved=$output
        mv -f "$partial" "$output" || die "cannot write $output"
    else
        die "$output exists: use another name, or replace it with --force"
    fi
    partial='' reserved=''
}

# A function, so that the shell reads the whole script before it runs: the script can come from standard
# input, as through ssh, and no command that it starts must read the rest of it.
main() {
    root='' output='' force='' calls=yes with_calls='' no_redact=''
    while [ $# -gt 0 ]; do
        case $1 in
        -o | --output | --root)
            [ -n "${2-}" ] || die "$1 needs a value: see capture.sh --help"
            if [ "$1" = --root ]; then root=$2; else output=$2; fi
            shift
            ;;
        --force) force=1 ;;
        --no-redact) no_redact=1 ;;
        --calls) with_calls=1 ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) die "unknown argument $1: see capture.sh --help" ;;
        esac
        shift
    done

    work='' partial='' reserved='' child='' ended=''
    trap cleanup EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'exit 141' PIPE
    trap '' XFSZ # beyond a limit on file sizes, let writes fail like on a full disk

    for tool in awk cat cp dd find gzip mkdir mv readlink rm sed sha256sum tar; do
        command -v "$tool" >/dev/null || [ "$tool" = gzip ] ||
            die "$tool is missing: with busybox, run busybox --install -s DIR and add DIR to PATH"
    done

    # A reading that a copy lacks was not collected, which proves nothing about its host.
    absent=absent
    if [ -n "$root" ]; then
        given=$root
        root=$(cd -P "$root" 2>/dev/null && pwd -P) || die "--root: $given is not a folder that you can read"
        root=${root%/}
        [ -z "$root" ] || absent=not-collected calls=$with_calls
    fi

    top=dmaragent-$(date -u +%Y%m%d-%H%M%S)
    compressed=1
    command -v gzip >/dev/null || compressed=
    case $output in
    "") output=$top.tar${compressed:+.gz} ;;
    *.tar) compressed='' ;;
    *gz) [ -n "$compressed" ] || die "gzip is missing: use a name that ends in .tar" ;;
    esac
    if [ "$output" = - ]; then
        [ ! -t 1 ] || die "-o -: a bundle is an archive, which a terminal cannot show: pipe it"
        exec 4>&1 >&2
        partial="standard output"
    else
        case $output in -*) output=./$output ;; esac
        [ -d "$output" ] && die "$output is a directory: name a file in it"
        [ -n "$force" ] || ! exists "$output" ||
            die "$output exists: use another name, or replace it with --force"
        reserve
    fi

    work=$(mktemp -d 2>/dev/null) || {
        work=${TMPDIR:-/tmp}/dmaragent-capture-$$
        mkdir "$work" 2>/dev/null || {
            work=
            die "no temporary directory: set TMPDIR to a writable folder"
        }
    }
    tree=$work/$top odd_tree=$work/odd
    expected=0 functions=0 looked_at='' outcome='' time_limit=''
    { mkdir "$tree" && : >"$work/redacted" && exec 3>"$work/log"; } || full
    if timeout 10 true 2>/dev/null; then
        time_limit="timeout 10"
    elif timeout -t 10 true 2>/dev/null; then # busybox before 1.30
        time_limit="timeout -t 10"
    fi

    ask
    exec 3>&-
    [ -n "$no_redact" ] || redact
    say "packing; readings: $expected, PCI functions: $functions"
    write_manifest
    pack
    if [ "$output" = - ]; then partial=; else publish; fi

    denied=$(awk -F '\t' '$1 == "missing" && $4 == "denied" { count++ } END { print count + 0 }' "$work/log")
    [ -t 2 ] && echo >&2
    [ "$denied" = 0 ] ||
        echo "capture.sh: $denied readings were denied; run it as root to include the tables" >&2
    if [ "$output" = - ]; then
        echo "capture.sh: wrote the bundle to standard output" >&2
    else
        echo "capture.sh: wrote $output. Read it where dmaragent is installed:" >&2
        echo "    dmaragent inventory --host $output" >&2
    fi
}

main "$@" </dev/null
