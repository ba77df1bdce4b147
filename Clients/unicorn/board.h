/* What the parts of the board share: its shape, its vCPUs, and who does what.
 *
 * Copyright the itsd authors.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stdint.h>
#include <unicorn/unicorn.h>

#include "../c/itsd.h"

enum {
  MAX_VCPUS = 64,
  RAM_SIZE = 64 << 20,
  IMAGE_OFFSET = 0x80000,
  BOOT_OFFSET = 0x1000,
  PAGE = 0x1000,
  GIC_FRAME = 0x10000,
  /* Simulated cycles that an access takes on the way to the interrupt controller and back. */
  BUS_CYCLES = 20
};
#define RAM UINT64_C(0x40000000)
#define UART UINT64_C(0x09000000)
#define DEVICE UINT64_C(0x0a000000)

/* What the guest finds at x0; guest/guest.h has the same. */
struct boot {
  uint64_t magic, pes, gicd, gicr, gicr_stride, its, clock_hz, ram, ram_size, uart, device;
  uint64_t mpidr[MAX_VCPUS];
};

struct vcpu {
  uc_engine *uc;
  uint32_t index;
  bool on;
  bool waits;    /* in WFI */
  uint64_t time; /* picoseconds */
  int64_t budget;
  bool stopped; /* by us, and not by WFI */
  uint64_t instructions;
};

extern struct board {
  itsd *its;
  const struct itsd_machine *machine;
  uint8_t *ram;
  struct vcpu vcpus[MAX_VCPUS];
  uint32_t count;
  int64_t quantum;
  uint64_t cycle; /* picoseconds of one */
  uint32_t device, event;
  bool off;
  int status;
  uint64_t accesses, msis, interrupts;
  /* Of the machine's time 0 in the guest's; it is another once the machine has moved. */
  uint64_t epoch;
} board;

/* ---- board.c ---- */

_Noreturn void die(const char *what, const char *why);
void check(uc_err error, const char *what);
void check_its(int status, const char *what);

/* Attaches to a machine of a daemon and makes RAM of it; `ram` gets where it is mapped here. */
itsd *join(const char *address, const char *config, uint8_t **ram);
/* A vCPU's engine, over the board's RAM and machine. */
void make_vcpu(uint32_t index);
void open_ports(void);

/* ---- migrate.c: the machine goes to another daemon ---- */

/* From `start` picoseconds on, to `address`. */
void plan_move(const char *address, const char *config, uint64_t start);
/* Counts the pages that a vCPU writes, if there is a plan. */
void watch_writes(struct vcpu *v);
/* Does what is due at this time. */
void move_on(uint64_t reached);
/* Says what came of it; returns whether it was as it should be. */
bool report_move(void);

/* ---- devices.c: what lies on the bus ---- */

/* An access is made at the vCPU's time, and takes its time. */
void begin(const struct vcpu *v);
void end(struct vcpu *v);
/* Maps the interrupt controller's frames, the PL011 and the device that sends MSIs. */
void map_devices(struct vcpu *v);

/* ---- cpu.c: what the CPU model lacks ---- */

uint64_t get(uc_engine *uc, int name);
void set(uc_engine *uc, int name, uint64_t value);
uint64_t mpidr_of(uint32_t index);
void hook_cpu(struct vcpu *v);
/* As the architecture enters an IRQ from EL1 with its own stack pointer, if one waits. */
void enter_interrupt(struct vcpu *v);
bool has_interrupt(uint32_t pe, uint64_t *time);

#endif
