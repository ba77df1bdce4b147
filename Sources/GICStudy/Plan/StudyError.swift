/// Why a study cannot be run, in a sentence for whoever asked for it.
public struct StudyError: Error, Equatable, Sendable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}
