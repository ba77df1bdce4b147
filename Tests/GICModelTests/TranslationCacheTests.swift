import GICArch
import Testing

@testable import GICModel

@Test func `the translation cache has a limit, and room again when a device goes`() throws {
  let cache = TranslationCache(deviceIDBits: 16, wordLimit: 1024)
  defer { cache.deallocate() }
  let word = TranslationCache.word(INTID(rawValue: 8192), ICID(rawValue: 1))
  let event = EventID(rawValue: 255)
  for id in 0..<8 as Range<UInt32> {
    let device = DeviceID(rawValue: id)
    cache.remember(device, ITT(base: 0x4000_0000, eventIDBits: 16))
    let before = try #require(cache.device(device))
    // Four devices of 256 words fill it.
    #expect(cache.hasRoom(before, event) == (id < 4))
    cache.set(device, event, word)
    let after = try #require(cache.device(device))
    #expect(cache.word(after, event) == (id < 4 ? word : 0))
  }
  cache.forget(DeviceID(rawValue: 2))
  let last = DeviceID(rawValue: 7)
  cache.set(last, event, word)
  #expect(cache.word(try #require(cache.device(last)), event) == word)
  cache.forgetAll()
  cache.remember(last, ITT(base: 0x4000_0000, eventIDBits: 16))
  cache.set(last, EventID(rawValue: 1023), word)
  #expect(cache.word(try #require(cache.device(last)), EventID(rawValue: 1023)) == word)
}
