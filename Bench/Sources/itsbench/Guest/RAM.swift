// A guest's RAM: pages of this process, or of a file that another process maps too.

import GICArch
import GICModel
import Glibc

/// `byteCount` bytes of zeros at guest address ``address``. Pages cost nothing until they are used.
@safe final class RAM {
  static var address: PhysicalAddress { 0x4000_0000 }
  let byteCount: Int
  private let base: UnsafeMutableRawPointer

  /// - Parameter descriptor: an open file of that length, shared; -1 for pages of our own.
  init(byteCount: Int, descriptor: Int32 = -1) throws {
    let flags = descriptor < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE : MAP_SHARED
    let pages = unsafe mmap(nil, byteCount, PROT_READ | PROT_WRITE, flags, descriptor, 0)
    guard let pages = unsafe pages, unsafe pages != MAP_FAILED else {
      throw WrongWork(description: "no room for \(byteCount >> 20) MiB of guest RAM")
    }
    unsafe base = pages
    self.byteCount = byteCount
  }
  deinit { unsafe _ = munmap(base, byteCount) }

  private func offset(_ address: PhysicalAddress, _ length: Int) -> Int {
    let offset = Int(address &- RAM.address)
    precondition(offset >= 0 && length <= byteCount && offset <= byteCount - length)
    return offset
  }

  /// Gives it to a machine. The RAM must outlive the machine's use of it.
  func map(into machine: some Machine) throws {
    // SAFETY: whoever has the machine has this object too.
    try unsafe machine.map(GuestRAM(address: RAM.address, base: base, byteCount: byteCount))
  }

  /// For the C kernel, under the same promise.
  @unsafe func withBase<T>(_ body: (UnsafeMutableRawPointer) -> T) -> T { unsafe body(base) }

  func store(_ entry: QueueEntry, at address: PhysicalAddress) {
    let place = offset(address, QueueEntry.byteCount)
    // SAFETY: inside the RAM, as was checked; a slot is aligned to its size.
    unsafe base.storeBytes(of: entry.dw0.littleEndian, toByteOffset: place, as: UInt64.self)
    unsafe base.storeBytes(of: entry.dw1.littleEndian, toByteOffset: place + 8, as: UInt64.self)
    unsafe base.storeBytes(of: entry.dw2.littleEndian, toByteOffset: place + 16, as: UInt64.self)
    unsafe base.storeBytes(of: entry.dw3.littleEndian, toByteOffset: place + 24, as: UInt64.self)
  }

  func fill(_ address: PhysicalAddress, _ length: Int, with byte: UInt8) {
    // SAFETY: inside the RAM, as is checked.
    unsafe _ = memset(base + offset(address, length), Int32(byte), length)
  }

  /// The first address in a range at which another RAM has another doubleword; nil if there is
  /// none.
  func difference(
    from other: RAM, _ address: PhysicalAddress, _ length: Int
  ) -> PhysicalAddress? {
    let (mine, its) = (offset(address, length), other.offset(address, length))
    // SAFETY: both ranges were checked.
    guard unsafe memcmp(base + mine, other.base + its, length) != 0 else { return nil }
    for place in stride(from: 0, to: length, by: 8) {
      let a = unsafe base.load(fromByteOffset: mine + place, as: UInt64.self)
      let b = unsafe other.base.load(fromByteOffset: its + place, as: UInt64.self)
      if a != b { return address + UInt64(place) }
    }
    return nil
  }
}
