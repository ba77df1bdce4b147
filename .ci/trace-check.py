#!/usr/bin/env python3
"""Reads the files of `itsctl trace` with other people's parsers, and holds them against each other.

usage: trace-check.py FOLDER    with boot.perfetto-trace, boot.vcd, boot.fst, boot.csv, epochs.csv,
                                epochs.json and report.json of one replay

The Perfetto trace is decoded with the schema of PyPI's `perfetto`; if its trace_processor can be
fetched (it is a program that the package downloads), that loads the trace as well. The dump has been
read by GTKWave's vcd2fst, and is read by PyPI's `vcdvcd` here.
"""

import collections
import csv
import json
import sys

from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as pb
from vcdvcd import VCDVCD

checks = 0


def expect(holds, what):
    global checks
    checks += 1
    if not holds:
        sys.exit(f"trace-check: {what}")


def read_csv(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def perfetto(path):
    """Every packet, checked against the schema: slices, counters and flows by track."""
    trace = pb.Trace()
    with open(path, "rb") as file:
        trace.ParseFromString(file.read())
    known = pb.Trace()
    known.CopyFrom(trace)
    known.DiscardUnknownFields()
    expect(known.ByteSize() == trace.ByteSize(), "the trace has fields that the schema lacks")

    names, tracks, events = {}, {}, collections.defaultdict(list)
    for order, packet in enumerate(trace.packet):
        for name in packet.interned_data.event_names:
            names[name.iid] = name.name
        if packet.HasField("track_descriptor"):
            track = packet.track_descriptor
            expect(track.uuid not in tracks, f"track {track.uuid} is described twice")
            expect(
                not track.HasField("parent_uuid") or track.parent_uuid in tracks,
                f"track {track.uuid} has no parent")
            tracks[track.uuid] = track
        if packet.HasField("track_event"):
            event = packet.track_event
            expect(event.track_uuid in tracks, f"track {event.track_uuid} is not described")
            expect(not event.name_iid or event.name_iid in names, f"name {event.name_iid} is none")
            events[event.track_uuid].append((packet.timestamp, order, event))

    slices, flows, counters = collections.Counter(), collections.defaultdict(list), {}
    durations, counts = collections.Counter(), collections.Counter()
    for uuid, happened in events.items():
        happened.sort(key=lambda e: e[:2])
        stack = []
        for time, _, event in happened:
            if event.type == event.TYPE_SLICE_BEGIN:
                stack.append((time, names[event.name_iid]))
            elif event.type == event.TYPE_SLICE_END:
                expect(stack, f"a slice of track {uuid} ends that has not begun")
                begin, name = stack.pop()
                # Stages of commands and MSIs share words; the notes and flows tell MSIs.
                durations[name] += time - begin
                counts[name] += 1
            elif event.type == event.TYPE_COUNTER:
                counters.setdefault(uuid, []).append((time, event.counter_value))
            for flow in event.flow_ids:
                flows[flow].append(time)
        slices[uuid] = len(stack)
        expect(len(stack) <= 2, f"track {uuid} ends with {len(stack)} open slices")
    return tracks, counters, flows, durations, counts


def main(folder):
    tracks, counters, flows, durations, counts = perfetto(f"{folder}/boot.perfetto-trace")
    report = json.load(open(f"{folder}/report.json"))
    latency = report["latency_cycles"]["msi"]
    rows = read_csv(f"{folder}/boot.csv")
    stages = list(rows[0])[12:]
    ended = [row for row in rows if row["kind"] == "msi" and row["result"] in ("presented", "merged")]

    expect(len(ended) == latency["count"], "the CSV has another number of MSIs than the report")
    for row in ended:
        expect(
            sum(int(row[stage]) for stage in stages) == int(row["latency"]),
            f"the stages of MSI {row['transaction']} do not add up")
    expect(
        sum(int(row["latency"]) for row in ended) == latency["sum"],
        "the CSV's latencies have another sum than the report's")
    for stage in stages:
        total = sum(int(row[stage]) for row in ended)
        expect(total == latency["stages"][stage]["sum"], f"{stage}: the CSV and the report differ")

    # Of these stages only MSIs and LPIs of INT commands have slices; a boot has no INT.
    for stage in ["accept", "device_lookup", "hppi_wait", "hppi_select", "acceptance"]:
        total = sum(int(row[stage]) for row in rows)
        name = stage.replace("_", " ")
        expect(durations[name] == total, f"{name}: the trace and the CSV differ")
    for row in ended:
        expect(len(flows[int(row["transaction"])]) > 1, f"MSI {row['transaction']} has no arrows")
    commands = report["statistics"]["commands"]
    for opcode, count in commands.items():
        if count:
            expect(counts[opcode] == count, f"{opcode}: the trace and the report differ")

    dump = VCDVCD(f"{folder}/boot.vcd")
    by_name = {
        tracks[uuid].name: values
        for uuid, values in counters.items()
        if tracks[tracks[uuid].parent_uuid].process.process_name == "ITS 0"
    }
    for name in ["credits", "translation slots", "link queue", "ingress"]:
        signal = dump[f"gic.its0.{name.replace(' ', '_')}[15:0]"]
        waves = [(time, int(value, 2)) for time, value in signal.tv]
        hertz = int(next(v["value"] for v in report["configuration"]["values"]
                         if v["key"] == "timing.clock_hertz"))
        drawn = [(time * 10**12 // hertz, value) for time, value in by_name.get(name, [(0, 0)])]
        expect(waves == drawn, f"{name}: the dump and the trace differ")

    epochs = read_csv(f"{folder}/epochs.csv")
    expect(
        sum(int(row["msis"]) for row in epochs) == sum(row["kind"] == "msi" for row in rows),
        "the epochs have another number of MSIs than the CSV")
    expect(
        sum(int(row["commands"]) for row in epochs) == sum(commands.values()),
        "the epochs have another number of commands than the report")
    series = json.load(open(f"{folder}/epochs.json"))
    expect(
        [[float(row[column]) for column in series["columns"]] for row in epochs]
        == [[float(value) for value in row] for row in series["rows"]],
        "the two forms of the time series differ")

    print(f"trace-check: {checks} checks hold; {len(tracks)} tracks, {sum(counts.values())} slices, "
          f"{len(flows)} flows, {len(dump.signals)} signals, {len(rows)} MSIs, {len(epochs)} epochs")
    processor(f"{folder}/boot.perfetto-trace", counts)


def processor(path, counts):
    """Loads the trace with Perfetto's own program, where there is a network to fetch it from."""
    try:
        from perfetto.trace_processor import TraceProcessor

        loaded = TraceProcessor(trace=path)
    except Exception as error:  # whatever the download, or the program, meets
        print(f"trace-check: trace_processor cannot be had ({type(error).__name__}); "
              "decoded against its schema only")
        return
    found = {
        row.name: row.count
        for row in loaded.query("select name, count(*) as count from slice where dur > 0 group by name")
    }
    for name, count in counts.items():
        expect(found.get(name, 0) == count, f"trace_processor counts {name} otherwise")
    errors = list(loaded.query(
        "select name, value from stats where severity = 'error' and value > 0"))
    expect(not errors, f"trace_processor reports {errors}")
    loaded.close()
    print("trace-check: trace_processor loads the trace, and counts the same slices")


main(sys.argv[1])
