/* How fast a guest's loads reach the daemon: a loop of LDR and a branch on a Unicorn CPU, each load
 * a callback that asks the daemon through a ring. Beside it the same with a callback that answers
 * by itself: what Unicorn takes. Called as the C client's benchmark is.
 *
 *   unicorn-bench ADDRESS DAEMON-PID unicorn_read SAMPLES
 *
 * Copyright the itsd authors. Links with Unicorn, which is GPLv2.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "../c/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <unicorn/unicorn.h>

#include "../c/itsd.h"

enum { LOADS = 200000, CODE = 0x10000, FRAME = 0x10000, GITS_CREADR = 0x90 };

static uint64_t its_base;

static void check(uc_err error, const char *what) {
  if (error == UC_ERR_OK) return;
  fprintf(stderr, "%s: %s\n", what, uc_strerror(error));
  exit(1);
}

static void check_its(itsd *c, int status) {
  if (status == 0) return;
  fprintf(stderr, "%s\n", itsd_error(c));
  exit(1);
}

static uint64_t from_daemon(uc_engine *uc, uint64_t offset, unsigned size, void *client) {
  (void)uc;
  uint64_t value = 0;
  check_its(client, itsd_read(client, 0, its_base + offset, size, &value));
  return value;
}

static uint64_t from_here(uc_engine *uc, uint64_t offset, unsigned size, void *client) {
  (void)uc, (void)size, (void)client;
  return offset;
}

/* Nanoseconds of one load. */
static double run(uc_cb_mmio_read_t read, itsd *c, uint64_t frame, uint64_t expected) {
  /* ldr w1, [x0] (Unicorn makes two callbacks of a load of 8 bytes); subs x2, x2, #1; b.ne to the load */
  static const uint32_t code[] = {0xb9400001, 0xf1000442, 0x54ffffc1};
  uc_engine *uc = NULL;
  uint64_t address = frame + GITS_CREADR, count = LOADS, got = ~UINT64_C(0);
  check(uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &uc), "uc_open");
  check(uc_mem_map(uc, CODE, 0x1000, UC_PROT_ALL), "mapping code");
  check(uc_mem_write(uc, CODE, code, sizeof code), "writing code");
  check(uc_mmio_map(uc, frame, FRAME, read, c, NULL, NULL), "uc_mmio_map");
  uc_reg_write(uc, UC_ARM64_REG_X0, &address);
  uc_reg_write(uc, UC_ARM64_REG_X1, &got);
  uc_reg_write(uc, UC_ARM64_REG_X2, &count);
  double start = seconds();
  check(uc_emu_start(uc, CODE, CODE + sizeof code, 0, 0), "running");
  double result = (seconds() - start) * 1e9 / LOADS;
  uc_reg_read(uc, UC_ARM64_REG_X1, &got);
  uc_reg_read(uc, UC_ARM64_REG_X2, &count);
  if (count != 0 || got != expected) {
    fprintf(stderr, "the guest did not do its loads: %llu left, %#llx read\n",
            (unsigned long long)count, (unsigned long long)got);
    exit(1);
  }
  uc_close(uc);
  return result;
}

static double daemon_unicorn(void) {
  itsd *c = NULL;
  struct itsd_attach what = {
    .machine = "bench-unicorn", .yaml = "clock: functional\nmachine: {pes: 1}\n", .fresh = 1,
    .no_lines = 1};
  uint64_t expected = 0;
  int status = itsd_open(&c, the_daemon.address, "unicorn-bench");
  check_its(c, status);
  check_its(c, itsd_attach(c, &what));
  its_base = itsd_machine(c)->its_bases[0];
  check_its(c, itsd_port_open(c, 0, RING));
  check_its(c, itsd_read(c, 0, its_base + GITS_CREADR, 4, &expected));
  double result = run(from_daemon, c, its_base, expected);
  check_its(c, itsd_leave(c));
  return result;
}

static double plain_unicorn(void) { return run(from_here, NULL, 0x08080000, GITS_CREADR); }

int main(int count, char **arguments) {
  static const struct row rows[] = {
    {"unicorn_read", daemon_unicorn, plain_unicorn, APART},
  };
  return measure(rows, 1, count, arguments);
}
