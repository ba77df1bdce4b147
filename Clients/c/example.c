/* An emulator's day in 150 lines: makes a machine of two PEs, sets its ITS up as a driver would,
 * sends an MSI as a device, and takes the LPI as PE 1. Prints what it cost in simulated cycles.
 *
 *   cc -std=c11 -o example example.c itsd.c && ./example unix:/tmp/its.sock [ring]
 *
 * SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "itsd.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Guest RAM, and what the guest keeps in it. */
enum {
  RAM = 0x40000000, RAM_SIZE = 16 << 20,
  QUEUE = RAM, DEVICES = RAM + 0x100000, COLLECTIONS = RAM + 0x200000, ITT = RAM + 0x300000,
  PROPERTIES = RAM + 0x400000, PENDING = RAM + 0x500000 /* 64 KiB a PE */
};
/* Registers: GITS_*, GICR_* and GICD_*. */
enum {
  GITS_CTLR = 0, GITS_CBASER = 0x80, GITS_CWRITER = 0x88, GITS_CREADR = 0x90, GITS_BASER = 0x100,
  GICR_CTLR = 0, GICR_TYPER = 8, GICR_WAKER = 0x14, GICR_PROPBASER = 0x70, GICR_PENDBASER = 0x78,
  GICD_CTLR = 0
};
enum { DEVICE = 0x10, EVENT = 3, LPI = 8192 + 5 };
static const uint64_t VALID = UINT64_C(1) << 63;

static itsd *its;
static uint8_t *ram;
static uint64_t base; /* of the ITS's control frame */
static unsigned queued;

static void check(int status, const char *what) {
  if (status == 0) return;
  fprintf(stderr, "%s: %s\n", what, itsd_error(its));
  itsd_close(its);
  exit(1);
}

static void set(uint64_t address, unsigned size, uint64_t value) {
  check(itsd_write(its, 0, address, size, value), "a register write");
}

static uint64_t get(uint64_t address, unsigned size) {
  uint64_t value = 0;
  check(itsd_read(its, 0, address, size, &value), "a register read");
  return value;
}

/* A command into the queue; commands() has it carried out. */
static void command(uint64_t dw0, uint64_t dw1, uint64_t dw2) {
  uint64_t packet[4] = {dw0, dw1, dw2, 0};
  memcpy(ram + (QUEUE - RAM) + 32 * queued++, packet, sizeof packet);
}

static void commands(void) {
  set(base + GITS_CWRITER, 8, 32 * queued);
  while (get(base + GITS_CREADR, 8) != 32 * queued) {
    check(itsd_advance(its, ITSD_NONE, ITSD_IDLE, 0, NULL), "letting the queue drain");
  }
}

static void set_up(const struct itsd_machine *machine, uint32_t target) {
  uint64_t gicr = machine->gicr_base + target * machine->gicr_stride;
  set(machine->gicd_base + GICD_CTLR, 4, 0x12); /* ARE, Group 1 */
  set(gicr + GICR_WAKER, 4, 0);
  set(gicr + GICR_PROPBASER, 8, PROPERTIES | 15); /* 16 bits of INTID */
  set(gicr + GICR_PENDBASER, 8, (uint64_t)PENDING + target * 0x10000);
  set(gicr + GICR_CTLR, 4, 1); /* EnableLPIs */
  ram[PROPERTIES - RAM + LPI - 8192] = 0xa1; /* priority 0xa0, enabled */
  for (unsigned i = 0; i < 8; i++) {
    uint64_t baser = get(base + GITS_BASER + 8 * i, 8);
    uint64_t type = baser >> 56 & 7, table = type == 1 ? DEVICES : type == 4 ? COLLECTIONS : 0;
    if (table) set(base + GITS_BASER + 8 * i, 8, VALID | table | 0x200 | 15); /* 16 of 64 KiB */
  }
  set(base + GITS_CBASER, 8, VALID | QUEUE | 15);
  set(base + GITS_CTLR, 4, 1);

  /* A target is a PE's number, or its redistributor's address, as GITS_TYPER.PTA says. */
  uint64_t by_address = get(base + 8, 8) >> 19 & 1;
  uint64_t number = get(gicr + GICR_TYPER, 8) >> 8 & 0xffff;
  uint64_t rdbase = by_address ? gicr & ~UINT64_C(0xffff) : number << 16;
  command((uint64_t)DEVICE << 32 | 0x08, 7, VALID | ITT);       /* MAPD, 8 bits of EventID */
  command(0x09, 0, VALID | rdbase | 1);                         /* MAPC, collection 1 */
  command((uint64_t)DEVICE << 32 | 0x0a, (uint64_t)LPI << 32 | EVENT, 1); /* MAPTI */
  command(0x05, 0, rdbase);                                     /* SYNC */
  commands();
}

int main(int count, char **arguments) {
  if (count < 2) {
    fprintf(stderr, "usage: %s ADDRESS [ring]\n", arguments[0]);
    return 64;
  }
  check(itsd_open(&its, arguments[1], "example"), "connecting");
  struct itsd_attach what = {
    .machine = "example", .yaml = "clock: timed\nmachine: {pes: 2}\n", .fresh = 1};
  check(itsd_attach(its, &what), "attaching");
  const struct itsd_machine *machine = itsd_machine(its);
  base = machine->its_bases[0];
  void *memory = NULL;
  check(itsd_ram(its, RAM, RAM_SIZE, &memory), "sharing RAM");
  ram = memory;
  uint32_t target = 1;
  if (count > 2) check(itsd_port_open(its, target, 64), "opening a ring");
  set_up(machine, target);

  /* PE 1 lets everything through. */
  uint64_t pmr = ITSD_SYSREG(3, 0, 4, 6, 0), igrpen1 = ITSD_SYSREG(3, 0, 12, 12, 7);
  uint64_t iar1 = ITSD_SYSREG(3, 0, 12, 12, 0), eoir1 = ITSD_SYSREG(3, 0, 12, 12, 1);
  check(itsd_sysreg_write(its, target, pmr, 0xf0), "ICC_PMR_EL1");
  check(itsd_sysreg_write(its, target, igrpen1, 1), "ICC_IGRPEN1_EL1");

  /* From here on the time is ours: 1 ms, then whenever the PE's IRQ rises. */
  uint64_t sent = UINT64_C(1000000000);
  itsd_set_time(its, sent);
  check(itsd_post_msi(its, DEVICE, EVENT, 0), "an MSI");
  uint64_t raised = 0;
  check(itsd_advance(its, 2 * sent, ITSD_LINE_RAISED, target, &raised), "waiting for the line");
  if (!(itsd_last(its)->levels & ITSD_IRQ)) {
    fprintf(stderr, "the MSI came to nothing: itsctl explain msi %#x %d says why\n", DEVICE, EVENT);
    itsd_close(its);
    return 1;
  }
  itsd_set_time(its, raised);
  uint64_t intid = 0;
  check(itsd_sysreg_read(its, target, iar1, &intid), "ICC_IAR1_EL1");
  check(itsd_sysreg_write(its, target, eoir1, intid), "ICC_EOIR1_EL1");
  uint64_t cycles = (raised - sent) / (UINT64_C(1000000000000) / machine->clock_hz);
  printf(
      "PE %" PRIu32 " took LPI %" PRIu64 ", %" PRIu64 " cycles after the MSI\n", target, intid,
      cycles);
  check(itsd_leave(its), "leaving");
  return intid == LPI ? 0 : 1;
}
