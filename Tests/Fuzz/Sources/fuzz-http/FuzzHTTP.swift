// Bytes as the head of an HTTP request.

import FuzzDriver
import GICServer

private func attempt(_ bytes: [UInt8]) {
  let cut = HTTPRequest.cut(bytes)
  guard cut != .incomplete else {
    precondition(bytes.count < HTTPRequest.headByteCount)
    return
  }
  // A head ends where it ends, whatever follows.
  precondition(HTTPRequest.cut(bytes + [0x41, 0x0a, 0x0d, 0x0a]) == cut)
  guard case .request(let request) = cut else { return }
  precondition(request.path.hasPrefix("/") && !request.path.contains("?"))
  for allowsRemote in [false, true] {
    let isOwn = HTTPRequest.isOwn(
      host: request.host, listeningAt: "127.0.0.1", allowsRemote: allowsRemote)
    // No letter but those of addresses and of localhost.
    precondition(!isOwn || !request.host.lowercased().contains("z"))
  }
}

@main enum FuzzHTTP {
  static func main() {
    unsafe runFuzzer { data, count in
      attempt(unsafe fuzzBytes(data, count))
      return 0
    }
  }
}
