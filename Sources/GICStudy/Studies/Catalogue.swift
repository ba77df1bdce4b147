extension Study {
  /// Every study that there is, in the order of `itsctl study list`.
  static let all: [Study] = [cwriterThroughput, vcpuContention]
}
