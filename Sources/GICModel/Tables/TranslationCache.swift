import GICArch
import Synchronization

/// What the ITS remembers of its device table and ITTs: per device a flat array of 8-byte words,
/// one an event, each complete in itself. What is not here is read from guest RAM; commands put it
/// here or take it away.
///
/// Any thread may look up a word: it loads the device's descriptor and then the word, and stores
/// nothing. Only the owner of the ITS changes anything. Storage that it takes away is kept until
/// ``reclaim()``, which it calls when no reader from before can be left.
struct TranslationCache {
  /// One remembered device. The descriptor: valid [15], EventID bits - 1 [14:10]; what else it has
  /// is the name of the block of event words.
  struct Device: BitwiseCopyable {
    fileprivate(set) var descriptor: UInt64
    fileprivate(set) var itt: PhysicalAddress

    @inline(__always) var eventIDBits: Int { Int(descriptor &>> 10 & 31) &+ 1 }
    @inline(__always) func has(_ event: EventID) -> Bool {
      UInt64(event.rawValue) &>> UInt64(eventIDBits) == 0
    }
    /// The event words, by EventID; there are more as higher EventIDs are seen.
    @inline(__always) var words: WordBlock { WordBlock(name: descriptor) }
  }
  /// An event word: valid [63], orphan [62], ICID [39:24], INTID [23:0]. 0 is "not known". An
  /// orphan has lost its collection for ever.
  typealias Word = UInt64

  /// What the owner alone looks at.
  private struct Usage {
    /// Event words there are.
    var wordCount = 0
    /// Blocks that nobody finds any more.
    var retired: [UInt64] = []
  }

  static let chunkBits = 8
  /// Blocks of 256 devices, two words each: descriptor and ITT.
  private let chunks: Slab<Atomic<UInt64>>
  private let usage = Slab(count: 1) { _ in Usage() }
  /// Event words there may be in all, so that no guest makes the host's memory grow without bound:
  /// 128 MiB of them unless a test says otherwise.
  private let wordLimit: Int

  init(deviceIDBits: Int, wordLimit: Int = 1 << 24) {
    self.wordLimit = wordLimit
    let count = 1 << Swift.max(deviceIDBits - TranslationCache.chunkBits, 0)
    chunks = Slab(count: count) { _ in Atomic(0) }
  }

  func deallocate() {
    forgetAll()
    chunks.deallocate()
    usage.deallocate()
  }

  @inline(__always) static func word(_ intid: INTID, _ collection: ICID) -> Word {
    1 &<< 63 | UInt64(collection.rawValue) &<< 24 | UInt64(intid.rawValue & 0xff_ffff)
  }
  @inline(__always) static func intid(_ word: Word) -> INTID {
    INTID(rawValue: UInt32(truncatingIfNeeded: word & 0xff_ffff))
  }
  @inline(__always) static func collection(_ word: Word) -> ICID {
    ICID(rawValue: UInt16(truncatingIfNeeded: word &>> 24))
  }

  /// Valid, and no orphan.
  @inline(__always) static func isWhole(_ word: Word) -> Bool { word &>> 62 == 2 }
  @inline(__always) static func isOrphan(_ word: Word) -> Bool { word[bit: 62] }
  static func orphan(_ word: Word) -> Word { word | 1 &<< 62 }
}

// Looking up, by any thread.
extension TranslationCache {
  @inline(__always) private func chunk(_ index: Int) -> WordBlock {
    WordBlock(name: chunks[index].load(ordering: .acquiring))
  }

  /// The device's descriptor; 0 if it is not known. `device` must fit the cache's width.
  @inline(__always) private func descriptor(_ device: DeviceID) -> UInt64 {
    let id = Int(device.rawValue)
    return chunk(id &>> TranslationCache.chunkBits).load(ofMany: (id & 0xff) &<< 1)
  }

  /// The remembered device; nil if it is not known. `device` must fit the cache's width.
  @inline(__always) func device(_ device: DeviceID) -> Device? {
    let id = Int(device.rawValue)
    let chunk = chunk(id &>> TranslationCache.chunkBits)
    let descriptor = chunk.load(ofMany: (id & 0xff) &<< 1)
    guard descriptor != 0 else { return nil }
    return Device(descriptor: descriptor, itt: chunk.load(ofMany: (id & 0xff) &<< 1 | 1))
  }

  /// The remembered device, whatever its width; nil if it is not known.
  @inline(always) func found(_ device: DeviceID) -> Device? {
    let id = Int(device.rawValue)
    guard id &>> TranslationCache.chunkBits < chunks.count else { return nil }
    return self.device(device)
  }

  /// The word of an event of a remembered device; 0 if it is not known.
  @inline(__always) func word(_ device: Device, _ event: EventID) -> Word {
    device.words.load(event.rawValue)
  }

  /// The word of an event; 0 if it is not known. `device` must fit the cache's width.
  @inline(__always) func word(_ device: DeviceID, _ event: EventID) -> Word {
    WordBlock(name: descriptor(device)).load(event.rawValue)
  }

  /// The word of an event of a device, whatever its width; 0 if it is not known.
  @inline(always) func peek(_ device: DeviceID, _ event: EventID) -> Word {
    guard Int(device.rawValue) &>> TranslationCache.chunkBits < chunks.count else { return 0 }
    return word(device, event)
  }

  /// Event words that there are.
  var wordCount: Int { usage[0].wordCount }
}

// Looking ahead: the lines that a lookup will read, one stage after the other.
extension TranslationCache {
  @inline(__always) func prefetch(_ device: DeviceID) {
    let id = Int(device.rawValue)
    let place = id &>> TranslationCache.chunkBits
    if place < chunks.count { chunk(place).prefetch(UInt32((id & 0xff) &<< 1)) }
  }
  @inline(__always) func prefetch(_ device: DeviceID, _ event: EventID) {
    guard Int(device.rawValue) &>> TranslationCache.chunkBits < chunks.count else { return }
    WordBlock(name: descriptor(device)).prefetch(event.rawValue)
  }
}

// Changing, by the owner.
extension TranslationCache {
  /// Remembers a device with no events, in the place of what was known of it.
  @inline(__always) func remember(_ device: DeviceID, _ itt: ITT) {
    let id = Int(device.rawValue)
    var chunk = chunk(id &>> TranslationCache.chunkBits)
    if chunk.name == 0 { chunk = makeChunk(id &>> TranslationCache.chunkBits) }
    let place = (id & 0xff) &<< 1
    let old = chunk.load(ofMany: place)
    chunk.store(ofMany: place | 1, itt.base)
    chunk.store(ofMany: place, 1 &<< 15 | UInt64((itt.eventIDBits &- 1) & 31) &<< 10)
    retire(old)
  }

  @inline(never) private func makeChunk(_ index: Int) -> WordBlock {
    let chunk = WordBlock(count: 512)
    chunks[index].store(chunk.name, ordering: .releasing)
    return chunk
  }

  /// Forgets a device and all its events.
  func forget(_ device: DeviceID) {
    let id = Int(device.rawValue)
    let chunk = chunk(id >> TranslationCache.chunkBits)
    let place = UInt32((id & 0xff) << 1)
    let old = chunk.load(place)
    guard old != 0 else { return }
    chunk.store(place, 0)
    retire(old)
  }

  @inline(__always) private func retire(_ descriptor: UInt64) {
    if descriptor & 63 != 0 { retireWords(descriptor) }
  }

  @inline(never) private func retireWords(_ descriptor: UInt64) {
    let words = WordBlock(name: descriptor & WordBlock.nameMask)
    usage[0].wordCount -= words.count
    usage[0].retired.append(words.name)
  }

  /// Whether there is storage that nobody finds any more.
  @inline(__always) var hasRetired: Bool { !usage[0].retired.isEmpty }

  /// Gives back what nobody finds any more. Nobody may be reading it either.
  func reclaim() {
    for name in usage[0].retired { WordBlock(name: name).deallocate() }
    usage[0].retired.removeAll(keepingCapacity: usage[0].retired.count <= 256)
  }

  /// Nobody may be reading.
  func forgetAll() {
    reclaim()
    for index in 0..<chunks.count {
      let chunk = chunk(index)
      guard chunk.count > 0 else { continue }
      for slot in 0..<256 {
        WordBlock(name: chunk.load(ofMany: slot << 1)).deallocate()
      }
      chunks[index].store(0, ordering: .releasing)
      chunk.deallocate()
    }
    usage[0].wordCount = 0
  }

  /// How many words a device must have so that `event` is one of them; they grow by doubling.
  private func capacity(_ device: Device, holding event: EventID) -> Int {
    // Most devices have few events: then there is one block from the beginning.
    var capacity = Swift.max(
      device.words.count, WordBlock.minimumCount, 1 << Swift.min(device.eventIDBits, 5))
    while capacity <= Int(event.rawValue) { capacity *= 2 }
    return capacity
  }

  /// Whether ``set(_:_:_:)`` can remember this event.
  func hasRoom(_ device: Device, _ event: EventID) -> Bool {
    if device.words.contains(event.rawValue) { return true }
    return usage[0].wordCount + capacity(device, holding: event) - device.words.count <= wordLimit
  }

  /// Remembers (or, with 0, forgets) an event of a remembered device. Where there is no room for
  /// it, it stays unknown, and is read from guest RAM whenever it is wanted.
  @inline(__always) func set(_ device: DeviceID, _ event: EventID, _ word: Word) {
    let words = WordBlock(name: descriptor(device))
    if words.contains(event.rawValue) {
      words.store(event.rawValue, word)
    } else if word != 0 {
      grow(device, event, word)
    }
  }

  /// As ``set(_:_:_:)``, of a device as it was just found.
  @inline(__always)
  func set(_ known: Device, _ device: DeviceID, _ event: EventID, _ word: Word) {
    if known.words.contains(event.rawValue) {
      known.words.store(event.rawValue, word)
    } else {
      grow(device, event, word)
    }
  }

  /// Changes the word of an event that is remembered, of a device as it was just found; with 0 the
  /// event is forgotten.
  @inline(__always) func set(_ known: Device, _ event: EventID, _ word: Word) {
    if known.words.contains(event.rawValue) { known.words.store(event.rawValue, word) }
  }

  @inline(never) private func grow(_ id: DeviceID, _ event: EventID, _ word: Word) {
    guard let device = device(id), hasRoom(device, event) else { return }
    let capacity = capacity(device, holding: event)
    let words =
      device.words.count == 0
      ? WordBlock(count: capacity) : device.words.grown(to: capacity)
    words.store(event.rawValue, word)
    retire(device.descriptor)
    usage[0].wordCount += capacity
    chunk(Int(id.rawValue) >> TranslationCache.chunkBits).store(
      (id.rawValue & 0xff) << 1, device.descriptor & ~WordBlock.nameMask | words.name)
  }
}

// Walking over everything, by the owner.
extension TranslationCache {
  private func forEachDevice(_ body: (DeviceID, WordBlock) -> Void) {
    for index in 0..<chunks.count {
      let chunk = chunk(index)
      for slot in 0..<chunk.count / 2 {
        let descriptor = chunk.load(ofMany: slot << 1)
        guard descriptor != 0 else { continue }
        body(
          DeviceID(rawValue: UInt32(index << TranslationCache.chunkBits | slot)),
          WordBlock(name: descriptor))
      }
    }
  }

  /// Every remembered event that belongs to `collection`.
  func events(of collection: ICID) -> [(device: DeviceID, event: EventID, word: Word)] {
    var found: [(device: DeviceID, event: EventID, word: Word)] = []
    forEachDevice { device, words in
      for event in 0..<UInt32(words.count) {
        let word = words.load(event)
        guard word != 0, !TranslationCache.isOrphan(word),
          TranslationCache.collection(word) == collection
        else { continue }
        found.append((device, EventID(rawValue: event), word))
      }
    }
    return found
  }

  /// Every event whose collection is `first` or above loses it.
  func orphanAll(from first: Int) {
    forEachDevice { _, words in
      for event in 0..<UInt32(words.count) {
        let word = words.load(event)
        if word != 0, Int(TranslationCache.collection(word).rawValue) >= first {
          words.store(event, TranslationCache.orphan(word))
        }
      }
    }
  }

  /// A device's remembered events.
  func words(of device: DeviceID) -> [Word] {
    guard let words = self.device(device)?.words else { return [] }
    return (0..<UInt32(words.count)).map { words.load($0) }.filter { $0 != 0 }
  }
  /// Their LPIs, one an event.
  func intids(of device: DeviceID) -> [INTID] { words(of: device).map(TranslationCache.intid) }

  /// The LPIs of all remembered events, one an event.
  func intids() -> [INTID] {
    var found: [INTID] = []
    forEachDevice { device, _ in found += intids(of: device) }
    return found
  }

  /// The lowest remembered DeviceID that is not below `first`.
  func firstDevice(from first: UInt64) -> DeviceID? {
    // In the first chunk what lies before is not looked at again: who goes from device to device
    // would look at each chunk as often as it has devices.
    var start = Int(first & ((1 << UInt64(TranslationCache.chunkBits)) - 1))
    for index in Int(first >> UInt64(TranslationCache.chunkBits))..<chunks.count {
      let chunk = chunk(index)
      for slot in Swift.min(start, chunk.count / 2)..<chunk.count / 2
      where chunk.load(ofMany: slot << 1) != 0 {
        return DeviceID(
          rawValue: UInt32(truncatingIfNeeded: index << TranslationCache.chunkBits | slot))
      }
      start = 0
    }
    return nil
  }
}
