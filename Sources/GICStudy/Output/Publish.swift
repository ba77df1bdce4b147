// The files that a reader opens.

import GICReport

extension StudyFolder {
  /// The names of what ``publish(_:)`` writes for a document, the page last.
  static func outputs(of document: StudyDocument) -> [String] {
    ["data.json", "data.csv"] + document.figures.map { "\($0.id).svg" }
      + ["\(document.study).png", "report.html"]
  }

  /// Takes away what another study, or the same with other choices, has left.
  func removeOutputs(of document: StudyDocument) {
    for name in StudyFolder.outputs(of: document).reversed() { remove(name) }
  }

  /// Writes data, drawings and page. The page comes last: where it is, everything is.
  /// - Parameter wantsPicture: also a PNG of the first figure.
  /// - Returns: what a reader should know, such as that there is no PNG, and why.
  /// - Throws: ``StudyError``; then there is no page.
  func publish(_ document: StudyDocument, wantsPicture: Bool) throws(StudyError) -> [String] {
    remove("report.html")
    var notes: [String] = []
    try write(json: document, "data.json")
    try write("data.csv", Array(document.csv().utf8))
    for figure in document.figures {
      try write("\(figure.id).svg", Array(document.drawing(figure).utf8))
    }
    if wantsPicture, let first = document.figures.first {
      do throws(StudyError) {
        try rasterise("\(first.id).svg", to: "\(document.study).png")
      } catch { notes.append(error.description) }
    }
    try write("report.html", Array(document.html().utf8))
    return notes
  }
}
