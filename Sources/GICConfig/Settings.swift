// The tables of all settings. A field of the machine without a row here could not be configured, so
// the tests count the fields.

import GICArch
import GICModel

/// Every key that a configuration may contain, by section.
enum Settings {
  static let all: [Setting] = [clock] + machine + identity + profile + timing

  /// Keys that stand beside the sections and describe the file, not the machine.
  static let descriptions = ["name", "about"]
  static let sections = ["machine", "identity", "profile", "timing"]

  static let clock = Setting.choice("clock", \.clock, (.chosen, "default"))

  private static let shown = Setting.Origin(.chosen, "default; QEMU's ITS shows the same")

  /// Identification registers.
  static let identity: [Setting] = [
    .integer("identity.gic_version", \.identity.gicVersion, 3...4, (.chosen, "default")),
    .integer(
      "identity.iidr", \.identity.iidr, 0...0xffff_ffff, hexadecimal: true, shown),
    .integer(
      "identity.distributor_iidr", \.identity.distributorIIDR, 0...0xffff_ffff, hexadecimal: true,
      shown),
    .integer(
      "identity.redistributor_iidr", \.identity.redistributorIIDR, 0...0xffff_ffff,
      hexadecimal: true, shown),
    .integer("identity.device_id_bits", \.identity.deviceIDBits, 1...32, unit: "bits", shown),
    .integer("identity.event_id_bits", \.identity.eventIDBits, 1...32, unit: "bits", shown),
    .integer(
      "identity.collection_id_bits", \.identity.collectionIDBits, 1...16, unit: "bits", shown),
    .boolean("identity.shows_collection_id_bits", \.identity.showsCollectionIDBits, shown),
    .integer(
      "identity.itt_entry_bytes", \.identity.ittEntryByteCount, 8...16, unit: "bytes",
      (.chosen, "default; the native layout's 8")),
    .boolean("identity.pta_is_address", \.identity.ptaIsAddress, shown),
    .integer("identity.hardware_collections", \.identity.hardwareCollections, 0...255, shown),
    .boolean("identity.serror_support", \.identity.serrorSupport, shown),
    .integer("identity.dte_bytes", \.identity.dteByteCount, 8...32, unit: "bytes", shown),
    .integer("identity.cte_bytes", \.identity.cteByteCount, 8...32, unit: "bytes", shown),
    .integer("identity.intid_bits", \.identity.intidBits, 14...24, unit: "bits", shown),
    .integer("identity.it_lines_number", \.identity.itLinesNumber, 0...31, unit: "32 lines", shown),
    .integer("identity.priority_bits", \.identity.priorityBits, 4...8, unit: "bits", shown),
    .integer(
      "identity.cpu_interface_id_bits", \.identity.cpuInterfaceIDBits, 16...24, unit: "bits",
      shown),
    .boolean("identity.affinity3_valid", \.identity.affinity3Valid, shown),
    .boolean("identity.one_of_n_supported", \.identity.oneOfNSupported, shown),
    .integer("identity.common_lpi_affinity", \.identity.commonLPIAffinity, 0...3, shown),
    .boolean("identity.direct_lpi", \.identity.directLPI, shown),
    .integer(
      "identity.unmapped_msi_intid", \.identity.unmappedMSIINTID, 32...1019, unit: "INTID",
      (.chosen, "default; the first SPI")),
    .integer("identity.maximum_partid", \.identity.maximumPARTID, 0...0xffff, (.chosen, "default")),
    .integer("identity.maximum_pmg", \.identity.maximumPMG, 0...0xff, (.chosen, "default")),
    processorNumbers,
  ]

  private static let processorNumbers = Setting(
    key: "identity.processor_numbers", unit: "one a PE", provenance: shown.provenance,
    source: shown.source, expected: "a list of 1 through \(maximumPEs) numbers, or linear",
    read: { machine in
      let numbers = machine.identity.processorNumbers.map { String($0.rawValue) }
      return numbers.isEmpty ? "linear" : "[" + numbers.joined(separator: ", ") + "]"
    },
    write: { (machine, raw) throws(Unfit) in
      switch raw {
      case .scalar("linear"): machine.identity.processorNumbers = []
      case .list(let texts) where (1...maximumPEs).contains(texts.count):
        var numbers: [ProcessorNumber] = []
        for text in texts {
          guard let number = parseInteger(text).flatMap({ UInt16(exactly: $0) }),
            !numbers.contains(ProcessorNumber(rawValue: number))
          else { throw Unfit(expected: "numbers from 0 through 65535 that differ, not \(text)") }
          numbers.append(ProcessorNumber(rawValue: number))
        }
        machine.identity.processorNumbers = numbers
      default:
        throw Unfit(expected: "a list of 1 through \(maximumPEs) numbers, or linear")
      }
    })
}
