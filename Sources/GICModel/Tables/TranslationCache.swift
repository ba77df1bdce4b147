import GICArch

/// What the ITS remembers of its device table and ITTs: per device a flat array of 8-byte words,
/// one an event, each complete in itself. What is not here is read from guest RAM; commands put it
/// here or take it away.
struct TranslationCache {
  /// One remembered device.
  struct Device: BitwiseCopyable {
    var mapped = false
    var eventIDBits: UInt8 = 0
    var itt: PhysicalAddress = 0
    /// The event words, by EventID; there are more as higher EventIDs are seen.
    var words: Slab<UInt64>
  }
  /// An event word: valid [63], orphan [62], ICID [39:24], INTID [23:0]. 0 is "not known". An
  /// orphan has lost its collection for ever.
  typealias Word = UInt64

  static let chunkBits = 8
  private let chunks: Slab<Slab<Device>?>
  private let noWords = Slab<UInt64>(repeating: 0, count: 0)

  /// Event words there may be in all, so that no guest makes the host's memory grow without bound:
  /// 128 MiB of them unless a test says otherwise.
  private let wordLimit: Int
  /// Event words there are.
  private let wordCount = Slab<Int>(repeating: 0, count: 1)

  init(deviceIDBits: Int, wordLimit: Int = 1 << 24) {
    self.wordLimit = wordLimit
    let count = 1 << Swift.max(deviceIDBits - TranslationCache.chunkBits, 0)
    chunks = Slab(count: count) { _ in nil }
  }

  func deallocate() {
    forgetAll()
    chunks.deallocate()
    noWords.deallocate()
    wordCount.deallocate()
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

  @inline(__always) static func isOrphan(_ word: Word) -> Bool { word[bit: 62] }
  static func orphan(_ word: Word) -> Word { word | 1 &<< 62 }

  /// Every remembered event that belongs to `collection`.
  func events(of collection: ICID) -> [(device: DeviceID, event: EventID, word: Word)] {
    var found: [(device: DeviceID, event: EventID, word: Word)] = []
    for index in 0..<chunks.count {
      guard let chunk = chunks[index] else { continue }
      for slot in 0..<chunk.count where chunk[slot].mapped {
        let device = DeviceID(rawValue: UInt32(index << TranslationCache.chunkBits | slot))
        let words = chunk[slot].words
        for event in 0..<words.count where words[event] != 0 {
          let word = words[event]
          guard !TranslationCache.isOrphan(word), TranslationCache.collection(word) == collection
          else { continue }
          found.append((device, EventID(rawValue: UInt32(event)), word))
        }
      }
    }
    return found
  }

  /// Every event whose collection is `first` or above loses it.
  func orphanAll(from first: Int) {
    for index in 0..<chunks.count {
      guard let chunk = chunks[index] else { continue }
      for slot in 0..<chunk.count where chunk[slot].mapped {
        let words = chunk[slot].words
        for event in 0..<words.count
        where words[event] != 0 && Int(TranslationCache.collection(words[event]).rawValue) >= first
        {
          words[event] = TranslationCache.orphan(words[event])
        }
      }
    }
  }

  /// A device's remembered events.
  func words(of device: DeviceID) -> [Word] {
    guard let words = self.device(device)?.words else { return [] }
    return (0..<words.count).map { words[$0] }.filter { $0 != 0 }
  }
  /// Their LPIs, one an event.
  func intids(of device: DeviceID) -> [INTID] { words(of: device).map(TranslationCache.intid) }

  /// The LPIs of all remembered events, one an event.
  func intids() -> [INTID] {
    var found: [INTID] = []
    for index in 0..<chunks.count {
      guard let chunk = chunks[index] else { continue }
      for slot in 0..<chunk.count where chunk[slot].mapped {
        found += intids(of: DeviceID(rawValue: UInt32(index << TranslationCache.chunkBits | slot)))
      }
    }
    return found
  }

  /// The remembered device; nil if it is not known. `device` must fit the cache's width.
  @inline(__always) func device(_ device: DeviceID) -> Device? {
    let id = Int(device.rawValue)
    guard let chunk = chunks[id &>> TranslationCache.chunkBits] else { return nil }
    let found = chunk[id & 0xff]
    return found.mapped ? found : nil
  }

  /// The lowest remembered DeviceID that is not below `first`.
  func firstDevice(from first: UInt64) -> DeviceID? {
    for index in Int(first >> UInt64(TranslationCache.chunkBits))..<chunks.count {
      guard let chunk = chunks[index] else { continue }
      for slot in 0..<chunk.count where chunk[slot].mapped {
        let id = UInt64(index << TranslationCache.chunkBits | slot)
        if id >= first { return DeviceID(rawValue: UInt32(truncatingIfNeeded: id)) }
      }
    }
    return nil
  }

  /// Remembers a device with no events, in the place of what was known of it.
  func remember(_ device: DeviceID, _ itt: ITT) {
    forget(device)
    let id = Int(device.rawValue)
    let chunk: Slab<Device>
    if let present = chunks[id >> TranslationCache.chunkBits] {
      chunk = present
    } else {
      let noWords = noWords
      chunk = Slab(count: 1 << TranslationCache.chunkBits) { _ in Device(words: noWords) }
      chunks[id >> TranslationCache.chunkBits] = chunk
    }
    chunk[id & 0xff].mapped = true
    chunk[id & 0xff].itt = itt.base
    chunk[id & 0xff].eventIDBits = UInt8(itt.eventIDBits)
  }

  /// Forgets a device and all its events.
  func forget(_ device: DeviceID) {
    let id = Int(device.rawValue)
    guard let chunk = chunks[id >> TranslationCache.chunkBits], chunk[id & 0xff].mapped
    else { return }
    wordCount[0] -= chunk[id & 0xff].words.count
    if chunk[id & 0xff].words.count > 0 { chunk[id & 0xff].words.deallocate() }
    chunk[id & 0xff] = Device(words: noWords)
  }

  func forgetAll() {
    for index in 0..<chunks.count {
      guard let chunk = chunks[index] else { continue }
      for slot in 0..<chunk.count where chunk[slot].words.count > 0 {
        chunk[slot].words.deallocate()
      }
      chunk.deallocate()
      chunks[index] = nil
    }
    wordCount[0] = 0
  }

  /// The word of an event of a remembered device; 0 if it is not known.
  @inline(__always) func word(_ device: Device, _ event: EventID) -> Word {
    let index = Int(event.rawValue)
    return index < device.words.count ? device.words[index] : 0
  }

  /// How many words a device must have so that `event` is one of them; they grow by doubling.
  private func capacity(_ words: Slab<UInt64>, holding event: EventID) -> Int {
    var capacity = Swift.max(words.count, 8)
    while capacity <= Int(event.rawValue) { capacity *= 2 }
    return capacity
  }

  /// Whether ``set(_:_:_:)`` can remember this event.
  func hasRoom(_ device: Device, _ event: EventID) -> Bool {
    let capacity = capacity(device.words, holding: event)
    return capacity == device.words.count
      || wordCount[0] + capacity - device.words.count <= wordLimit
  }

  /// Remembers (or, with 0, forgets) an event of a remembered device. Where there is no room for
  /// it, it stays unknown, and is read from guest RAM whenever it is wanted.
  func set(_ device: DeviceID, _ event: EventID, _ word: Word) {
    let id = Int(device.rawValue)
    let index = Int(event.rawValue)
    guard let chunk = chunks[id >> TranslationCache.chunkBits], chunk[id & 0xff].mapped
    else { return }
    let words = chunk[id & 0xff].words
    if index < words.count {
      words[index] = word
      return
    }
    guard word != 0, hasRoom(chunk[id & 0xff], event) else { return }
    let capacity = capacity(words, holding: event)
    wordCount[0] += capacity - words.count
    if words.count == 0 {
      chunk[id & 0xff].words = Slab(repeating: 0, count: capacity)
    } else {
      chunk[id & 0xff].words = words.grown(to: capacity, filler: 0)
    }
    chunk[id & 0xff].words[index] = word
  }
}

/// What the ITS remembers of its collection table: one word a collection, valid [63], PE index
/// [31:0].
struct CollectionCache {
  private var words = Slab<UInt64>(repeating: 0, count: 16)

  func deallocate() { words.deallocate() }
  /// Forgets the collections of the table; those below `first` the ITS holds itself.
  func forgetAll(from first: Int) {
    for index in min(first, words.count)..<words.count { words[index] = 0 }
  }

  @inline(__always) func target(_ collection: ICID) -> PEIndex? {
    let index = Int(collection.rawValue)
    guard index < words.count, words[index][bit: 63] else { return nil }
    return PEIndex(rawValue: UInt32(truncatingIfNeeded: words[index]))
  }

  mutating func set(_ collection: ICID, _ target: PEIndex?) {
    let index = Int(collection.rawValue)
    if index >= words.count {
      guard target != nil else { return }
      var capacity = words.count
      while capacity <= index { capacity *= 2 }
      words = words.grown(to: capacity, filler: 0)
    }
    words[index] = target.map { 1 &<< 63 | UInt64($0.rawValue) } ?? 0
  }
}
