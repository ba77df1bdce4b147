/// A trace that cannot be read: where, and what was expected there.
public struct TraceError: Error, Equatable, CustomStringConvertible, Sendable {
  public var file: String
  /// From 1; nil when the file as a whole is meant.
  public var line: UInt32?
  public var problem: String

  init(file: String, line: UInt32? = nil, _ problem: String) {
    (self.file, self.line, self.problem) = (file, line, problem)
  }
  public var description: String {
    if let line { "\(file):\(line): \(problem)" } else { "\(file): \(problem)" }
  }
}
