// One thread of the daemon: its loop, the clients that it serves, and what other threads have sent
// it.

import GICModel
import GICWire
import Logging
import UVLoop

/// What stations send each other. Each client, and each machine at each station, has one message
/// under way at most for each request that waits: so the number of messages is bounded.
enum StationMessage {
  /// A client comes from another station.
  case arrival(Session, Handover)
  /// Lines of a machine have changed: look into its mailbox.
  case lines(SharedMachine)
  /// Pass the barrier once what has been begun here on the machine has ended.
  case barrier(Barrier, SharedMachine)
  /// What a request waited for has happened.
  case goOn(SourceBox)
  /// Write a machine that is at home here.
  case save(SharedMachine)
  case stop
}

/// Messages to a station, from any thread.
final class StationMail: @unchecked Sendable {
  private let lock = Lock()
  private var messages: [StationMessage] = []
  /// Set once, before other threads run.
  fileprivate var wakeup: Wakeup?

  func post(_ message: StationMessage) {
    lock.withLock { messages.append(message) }
    wakeup?.signal()
  }

  fileprivate func take() -> [StationMessage] {
    lock.withLock {
      defer { messages.removeAll() }
      return messages
    }
  }
}

/// A loop, and everything that its thread alone touches.
final class Station: @unchecked Sendable {
  let number: Int
  unowned let server: Server
  let loop: Loop
  let mail = StationMail()
  private var nextTurn: NextTurn?
  private var linger: Linger?
  private(set) var rings: RingServer?
  private(set) var sessions: [Int: Session] = [:]
  private var hosts: [ObjectIdentifier: MachineHost] = [:]
  /// Sessions that have had their turn and have frames left.
  private var waiting: [Session] = []
  /// Sessions on their way to another station.
  private var leaving: [(session: Session, station: Int)] = []
  /// What is carried out in steps, the next one first.
  private var jobs: [Job] = []
  /// Jobs that have a step in one turn of the loop.
  private static let stepsPerTurn = 4
  /// Steps of jobs so far.
  private(set) var stepCount: UInt64 = 0
  private(set) var isStopping = false

  init(_ number: Int, of server: Server) throws(UVError) {
    (self.number, self.server) = (number, server)
    loop = try Loop()
    do throws(UVError) {
      nextTurn = try NextTurn(on: loop) { [unowned self] in takeTurn() }
      mail.wakeup = try Wakeup(on: loop) { [unowned self] in readMail() }
      // On one CPU the client cannot run while the daemon waits for it.
      let spins = server.options.spins && availableCPUCount() > 1
      linger = try Linger(on: loop, looks: spins ? 100 : 0)
      rings = try RingServer(on: loop, spins: spins ? 200 : 0) { port in
        port.session.cut(WireError(.eproto, "the indices of port \(port.number) make no sense"))
      }
    } catch {
      loop.close()
      throw error
    }
  }

  /// Serves until it is told to stop, and closes everything. On the station's thread, once.
  func run() {
    loop.run(.untilIdle)
    isStopping = true
    saveAtEnd()
    // Sessions leave their machines as their connections end; the machines then give up their RAM.
    for session in sessions.values { session.connection.close(for: nil) }
    if number == 0 { server.closeHTTP() }
    loop.close()
    (jobs, leaving, hosts) = ([], [], [:])
    _ = mail.take()
  }

  // MARK: Messages

  func post(_ message: StationMessage, to other: Int) { server.stations[other].mail.post(message) }

  /// Tells another station of a change of lines.
  func tell(_ other: Int, _ change: LineChange, _ machine: SharedMachine) {
    guard let mailbox = machine.mailbox(of: other), mailbox.post(change) else { return }
    post(.lines(machine), to: other)
  }

  private func readMail() {
    for message in mail.take() {
      switch message {
      case .arrival(let session, let handover): take(session, handover)
      case .lines(let machine):
        guard let host = hosts[ObjectIdentifier(machine)] else { break }
        host.takeMail()
        host.timeMoved()
        host.flushNotices()
      case .barrier(let barrier, let machine):
        hosts[ObjectIdentifier(machine)]?.awaitJobs(barrier)
        barrier.pass()
      case .goOn(let box): box.source?.goOn()
      case .save(let machine): save(machine)
      case .stop:
        isStopping = true
        loop.stop()
      }
    }
  }

  // MARK: Sessions

  func add(_ session: Session) { sessions[session.number] = session }

  func forget(_ session: Session) {
    sessions[session.number] = nil
    waiting.removeAll { $0 === session }
    leaving.removeAll { $0.session === session }
  }

  func resumeLater(_ session: Session) {
    if waiting.last !== session { waiting.append(session) }
    nextTurn?.request()
  }

  /// The session goes on at another station, where its first frame is looked at again.
  func move(_ session: Session, to other: Int) {
    leaving.append((session, other))
    nextTurn?.request()
  }

  private func takeTurn() {
    let leaving = leaving
    self.leaving.removeAll()
    for (session, other) in leaving { handOver(session, to: other) }
    let sessions = waiting
    waiting.removeAll(keepingCapacity: true)
    for session in sessions { session.connection.resume() }
    takeSteps()
  }

  private func handOver(_ session: Session, to other: Int) {
    do throws(UVError) {
      guard let handover = try session.connection.handOver() else {
        session.staysForNow()
        return
      }
      sessions[session.number] = nil
      post(.arrival(session, handover), to: other)
    } catch {
      session.connection.close(for: error)
    }
  }

  private func take(_ session: Session, _ handover: Handover) {
    do throws(UVError) {
      let connection = try Connection.take(handover, on: loop)
      add(session)
      session.settle(at: self, connection)
    } catch {
      server.forget(session)
    }
  }

  // MARK: Machines

  /// This station's view of a machine.
  func host(of machine: SharedMachine) -> MachineHost {
    if let host = hosts[ObjectIdentifier(machine)] { return host }
    let host = MachineHost(machine, at: self)
    hosts[ObjectIdentifier(machine)] = host
    return host
  }

  /// The view is given up when nobody here needs it any more.
  func release(_ host: MachineHost) {
    guard host.sessions.isEmpty, host.jobs.isEmpty else { return }
    host.rest()
    hosts[ObjectIdentifier(host.shared)] = nil
  }

  /// Sends what a session's turn has written: its own replies, and notices to others.
  func flush(after session: Session) {
    flushNotices(after: session)
    linger?.requestDone()
    // What waited for the socket's frames may go on.
    if !session.ports.isEmpty {
      for port in session.ports where port.hasWork { rings?.wake(port) }
    }
  }

  func flushNotices(after session: Session) {
    session.flush()
    session.host?.flushNotices()
  }

  /// Rings for a session, served from now on.
  func makePort(
    _ session: Session, _ attached: Attached, _ number: UInt32, _ slotCount: UInt32
  ) throws(UVError) -> RingPort {
    // Not weak: that would make every count of the port's references a slow one. The bell ends
    // before its port.
    final class Target { unowned var port: RingPort? }
    let target = Target()
    let bell = try Doorbell(on: loop) { [unowned self] in
      if let port = target.port { rings?.wake(port) }
    }
    do throws(UVError) {
      let port = try RingPort(
        session, attached, number: number, slotCount: slotCount, bell: bell)
      target.port = port
      port.ring.willSleep()
      return port
    } catch {
      bell.close()
      throw error
    }
  }

  // MARK: Steps

  /// Carries out all that has been begun.
  func finishJobs() {
    while !jobs.isEmpty { takeSteps() }
  }

  /// Carries something out in steps, from the loop's next turn on.
  func begin(_ job: Job) {
    job.host.jobs.append(job)
    jobs.append(job)
    nextTurn?.request()
  }

  /// A step for each of a few jobs; the others come first in the next turn.
  private func takeSteps() {
    guard !jobs.isEmpty else { return }
    let now = jobs.prefix(Station.stepsPerTurn)
    jobs.removeFirst(now.count)
    for job in now {
      stepCount &+= 1
      let isDone = job.step()
      job.host.flushNotices()
      job.host.giveTurns()
      guard isDone else {
        jobs.append(job)
        continue
      }
      job.host.jobs.removeAll { $0 === job }
      for barrier in job.barriers { barrier.pass() }
      if job.host.awaitsCheckpoint { save(job.host.shared) }
      release(job.host)
    }
    if !jobs.isEmpty { nextTurn?.request() }
  }
}
