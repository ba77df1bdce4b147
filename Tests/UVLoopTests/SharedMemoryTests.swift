// Descriptors that a client may hand over, and which of them are safe to map.

import CUV
import Foundation
import Testing
import UVLoop

private func memfd(byteCount: Int, sealable: Bool = true) throws -> OwnedDescriptor {
  let flags = UInt32(MFD_CLOEXEC) | (sealable ? UInt32(MFD_ALLOW_SEALING) : 0)
  // SAFETY: the name is read during the call only.
  let number = unsafe memfd_create("test", flags)
  try #require(number >= 0)
  try #require(ftruncate(number, off_t(byteCount)) == 0)
  return OwnedDescriptor(adopting: number)
}

private func copy(of descriptor: OwnedDescriptor) -> Int32 { dup(descriptor.number) }

private let ranges: [(name: String, offset: UInt64, byteCount: UInt64, errno: Int32)] = [
  ("all of it", 0, 8192, 0),
  ("its second page", 4096, 4096, 0),
  ("one page too many", 0, 12288, EINVAL),
  ("an offset past the end", 8192, 4096, EINVAL),
  ("nothing", 0, 0, EINVAL),
  ("half a page", 0, 2048, EINVAL),
  ("an offset in a page", 8, 4096, EINVAL),
  ("a length that wraps", 4096, .max - 4095, EINVAL),
  ("an offset that wraps", .max - 4095, 4096, EINVAL),
  ("more than addresses", 0, 1 << 63, EINVAL),
]

@Test(arguments: ranges)
func `a memfd of 8 KiB maps where it is`(
  _: String, offset: UInt64, byteCount: UInt64, errno: Int32
) throws {
  let descriptor = try memfd(byteCount: 8192)
  do throws(UVError) {
    let memory = try SharedMemory.map(descriptor, offset: offset, byteCount: byteCount)
    #expect(errno == 0)
    #expect(memory.read(at: memory.byteCount - 1, count: 1) == [0])
  } catch { #expect(error.errno == errno) }
}

@Test func `a memfd shorter than claimed is refused with both sizes`() throws {
  let descriptor = try memfd(byteCount: 8192)
  let error = #expect(throws: UVError.self) {
    try SharedMemory.map(descriptor, offset: 0, byteCount: 65536)
  }
  #expect(error?.description.contains("65536") == true)
  #expect(error?.description.contains("8192") == true)
}

@Test func `what is mapped cannot be shortened any more`() throws {
  let descriptor = try memfd(byteCount: 8192)
  let other = copy(of: descriptor)
  defer { close(other) }
  let memory = try SharedMemory.map(descriptor, offset: 0, byteCount: 8192)
  #expect(ftruncate(other, 0) == -1)
  #expect(memory.read(at: 8191, count: 1) == [0])
}

@Test func `what cannot be sealed is refused, with how to make it`() throws {
  let plain = try memfd(byteCount: 8192, sealable: false)
  let error = #expect(throws: UVError.self) {
    try SharedMemory.map(plain, offset: 0, byteCount: 8192)
  }
  #expect(error?.errno == EPERM)
  #expect(error?.description.contains("MFD_ALLOW_SEALING") == true)

  var ends: [Int32] = [0, 0]
  // SAFETY: pipe fills the two elements.
  let made = unsafe ends.withUnsafeMutableBufferPointer { unsafe pipe($0.baseAddress!) }
  try #require(made == 0)
  let (one, two) = (OwnedDescriptor(adopting: ends[0]), OwnedDescriptor(adopting: ends[1]))
  for end in [one, two] {
    let error = #expect(throws: UVError.self) {
      try SharedMemory.map(end, offset: 0, byteCount: 4096)
    }
    #expect(error?.errno == EPERM)
  }
}

@Test func `private memory has no descriptor and begins as zero`() throws {
  let memory = try SharedMemory.createPrivate(byteCount: 1 << 30)
  #expect(memory.descriptor == nil)
  #expect(memory.read(at: (1 << 30) - 2, count: 2) == [0, 0])
  memory.write([9], at: (1 << 30) - 1)
  #expect(memory.read(at: (1 << 30) - 1, count: 1) == [9])
}
