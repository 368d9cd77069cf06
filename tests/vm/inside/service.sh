# What a scenario of the service does inside: each line of `seen` is a name and what was seen.
seen() {
    echo "$*" >>seen
}
await() {
    # await WORDS CONDITION: until it holds; a minute or two at the most.
    tries=0
    until eval "$2"; do
        tries=$((tries + 1))
        [ $tries -lt 300 ] || fail "not within its time: $1"
        sleep 0.3
    done
}
main_pid() {
    systemctl show --property=MainPID --value dmaragent.service
}
state() {
    systemctl show --property=SubState --value dmaragent.service
}
restarts() {
    systemctl show --property=NRestarts --value dmaragent.service
}
published() {
    # How many functions, and the driver of 00:1a.0.
    python3 -c '
import json
answer = json.load(open("/run/dmaragent/inventory.json"))["answer"]
owners = [each for region in answer["regions"] for each in region["owners"]]
(driver,) = {each["device"]["driver"] for each in owners if each["sbdf"] == "0000:00:1a.0"}
print(answer["pci_functions"], driver)'
}
as_user() {
    # as_user GROUP COMMAND…: as nobody, in one group besides.
    group=$1
    shift
    setpriv --reuid=nobody --regid=nogroup --groups="$group" "$@"
}
asked() {
    as_user "$1" curl --silent --max-time 30 --unix-socket /run/dmaragent.socket \
        --output /dev/null --write-out '%{http_code}' http://localhost/v1/inventory
}

exposure() {
    systemd-analyze security --no-pager "$@" | sed -n 's/.* level for .*: \([0-9.]* [A-Z]*\).*/\1/p'
}
started() {
    systemctl show --property=ActiveEnterTimestampMonotonic --value "$1"
}
[ "$(started dmaragent-capture.service)" -lt "$(started dmaragent.service)" ] && seen order capture first
seen state "$(systemctl is-active dmaragent-capture.service dmaragent.service | tr '\n' ' ')"
seen socket "$(systemctl is-active dmaragent.socket)"

pid=$(main_pid)
seen user "$(stat --format=%U "/proc/$pid")"
seen capabilities "$(sed -n 's/^Cap\(Prm\|Eff\|Bnd\|Amb\):\t//p' "/proc/$pid/status" | sort -u)"
seen seccomp "$(sed -n 's/^Seccomp:\t//p' "/proc/$pid/status")"
cat /sys/firmware/acpi/tables/DMAR >/dev/null || fail "nor does root read the table"
setpriv --reuid=dmaragent --regid=dmaragent --clear-groups \
    cat /sys/firmware/acpi/tables/DMAR >/dev/null 2>denied
seen table "$(sed 's/.*: //' denied)"
for unit in dmaragent-capture.service dmaragent.service; do
    seen "$unit" "$(exposure $unit)"
    seen "offline-$unit" "$(exposure --offline=true /lib/systemd/system/$unit)"
done

published >before
echo 0000:00:1a.0 >/sys/bus/pci/drivers/uhci_hcd/unbind
await "an unbound driver is published" '[ "$(published)" = "21 None" ]'
seen unbound "$(published)"
echo 0000:00:1a.0 >/sys/bus/pci/drivers/uhci_hcd/bind
await "a bound driver is published" '[ "$(published)" = "$(cat before)" ]'
seen bound "$(published)"
echo 2 >/sys/bus/pci/devices/0000:02:00.0/sriov_numvfs || fail "no virtual functions"
await "virtual functions are published" '[ "$(published)" = "23 uhci_hcd" ]'
seen virtual "$(published)"

mkdir -p /run/systemd/system/dmaragent.service.d
printf '[Service]\nWatchdogSec=20s\nRestartSec=5s\n' >/run/systemd/system/dmaragent.service.d/lab.conf
systemctl daemon-reload
# As README tells to.
systemctl stop dmaragent.service
systemctl enable --now dmaragent.socket 2>/dev/null
[ -e /run/dmaragent/inventory.json ] || seen stopped gone
systemctl start dmaragent.service
[ -s /run/dmaragent/inventory.json ] && seen ready published
seen root "$(curl --silent --unix-socket /run/dmaragent.socket --output /dev/null \
    --write-out '%{http_code}' http://localhost/v1/inventory)"
seen member "$(asked dmaragent)"
seen nobody "$(asked nogroup)"
# A guest is resolved by a process of its own, within the unit's sandbox, which also refuses one with
# too many devices.
posted() {
    # posted PYTHON: the text of a guest, as an expression; the status, and what was answered.
    python3 -c 'import json, sys; print(json.dumps({"guest": eval(sys.argv[1])}))' "$1" >guest.json
    as_user dmaragent curl --silent --max-time 60 --unix-socket /run/dmaragent.socket \
        --json @- --output - --write-out '%{stderr}%{http_code}' \
        http://localhost/v1/resolve <guest.json >answer.json 2>status
    cat status
}
answered() {
    # answered PYTHON: the status of a guest.  In software a worker can take longer than its 8 s: 503
    # then tells to ask again.
    for _ in $(seq 30); do
        posted "$1" >answered
        [ "$(cat answered)" = 503 ] || break
    done
    cat answered
}
seen guest "$(answered '"name = \"a\"\ntype = \"hvm\"\nmemory = 512\npci = [ \"00:1a.0\" ]\n"')"
seen name "$(python3 -c 'import json; print(json.load(open("answer.json"))["answer"]["guests"][0]["name"])')"
seen large "$(answered '"pci = [" + ",".join([2 * chr(39)] * 300) + "]"')"
seen processes "$(wc -l </sys/fs/cgroup/system.slice/dmaragent.service/cgroup.procs)"

kill -9 "$(main_pid)"
await "the pause before a restart" '[ "$(state)" = auto-restart ]'
[ -s /run/dmaragent/inventory.json ] && seen while-killed published
await "started again after kill -9" '[ "$(restarts)" = 1 ] && systemctl is-active --quiet dmaragent.service'
seen killed "started again"
kill -STOP "$(main_pid)"
await "started again by the watchdog" '[ "$(restarts)" = 2 ] && systemctl is-active --quiet dmaragent.service'
journalctl --no-pager --unit=dmaragent.service --output=cat >journal
grep -q "Watchdog timeout" journal && seen watchdog "started again"
seen after "$(published)"
