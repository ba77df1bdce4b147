// The list of studies.

extension Study {
  /// Every study that there is, in the order of `itsctl study list`.
  static let all: [Study] = [
    cwriterThroughput, msiLoad, workingSet, commandInterference, fanIn, lpiSpill, topology,
    vcpuContention, hostQueue, hostClients,
  ]
}
