// The shape of the machine: PEs and frames. Lists have writers of their own.

import GICArch
import GICModel

extension Settings {
  /// The most PEs that a machine has.
  static let maximumPEs = 1024
  static let maximumITSs = 32
  private static let virt = Setting.Origin(.chosen, "default; the frames of QEMU's virt machine")
  /// Above this no frame fits: the architecture's 52-bit physical addresses.
  static let lastFrame: UInt64 = (1 << 52) - 0x1_0000

  static let machine: [Setting] = [
    .integer(
      "machine.gicd_base", \.shape.gicdBase, 0...lastFrame, unit: "address", hexadecimal: true,
      virt),
    itsBases,
    .integer(
      "machine.gicr_base", \.shape.gicrBase, 0...lastFrame, unit: "address", hexadecimal: true,
      virt),
    .integer(
      "machine.gicr_stride", \.shape.gicrStride, 0x2_0000...0x100_0000, unit: "bytes",
      hexadecimal: true, virt),
    pes, affinities,
    .choice(
      "machine.queue_writers", \.queueWriters, (.chosen, "default; who writes does not wait")),
  ]

  /// Affinities as QEMU's and KVM's GICv3 number PEs: 16 to a cluster, as many as ICC_SGI1R can
  /// name.
  static func linearAffinities(_ count: Int) -> [Affinity] {
    (0..<count).map { Affinity(rawValue: UInt32($0 % 16 | ($0 / 16) << 8)) }
  }

  private static let itsBases = Setting(
    key: "machine.its_bases", unit: "addresses", provenance: virt.provenance, source: virt.source,
    expected: "a list of at most \(maximumITSs) addresses",
    read: { machine in
      "[" + machine.shape.itsBases.map { "0x" + String($0, radix: 16) }.joined(separator: ", ")
        + "]"
    },
    write: { (machine, raw) throws(Unfit) in
      guard case .list(let texts) = raw, texts.count <= maximumITSs else {
        throw Unfit(expected: "a list of at most \(maximumITSs) addresses")
      }
      var bases: [PhysicalAddress] = []
      for text in texts {
        guard let base = parseInteger(text), base <= lastFrame else {
          throw Unfit(expected: "addresses from 0x0 through 0x\(String(lastFrame, radix: 16))")
        }
        bases.append(base)
      }
      machine.shape.itsBases = bases
    })

  private static let pes = Setting(
    key: "machine.pes", unit: "PEs", provenance: .chosen, source: "default",
    expected: "an integer from 1 through \(maximumPEs)",
    read: { String($0.shape.affinities.count) },
    write: { (machine, raw) throws(Unfit) in
      guard case .scalar(let text) = raw, let count = parseInteger(text),
        (1...UInt64(maximumPEs)).contains(count)
      else { throw Unfit(expected: "an integer from 1 through \(maximumPEs)") }
      machine.shape.affinities = linearAffinities(Int(count))
    })

  private static let affinities = Setting(
    key: "machine.affinities", unit: "Aff3.Aff2.Aff1.Aff0", provenance: .chosen,
    source: "default; 16 PEs a cluster",
    expected: "a list of 1 through \(maximumPEs) affinities, or linear",
    read: { machine in
      let affinities = machine.shape.affinities
      guard affinities != linearAffinities(affinities.count) else { return "linear" }
      return "[" + affinities.map(\.description).joined(separator: ", ") + "]"
    },
    write: { (machine, raw) throws(Unfit) in
      switch raw {
      case .scalar("linear"):
        machine.shape.affinities = linearAffinities(machine.shape.affinities.count)
      case .list(let texts) where (1...maximumPEs).contains(texts.count):
        machine.shape.affinities = try parseAffinities(texts)
      default:
        throw Unfit(expected: "a list of 1 through \(maximumPEs) affinities, or linear")
      }
    })

  private static func parseAffinities(_ texts: [String]) throws(Unfit) -> [Affinity] {
    var affinities: [Affinity] = []
    var seen: Set<Affinity> = []
    for text in texts {
      guard let affinity = parseAffinity(text) else {
        throw Unfit(expected: "affinities such as 0.0.1.0 or an MPIDR such as 0x100, not \(text)")
      }
      guard seen.insert(affinity).inserted else {
        throw Unfit(expected: "affinities that differ; \(affinity) is there twice")
      }
      affinities.append(affinity)
    }
    return affinities
  }

  /// `3.2.1.0`, or MPIDR_EL1 as an integer whose other bits are 0.
  static func parseAffinity(_ text: String) -> Affinity? {
    if let mpidr = parseInteger(text) {
      let affinity = Affinity(mpidr: mpidr)
      return affinity.mpidr == mpidr ? affinity : nil
    }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var raw: UInt32 = 0
    for part in parts {
      guard let byte = parseInteger(String(part)), byte <= 255 else { return nil }
      raw = raw << 8 | UInt32(byte)
    }
    return Affinity(rawValue: raw)
  }
}
