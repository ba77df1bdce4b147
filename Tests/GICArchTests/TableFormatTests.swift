import GICArch
import Testing

/// Entries as the layouts' documents draw them.
private let nativeDTEs: [(name: String, raw: UInt64, entry: DTE)] = [
  ("not mapped", 0, DTE(itt: nil)),
  (
    "V[63] ITT_addr[51:8] Size[4:0]", 0x8000_0000_4266_1204,
    DTE(itt: ITT(base: 0x4266_1200, eventIDBits: 5))
  ),
  (
    "greatest", 0x800f_ffff_ffff_ff1f,
    DTE(itt: ITT(base: 0xf_ffff_ffff_ff00, eventIDBits: 32))
  ),
]
private let kvmDTEs: [(name: String, raw: UInt64, entry: DTE)] = [
  ("not mapped", 0, DTE(itt: nil)),
  (
    "ITT_addr[48:5] is address[51:8]", 0x8000_0000_084c_c244,
    DTE(itt: ITT(base: 0x4266_1200, eventIDBits: 5))
  ),
  (
    "greatest", 0x8001_ffff_ffff_ffff,
    DTE(itt: ITT(base: 0xf_ffff_ffff_ff00, eventIDBits: 32))
  ),
]
private let nativeITEs: [(name: String, raw: UInt64, entry: ITE)] = [
  ("not mapped", 0, ITE(mapping: nil)),
  ("V[63] ICID[47:32] INTID[31:0]", 0x8000_0102_0000_2001, ite(8193, 0x102)),
  ("greatest", 0x8000_ffff_ffff_ffff, ite(.max, .max)),
]
private let kvmITEs: [(name: String, raw: UInt64, entry: ITE)] = [
  ("pINTID 0", 0, ITE(mapping: nil)),
  ("pINTID[47:16] ICID[15:0]", 0x0000_0000_2001_0102, ite(8193, 0x102)),
  ("greatest", 0x0000_ffff_ffff_ffff, ite(.max, .max)),
]
private let nativeCTEs: [(name: String, raw: UInt64, entry: CTE)] = [
  ("not mapped", 0, CTE(target: nil)),
  ("V[63] RDbase[51:16]", 0x8000_0000_0102_0000, CTE(target: target(0x102))),
  ("target 0 is a target", 0x8000_0000_0000_0000, CTE(target: target(0))),
  ("greatest", 0x800f_ffff_ffff_0000, CTE(target: target(0xf_ffff_ffff))),
]
/// The same but for the one value that KVM gives a meaning.
private let kvmCTEs = nativeCTEs

private func ite(_ intid: UInt32, _ collection: UInt16) -> ITE {
  ITE(mapping: ITE.Mapping(intid: INTID(rawValue: intid), collection: icid(collection)))
}

@Test func `native entries are as drawn`() {
  check(NativeFormat.self, nativeDTEs, nativeITEs, nativeCTEs)
}
@Test func `KVM's entries are as drawn`() { check(KVMFormat.self, kvmDTEs, kvmITEs, kvmCTEs) }

private func check<F: TableFormat>(
  _: F.Type, _ dtes: [(name: String, raw: UInt64, entry: DTE)],
  _ ites: [(name: String, raw: UInt64, entry: ITE)],
  _ ctes: [(name: String, raw: UInt64, entry: CTE)]
) {
  for row in dtes {
    #expect(F.decodeDTE(row.raw) == row.entry, "DTE \(row.name)")
    #expect(F.encode(row.entry) == row.raw, "DTE \(row.name)")
  }
  for row in ites {
    #expect(F.decodeITE(row.raw) == row.entry, "ITE \(row.name)")
    #expect(F.encode(row.entry) == row.raw, "ITE \(row.name)")
  }
  for row in ctes {
    #expect(F.decodeCTE(row.raw) == row.entry, "CTE \(row.name)")
    #expect(F.encode(row.entry) == row.raw, "CTE \(row.name)")
  }
}

@Test func `entries survive a round trip`() throws {
  try roundTrip(NativeFormat.self)
  try roundTrip(KVMFormat.self)
}

private func roundTrip<F: TableFormat>(_: F.Type) throws {
  var random = SplitMix64(seed: 1)
  for round in 0..<2000 {
    let bits = random.next()
    let itt = ITT(base: bits & 0xf_ffff_ffff_ff00, eventIDBits: Int(bits % 32) + 1)
    try #require(F.decodeDTE(F.encode(DTE(itt: itt))) == DTE(itt: itt), "\(round)")
    let mapped = ite(UInt32(truncatingIfNeeded: bits) | 1, UInt16(truncatingIfNeeded: bits >> 40))
    try #require(F.decodeITE(F.encode(mapped)) == mapped, "\(round)")
    let bound = CTE(target: target(bits & 0xf_ffff_fffe))
    try #require(F.decodeCTE(F.encode(bound)) == bound, "\(round)")
  }
}

@Test func `any word decodes, and an entry without V is not mapped`() throws {
  var random = SplitMix64(seed: 2)
  for _ in 0..<2000 {
    let invalid = random.next() >> 1
    try #require(NativeFormat.decodeDTE(invalid) == DTE(itt: nil))
    try #require(NativeFormat.decodeITE(invalid) == ITE(mapping: nil))
    try #require(NativeFormat.decodeCTE(invalid) == CTE(target: nil))
    try #require(KVMFormat.decodeDTE(invalid) == DTE(itt: nil))
    try #require(KVMFormat.decodeCTE(invalid) == CTE(target: nil))
    // KVM's ITE has no V: next may be anything.
    try #require(KVMFormat.decodeITE(invalid & 0xffff_0000_0000_ffff) == ITE(mapping: nil))
  }
}

/// What KVM writes at a save: `next` in units of IDs, capped where the field ends.
private let savedDTEs: [(distance: UInt64, next: Int, raw: UInt64)] = [
  (0, 0, 0x8000_0000_0000_2004),
  (5, 5, 0x800a_0000_0000_2004),
  (16383, 16383, 0xfffe_0000_0000_2004),
  (20000, 16383, 0xfffe_0000_0000_2004),
]

@Test(arguments: savedDTEs)
func `a saved DTE tells the distance to the next`(distance: UInt64, next: Int, raw: UInt64) {
  let entry = DTE(itt: ITT(base: 0x1_0000, eventIDBits: 5))
  let saved = KVMFormat.SavedDTE(entry, distance: distance)
  #expect(saved.raw == raw)
  #expect(saved.next == next && saved.entry == entry && saved.valid)
}

private let savedITEs: [(distance: UInt64, next: Int, raw: UInt64)] = [
  (0, 0, 0x0000_0000_2000_0003), (1, 1, 0x0001_0000_2000_0003),
  (65535, 65535, 0xffff_0000_2000_0003), (70000, 65535, 0xffff_0000_2000_0003),
]

@Test(arguments: savedITEs)
func `a saved ITE tells the distance to the next`(distance: UInt64, next: Int, raw: UInt64) {
  let saved = KVMFormat.SavedITE(ite(8192, 3), distance: distance)
  #expect(saved.raw == raw)
  #expect(saved.next == next && saved.entry == ite(8192, 3))
}

@Test func `a saved CTE names its collection, mapped or not`() {
  let mapped = KVMFormat.SavedCTE(icid(3), CTE(target: target(2)))
  #expect(mapped.raw == 0x8000_0000_0002_0003)
  #expect(mapped.valid && mapped.collection == icid(3) && mapped.entry == CTE(target: target(2)))

  let unmapped = KVMFormat.SavedCTE(icid(0x102), CTE(target: nil))
  #expect(unmapped.raw == 0x8000_ffff_ffff_0102)
  #expect(unmapped.valid && unmapped.collection == icid(0x102))
  #expect(unmapped.entry == CTE(target: nil))

  #expect(!KVMFormat.SavedCTE(raw: 0).valid)
}

@Test func `a level-1 entry is V and the page's address`() {
  #expect(LevelOneEntry(raw: 0x8000_0000_4251_0000).valid)
  #expect(LevelOneEntry(raw: 0xfff0_0000_4251_0fff).page == 0x4251_0000)
  #expect(LevelOneEntry(raw: .max).page == 0xf_ffff_ffff_f000)
  #expect(!LevelOneEntry(raw: .max >> 1).valid)
}

@Test func `an LPI's configuration byte is priority and enable`() {
  #expect(LPIConfiguration(raw: 0xa3).enabled && LPIConfiguration(raw: 0xa3).priority == 0xa0)
  #expect(!LPIConfiguration(raw: 0xa2).enabled)
  #expect(LPIConfiguration(raw: 0xff).priority == 0xfc)
}
