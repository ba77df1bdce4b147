// The bus: from an access to a frame and a register. Widths and halves are handled here, once: a
// register file sees whole registers.

import GICArch

/// A register as the bus sees it: its width, and how it may be accessed.
struct RegisterWidth {
  /// 4 or 8.
  var byteCount: Int
  /// Whether single bytes may be accessed (GICx_IPRIORITYR).
  var bytes = false
}

extension Engine {
  /// A register read or write, an input line, a system register: takes effect now. With
  /// `Observer.offersAtOnce` a write that gives the ITS work also drains the queue.
  mutating func access(_ access: Access) -> Response {
    switch access.operation {
    case .read: return read(access)
    case .write: return write(access)
    case .msi, .translate: return message(access)
    case .systemRegisterRead, .systemRegisterWrite: return systemRegister(access)
    case .inputLine: return inputLine(access)
    }
  }

  @inline(__always) func lines(of source: UInt32) -> LineLevels {
    Int(source) < pes.count ? pes[Int(source)].lines : []
  }

  private mutating func read(_ access: Access) -> Response {
    guard let frame = frame(at: access.address) else { return Response(status: .decodeError) }
    let value = readFrame(frame, size: Int(access.size))
    if profile.statusRegisters == .recorded {
      recordViolation(frame, size: Int(access.size), isWrite: false, answered: value != nil)
    }
    return Response(
      status: value == nil ? .reserved : .okay, lines: lines(of: access.source), value: value ?? 0)
  }

  private mutating func write(_ access: Access) -> Response {
    guard let frame = frame(at: access.address) else { return Response(status: .decodeError) }
    let done: Bool
    if case .its(let n, let offset) = frame, offset >= GITS.translationFrame {
      done = writeTranslater(n, offset, access)
    } else {
      done = writeFrame(frame, size: Int(access.size), access.data)
    }
    if profile.statusRegisters == .recorded {
      recordViolation(frame, size: Int(access.size), isWrite: true, answered: done)
    }
    return Response(status: done ? .okay : .reserved, lines: lines(of: access.source))
  }

  /// GITS_TRANSLATER takes an EventID of 32 bits, or of 16; the source is the DeviceID.
  private mutating func writeTranslater(
    _ n: ITSIndex, _ offset: Int, _ access: Access
  ) -> Bool {
    guard offset == GITS.TRANSLATER.offsetFromControlFrame, access.size == 4 || access.size == 2
    else { return false }
    guard profile.translaterStores == .signal else { return true }
    let event = UInt32(truncatingIfNeeded: access.size == 2 ? access.data & 0xffff : access.data)
    _ = signal(DeviceID(rawValue: access.source), EventID(rawValue: event), its: n)
    return true
  }

  private mutating func message(_ access: Access) -> Response {
    let n = itsIndex(of: access.address)
    let device = DeviceID(rawValue: access.source)
    // An EventID is 32 bits wide; a wider one must not alias one that is mapped.
    guard access.data >> 32 == 0 else {
      if access.operation == .msi {
        counts.msis &+= 1
        counts.drop(.eventOOR)
        logDropped(.eventOOR, its: n, device, event: access.data)
      }
      return Response(value: MSIOutcome(.eventOOR).packed)
    }
    let event = EventID(rawValue: UInt32(access.data))
    let outcome =
      access.operation == .msi
      ? signal(device, event, its: n) : translate(device, event, its: n)
    return Response(value: outcome.packed)
  }

  /// The ITS whose frames hold `address`; 0 means the only one. -1 if there is none.
  func itsIndex(of address: PhysicalAddress) -> ITSIndex {
    if address == 0, places.count == 1 { return 0 }
    for n in 0..<places.count {
      guard let offset = places[n].offset(of: address) else { continue }
      let isDoorbell =
        offset == 0 || offset == UInt64(GITS.TRANSLATER.offsetFromControlFrame)
        || profile.msiAddresses == .frames
      return isDoorbell ? n : -1
    }
    return -1
  }

  private mutating func systemRegister(_ access: Access) -> Response {
    guard Int(access.source) < pes.count, access.address <= UInt64(UInt32.max)
    else { return Response(status: .decodeError) }
    let register = SystemRegister(rawValue: UInt32(access.address))
    let pe = PEIndex(rawValue: access.source)
    if access.operation == .systemRegisterRead {
      let value = readSystemRegister(register, pe)
      return Response(
        status: value == nil ? .decodeError : .okay, lines: lines(of: access.source),
        value: value ?? 0)
    }
    let done = writeSystemRegister(register, access.data, pe)
    return Response(status: done ? .okay : .decodeError, lines: lines(of: access.source))
  }

  private mutating func inputLine(_ access: Access) -> Response {
    let intid = INTID(rawValue: UInt32(truncatingIfNeeded: access.address))
    guard access.address >> 32 == 0 else { return Response(status: .decodeError) }
    if intid.isPPI, Int(access.source) < pes.count {
      setPPI(intid, of: PEIndex(rawValue: access.source), level: access.data != 0)
    } else if distributor.holds(intid) {
      setSPI(intid, level: access.data != 0)
    } else {
      return Response(status: .decodeError)
    }
    return Response(lines: lines(of: access.source))
  }

  // MARK: Widths

  /// - Returns: nil where nothing answers.
  private mutating func readFrame(_ frame: FrameAddress, size: Int) -> UInt64? {
    guard let (whole, width, shift) = place(frame, size: size) else { return nil }
    guard let value = readRegister(whole) else { return nil }
    return size >= width.byteCount ? value : value &>> UInt64(shift) & .ones(size &* 8 &- 1, 0)
  }

  private mutating func writeFrame(_ frame: FrameAddress, size: Int, _ data: UInt64) -> Bool {
    guard let (whole, width, shift) = place(frame, size: size) else { return false }
    guard size < width.byteCount else {
      return writeRegister(whole, size == 8 ? data : data & .ones(size &* 8 &- 1, 0))
    }
    if isDirectLPI(whole) { return shift != 0 || writeRegister(whole, data & .ones(31, 0)) }
    // A part replaces its bits only, and the rules then see the whole register.
    guard let old = heldBits(whole) else { return false }
    let mask = UInt64.ones(size &* 8 &- 1, 0) &<< UInt64(shift)
    return writeRegister(whole, old & ~mask | data &<< UInt64(shift) & mask)
  }

  /// What a write of a part leaves as it was: of PENDBASER also PTZ, which reads as zero.
  private mutating func heldBits(_ place: FrameAddress) -> UInt64? {
    if case .redistributor(let pe, GICR.PENDBASER.offset) = place { return pes[pe.index].pendbaser }
    return readRegister(place)
  }

  /// GICR_SETLPIR and its like hold nothing: they act when their lower half is written.
  private func isDirectLPI(_ place: FrameAddress) -> Bool {
    guard case .redistributor(_, let offset) = place else { return false }
    return offset != GICR.SYNCR.offset && hasRegister(offset)
  }

  /// The register that an access of `size` bytes falls into, and the bit at which the access
  /// begins; nil for a width or alignment that the register does not take.
  private func place(
    _ frame: FrameAddress, size: Int
  ) -> (whole: FrameAddress, width: RegisterWidth, shift: Int)? {
    let offset = frame.offset
    guard size == 1 || size == 2 || size == 4 || size == 8, offset & (size - 1) == 0,
      let width = frame.width
    else { return nil }
    let inner = offset & (width.byteCount - 1)
    if size == width.byteCount { return (frame, width, 0) }
    guard size < width.byteCount, size == 4 || (size == 1 && width.bytes) else { return nil }
    return (frame.at(offset - inner), width, inner * 8)
  }
}

extension FrameAddress {
  var offset: Int {
    switch self {
    case .distributor(let offset), .redistributor(_, let offset), .its(_, let offset): offset
    }
  }
  func at(_ offset: Int) -> FrameAddress {
    switch self {
    case .distributor: .distributor(offset: offset)
    case .redistributor(let pe, _): .redistributor(pe, offset: offset)
    case .its(let n, _): .its(n, offset: offset)
    }
  }
}
