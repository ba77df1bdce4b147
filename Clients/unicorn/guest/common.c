/* What every guest program has: printing, verdicts, and vCPUs that wait for interrupts.
 * SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "guest.h"

/* Cycles that a vCPU may take to start. */
enum { PATIENCE = 100000 };

const struct boot *boot;
struct pe pes[MAX_PES];

/* ---- Printing ---- */

static void print_char(char c) { write32(boot->uart, (u8)c); }

void print(const char *text) {
  while (*text) print_char(*text++);
}

void print_number(u64 value) {
  char digits[20];
  int count = 0;
  do digits[count++] = (char)('0' + value % 10);
  while (value /= 10);
  while (count) print_char(digits[--count]);
}

void print_hex(u64 value) {
  print("0x");
  for (int shift = 60; shift >= 0; shift -= 4) print_char("0123456789abcdef"[value >> shift & 15]);
}

void finish(u32 status) {
  write32(boot->device + 24, status);
  hvc(0x84000008, 0, 0, 0);
}

void panic(u64 where) {
  print("panic at ");
  print_hex(where);
  print("\n");
  finish(2);
  for (;;) {}
}

u32 passed, failed;

void verdict(const char *name, int good) {
  print(good ? "ok   " : "FAIL ");
  print(name);
  print("\n");
  if (good) passed++;
  else failed++;
}

/* ---- The vCPUs ---- */

static void enable_interrupts(void) { __asm__ volatile("msr daifclr, #2" ::: "memory"); }

void secondary(void) {
  u32 own = self();
  gic_start_pe(own);
  enable_interrupts();
  pes[own].ready = 1;
  for (;;) __asm__ volatile("wfi" ::: "memory");
}

static int start_secondaries(void) {
  for (u32 pe = 1; pe < boot->pes; pe++) {
    if (hvc(0xc4000003, boot->mpidr[pe], (u64)secondary_start, pe) != 0) return 0;
    u64 start = now();
    while (!pes[pe].ready) {
      if (now() - start > 100 * PATIENCE) return 0;
    }
  }
  return 1;
}

void start_everything(const struct boot *info) {
  boot = info;
  verdict("distributor, redistributors and ITS are found", gic_probe());
  gic_start();
  gic_start_pe(0);
  enable_interrupts();
  verdict("PSCI starts every vCPU", start_secondaries());
}
