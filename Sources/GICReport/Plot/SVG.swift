// A drawing as text. Colours are classes: the page that holds the drawing gives them for light and
// dark. Everything that is not a number is escaped on its way in.

/// Characters that mean something to HTML and XML, and control characters that XML cannot hold.
func escaped(_ text: String) -> String {
  var out = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "&": out += "&amp;"
    case "<": out += "&lt;"
    case ">": out += "&gt;"
    case "\"": out += "&quot;"
    case "'": out += "&#39;"
    case "\t", "\n", "\r": out.unicodeScalars.append(scalar)
    case _ where scalar.value < 0x20 || scalar.value == 0xfffe || scalar.value == 0xffff:
      out += "\u{fffd}"
    default: out.unicodeScalars.append(scalar)
    }
  }
  return out
}

/// An SVG element under construction; lengths are CSS pixels at the drawing's own width.
struct SVG {
  enum Anchor: String { case start, middle, end }

  let width: Double
  let height: Double
  private var body = ""

  init(width: Double, height: Double) { (self.width, self.height) = (width, height) }

  /// The finished element. `label` is what a screen reader says.
  func element(label: String) -> String {
    let size = "\(number(width)) \(number(height))"
    return "<svg viewBox=\"0 0 \(size)\" role=\"img\" aria-label=\"\(escaped(label))\" "
      + "style=\"max-width:\(number(width * 1.5))px\">\n\(body)</svg>"
  }

  mutating func rectangle(
    x: Double, y: Double, width: Double, height: Double, _ style: String, title: String? = nil
  ) {
    let place =
      "x=\"\(number(x))\" y=\"\(number(y))\" width=\"\(number(max(width, 0)))\" "
      + "height=\"\(number(max(height, 0)))\""
    close("<rect class=\"\(style)\" \(place)", "rect", title)
  }

  mutating func line(x1: Double, y1: Double, x2: Double, y2: Double, _ style: String) {
    body += "<line class=\"\(style)\" x1=\"\(number(x1))\" y1=\"\(number(y1))\" "
    body += "x2=\"\(number(x2))\" y2=\"\(number(y2))\"/>\n"
  }

  mutating func circle(x: Double, y: Double, radius: Double, _ style: String, title: String? = nil)
  {
    let place = "cx=\"\(number(x))\" cy=\"\(number(y))\" r=\"\(number(radius))\""
    close("<circle class=\"\(style)\" \(place)", "circle", title)
  }

  /// Straight lines through the points; closed for areas.
  mutating func path(_ points: [(x: Double, y: Double)], closed: Bool = false, _ style: String) {
    guard let first = points.first else { return }
    body += "<path class=\"\(style)\" d=\"M\(number(first.x)) \(number(first.y))"
    var last = first
    for point in points.dropFirst() {
      if point.y == last.y {
        body += "H\(number(point.x))"
      } else if point.x == last.x {
        body += "V\(number(point.y))"
      } else {
        body += "L\(number(point.x)) \(number(point.y))"
      }
      last = point
    }
    body += closed ? "Z\"/>\n" : "\"/>\n"
  }

  /// Straight lines through the points and back to the first.
  mutating func polygon(
    _ points: [(x: Double, y: Double)], _ style: String, title: String? = nil
  ) {
    let places = points.map { "\(number($0.x)),\(number($0.y))" }.joined(separator: " ")
    close("<polygon class=\"\(style)\" points=\"\(places)\"", "polygon", title)
  }

  mutating func text(
    _ string: String, x: Double, y: Double, _ anchor: Anchor = .start, _ style: String = "label"
  ) {
    body += "<text class=\"\(style)\" x=\"\(number(x))\" y=\"\(number(y))\" "
    body += "text-anchor=\"\(anchor.rawValue)\">\(escaped(string))</text>\n"
  }

  private mutating func close(_ start: String, _ name: String, _ title: String?) {
    body += start
    body += title.map { "><title>\(escaped($0))</title></\(name)>\n" } ?? "/>\n"
  }

  /// Two places are finer than any screen.
  private func number(_ value: Double) -> String {
    let text = Format.fixed(value, 2)
    guard text.hasSuffix("0") else { return text }
    return text.hasSuffix(".00") ? String(text.dropLast(3)) : String(text.dropLast())
  }

  /// About how wide a text is in the page's 12-pixel sans-serif: generous, so that labels keep
  /// apart.
  static func width(of text: String) -> Double { Double(text.count) * 6.8 }
}
