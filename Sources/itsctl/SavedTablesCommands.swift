// Commands that look at saved tables; they need no daemon.

import ArgumentParser
import GICReplay

struct SavedTablesOptions: ParsableArguments {
  @Option(help: "A file with the guest's RAM, or the part that has the tables.")
  var ram: String

  @Option(help: "Guest physical address of the file's first byte.", transform: number)
  var ramBase: UInt64 = 0x4000_0000

  @Option(help: "GITS_BASER0 as it was saved: the device table.", transform: number)
  var baser0: UInt64

  @Option(help: "GITS_BASER1 as it was saved: the collections.", transform: number)
  var baser1: UInt64

  @Flag(help: "Write the answer as JSON.")
  var json = false

  var tool: SavedTablesTool {
    SavedTablesTool(
      file: ram, ramBase: ramBase, deviceTable: baser0, collectionTable: baser1, json: json)
  }
}

struct DecodeTablesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decode-tables",
    abstract: "Prints the devices, events and collections that KVM or itsd saved into guest RAM.",
    discussion: """
      EXAMPLE
        itsctl decode-tables --ram ram.bin --ram-base 0x40000000 --baser0 0xb907000040a00607 \
      --baser1 0xbc07000040c00600

      The layout is KVM's REV0. The exit status is 1 if something in the tables cannot be right.
      """)

  @OptionGroup var options: SavedTablesOptions

  func run() throws {
    guard try options.tool.decode() else { throw ExitCode.failure }
  }
}

struct VerifyTablesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify-tables",
    abstract: "Says whether a restore of saved tables would succeed, and if not why.",
    discussion: """
      EXAMPLE
        itsctl verify-tables --ram ram.bin --baser0 0xb907000040a00607 --baser1 0xbc07000040c00600 \
      --pes 4

      The tables are restored over a copy: the file does not change. The exit status is 1 if the \
      restore would be refused.
      """)

  @OptionGroup var options: SavedTablesOptions

  @Option(help: "How many PEs the machine has, numbered from 0.")
  var pes = 1

  @Flag(help: "As the architecture says, not as KVM does.")
  var architecture = false

  @Option(help: "GICR_PROPBASER; with it the LPI tables are read as well.", transform: number)
  var propbaser: UInt64?

  @Option(help: "GICR_PENDBASER of each PE, in their order.", transform: number)
  var pendbaser: [UInt64] = []

  func validate() throws {
    guard (1...1024).contains(pes) else { throw ValidationError("expected 1 to 1024 PEs") }
    guard propbaser != nil || pendbaser.isEmpty else {
      throw ValidationError("--pendbaser needs --propbaser")
    }
  }

  func run() throws {
    let lpiTables = propbaser.map { ($0, pendbaser) }
    guard try options.tool.verify(kvm: !architecture, pes: pes, lpiTables: lpiTables) else {
      throw ExitCode.failure
    }
  }
}
