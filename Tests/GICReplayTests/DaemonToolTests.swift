import Testing

@testable import GICReplay

@Test func `a table's columns are as wide as what is in them`() {
  #expect(
    DaemonTool.table(
      ["machine", "PEs"], [["a", "4"], ["longer than that", "1024"]], none: "nothing")
        == """
        machine           PEs
        a                 4
        longer than that  1024

        """)
  #expect(DaemonTool.table(["machine"], [], none: "nothing") == "nothing\n")
}
