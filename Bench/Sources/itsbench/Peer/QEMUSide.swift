import Foundation
import GICArch
import Glibc

/// QEMU's ITS: registers over qtest, RAM shared, so that only CWRITER crosses the socket.
final class QEMUSide: Side {
  let ram: RAM
  private let qtest: QTest
  private let descriptor: Int32
  private let memory: String
  private var messages: [String] = []
  /// The first thing that went wrong; what is measured after it counts nothing.
  private(set) var failure: (any Error)?

  /// MSIs on the socket at a time: QEMU takes 1,024 bytes of requests at once.
  private static let outstanding = 64

  init(_ layout: Layout) throws {
    let name = "itsbench-qemu-\(ProcessInfo.processInfo.processIdentifier)"
    memory = "/dev/shm/\(name)"
    // A machine of QEMU's has 128 MiB or more.
    let byteCount = max(layout.ramByteCount, 128 << 20)
    descriptor = unsafe open(memory, O_RDWR | O_CREAT | O_TRUNC, 0o600)
    guard descriptor >= 0, ftruncate(descriptor, byteCount) == 0 else {
      throw WrongWork(description: "\(memory): errno \(errno)")
    }
    ram = try RAM(byteCount: byteCount, descriptor: descriptor)
    qtest = try QTest(
      path: FileManager.default.temporaryDirectory.appendingPathComponent(name + ".sock").path,
      memory: memory, byteCount: byteCount, cpus: layout.pes)
  }

  func end() {
    qtest.end()
    close(descriptor)
    _ = unsafe unlink(memory)
  }

  private func ask(_ requests: [String]) -> [String] {
    do {
      return try qtest.ask(requests)
    } catch {
      failure = failure ?? error
      return []
    }
  }

  func enable(_ layout: Layout) throws {
    // Its reset puts a device tree at the beginning of RAM. What answers has been reset.
    guard creadr == 0 else {
      throw WrongWork(description: "QEMU's GITS_CREADR does not begin at 0")
    }
    ram.fill(RAM.address, layout.ramByteCount, with: 0)
    layout.prepare(ram)
    _ = ask(layout.registers.map { QEMUSide.write($0.address, $0.data, size: $0.size) })
    if let failure { throw failure }
  }

  private static func write(
    _ address: PhysicalAddress, _ data: UInt64, size: UInt8
  ) -> String {
    "write\(size == 8 ? "q" : "l") 0x\(String(address, radix: 16)) 0x\(String(data, radix: 16))"
  }

  func runQueue(to cwriter: UInt64) {
    _ = ask([QEMUSide.write(Layout.its(GITS.CWRITER.offset), cwriter, size: 8)])
  }
  var creadr: UInt64 {
    let answer = ask(["readq 0x" + String(Layout.its(GITS.CREADR.offset), radix: 16)]).first
    return answer.flatMap { UInt64($0.dropFirst(2), radix: 16) } ?? .max
  }
  /// They always are: QEMU keeps its pending bits there.
  func flush() {}
  func highestPending(_ pe: Int) -> UInt64? { nil }

  /// All of DeviceID 0: a write from qtest has no other.
  func take(_ messages: [Message]) {
    let translater = Layout.its(GITS.TRANSLATER.offsetFromControlFrame)
    self.messages = messages.map {
      QEMUSide.write(translater, UInt64($0.event.rawValue), size: 4)
    }
  }
  func timeSignal() -> Double {
    Clock.time {
      for part in stride(from: 0, to: messages.count, by: QEMUSide.outstanding) {
        _ = ask(Array(messages[part..<min(part + QEMUSide.outstanding, messages.count)]))
      }
    }
  }
  var setCount: Int? { nil }
  func settle() {}
  var processorSeconds: Double? { qtest.processorSeconds }
}
