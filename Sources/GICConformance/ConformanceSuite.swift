// The whole suite, and what is not in it.

/// Every row, in the order of the chapters and their lines. A line is a numbered demand: 1 to 30 on
/// ITS registers, 31 to 64 on commands, 65 to 72 on translation, 73 to 83 on redistributors, 84 to
/// 110 on save and restore, 111 to 116 on device attributes and bad input, 117 on status registers,
/// 118 on unmapped MSIs, 119 on MPAM, 120 on ImDe, 121 on hardware collections, 122 on SPIs for any
/// PE, 123 on a machine without an ITS, 124 on groups. The numbers stay; a new demand gets a new
/// one. `itsctl conformance --list` prints the table.
public enum ConformanceSuite {
  public static let rows: [ConformanceRow] =
    RegisterRows.all + OptionalRows.all + QueueRegisterRows.all + TableRegisterRows.all
    + DistributorRows.all + MappingRows.all + HardwareCollectionRows.all + EventRows.all
    + QueueRows.all + ErrorRows.all + TranslationRows.all + LPIRows.all
    + SaveRows.all + RestoreRows.all + AttributeRows.all + BadInputRows.all

  /// Lines of the checklist that have no row.
  public static let linesNotApplicable: [ClosedRange<Int>: String] = [
    116...116: "clients that go away are the server's: its own tests hold them"
  ]

  /// Numbers of errors that this ITS never gives.
  public static let errorsNotProduced: [String: String] = [
    "INT_ITE_INVALID": iteInvalid, "CLEAR_ITE_INVALID": iteInvalid,
    "INV_ITE_INVALID": iteInvalid, "DISCARD_ITE_INVALID": iteInvalid,
  ]
  private static let iteInvalid =
    "an entry that is not valid is an event that is not mapped, which has a number of its own"
}
