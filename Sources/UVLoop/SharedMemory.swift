// Memory that two processes see, and the descriptors that name it. A client can hand the daemon any
// descriptor: what is accepted here can never fault when it is read or written later.

import CUV
import Glibc

/// A file descriptor that is closed when nobody holds it any more.
public final class OwnedDescriptor {
  public let number: CInt
  /// Takes over an open descriptor: nobody else may close it.
  public init(adopting number: CInt) { self.number = number }
  deinit { _ = Glibc.close(number) }
}

/// A mapping of memory: a shared memfd, or RAM that this process holds alone.
@safe public final class SharedMemory {
  /// First byte of the mapping; valid as long as this object lives.
  @unsafe public let base: UnsafeMutableRawPointer
  public let byteCount: Int
  /// What names it to another process; nil for memory of this process alone.
  public let descriptor: OwnedDescriptor?

  private init(
    _ descriptor: OwnedDescriptor?, offset: Int, byteCount: Int, flags: CInt,
    protection: CInt = PROT_READ | PROT_WRITE
  ) throws(UVError) {
    // SAFETY: a new mapping at an address of the kernel's choice disturbs nothing that exists.
    let result = unsafe mmap(
      nil, byteCount, protection, flags, descriptor?.number ?? -1, off_t(offset))
    guard let base = unsafe result, unsafe base != MAP_FAILED else {
      throw UVError(errno: errno, call: "mmap of \(byteCount) bytes")
    }
    unsafe self.base = base
    self.byteCount = byteCount
    self.descriptor = descriptor
  }

  deinit {
    // SAFETY: this object made the mapping; whoever keeps the address keeps the object.
    unsafe munmap(base, byteCount)
  }

  /// HUGETLBFS_MAGIC of `linux/magic.h`.
  private static var hugePages: Int { 0x9584_58f6 }

  /// New shared memory of so many bytes (a multiple of 4 KiB), zero, sealed against shrinking.
  public static func create(byteCount: Int, name: String = "itsd") throws(UVError) -> SharedMemory {
    try check(byteCount: byteCount, offset: 0)
    let number = try UVError.checkSystem(
      unsafe memfd_create(name, UInt32(MFD_CLOEXEC | MFD_ALLOW_SEALING)), "memfd_create")
    let descriptor = OwnedDescriptor(adopting: number)
    try UVError.checkSystem(ftruncate(number, off_t(byteCount)), "memfd of \(byteCount) bytes")
    try UVError.checkSystem(
      fcntl(number, CInt(itsd_F_ADD_SEALS), CInt(itsd_F_SEAL_SHRINK)), "sealing a memfd")
    return try SharedMemory(descriptor, offset: 0, byteCount: byteCount, flags: MAP_SHARED)
  }

  /// No other process may change its length, or write to it through a mapping made from now on.
  /// - Parameter forReading: others may only read; without it they may write.
  public func seal(forReading: Bool) throws(UVError) {
    guard let descriptor else { return }
    let seals =
      itsd_F_SEAL_GROW | itsd_F_SEAL_SHRINK
      | (forReading ? itsd_F_SEAL_FUTURE_WRITE : 0)
    try UVError.checkSystem(
      fcntl(descriptor.number, CInt(itsd_F_ADD_SEALS), CInt(seals)), "sealing a memfd")
  }

  /// Memory of this process alone, zero, taken from the system as it is touched.
  public static func createPrivate(byteCount: Int) throws(UVError) -> SharedMemory {
    try check(byteCount: byteCount, offset: 0)
    return try SharedMemory(
      nil, offset: 0, byteCount: byteCount, flags: MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)
  }

  /// Maps a memfd that somebody else made.
  /// - Throws: EPERM when it could be shortened under us, EINVAL when it is too short or of huge
  ///   pages: a hole that is punched into those may find no page to fill it, which is a SIGBUS.
  public static func map(
    _ descriptor: OwnedDescriptor, offset: UInt64, byteCount: UInt64
  ) throws(UVError) -> SharedMemory {
    guard let offset = Int(exactly: offset), let byteCount = Int(exactly: byteCount),
      !offset.addingReportingOverflow(byteCount).overflow
    else { throw UVError(errno: EINVAL, call: "offset \(offset) + \(byteCount) bytes wraps") }
    try check(byteCount: byteCount, offset: offset)
    var system = statfs()
    // SAFETY: one structure, written during the call only.
    try UVError.checkSystem(unsafe fstatfs(descriptor.number, &system), "fstatfs")
    guard system.f_type != SharedMemory.hugePages else {
      throw UVError(
        errno: EINVAL, call: "a memfd of huge pages cannot be shared: make it without MFD_HUGETLB")
    }
    // Sealed first and measured after: between the two it can only grow.
    let seals = fcntl(descriptor.number, CInt(itsd_F_GET_SEALS))
    if seals < 0 || seals & CInt(itsd_F_SEAL_SHRINK) == 0 {
      guard seals >= 0,
        fcntl(descriptor.number, CInt(itsd_F_ADD_SEALS), CInt(itsd_F_SEAL_SHRINK)) == 0
      else {
        throw UVError(
          errno: EPERM,
          call: "the descriptor cannot be sealed against shrinking: "
            + "make it with memfd_create(..., MFD_ALLOW_SEALING) or add F_SEAL_SHRINK yourself")
      }
    }
    var status = stat()
    try UVError.checkSystem(unsafe fstat(descriptor.number, &status), "fstat")
    guard offset + byteCount <= Int(status.st_size) else {
      throw UVError(
        errno: EINVAL,
        call: "offset \(offset) + \(byteCount) bytes reach past the memfd's \(status.st_size) bytes"
      )
    }
    return try SharedMemory(descriptor, offset: offset, byteCount: byteCount, flags: MAP_SHARED)
  }

  /// Maps the beginning of what somebody else made and sealed, to read it only.
  public static func mapForReading(
    _ descriptor: OwnedDescriptor, byteCount: Int
  ) throws(UVError) -> SharedMemory {
    var status = stat()
    try UVError.checkSystem(unsafe fstat(descriptor.number, &status), "fstat")
    guard byteCount <= Int(status.st_size) else {
      throw UVError(errno: EINVAL, call: "\(byteCount) bytes of a memfd of \(status.st_size)")
    }
    return try SharedMemory(
      descriptor, offset: 0, byteCount: byteCount, flags: MAP_SHARED, protection: PROT_READ)
  }

  private static func check(byteCount: Int, offset: Int) throws(UVError) {
    guard byteCount > 0, byteCount % 4096 == 0, offset >= 0, offset % 4096 == 0 else {
      throw UVError(
        errno: EINVAL, call: "\(byteCount) bytes at offset \(offset): both are multiples of 4096")
    }
  }

  /// Copies bytes out. `offset + count` must lie inside.
  public func read(at offset: Int, count: Int) -> [UInt8] {
    precondition(offset >= 0 && count >= 0 && count <= byteCount && offset <= byteCount - count)
    // SAFETY: the range was checked. Another process may write meanwhile: bytes tear, nothing else.
    return unsafe Array(UnsafeRawBufferPointer(start: base + offset, count: count))
  }

  /// Copies bytes in. They must fit.
  public func write(_ bytes: some Collection<UInt8>, at offset: Int) {
    precondition(offset >= 0 && bytes.count <= byteCount && offset <= byteCount - bytes.count)
    // SAFETY: the range was checked, as in `read`.
    unsafe UnsafeMutableRawBufferPointer(start: base + offset, count: bytes.count)
      .copyBytes(from: bytes)
  }
}
