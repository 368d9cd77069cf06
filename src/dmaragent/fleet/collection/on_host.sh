# shellcheck shell=sh
# What `dmaragent fleet collect` runs on a host, from standard input: it prints a document as base64.
#
# The mark is a random word of the run.  It begins the lines that count, because a login shell can print
# anything before and after them.

# A function, so that the shell reads the whole script before it runs.
collect() {
    umask 077
    PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    export PATH
    if [ "$(id -u)" != 0 ]; then
        printf '\n%s not-root\n' @MARK@
        exit 1
    fi
    for tool in base64 sha256sum; do
        command -v "$tool" >/dev/null 2>&1 || {
            echo "$tool is missing" >&2
            printf '\n%s failed\n' @MARK@
            exit 1
        }
    done
    folder=
    trap '[ -z "$folder" ] || rm -rf "$folder"' EXIT
    trap 'exit 1' HUP INT PIPE TERM
    folder=${TMPDIR:-/tmp}/@MARK@-$$
    code=2
    if ! mkdir "$folder"; then
        folder=
    elif command -v dmaragent >/dev/null 2>&1; then
        maker=dmaragent
        dmaragent dump -o "$folder/document" </dev/null >/dev/null
        code=$?
    else
        maker=capture.sh
        sh -s -- -o "$folder/document" <<'@MARK@'
@CAPTURE@
@MARK@
        code=$?
    fi
    # 1: it is written, but a reading failed, which the document contains.
    if [ $code -gt 1 ] || ! [ -s "$folder/document" ]; then
        printf '\n%s failed\n' @MARK@
        exit 1
    fi
    printf '\n%s begin %s\n' @MARK@ "$maker"
    base64 <"$folder/document"
    printf '\n%s end %s\n' @MARK@ "$(sha256sum <"$folder/document")"
}
collect
