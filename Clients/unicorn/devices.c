/* What lies on the board's bus: the interrupt controller, a PL011 that prints, and a device that
 * sends MSIs.
 *
 * Copyright the itsd authors. Links with Unicorn, which is GPLv2.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include "board.h"

#include <stdio.h>

/* ---- Towards the interrupt controller ---- */

void begin(const struct vcpu *v) {
  board.accesses++;
  itsd_set_time(board.its, v->time - board.epoch);
}

void end(struct vcpu *v) {
  uint64_t time = itsd_last(board.its)->time + board.epoch;
  if (time > v->time) v->time = time;
  v->time += BUS_CYCLES * board.cycle;
}

static struct vcpu *vcpu_of(const uc_engine *uc) {
  for (uint32_t i = 0; i < board.count; i++) {
    if (board.vcpus[i].uc == uc) return &board.vcpus[i];
  }
  die("an access", "of no vCPU");
}

static uint64_t gic_read(uc_engine *uc, uint64_t offset, unsigned size, void *base) {
  struct vcpu *v = vcpu_of(uc);
  uint64_t address = (uint64_t)(uintptr_t)base + offset, value = 0;
  begin(v);
  check_its(itsd_read(board.its, v->index, address, size, &value), "a read");
  end(v);
  return value;
}

static void gic_write(uc_engine *uc, uint64_t offset, unsigned size, uint64_t value, void *base) {
  struct vcpu *v = vcpu_of(uc);
  uint64_t address = (uint64_t)(uintptr_t)base + offset;
  begin(v);
  check_its(itsd_write(board.its, v->index, address, size, value), "a write");
  end(v);
}

/* ---- The other devices ---- */

static uint64_t uart_read(uc_engine *uc, uint64_t offset, unsigned size, void *user) {
  (void)uc, (void)offset, (void)size, (void)user;
  return 0; /* the flag register: neither full nor busy */
}

static void uart_write(uc_engine *uc, uint64_t offset, unsigned size, uint64_t value, void *user) {
  (void)uc, (void)size, (void)user;
  if (offset == 0) putchar((int)(value & 0xff));
}

/* Registers: DeviceID, EventID, send so many, end the run with a status. */
static void device_write(
    uc_engine *uc, uint64_t offset, unsigned size, uint64_t value, void *user) {
  struct vcpu *v = user;
  (void)uc, (void)size;
  switch (offset) {
    case 0x00: board.device = (uint32_t)value; break;
    case 0x08: board.event = (uint32_t)value; break;
    case 0x10:
      for (uint64_t i = 0; i < value && i < 1024; i++) {
        begin(v);
        board.msis++;
        check_its(itsd_msi(board.its, board.device, board.event, 0, NULL), "an MSI");
      }
      break;
    case 0x18:
      board.status = (int)value;
      board.off = true;
      v->stopped = true;
      uc_emu_stop(uc);
      break;
    default: break;
  }
}

static uint64_t device_read(uc_engine *uc, uint64_t offset, unsigned size, void *user) {
  (void)uc, (void)offset, (void)size, (void)user;
  return 0;
}

/* ---- The map ---- */

static void map_device(
    struct vcpu *v, uint64_t address, uint64_t size, uc_cb_mmio_read_t read,
    uc_cb_mmio_write_t write, void *user) {
  check(uc_mmio_map(v->uc, address, size, read, user, write, user), "uc_mmio_map");
}

void map_devices(struct vcpu *v) {
  const struct itsd_machine *m = board.machine;
  map_device(v, m->gicd_base, GIC_FRAME, gic_read, gic_write, (void *)(uintptr_t)m->gicd_base);
  for (uint32_t i = 0; i < m->its_count; i++) {
    uint64_t base = m->its_bases[i];
    map_device(v, base, 2 * GIC_FRAME, gic_read, gic_write, (void *)(uintptr_t)base);
  }
  uint64_t redistributors = m->gicr_stride * m->pe_count;
  map_device(v, m->gicr_base, redistributors, gic_read, gic_write, (void *)(uintptr_t)m->gicr_base);
  map_device(v, UART, PAGE, uart_read, uart_write, NULL);
  map_device(v, DEVICE, PAGE, device_read, device_write, v);
}
