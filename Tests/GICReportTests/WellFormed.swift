// As much of an XML parser as the tests need: it says why a page is not well-formed, and hands out
// texts and attributes.

struct Markup {
  struct Problem: Error { var text: String }
  struct Element {
    var name: String
    var attributes: [String: String]
    var text = ""
  }
  private(set) var elements: [Element] = []

  init(_ page: String) throws(Problem) {
    var rest = page[...]
    var open: [Int] = []
    if rest.hasPrefix("<!DOCTYPE html>") { rest = rest.dropFirst(15) }
    while let start = rest.firstIndex(of: "<") {
      let text = try Markup.unescaped(rest[..<start])
      if let top = open.last { elements[top].text += text }
      guard let end = rest[start...].firstIndex(of: ">") else { throw Problem(text: "no >") }
      let tag = rest[rest.index(after: start)..<end]
      rest = rest[rest.index(after: end)...]
      if tag.hasPrefix("/") {
        guard let top = open.popLast(), elements[top].name == tag.dropFirst() else {
          throw Problem(text: "</\(tag.dropFirst())> closes nothing")
        }
        continue
      }
      let isEmpty = tag.hasSuffix("/")
      elements.append(try Markup.element(isEmpty ? tag.dropLast() : tag))
      if !isEmpty { open.append(elements.count - 1) }
    }
    guard open.isEmpty else { throw Problem(text: "<\(elements[open[0]].name)> stays open") }
    guard rest.allSatisfy(\.isWhitespace) else { throw Problem(text: "text behind the end") }
  }

  /// A name, then attributes in double quotation marks.
  private static func element(_ tag: Substring) throws(Problem) -> Element {
    let name = tag.prefix { !$0.isWhitespace }
    guard !name.isEmpty, name.allSatisfy({ $0.isLetter || $0.isNumber }) else {
      throw Problem(text: "<\(tag)>")
    }
    var element = Element(name: String(name), attributes: [:])
    var rest = tag[name.endIndex...].drop(while: \.isWhitespace)
    while !rest.isEmpty {
      guard let equals = rest.firstIndex(of: "="), rest[equals...].hasPrefix("=\"") else {
        throw Problem(text: "attribute in <\(tag)>")
      }
      let value = rest[rest.index(equals, offsetBy: 2)...]
      guard let quote = value.firstIndex(of: "\"") else { throw Problem(text: "quote in <\(tag)>") }
      let key = String(rest[..<equals])
      guard element.attributes.updateValue(try unescaped(value[..<quote]), forKey: key) == nil
      else { throw Problem(text: "\(key) twice in <\(tag)>") }
      rest = value[value.index(after: quote)...].drop(while: \.isWhitespace)
    }
    return element
  }

  private static func unescaped(_ text: Substring) throws(Problem) -> String {
    let entities = ["&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": "\"", "&#39;": "'"]
    var (out, rest) = ("", text)
    while let ampersand = rest.firstIndex(of: "&") {
      out += rest[..<ampersand]
      rest = rest[ampersand...]
      guard let entity = entities.first(where: { rest.hasPrefix($0.key) }) else {
        throw Problem(text: "bare & before \(rest.prefix(9))")
      }
      out += entity.value
      rest = rest.dropFirst(entity.key.count)
    }
    for scalar in rest.unicodeScalars
    where scalar.value < 0x20 && !"\t\n\r".contains(Character(scalar)) {
      throw Problem(text: "control character \(scalar.value)")
    }
    return out + rest
  }
}
