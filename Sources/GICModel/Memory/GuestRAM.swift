import GICArch

/// A range of guest RAM in the host's memory. Whoever makes one promises that the bytes stay
/// mapped, readable and writable until the machine has unmapped the range.
@safe public struct GuestRAM: @unchecked Sendable {
  /// First guest physical address; a multiple of 4 KiB.
  public let address: PhysicalAddress
  /// Length in bytes; a multiple of 4 KiB.
  public let byteCount: Int
  @usableFromInline let base: UnsafeMutableRawPointer

  @unsafe public init(address: PhysicalAddress, base: UnsafeMutableRawPointer, byteCount: Int) {
    self.address = address
    self.byteCount = byteCount
    unsafe self.base = base
  }
}
