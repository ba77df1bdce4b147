/* A board whose CPUs are Unicorn's and whose interrupt controller is itsd: N vCPUs as N engines,
 * interleaved in one thread by simulated time, so that two runs are the same to the cycle.
 *
 *   board ADDRESS IMAGE [--vcpus N] [--quantum INSTRUCTIONS] [--config YAML] [--to ADDRESS]
 *
 * Here is who runs when, and how it begins and ends; cpu.c has what the CPU model lacks, devices.c
 * what lies on the bus.
 *
 * Copyright the itsd authors. Links with Unicorn, which is GPLv2.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include "board.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct board board;

void die(const char *what, const char *why) {
  fflush(stdout);
  fprintf(stderr, "board: %s: %s\n", what, why);
  exit(1);
}

void check(uc_err error, const char *what) {
  if (error != UC_ERR_OK) die(what, uc_strerror(error));
}

void check_its(int status, const char *what) {
  if (status < 0) die(what, itsd_error(board.its));
}

/* ---- Running ---- */

static void run(struct vcpu *v) {
  enter_interrupt(v);
  v->budget = board.quantum;
  v->stopped = false;
  uc_err error = uc_emu_start(v->uc, get(v->uc, UC_ARM64_REG_PC), ~UINT64_C(0), 0, 0);
  if (error != UC_ERR_OK) {
    char text[96];
    snprintf(
        text, sizeof text, "vCPU %u at %#" PRIx64 ": %s", v->index, get(v->uc, UC_ARM64_REG_PC),
        uc_strerror(error));
    die("the guest", text);
  }
  /* Nothing else ends a run: the guest has executed WFI. */
  if (!v->stopped) v->waits = true;
}

/* Who runs next: the vCPU that is furthest behind. */
static struct vcpu *next_vcpu(void) {
  struct vcpu *first = NULL;
  for (uint32_t i = 0; i < board.count; i++) {
    struct vcpu *v = &board.vcpus[i];
    if (v->on && !v->waits && (!first || v->time < first->time)) first = v;
  }
  return first;
}

static void wake(void) {
  uint64_t time;
  for (uint32_t i = 0; i < board.count; i++) {
    struct vcpu *v = &board.vcpus[i];
    if (!v->on || !v->waits || !has_interrupt(i, &time)) continue;
    v->waits = false;
    if (time > v->time) v->time = time;
  }
}

/* Lets the machine's time pass to the vCPU's, as long as nobody else is woken before it. */
static void loop(void) {
  uint64_t reached = 0;
  itsd_set_time(board.its, ITSD_NONE);
  while (!board.off) {
    move_on(reached);
    wake();
    struct vcpu *v = next_vcpu();
    if (v && reached >= v->time) {
      run(v);
      continue;
    }
    itsd_set_time(board.its, ITSD_NONE);
    uint64_t limit = v ? v->time : reached + 1000000 * board.cycle;
    check_its(
        itsd_advance(board.its, limit - board.epoch, ITSD_LINE_CHANGE, 0, &reached), "advancing");
    reached += board.epoch;
    if (v || reached < limit) continue;
    die("the guest", "every vCPU waits, and for a million cycles no interrupt came");
  }
}

/* ---- Beginning ---- */

void make_vcpu(uint32_t index) {
  struct vcpu *v = &board.vcpus[index];
  v->index = index;
  check(uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &v->uc), "uc_open");
  check(uc_ctl_set_cpu_model(v->uc, UC_CPU_ARM64_A72), "the CPU model");
  check(uc_mem_map_ptr(v->uc, RAM, RAM_SIZE, UC_PROT_ALL, board.ram), "mapping RAM");
  map_devices(v);
  hook_cpu(v);
}

static void read_image(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) die(path, "cannot be read");
  size_t count = fread(board.ram + IMAGE_OFFSET, 1, RAM_SIZE - IMAGE_OFFSET, file);
  fclose(file);
  if (count == 0) die(path, "is empty");
}

itsd *join(const char *address, const char *config, uint8_t **ram) {
  char yaml[512];
  itsd *its = NULL;
  if (itsd_open(&its, address, "unicorn board") < 0) die("connecting", itsd_error(its));
  snprintf(
      yaml, sizeof yaml, "clock: timed\nmachine: {pes: %u}\n%s", board.count, config ? config : "");
  struct itsd_attach what = {
    .machine = "unicorn", .yaml = yaml, .fresh = 1, .no_lines = 1, .time_mode = ITSD_PACED};
  if (itsd_attach(its, &what) < 0) die("attaching", itsd_error(its));
  void *base = NULL;
  if (itsd_ram(its, RAM, RAM_SIZE, &base) < 0) die("sharing RAM", itsd_error(its));
  *ram = base;
  return its;
}

void open_ports(void) {
  for (uint32_t i = 0; i < board.count; i++) {
    check_its(itsd_port_open(board.its, i, 64), "opening a port");
  }
}

static void attach(const char *address, const char *config) {
  board.its = join(address, config, &board.ram);
  board.machine = itsd_machine(board.its);
  open_ports();
  board.cycle = UINT64_C(1000000000000) / board.machine->clock_hz;
}

static void boot(const char *image) {
  const struct itsd_machine *m = board.machine;
  read_image(image);
  struct boot info = {
    .magic = UINT64_C(0x4452414f42535449), .pes = m->pe_count, .gicd = m->gicd_base,
    .gicr = m->gicr_base, .gicr_stride = m->gicr_stride, .its = m->its_bases[0],
    .clock_hz = m->clock_hz, .ram = RAM, .ram_size = RAM_SIZE, .uart = UART, .device = DEVICE};
  for (uint32_t i = 0; i < board.count; i++) {
    info.mpidr[i] = mpidr_of(i);
    make_vcpu(i);
  }
  memcpy(board.ram + BOOT_OFFSET, &info, sizeof info);
  struct vcpu *first = &board.vcpus[0];
  set(first->uc, UC_ARM64_REG_PC, RAM + IMAGE_OFFSET);
  set(first->uc, UC_ARM64_REG_X0, RAM + BOOT_OFFSET);
  first->on = true;
}

int main(int count, char **arguments) {
  const char *config = NULL, *to = NULL;
  board.count = 1;
  board.quantum = 100;
  for (int i = 3; i + 1 < count; i += 2) {
    if (strcmp(arguments[i], "--vcpus") == 0) {
      board.count = (uint32_t)strtoul(arguments[i + 1], NULL, 0);
    } else if (strcmp(arguments[i], "--quantum") == 0) {
      board.quantum = strtol(arguments[i + 1], NULL, 0);
    } else if (strcmp(arguments[i], "--config") == 0) {
      config = arguments[i + 1];
    } else if (strcmp(arguments[i], "--to") == 0) {
      to = arguments[i + 1];
    } else {
      count = 0;
    }
  }
  if (count < 3 || count % 2 == 0 || board.count == 0 || board.count > MAX_VCPUS) {
    fprintf(
        stderr,
        "usage: %s ADDRESS IMAGE [--vcpus 1..%d] [--quantum INSTRUCTIONS] [--config YAML]"
        " [--to ADDRESS]\n",
        arguments[0], MAX_VCPUS);
    return 64;
  }
  attach(arguments[1], config);
  if (to) plan_move(to, config, 1000000 * board.cycle);
  boot(arguments[2]);
  loop();
  uint64_t instructions = 0, last = 0;
  for (uint32_t i = 0; i < board.count; i++) {
    instructions += board.vcpus[i].instructions;
    if (board.vcpus[i].time > last) last = board.vcpus[i].time;
    uc_close(board.vcpus[i].uc);
  }
  printf(
      "%u vCPUs, %" PRIu64 " instructions, %" PRIu64 " accesses, %" PRIu64 " MSIs, %" PRIu64
      " interrupts, %" PRIu64 " cycles\n",
      board.count, instructions, board.accesses, board.msis, board.interrupts, last / board.cycle);
  if (to && !report_move()) board.status = 1;
  check_its(itsd_leave(board.its), "leaving");
  return board.status;
}
