// Single data structures and encodings, through the model's public doors.

import Benchmark
import GICArch
import GICModel

/// Events of one device, mapped to LPIs of one PE, in RAM of our own.
private func makeMachine() -> FunctionalMachine? {
  let (byteCount, base) = (1 << 20, PhysicalAddress(0x4000_0000))
  let machine = FunctionalMachine(MachineConfiguration())
  let ram = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 4096)
  unsafe ram.initializeMemory(as: UInt8.self, repeating: 0xa1, count: byteCount)
  // SAFETY: the RAM is never given back: it lives as long as the process.
  let range = unsafe GuestRAM(address: base, base: ram, byteCount: byteCount)
  guard (try? machine.map(range)) != nil else { return nil }
  let shape = machine.configuration.shape
  func write(_ address: PhysicalAddress, _ data: UInt64, size: UInt8 = 8) {
    _ = machine.perform(Access(.write, size: size, source: 0, address: address, data: data))
  }
  func store(_ word: UInt64, _ offset: Int) {
    // SAFETY: every offset below is inside the RAM, and aligned.
    unsafe ram.storeBytes(of: word.littleEndian, toByteOffset: offset, as: UInt64.self)
  }
  // Queue, device table, collection table and ITT; then the property table, 0xa1 each.
  let device = DeviceID(rawValue: 0)
  var commands: [ITSCommand] = [
    .mapc(ICID(rawValue: 0), RDbase(rawValue: 0)),
    .mapd(device, ITT(base: base + 0x3_0000, eventIDBits: 5)),
  ]
  commands += (0..<32).map {
    .mapti(device, EventID(rawValue: $0), INTID(rawValue: 8192 + $0), ICID(rawValue: 0))
  }
  for (slot, command) in commands.enumerated() {
    let entry = QueueEntry(command)
    for (word, value) in [entry.dw0, entry.dw1, entry.dw2, entry.dw3].enumerated() {
      store(value, slot * 32 + word * 8)
    }
  }
  write(shape.gicdBase + UInt64(GICD.CTLR.offset), 2, size: 4)
  write(shape.gicrBase + UInt64(GICR.PROPBASER.offset), base + 0x4_0000 | 15)
  write(shape.gicrBase + UInt64(GICR.PENDBASER.offset), base + 0x8_0000 | 1 << 62)
  write(shape.gicrBase + UInt64(GICR.CTLR.offset), 1, size: 4)
  let its = shape.itsBases[0]
  write(its + UInt64(GITS.BASER.offset), 1 << 63 | 2 << 8 | base + 0x1_0000)
  write(its + UInt64(GITS.BASER.offset + 8), 1 << 63 | 2 << 8 | base + 0x2_0000)
  write(its + UInt64(GITS.CBASER.offset), 1 << 63 | 15 | base)
  write(its + UInt64(GITS.CTLR.offset), 1, size: 4)
  write(its + UInt64(GITS.CWRITER.offset), UInt64(commands.count * 32))
  return machine
}

let benchmarks: @Sendable () -> Void = {
  // SAFETY: set before any benchmark is made, by the only thread there is.
  unsafe Benchmark.defaultConfiguration = Benchmark.Configuration(
    metrics: [.wallClock, .throughput], scalingFactor: .kilo, maxDuration: .seconds(1))

  Benchmark("command: encode and decode") { benchmark in
    for number in benchmark.scaledIterations {
      let event = EventID(rawValue: UInt32(number & 31))
      let entry = QueueEntry(ITSCommand.int(DeviceID(rawValue: 7), event))
      blackHole(ITSCommand(decoding: entry))
    }
  }

  Benchmark("ITE: encode and decode") { benchmark in
    for number in benchmark.scaledIterations {
      let mapping = ITE.Mapping(
        intid: INTID(rawValue: 8192 + UInt32(number)), collection: ICID(rawValue: 3))
      blackHole(NativeFormat.decodeITE(NativeFormat.encode(ITE(mapping: mapping))))
    }
  }

  // SAFETY: the benchmarks run one after the other, so the machine has one user at a time.
  guard let made = makeMachine() else { fatalError("the machine has no RAM") }
  nonisolated(unsafe) let machine = made

  Benchmark("translation: an event's word") { benchmark in
    for number in benchmark.scaledIterations {
      blackHole(unsafe machine.perform(Access(.translate, source: 0, data: UInt64(number & 31))))
    }
  }

  Benchmark("selection: set, find, take") { benchmark in
    let intids = benchmark.scaledIterations.map { INTID(rawValue: 8192 + UInt32($0) * 57 % 57344) }
    benchmark.startMeasurement()
    blackHole(unsafe machine.cycleLPIs(intids, at: PEIndex(0)))
  }
}
