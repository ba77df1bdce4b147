// The words of the protocol and the loop that a client's caller needs, so that one import suffices.

import GICWire
import UVLoop

public typealias Endpoint = UVLoop.Endpoint
public typealias SharedMemory = UVLoop.SharedMemory
public typealias UVError = UVLoop.UVError
public typealias Request = GICWire.Request
public typealias Reply = GICWire.Reply
public typealias Role = GICWire.Role
public typealias Attachment = GICWire.Attachment
public typealias LineNotice = GICWire.LineNotice
public typealias InterruptSummary = GICWire.InterruptSummary
public typealias BatchedWrite = GICWire.BatchedWrite
public typealias BatchedMSI = GICWire.BatchedMSI
public typealias AdvanceCondition = GICWire.AdvanceCondition
public typealias WireBusStatus = GICWire.WireBusStatus
public typealias TimeMode = GICWire.TimeMode
public typealias FrameFlags = GICWire.FrameFlags
