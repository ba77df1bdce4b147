// Commands that look into a machine.

import ArgumentParser
import GICReplay

struct MachineOptions: ParsableArguments {
  @OptionGroup var daemon: DaemonOptions

  @Option(help: "The machine's name; needed if there are several.")
  var machine: String?
}

/// Reads a number as people write addresses: decimal, or hexadecimal after 0x.
func number<Value: FixedWidthInteger>(_ text: String) throws -> Value {
  let isHexadecimal = text.lowercased().hasPrefix("0x")
  let digits = isHexadecimal ? text.dropFirst(2) : text[...]
  guard !digits.isEmpty,
    digits.allSatisfy({ $0.isASCII && (isHexadecimal ? $0.isHexDigit : $0.isNumber) })
  else {
    throw ValidationError("'\(text)' is no number: write it as 16 or 0x10")
  }
  guard let value = Value(digits, radix: isHexadecimal ? 16 : 10) else {
    throw ValidationError(
      "'\(text)' does not fit: \(Value.bitWidth) bits hold at most 0x"
        + String(Value.max, radix: 16))
  }
  return value
}

struct EventsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "events",
    abstract:
      "Shows rejected commands and dropped MSIs, each with the table entry that decided it.",
    discussion: """
      EXAMPLE
        itsctl events --attach unix:/run/itsd.sock --follow

      With --follow --json every event is one line.
      """)

  @OptionGroup var options: MachineOptions

  @Option(help: "The sequence number to begin with.", transform: number)
  var from: UInt64 = 0

  @Flag(help: "Go on and show events as they come.")
  var follow = false

  func run() throws {
    try options.daemon.tool.events(machine: options.machine, from: from, follows: follow)
  }
}

struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Says what happens to an interrupt, and where it ends.",
    subcommands: [ExplainMSICommand.self])
}

struct ExplainMSICommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "msi",
    abstract: "Walks the way of an MSI and shows each table entry; changes nothing.",
    discussion: """
      EXAMPLE
        itsctl explain msi 0x10 3 --attach unix:/run/itsd.sock

      The exit status is 1 if something holds the MSI.
      """)

  @Argument(help: "The DeviceID, 16 or 0x10.", transform: number)
  var deviceID: UInt32

  @Argument(help: "The EventID, 16 or 0x10.", transform: number)
  var eventID: UInt32

  @OptionGroup var options: MachineOptions

  @Option(help: "Which ITS, from 0; needed if there are several.")
  var its: Int?

  func run() throws {
    let arrives = try options.daemon.tool.explain(
      machine: options.machine, its: its, device: deviceID, event: eventID)
    guard arrives else { throw ExitCode.failure }
  }
}

struct TablesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tables",
    abstract: "Shows the device table, ITTs and collections of an ITS, as they lie in guest RAM.",
    discussion: """
      EXAMPLE
        itsctl tables --attach unix:/run/itsd.sock --device 0x10
      """)

  @OptionGroup var options: MachineOptions

  @Option(help: "Which ITS, from 0; needed if there are several.")
  var its: Int?

  @Option(help: "Only this DeviceID, 16 or 0x10.", transform: number)
  var device: UInt32?

  func run() throws {
    try options.daemon.tool.tables(machine: options.machine, its: its, device: device)
  }
}

struct RegistersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "registers",
    abstract: "Shows the registers of the distributor, a PE and the ITSs; acknowledges nothing.",
    discussion: """
      EXAMPLE
        itsctl registers --attach unix:/run/itsd.sock --pe 1
      """)

  @OptionGroup var options: MachineOptions

  @Option(help: "The PE, by Processor_Number.", transform: number)
  var pe: UInt32 = 0

  @Flag(help: "Show elements of arrays that are 0, too.")
  var all = false

  func run() throws {
    try options.daemon.tool.registers(machine: options.machine, pe: pe, all: all)
  }
}

struct DecodeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decode",
    abstract: "Decodes an ITS command from its four doublewords; needs no daemon.",
    discussion: """
      EXAMPLE
        itsctl decode 0x100000000a 0x200000000003 0x1 0

      Doublewords that are left out are 0. The exit status is 1 if no GICv3 command has the opcode.
      """)

  @Argument(help: "DW0 to DW3, 16 or 0x10.", transform: number)
  var doublewords: [UInt64]

  @Flag(help: "Write the answer as JSON.")
  var json = false

  func validate() throws {
    guard (1...4).contains(doublewords.count) else {
      throw ValidationError("a command has 4 doublewords, not \(doublewords.count)")
    }
  }

  func run() throws {
    guard try decodeCommand(doublewords, json: json) else { throw ExitCode.failure }
  }
}
