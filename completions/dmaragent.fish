# fish completion for dmaragent, written by `make docs` from its argument parser.

# The devices of the host that --host names, else of this machine.
function __dmaragent_devices
    set -l words (commandline -opc)
    set -l host
    for n in (seq (count $words))
        if test "$words[$n]" = --host
            set host $words[(math $n + 1)]
        else if string match -q -- '--host=*' "$words[$n]"
            set host (string replace -- --host= '' "$words[$n]")
        end
    end
    dmaragent __devices $host 2>/dev/null
end

complete -c dmaragent -f
complete -c dmaragent -n '__fish_use_subcommand' -a inventory -d 'list the reserved regions and the devices that own them'
complete -c dmaragent -n '__fish_use_subcommand' -a devices -d 'list which devices can be passed through'
complete -c dmaragent -n '__fish_use_subcommand' -a explain -d 'show whether one device can be passed through, and fixes'
complete -c dmaragent -n '__fish_use_subcommand' -a check -d 'find errors in the firmware'"'"'s table, and how to fix them'
complete -c dmaragent -n '__fish_use_subcommand' -a boot-option -d 'write or check Xen'"'"'s rmrr= or ivmd= boot option'
complete -c dmaragent -n '__fish_use_subcommand' -a resolve -d 'predict whether a guest starts with its PCI devices'
complete -c dmaragent -n '__fish_use_subcommand' -a hotplug -d 'predict what `xl pci-attach` does to a running guest'
complete -c dmaragent -n '__fish_use_subcommand' -a why -d 'explain a message of Linux, Xen, QEMU or libvirt'
complete -c dmaragent -n '__fish_use_subcommand' -a report -d 'write everything to one HTML page, for a bug report'
complete -c dmaragent -n '__fish_use_subcommand' -a dump -d 'write a support bundle, a snapshot that --host can read'
complete -c dmaragent -n '__fish_use_subcommand' -a fleet -d 'answer for a folder of many hosts'
complete -c dmaragent -n '__fish_use_subcommand' -a diff -d 'compare two hosts, or one host before and after an update'
complete -c dmaragent -n '__fish_use_subcommand' -a decode -d 'show DMAR and IVRS tables, structure by structure'
complete -c dmaragent -n '__fish_use_subcommand' -a encode -d 'write a table'"'"'s bytes from the JSON of decode --json'
complete -c dmaragent -n '__fish_use_subcommand' -a schema -d 'print the JSON Schemas of the documents'
complete -c dmaragent -n '__fish_use_subcommand' -a demo -d 'try a verb on a recorded machine that comes with dmaragent'
complete -c dmaragent -n '__fish_use_subcommand' -a watch -d 'print what changes on this machine, a line each'
complete -c dmaragent -n '__fish_use_subcommand' -a status -d 'show whether the service runs, and what it publishes'
complete -c dmaragent -n '__fish_use_subcommand' -a agent -d 'run the service'"'"'s own programs, as systemd does'
complete -c dmaragent -n '__fish_use_subcommand' -s h -l help
complete -c dmaragent -n '__fish_use_subcommand' -l version
complete -c dmaragent -n '__fish_seen_subcommand_from inventory' -s h -l help
complete -c dmaragent -n '__fish_seen_subcommand_from inventory' -l host -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from inventory' -l device -r -a '(__dmaragent_devices)'
complete -c dmaragent -n '__fish_seen_subcommand_from inventory' -l details
complete -c dmaragent -n '__fish_seen_subcommand_from inventory' -l wide
complete -c dmaragent -n '__fish_seen_subcommand_from inventory' -l tree
complete -c dmaragent -n '__fish_seen_subcommand_from inventory' -l json
complete -c dmaragent -n '__fish_seen_subcommand_from inventory' -l color -r -a 'auto always never'
complete -c dmaragent -n '__fish_seen_subcommand_from inventory' -l or-show -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from devices' -s h -l help
complete -c dmaragent -n '__fish_seen_subcommand_from devices' -l host -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from devices' -l xen -r -a '4.6 4.7 4.8 4.9 4.10 4.11 4.12 4.13 4.14 4.15 4.16 4.17 4.18 4.19 4.20 4.21 4.22'
complete -c dmaragent -n '__fish_seen_subcommand_from devices' -l class -r
complete -c dmaragent -n '__fish_seen_subcommand_from devices' -l id -r
complete -c dmaragent -n '__fish_seen_subcommand_from devices' -l verdict -r -a 'allowed allowed-with-risk allowed-if blocked unknown'
complete -c dmaragent -n '__fish_seen_subcommand_from devices' -l all
complete -c dmaragent -n '__fish_seen_subcommand_from devices' -l json
complete -c dmaragent -n '__fish_seen_subcommand_from devices' -l color -r -a 'auto always never'
complete -c dmaragent -n '__fish_seen_subcommand_from devices' -l csv
complete -c dmaragent -n '__fish_seen_subcommand_from explain' -s h -l help
complete -c dmaragent -n '__fish_seen_subcommand_from explain' -a '(__dmaragent_devices)'
complete -c dmaragent -n '__fish_seen_subcommand_from explain' -l details
complete -c dmaragent -n '__fish_seen_subcommand_from explain' -l host -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from explain' -l xen -r -a '4.6 4.7 4.8 4.9 4.10 4.11 4.12 4.13 4.14 4.15 4.16 4.17 4.18 4.19 4.20 4.21 4.22'
complete -c dmaragent -n '__fish_seen_subcommand_from explain' -l json
complete -c dmaragent -n '__fish_seen_subcommand_from explain' -l color -r -a 'auto always never'
complete -c dmaragent -n '__fish_seen_subcommand_from check' -s h -l help
complete -c dmaragent -n '__fish_seen_subcommand_from check' -l host -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from check' -l fail-on -r -a 'critical error warning info never'
complete -c dmaragent -n '__fish_seen_subcommand_from check' -l details
complete -c dmaragent -n '__fish_seen_subcommand_from check' -l list
complete -c dmaragent -n '__fish_seen_subcommand_from check' -l json
complete -c dmaragent -n '__fish_seen_subcommand_from check' -l color -r -a 'auto always never'
complete -c dmaragent -n '__fish_seen_subcommand_from boot-option' -s h -l help
complete -c dmaragent -n '__fish_seen_subcommand_from boot-option' -l check
complete -c dmaragent -n '__fish_seen_subcommand_from boot-option' -l from-log -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from boot-option' -l vendor -r -a 'intel amd'
complete -c dmaragent -n '__fish_seen_subcommand_from boot-option' -l host -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from boot-option' -l xen -r -a '4.6 4.7 4.8 4.9 4.10 4.11 4.12 4.13 4.14 4.15 4.16 4.17 4.18 4.19 4.20 4.21 4.22'
complete -c dmaragent -n '__fish_seen_subcommand_from boot-option' -l json
complete -c dmaragent -n '__fish_seen_subcommand_from boot-option' -l color -r -a 'auto always never'
complete -c dmaragent -n '__fish_seen_subcommand_from resolve; and not __fish_seen_subcommand_from fleet' -s h -l help
complete -c dmaragent -n '__fish_seen_subcommand_from resolve; and not __fish_seen_subcommand_from fleet' -F
complete -c dmaragent -n '__fish_seen_subcommand_from resolve; and not __fish_seen_subcommand_from fleet' -l memory -r
complete -c dmaragent -n '__fish_seen_subcommand_from resolve; and not __fish_seen_subcommand_from fleet' -l maxmem -r
complete -c dmaragent -n '__fish_seen_subcommand_from resolve; and not __fish_seen_subcommand_from fleet' -l videoram -r
complete -c dmaragent -n '__fish_seen_subcommand_from resolve; and not __fish_seen_subcommand_from fleet' -l rdm -r
complete -c dmaragent -n '__fish_seen_subcommand_from resolve; and not __fish_seen_subcommand_from fleet' -l pci -r -a '(__dmaragent_devices)'
complete -c dmaragent -n '__fish_seen_subcommand_from resolve; and not __fish_seen_subcommand_from fleet' -l boundary -r
complete -c dmaragent -n '__fish_seen_subcommand_from resolve; and not __fish_seen_subcommand_from fleet' -l type -r -a 'hvm pvh pv'
complete -c dmaragent -n '__fish_seen_subcommand_from resolve; and not __fish_seen_subcommand_from fleet' -l details
complete -c dmaragent -n '__fish_seen_subcommand_from resolve; and not __fish_seen_subcommand_from fleet' -l host -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from resolve; and not __fish_seen_subcommand_from fleet' -l xen -r -a '4.6 4.7 4.8 4.9 4.10 4.11 4.12 4.13 4.14 4.15 4.16 4.17 4.18 4.19 4.20 4.21 4.22'
complete -c dmaragent -n '__fish_seen_subcommand_from resolve; and not __fish_seen_subcommand_from fleet' -l toolstack -r -a 'xl libvirt qubes xapi'
complete -c dmaragent -n '__fish_seen_subcommand_from resolve; and not __fish_seen_subcommand_from fleet' -l toolstack-release -r -a '4.6 4.7 4.8 4.9 4.10 4.11 4.12 4.13 4.14 4.15 4.16 4.17 4.18 4.19 4.20 4.21 4.22'
complete -c dmaragent -n '__fish_seen_subcommand_from resolve; and not __fish_seen_subcommand_from fleet' -l device-name -r
complete -c dmaragent -n '__fish_seen_subcommand_from resolve; and not __fish_seen_subcommand_from fleet' -l json
complete -c dmaragent -n '__fish_seen_subcommand_from resolve; and not __fish_seen_subcommand_from fleet' -l color -r -a 'auto always never'
complete -c dmaragent -n '__fish_seen_subcommand_from hotplug' -s h -l help
complete -c dmaragent -n '__fish_seen_subcommand_from hotplug' -a '(__dmaragent_devices)'
complete -c dmaragent -n '__fish_seen_subcommand_from hotplug' -l into -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from hotplug' -l guest -r
complete -c dmaragent -n '__fish_seen_subcommand_from hotplug' -l host -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from hotplug' -l xen -r -a '4.6 4.7 4.8 4.9 4.10 4.11 4.12 4.13 4.14 4.15 4.16 4.17 4.18 4.19 4.20 4.21 4.22'
complete -c dmaragent -n '__fish_seen_subcommand_from hotplug' -l toolstack -r -a 'xl libvirt qubes xapi'
complete -c dmaragent -n '__fish_seen_subcommand_from hotplug' -l toolstack-release -r -a '4.6 4.7 4.8 4.9 4.10 4.11 4.12 4.13 4.14 4.15 4.16 4.17 4.18 4.19 4.20 4.21 4.22'
complete -c dmaragent -n '__fish_seen_subcommand_from hotplug' -l device-name -r
complete -c dmaragent -n '__fish_seen_subcommand_from hotplug' -l json
complete -c dmaragent -n '__fish_seen_subcommand_from hotplug' -l color -r -a 'auto always never'
complete -c dmaragent -n '__fish_seen_subcommand_from why' -s h -l help
complete -c dmaragent -n '__fish_seen_subcommand_from why' -l details
complete -c dmaragent -n '__fish_seen_subcommand_from why' -l host -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from why' -l list
complete -c dmaragent -n '__fish_seen_subcommand_from why' -l json
complete -c dmaragent -n '__fish_seen_subcommand_from why' -l color -r -a 'auto always never'
complete -c dmaragent -n '__fish_seen_subcommand_from report; and not __fish_seen_subcommand_from fleet' -s h -l help
complete -c dmaragent -n '__fish_seen_subcommand_from report; and not __fish_seen_subcommand_from fleet' -s o -l output -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from report; and not __fish_seen_subcommand_from fleet' -l host -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from report; and not __fish_seen_subcommand_from fleet' -l guest -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from report; and not __fish_seen_subcommand_from fleet' -l xen -r -a '4.6 4.7 4.8 4.9 4.10 4.11 4.12 4.13 4.14 4.15 4.16 4.17 4.18 4.19 4.20 4.21 4.22'
complete -c dmaragent -n '__fish_seen_subcommand_from report; and not __fish_seen_subcommand_from fleet' -l force
complete -c dmaragent -n '__fish_seen_subcommand_from dump' -s h -l help
complete -c dmaragent -n '__fish_seen_subcommand_from dump' -s o -l output -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from dump' -l force
complete -c dmaragent -n '__fish_seen_subcommand_from dump' -l guest -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from dump' -l no-redact
complete -c dmaragent -n '__fish_seen_subcommand_from dump' -l host -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from dump' -l json
complete -c dmaragent -n '__fish_seen_subcommand_from dump' -l color -r -a 'auto always never'
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and not __fish_seen_subcommand_from show resolve device diff move report export collect' -a show -d 'show the hosts in classes, and odd ones'
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and not __fish_seen_subcommand_from show resolve device diff move report export collect' -a resolve -d 'show which hosts can run a guest'
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and not __fish_seen_subcommand_from show resolve device diff move report export collect' -a device -d 'show which hosts can pass a device through'
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and not __fish_seen_subcommand_from show resolve device diff move report export collect' -a diff -d 'show what changed between two folders'
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and not __fish_seen_subcommand_from show resolve device diff move report export collect' -a move -d 'show where a guest'"'"'s devices can be attached after a migration'
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and not __fish_seen_subcommand_from show resolve device diff move report export collect' -a report -d 'write one HTML page of all hosts'
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and not __fish_seen_subcommand_from show resolve device diff move report export collect' -a export -d 'export each host for other tools'
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and not __fish_seen_subcommand_from show resolve device diff move report export collect' -a collect -d 'fill a folder with a document of each host, over ssh'
complete -c dmaragent -n '__fish_seen_subcommand_from fleet' -s h -l help
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from show' -s h -l help
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from show' -F
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from show' -l xen -r -a '4.6 4.7 4.8 4.9 4.10 4.11 4.12 4.13 4.14 4.15 4.16 4.17 4.18 4.19 4.20 4.21 4.22'
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from show' -l hosts -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from show' -l stale -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from show' -l jobs -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from show' -l engine -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from show' -l no-cache
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from show' -l details
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from show' -l json
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from show' -l color -r -a 'auto always never'
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from resolve' -s h -l help
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from resolve' -F
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from resolve' -l on -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from resolve' -l need -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from resolve' -l one-setting
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from resolve' -l bar-room -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from resolve' -l xen -r -a '4.6 4.7 4.8 4.9 4.10 4.11 4.12 4.13 4.14 4.15 4.16 4.17 4.18 4.19 4.20 4.21 4.22'
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from resolve' -l hosts -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from resolve' -l stale -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from resolve' -l jobs -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from resolve' -l engine -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from resolve' -l no-cache
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from resolve' -l details
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from resolve' -l json
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from resolve' -l color -r -a 'auto always never'
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from device' -s h -l help
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from device' -l on -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from device' -l need -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from device' -l xen -r -a '4.6 4.7 4.8 4.9 4.10 4.11 4.12 4.13 4.14 4.15 4.16 4.17 4.18 4.19 4.20 4.21 4.22'
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from device' -l hosts -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from device' -l stale -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from device' -l jobs -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from device' -l engine -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from device' -l no-cache
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from device' -l json
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from device' -l color -r -a 'auto always never'
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from diff' -s h -l help
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from diff' -F
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from diff' -l guest -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from diff' -l xen -r -a '4.6 4.7 4.8 4.9 4.10 4.11 4.12 4.13 4.14 4.15 4.16 4.17 4.18 4.19 4.20 4.21 4.22'
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from diff' -l hosts -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from diff' -l stale -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from diff' -l jobs -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from diff' -l engine -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from diff' -l no-cache
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from diff' -l details
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from diff' -l json
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from diff' -l color -r -a 'auto always never'
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from move' -s h -l help
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from move' -F
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from move' -l from -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from move' -l on -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from move' -l device -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from move' -l need -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from move' -l xen -r -a '4.6 4.7 4.8 4.9 4.10 4.11 4.12 4.13 4.14 4.15 4.16 4.17 4.18 4.19 4.20 4.21 4.22'
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from move' -l hosts -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from move' -l stale -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from move' -l jobs -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from move' -l engine -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from move' -l no-cache
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from move' -l details
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from move' -l json
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from move' -l color -r -a 'auto always never'
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from report' -s h -l help
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from report' -F
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from report' -s o -l output -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from report' -l guest -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from report' -l force
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from report' -l xen -r -a '4.6 4.7 4.8 4.9 4.10 4.11 4.12 4.13 4.14 4.15 4.16 4.17 4.18 4.19 4.20 4.21 4.22'
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from report' -l hosts -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from report' -l stale -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from report' -l jobs -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from report' -l engine -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from report' -l no-cache
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from export' -s h -l help
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from export' -F
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from export' -l csv
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from export' -l nfd
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from export' -l nova
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from export' -s o -l output -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from export' -l force
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from export' -l expire -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from export' -l xen -r -a '4.6 4.7 4.8 4.9 4.10 4.11 4.12 4.13 4.14 4.15 4.16 4.17 4.18 4.19 4.20 4.21 4.22'
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from export' -l hosts -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from export' -l stale -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from export' -l jobs -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from export' -l engine -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from export' -l no-cache
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from collect' -s h -l help
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from collect' -s w -l hosts -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from collect' -l hosts-file -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from collect' -s o -l output -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from collect' -l user -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from collect' -l sudo
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from collect' -l ssh-option -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from collect' -l fanout -r
complete -c dmaragent -n '__fish_seen_subcommand_from fleet; and __fish_seen_subcommand_from collect' -l timeout -r
complete -c dmaragent -n '__fish_seen_subcommand_from diff; and not __fish_seen_subcommand_from fleet' -s h -l help
complete -c dmaragent -n '__fish_seen_subcommand_from diff; and not __fish_seen_subcommand_from fleet' -F
complete -c dmaragent -n '__fish_seen_subcommand_from diff; and not __fish_seen_subcommand_from fleet' -l guest -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from diff; and not __fish_seen_subcommand_from fleet' -l xen -r -a '4.6 4.7 4.8 4.9 4.10 4.11 4.12 4.13 4.14 4.15 4.16 4.17 4.18 4.19 4.20 4.21 4.22'
complete -c dmaragent -n '__fish_seen_subcommand_from diff; and not __fish_seen_subcommand_from fleet' -l details
complete -c dmaragent -n '__fish_seen_subcommand_from diff; and not __fish_seen_subcommand_from fleet' -l json
complete -c dmaragent -n '__fish_seen_subcommand_from diff; and not __fish_seen_subcommand_from fleet' -l color -r -a 'auto always never'
complete -c dmaragent -n '__fish_seen_subcommand_from decode' -s h -l help
complete -c dmaragent -n '__fish_seen_subcommand_from decode' -F
complete -c dmaragent -n '__fish_seen_subcommand_from decode' -l host -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from decode' -l json
complete -c dmaragent -n '__fish_seen_subcommand_from decode' -l color -r -a 'auto always never'
complete -c dmaragent -n '__fish_seen_subcommand_from encode' -s h -l help
complete -c dmaragent -n '__fish_seen_subcommand_from encode' -F
complete -c dmaragent -n '__fish_seen_subcommand_from encode' -s o -l output -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from encode' -l table -r
complete -c dmaragent -n '__fish_seen_subcommand_from encode' -l seal
complete -c dmaragent -n '__fish_seen_subcommand_from encode' -l without -r
complete -c dmaragent -n '__fish_seen_subcommand_from encode' -l force
complete -c dmaragent -n '__fish_seen_subcommand_from schema' -s h -l help
complete -c dmaragent -n '__fish_seen_subcommand_from demo' -s h -l help
complete -c dmaragent -n '__fish_seen_subcommand_from watch' -s h -l help
complete -c dmaragent -n '__fish_seen_subcommand_from watch' -l json
complete -c dmaragent -n '__fish_seen_subcommand_from status' -s h -l help
complete -c dmaragent -n '__fish_seen_subcommand_from status' -l runtime -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from status' -l json
complete -c dmaragent -n '__fish_seen_subcommand_from status' -l color -r -a 'auto always never'
complete -c dmaragent -n '__fish_seen_subcommand_from agent; and not __fish_seen_subcommand_from capture run' -a capture -d 'save what only root can read'
complete -c dmaragent -n '__fish_seen_subcommand_from agent; and not __fish_seen_subcommand_from capture run' -a run -d 'publish the inventory, and keep it current'
complete -c dmaragent -n '__fish_seen_subcommand_from agent' -s h -l help
complete -c dmaragent -n '__fish_seen_subcommand_from agent; and __fish_seen_subcommand_from capture' -s h -l help
complete -c dmaragent -n '__fish_seen_subcommand_from agent; and __fish_seen_subcommand_from capture' -l output -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from agent; and __fish_seen_subcommand_from run' -s h -l help
complete -c dmaragent -n '__fish_seen_subcommand_from agent; and __fish_seen_subcommand_from run' -l runtime -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from agent; and __fish_seen_subcommand_from run' -l capture -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from agent; and __fish_seen_subcommand_from run' -l textfile -r -F
complete -c dmaragent -n '__fish_seen_subcommand_from help' -a 'inventory devices explain check boot-option resolve hotplug why report dump fleet diff decode encode schema demo watch status agent'
