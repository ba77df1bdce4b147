"""Keeps a machine of a daemon at work until it is ended: MSIs of four devices to four PEs, which take
them, now and then a SYNC, and one MSI that is dropped.

usage: PYTHONPATH=Clients/python http-load.py ADDRESS
"""
import random
import sys
import time

import itsd
from itsd import Until
from tests.daemon import EOIR1, IAR1, Guest

random.seed(7)
with itsd.Client(sys.argv[1], name="load") as client:
    client.attach("board", yaml="machine: {pes: 4}\nclock: timed\n")
    guest = Guest(client)
    for number in range(4):
        guest.map_event(0x10 + number, number, 8192 + number, number)
    client.msi(0x99, 0)
    while True:
        for _ in range(random.randrange(1, 60)):
            number = min(random.randrange(4), random.randrange(4))
            client.msi(0x10 + number, number)
            client.advance(until=Until.IDLE)
            intid = client.sysreg_read(number, IAR1).value
            client.sysreg_write(number, EOIR1, intid)
        guest.command(0x05, 0, guest.target(0))
        guest.queued %= 2048  # the queue's entries
        guest.run()
        time.sleep(0.01)
