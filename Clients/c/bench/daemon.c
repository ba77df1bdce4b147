/* What a program that is attached asks of the daemon most.
 *
 * SPDX-License-Identifier: Apache-2.0 OR MIT */
#define _GNU_SOURCE
#include "bench.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../itsd.h"

enum { RAM = 0x40000000, RAM_SIZE = 16 << 20 };

static void check(itsd *c, int status) {
  if (status == 0) return;
  fprintf(stderr, "%s\n", itsd_error(c));
  exit(1);
}

static itsd *attached(const char *machine, unsigned pes) {
  itsd *c = NULL;
  char yaml[64];
  int status = itsd_open(&c, the_daemon.address, "bench");
  check(c, status);
  snprintf(yaml, sizeof yaml, "clock: functional\nmachine: {pes: %u}\n", pes);
  struct itsd_attach what = {.machine = machine, .yaml = yaml, .fresh = 1, .no_lines = 1};
  check(c, itsd_attach(c, &what));
  return c;
}

/* GITS_CREADR: what a guest that waits for its commands reads over and over. */
static uint64_t creadr(itsd *c) { return itsd_machine(c)->its_bases[0] + 0x90; }

static double read_register(bool ring) {
  static double took[READS];
  itsd *c = attached("bench-read", 2);
  uint64_t address = creadr(c), value;
  if (ring) check(c, itsd_port_open(c, 0, RING));
  for (int i = 0; i < READS; i++) {
    double start = seconds();
    check(c, itsd_read(c, 0, address, 8, &value));
    took[i] = seconds() - start;
  }
  check(c, itsd_leave(c));
  return median(took, READS) * 1e9;
}

double daemon_socket_read(void) { return read_register(false); }
double daemon_ring_read(void) { return read_register(true); }

/* ---- MSIs and commands ---- */

/* An ITS with one event mapped; what a driver does, in as few steps as there are. */
static uint64_t set_up(itsd *c, void **ram) {
  const struct itsd_machine *m = itsd_machine(c);
  uint64_t its = m->its_bases[0], value = 0;
  const uint64_t valid = UINT64_C(1) << 63;
  check(c, itsd_ram(c, RAM, RAM_SIZE, ram));
  memset((char *)*ram + 0x400000, 0xa1, 0x10000);
  check(c, itsd_write(c, 0, m->gicd_base, 4, 0x12));
  check(c, itsd_write(c, 0, m->gicr_base + 0x70, 8, (RAM + 0x400000) | 15));
  check(c, itsd_write(c, 0, m->gicr_base + 0x78, 8, RAM + 0x500000));
  check(c, itsd_write(c, 0, m->gicr_base, 4, 1));
  for (unsigned i = 0; i < 8; i++) {
    check(c, itsd_read(c, 0, its + 0x100 + 8 * i, 8, &value));
    uint64_t type = value >> 56 & 7, table = type == 1 ? 0x100000 : type == 4 ? 0x200000 : 0;
    if (table) check(c, itsd_write(c, 0, its + 0x100 + 8 * i, 8, valid | (RAM + table) | 0x20f));
  }
  check(c, itsd_write(c, 0, its + 0x80, 8, valid | RAM | 15));
  check(c, itsd_write(c, 0, its, 4, 1));
  check(c, itsd_read(c, 0, its + 8, 8, &value));
  uint64_t target = value >> 19 & 1 ? m->gicr_base & ~UINT64_C(0xffff) : 0;
  uint64_t commands[3][4] = {
    {UINT64_C(0x10) << 32 | 8, 4, valid | (RAM + 0x300000), 0}, {9, 0, valid | target | 1, 0},
    {UINT64_C(0x10) << 32 | 0xa, UINT64_C(8192) << 32, 1, 0}};
  memcpy(*ram, commands, sizeof commands);
  check(c, itsd_write(c, 0, its + 0x88, 8, sizeof commands));
  return target;
}

static double post_msis(bool ring) {
  itsd *c = attached("bench-msi", 1);
  void *ram = NULL;
  uint64_t value;
  set_up(c, &ram);
  if (ring) check(c, itsd_port_open(c, 0, RING));
  struct itsd_msi_record batch[BATCH];
  for (int i = 0; i < BATCH; i++) batch[i] = (struct itsd_msi_record){ITSD_NONE, 0, 0x10, 0};
  double start = seconds();
  for (int i = 0; i < (ring ? POSTS : POSTS / BATCH); i++) {
    check(c, ring ? itsd_post_msi(c, 0x10, 0, 0) : itsd_msi_batch(c, batch, BATCH, NULL));
  }
  check(c, itsd_read(c, 0, creadr(c), 8, &value));
  double result = (seconds() - start) * 1e9 / POSTS;
  check(c, itsd_leave(c));
  munmap(ram, RAM_SIZE);
  return result;
}

double daemon_socket_posts(void) { return post_msis(false); }
double daemon_ring_posts(void) { return post_msis(true); }

/* As a driver that waits for each. */
double daemon_commands(void) {
  enum { COUNT = 200000 };
  itsd *c = attached("bench-commands", 1);
  void *ram = NULL;
  uint64_t target = set_up(c, &ram), its = itsd_machine(c)->its_bases[0], at = 96, read;
  check(c, itsd_port_open(c, 0, RING));
  double start = seconds();
  for (int i = 0; i < COUNT; i++) {
    uint64_t pair[8] = {UINT64_C(0x10) << 32 | 0xc, 0, 0, 0, 5, 0, target, 0}; /* INV, SYNC */
    for (int half = 0; half < 2; half++) {
      memcpy((char *)ram + at, pair + 4 * half, 32);
      at = (at + 32) % 0x10000;
    }
    check(c, itsd_write(c, 0, its + 0x88, 8, at));
  }
  double result = (seconds() - start) * 1e9 / COUNT;
  check(c, itsd_read(c, 0, its + 0x90, 8, &read));
  if (read != at) die("the queue is not empty");
  check(c, itsd_leave(c));
  munmap(ram, RAM_SIZE);
  return result;
}

/* One client reads a register while another one's queue, as full as it can be, is worked off. */
static void read_beside_backlog(void) {
  enum { COUNT = 32767, QUEUE = 0x600000 };
  itsd *c = attached("bench-backlog", 1), *other = NULL;
  void *ram = NULL;
  set_up(c, &ram);
  struct itsd_attach what = {.machine = "bench-backlog", .no_lines = 1};
  check(other, itsd_open(&other, the_daemon.address, "bench"));
  check(other, itsd_attach(other, &what));
  uint64_t its = itsd_machine(c)->its_bases[0], read = 0;
  for (int i = 0; i < COUNT; i++) {
    uint64_t invall[4] = {0xd, 0, 1, 0};
    memcpy((char *)ram + QUEUE + 32 * i, invall, sizeof invall);
  }
  check(c, itsd_write(c, 0, its, 4, 0));
  check(c, itsd_write(c, 0, its + 0x80, 8, UINT64_C(1) << 63 | (RAM + QUEUE) | 255));
  check(c, itsd_write(c, 0, its, 4, 1));
  check(c, itsd_post_write(c, 0, its + 0x88, 8, 32 * COUNT));
  check(c, itsd_flush(c));
  double start = seconds(), last = start;
  for (beside.count = 0; read != 32 * COUNT;) {
    check(other, itsd_read(other, 0, its + 0x90, 8, &read));
    double now = seconds();
    took((now - last) * 1e9);
    last = now;
  }
  beside.lasted = last - start;
  check(other, itsd_leave(other));
  check(c, itsd_leave(c));
  munmap(ram, RAM_SIZE);
}

static double beside_backlog(double part) {
  read_beside_backlog();
  return quantile(beside.took, beside.count, part);
}

double daemon_longest_read(void) { return beside_backlog(1); }
double daemon_backlog_read(void) { return beside_backlog(0.999); }

/* ---- Many ---- */

static void ask(void *client) {
  uint64_t value;
  check(client, itsd_read(client, 0, creadr(client), 8, &value));
}

double daemon_many(void) {
  void *clients[CLIENTS];
  for (int i = 0; i < CLIENTS; i++) clients[i] = attached("bench-many", 1);
  double result = many(ask, clients);
  for (int i = 0; i < CLIENTS; i++) check(clients[i], itsd_leave(clients[i]));
  return result;
}

double daemon_ports(void) {
  enum { PORTS = 1024 };
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  itsd *c = attached("bench-ports", PORTS);
  uint64_t value;
  for (uint32_t pe = 0; pe < PORTS; pe++) {
    check(c, itsd_port_open(c, pe, RING));
    check(c, itsd_read(c, pe, creadr(c), 8, &value));
  }
  char path[64];
  unsigned long pages = 0;
  snprintf(path, sizeof path, "/proc/%d/statm", (int)the_daemon.process);
  FILE *file = fopen(path, "r");
  if (!file || fscanf(file, "%*u %lu", &pages) != 1) die(path);
  fclose(file);
  check(c, itsd_leave(c));
  return (double)pages * (double)sysconf(_SC_PAGESIZE);
}
