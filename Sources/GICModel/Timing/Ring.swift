/// A first-in first-out queue of values that grows by doubling and never shrinks: what must not be
/// lost waits here when a unit of bounded depth is full.
struct Ring<Element: BitwiseCopyable>: ~Copyable {
  private var slots: Slab<Element>
  private var head = 0
  private(set) var count = 0

  /// - Parameter filler: what unused places hold.
  init(filler: Element) { slots = Slab(repeating: filler, count: 16) }
  deinit { slots.deallocate() }

  var first: Element? { count == 0 ? nil : slots[head] }
  /// The newest element; changing it changes it in place.
  var last: Element? {
    get { count == 0 ? nil : slots[(head &+ count &- 1) & (slots.count &- 1)] }
    set {
      guard count > 0, let newValue else { return }
      slots[(head &+ count &- 1) & (slots.count &- 1)] = newValue
    }
  }

  mutating func append(_ element: Element) {
    if count == slots.count {
      let (old, start) = (slots, head)
      slots = Slab(count: old.count * 2) { old[(start + $0) & (old.count - 1)] }
      old.deallocate()
      head = 0
    }
    slots[(head &+ count) & (slots.count &- 1)] = element
    count &+= 1
  }

  @inline(__always) mutating func popFirst() -> Element? {
    guard count > 0 else { return nil }
    let element = slots[head]
    head = (head &+ 1) & (slots.count &- 1)
    count &-= 1
    return element
  }

  mutating func removeLast() { if count > 0 { count &-= 1 } }
  mutating func replaceFirst(_ element: Element) { if count > 0 { slots[head] = element } }
  mutating func removeAll() { (head, count) = (0, 0) }
}

extension Ring {
  /// Oldest first.
  var elements: [Element] { (0..<count).map { slots[(head &+ $0) & (slots.count &- 1)] } }
}
