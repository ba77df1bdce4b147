// Every offset of every frame, in every width, written with everything: nothing traps, what is RES0
// stays 0, and where no register is nothing ever is.

import GICArch
import Testing

@testable import GICModel

private let frames: [(frame: Frame, registers: RegisterFrame, offset: Int)] = [
  (.gits(0), .itsControl, 0), (.gits(0), .itsTranslation, GITS.translationFrame),
  (.gicr(1), .redistributor, 0), (.gicr(1), .redistributorSGI, GICR.SGI.frame),
  (.gicd, .distributor, 0),
]

struct NoiseCase: Sendable, CustomTestStringConvertible {
  var name: String
  var change: @Sendable (inout MachineConfiguration) -> Void
  var testDescription: String { name }
}

private let noiseCases: [NoiseCase] = [
  NoiseCase(name: "architecture") { _ in },
  NoiseCase(name: "kvm") { $0.profile = Profile(base: .kvm) },
  NoiseCase(name: "qemu") { $0.profile = Profile(base: .qemu) },
  NoiseCase(name: "all that is optional") {
    $0.profile.imDe = .stored
    $0.profile.statusRegisters = .recorded
    $0.profile.unmappedMSIs = .interrupt
    $0.profile.mpam = .registers
    $0.identity.directLPI = true
    $0.identity.oneOfNSupported = true
    $0.identity.itLinesNumber = 31
    $0.identity.maximumPARTID = 9
  },
]

/// What a register may show beside its writable bits and what it showed after reset.
private func dynamicBits(_ name: String, _ configuration: MachineConfiguration) -> UInt64 {
  let profile = configuration.profile
  return switch name {
  case "GITS_CREADR": 0xf_ffe1
  case "GITS_STATUSR": profile.unmappedMSIs == .unreported ? 0xf : 0x3ff
  case "GITS_UMSIR": profile.unmappedMSIs == .unreported ? 0 : .max
  case "GICR_PENDBASER": profile.pendbaserPTZ == .readsBack ? 1 << 62 : 0
  default: 0
  }
}

/// Bits that are RES0 in this machine though other machines have them.
private func absentBits(_ name: String, _ configuration: MachineConfiguration) -> UInt64 {
  let (profile, identity) = (configuration.profile, configuration.identity)
  return switch name {
  case "GITS_CTLR":
    (profile.imDe == .absent ? 2 : 0) | (profile.unmappedMSIs == .interrupt ? 0 : 1 << 8)
  case "GITS_PARTIDR", "GICR_PARTIDR":
    profile.mpam == .absent ? .max : ~(0xf | UInt64(identity.maximumPMG) << 16)
  case "GICR_CTLR": configuration.choosesAmongPEs ? 0 : 3 << 24
  case "GICR_WAKER": profile.waker == .absent ? .max : 0
  case "GICD_CTLR": profile.groupEnables == .one ? 1 : 0
  case "GICD_IROUTER<n>":
    (configuration.choosesAmongPEs ? 0 : 1 << 31)
      | (identity.affinity3Valid ? 0 : UInt64.ones(39, 32))
  case "GITS_STATUSR", "GICR_STATUSR":
    profile.statusRegisters == .recorded ? 0 : 0xf
  default: 0
  }
}

/// The bits that each register of the catalogue may show, by frame and offset.
private func allowedBits(_ world: World) -> [(Frame, RegisterEntry, offset: Int, bits: UInt64)] {
  let configuration = world.machine.configuration
  var all: [(Frame, RegisterEntry, offset: Int, bits: UInt64)] = []
  for (frame, registers, start) in frames {
    for entry in RegisterCatalogue.all where entry.frame == registers {
      for index in 0..<entry.count {
        let offset = start + entry.offset + index * entry.byteCount
        let reset = world.read(frame, offset, size: UInt8(entry.byteCount))
        let bits =
          (entry.writable | reset | dynamicBits(entry.name, configuration))
          & ~absentBits(entry.name, configuration)
        all.append((frame, entry, offset, bits))
      }
    }
  }
  return all
}

private func check(
  _ world: World, _ allowed: [(Frame, RegisterEntry, offset: Int, bits: UInt64)], _ when: String
) {
  for (frame, entry, offset, bits) in allowed {
    let value = world.read(frame, offset, size: UInt8(entry.byteCount))
    guard value & ~bits != 0 else { continue }
    let (place, found) = (String(offset, radix: 16), String(value, radix: 16))
    Issue.record("\(when): \(entry.name) at 0x\(place) is 0x\(found)")
  }
}

/// Where the catalogue has no register everything reads 0.
private func checkReserved(_ world: World) {
  for (frame, registers, start) in frames {
    for offset in stride(from: 0, to: 0x1_0000, by: 4)
    where RegisterNoise.isEmpty(registers, offset) {
      let value = world.read(frame, start + offset, size: 4)
      if value != 0 { Issue.record("\(frame) 0x\(String(offset, radix: 16)) is not 0") }
    }
  }
}

private enum RegisterNoise {
  /// Of each frame, the places of its registers.
  static let ranges: [RegisterFrame: [Range<Int>]] = Dictionary(
    grouping: RegisterCatalogue.all, by: \.frame
  ).mapValues { $0.map(\.byteRange) }
  private static let taken: [RegisterFrame: Set<Int>] = {
    var taken: [RegisterFrame: Set<Int>] = [:]
    for entry in RegisterCatalogue.all where entry.frame != .cpuInterface {
      taken[entry.frame, default: []].formUnion(
        stride(from: entry.byteRange.lowerBound, to: entry.byteRange.upperBound, by: 4))
    }
    return taken
  }()
  /// No register of the catalogue lies at the word.
  static func isEmpty(_ frame: RegisterFrame, _ offset: Int) -> Bool {
    taken[frame]?.contains(offset) != true
  }
}

@Test(arguments: noiseCases, [UInt64.max, 0x5555_5555_5555_5555])
func `every offset takes every width, and RES0 stays 0`(noise: NoiseCase, value: UInt64) {
  var configuration = World.configuration()
  noise.change(&configuration)
  let world = World(configuration)
  let allowed = allowedBits(world)
  for size in [8, 4, 2, 1] {
    for (frame, _, start) in frames {
      // Beyond the registers nothing differs, and IROUTERs are alike: there one in 13 is enough.
      for offset in stride(from: 0, to: 0x1_0000, by: size)
      where offset < 0x1000 || offset >= 0xffc0 || offset / size % 13 == 0 {
        world.write(frame, start + offset, value, size: UInt8(size))
      }
    }
    check(world, allowed, "\(size) bytes")
  }
  checkReserved(world)
}

@Test(arguments: noiseCases, [21, 22] as [UInt64])
func `random accesses of every width leave RES0 at 0`(noise: NoiseCase, seed: UInt64) {
  var dice = Dice(seed: seed)
  var configuration = World.configuration()
  noise.change(&configuration)
  let world = World(configuration)
  let allowed = allowedBits(world)
  for _ in 0..<4 {
    for _ in 0..<1000 {
      let (frame, registers, start) = dice.pick(frames)
      let range = dice.pick(RegisterNoise.ranges[registers] ?? [0..<8])
      let offset = dice.chance(90) ? range.lowerBound + dice.roll(range.count) : dice.roll(0x1_0000)
      let size = dice.pick([1, 2, 4, 4, 8, 8] as [UInt8])
      let aligned = dice.chance(80) ? offset & ~(Int(size) - 1) : offset
      world.write(frame, start + aligned, dice.next(), size: size)
      _ = world.read(frame, start + aligned, size: size)
      if dice.chance(10) { world.msi(UInt32(dice.roll(4)), UInt32(dice.roll(4))) }
    }
    check(world, allowed, "seed \(seed)")
  }
  checkReserved(world)
}
