#!/usr/bin/env python3
"""Holds the interrupts that a guest counted against those that itsd counted.

usage: qemu-check.py FOLDER    with the guest's console, and counters.WHEN, tables.WHEN and
                               events.WHEN of itsctl at both times (WHEN: first, last) at which the
                               guest stood still

A guest has shown /proc/interrupts at both, with its disks idle and its network down. What it
counted in between must be what itsd counted: by event, by CPU, and in all. Counts since the start
are no measure: a driver that gives an interrupt back and takes it again begins at 0.
"""

import json
import re
import sys

ROW = re.compile(r"^ *(\d+): +((?:\d+ +)+)ITS-MSI +(\d+) +Edge +(.*)$")
checks = 0


def expect(holds, what):
    global checks
    checks += 1
    if not holds:
        sys.exit(f"qemu-boot: {what}")


def snapshot(console, when):
    """The guest's MSIs at that time: (DeviceID, EventID) to counts by CPU and the row's text."""
    begin = console.index(f"guest: interrupts {when}\n")
    text = console[begin : console.index(f"guest: standing still {when}\n")]
    rows = {}
    for line in text.splitlines():
        if match := ROW.match(line):
            # Linux numbers a PCI function's MSIs so: bus, device and function above the index.
            number = int(match[3])
            key = (number >> 11 & 0xFFFF, number & 0x7FF)
            counts = [int(count) for count in match[2].split()]
            rows[key] = (counts, f"{match[1]:>4} {match[4]}")
    return rows, text


def delivered(tables):
    """How often itsd delivered each mapped event's LPI."""
    expect(tables["complete"], "itsctl tables does not show everything")
    return {
        (device["device"], event["event"]): (event["delivered"], event["intid"])
        for device in tables["devices"]
        for event in device["events"]
    }


def read(folder, name):
    with open(f"{folder}/{name}", encoding="utf-8") as file:
        return json.load(file)


def compare_events(guest, itsd):
    """Every event, mapped or shown, and its row in the report."""
    first, last = guest
    before, after = itsd
    lpis = [intid for _, intid in after.values()]
    expect(len(set(lpis)) == len(lpis), "two events have one LPI, so that their counts are one")
    report = []
    for key in sorted(after):
        name = "DeviceID 0x%x, EventID %d" % key
        expect(key in before and before[key][1] == after[key][1], f"{name} was mapped anew")
        count = after[key][0] - before[key][0]
        # A vector that no driver asked for is mapped, and has no row.
        counts, text = last.get(key, ([0], "   - (no handler)"))
        shown = sum(counts) - sum(first.get(key, ([0], ""))[0])
        expect(shown == count, f"{name}: the guest counted {shown}, itsd {count}")
        report.append((key, after[key][1], text, counts, shown, count))
    for key in set(first) | set(last):
        expect(key in after, "DeviceID 0x%x, EventID %d has a row and is not mapped" % key)
    return report


def check_moved(first, last):
    """An interrupt that was sent from CPU to CPU was taken by all of them."""
    moved = [
        [after - before for before, after in zip(first[key][0], counts)]
        for key, (counts, text) in last.items()
        if "input" in text or "output" in text
    ]
    expect(len(moved) == 2, "the network has no two interrupts")
    for counts in moved:
        expect(min(counts) > 0, f"a CPU took none of the network's interrupts: {counts}")


def compare_cpus(guest, counters):
    """What each CPU took, of all events together."""
    sums = []
    for cpu in range(len(counters[1]["per_pe"])):
        shown = [sum(counts[cpu] for counts, _ in rows.values()) for rows in guest]
        taken = [c["per_pe"][cpu]["lpis_acknowledged"] for c in counters]
        shown, taken = shown[1] - shown[0], taken[1] - taken[0]
        expect(shown == taken, f"CPU {cpu}: the guest counted {shown} MSIs, itsd {taken}")
        expect(shown > 0, f"CPU {cpu} took no MSI")
        sums.append(shown)
    return sums


def compare_all(counters, events):
    """Nothing lost, nothing rejected."""
    for when, document, log in zip(("first", "last"), counters, events):
        c = document["conservation"]
        expect(c["holds"], f"{when}: the interrupts are not conserved: {c}")
        expect(c["pending"] == 0, f"{when}: {c['pending']} LPIs are pending, so it did not rest")
        expect(not c["dropped"], f"{when}: interrupts were dropped: {c['dropped']}")
        expect(not document["command_errors"], f"{when}: {document['command_errors']}")
        expect(not log["events"], f"{when}: itsd rejected something: {log['events'][:3]}")
    commands = [document["commands"] for document in counters]
    moves = commands[1].get("MOVI", 0) - commands[0].get("MOVI", 0)
    expect(moves > 0, "no interrupt was moved: there was no MOVI")
    return counters[1]["conservation"], commands[1]


def main(folder):
    with open(f"{folder}/console", encoding="utf-8", errors="replace") as file:
        console = file.read().replace("\r", "")
    times = ("first", "last")
    (first, _), (last, text) = (snapshot(console, when) for when in times)
    counters = [read(folder, f"counters.{when}") for when in times]
    tables = [delivered(read(folder, f"tables.{when}")) for when in times]
    events = [read(folder, f"events.{when}") for when in times]
    report = compare_events((first, last), tables)
    check_moved(first, last)
    sums = compare_cpus((first, last), counters)
    conservation, commands = compare_all(counters, events)

    print(f"\n/proc/interrupts, at the end\n{text.split(chr(10), 1)[1]}")
    print("between the two times at which the guest stood still")
    print(f"{'DeviceID':>9} {'EventID':>8} {'LPI':>5} {'guest':>7} {'itsd':>7}   interrupt")
    for (device, event), intid, name, _, shown, count in report:
        print(f"{device:#9x} {event:8} {intid:5} {shown:7} {count:7}   {name.strip()}")
    total = sum(row[4] for row in report)
    print(f"{'all':>24} {total:7} {sum(row[5] for row in report):7}")
    print("by CPU, guest and itsd alike: " + ", ".join(map(str, sums)))
    c = conservation
    parts = f"{c['delivered']} delivered + {c['merged']} merged"
    print(f"since the start: {c['msis']} signalled = {parts}")
    print("commands: " + ", ".join(f"{name} {count}" for name, count in sorted(commands.items())))
    print(f"equal: {checks} checks hold")


if __name__ == "__main__":
    main(sys.argv[1])
