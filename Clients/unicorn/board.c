/* A board whose CPUs are Unicorn's and whose interrupt controller is itsd: N vCPUs as N engines,
 * interleaved in one thread by simulated time, so that two runs are the same to the cycle.
 *
 *   board ADDRESS IMAGE [--vcpus N] [--quantum INSTRUCTIONS] [--config YAML]
 *
 * What the CPU model lacks is done here: ICC_* by hooks on MRS and MSR, PSCI by HVC, the counter,
 * WFI and the entry of IRQs. The rest of the board is a PL011 that prints and a device that sends
 * MSIs.
 *
 * Copyright the itsd authors. Links with Unicorn, which is GPLv2.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include "../c/itsd.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

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
static const uint64_t RAM = 0x40000000, UART = 0x09000000, DEVICE = 0x0a000000;

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

static struct {
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
} board;

static void die(const char *what, const char *why) {
  fflush(stdout);
  fprintf(stderr, "board: %s: %s\n", what, why);
  exit(1);
}

static void check(uc_err error, const char *what) {
  if (error != UC_ERR_OK) die(what, uc_strerror(error));
}

static void check_its(int status, const char *what) {
  if (status < 0) die(what, itsd_error(board.its));
}

/* ---- Towards the interrupt controller ---- */

/* The access is made at the vCPU's time, and takes its time. */
static void begin(const struct vcpu *v) {
  board.accesses++;
  itsd_set_time(board.its, v->time);
}

static void end(struct vcpu *v) {
  uint64_t time = itsd_last(board.its)->time;
  if (time > v->time) v->time = time;
  v->time += BUS_CYCLES * board.cycle;
}

static struct vcpu *vcpu_of(const uc_engine *uc) {
  for (uint32_t i = 0; i < board.count; i++) {
    if (board.vcpus[i].uc == uc) return &board.vcpus[i];
  }
  die("an access", "of no vCPU");
  return NULL;
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

/* ---- What the CPU model lacks ---- */

static uint64_t get(uc_engine *uc, int name) {
  uint64_t value = 0;
  uc_reg_read(uc, name, &value);
  return value;
}

static void set(uc_engine *uc, int name, uint64_t value) { uc_reg_write(uc, name, &value); }

static void skip(uc_engine *uc) { set(uc, UC_ARM64_REG_PC, get(uc, UC_ARM64_REG_PC) + 4); }

static uint64_t key(const uc_arm64_cp_reg *r) {
  return ITSD_SYSREG(r->op0, r->op1, r->crn, r->crm, r->op2);
}

static bool is_icc(uint64_t name) {
  /* ICC_PMR_EL1, and CRn 12 with CRm 8 to 12: the CPU interface. */
  uint64_t crm = name >> 3 & 15;
  return name == ITSD_SYSREG(3, 0, 4, 6, 0) ||
      ((name & ~UINT64_C(0x7f)) == ITSD_SYSREG(3, 0, 12, 0, 0) && crm >= 8 && crm <= 12);
}

/* Returns 1 when the read has been answered here. */
static uint32_t on_mrs(
    uc_engine *uc, uc_arm64_reg target, const uc_arm64_cp_reg *name, void *user) {
  struct vcpu *v = user;
  uint64_t value, k = key(name);
  bool unknown = false; /* to the CPU model, which then leaves PC where it is */
  if (is_icc(k)) {
    begin(v);
    check_its(itsd_sysreg_read(board.its, v->index, k, &value), "MRS");
    end(v);
    unknown = true;
  } else if (k == ITSD_SYSREG(3, 0, 0, 0, 5)) { /* MPIDR_EL1 */
    value = board.machine->affinities[v->index];
    value = (value >> 24 << 32) | (value & 0xffffff) | UINT64_C(1) << 31;
  } else if (k == ITSD_SYSREG(3, 3, 14, 0, 2)) { /* CNTVCT_EL0 */
    value = v->time / board.cycle;
  } else if (k == ITSD_SYSREG(3, 3, 14, 0, 0)) { /* CNTFRQ_EL0 */
    value = board.machine->clock_hz;
  } else {
    return 0;
  }
  if (target != UC_ARM64_REG_XZR) set(uc, target, value);
  if (unknown) skip(uc);
  return 1;
}

static uint32_t on_msr(
    uc_engine *uc, uc_arm64_reg source, const uc_arm64_cp_reg *name, void *user) {
  struct vcpu *v = user;
  (void)source;
  uint64_t k = key(name);
  if (!is_icc(k)) return 0;
  begin(v);
  check_its(itsd_sysreg_write(board.its, v->index, k, name->val), "MSR");
  end(v);
  skip(uc);
  return 1;
}

static uint64_t mpidr_of(uint32_t index) {
  uint64_t affinity = board.machine->affinities[index];
  return (affinity >> 24 << 32) | (affinity & 0xffffff);
}

static uint64_t psci(struct vcpu *v) {
  uc_engine *uc = v->uc;
  switch ((uint32_t)get(uc, UC_ARM64_REG_X0)) {
    case 0x84000000: return 0x10001; /* PSCI_VERSION: 1.1 */
    case 0xc4000003:                 /* CPU_ON: target, entry, context */
      for (uint32_t i = 0; i < board.count; i++) {
        struct vcpu *w = &board.vcpus[i];
        if (mpidr_of(i) != get(uc, UC_ARM64_REG_X1)) continue;
        if (w->on) return (uint64_t)-4; /* ALREADY_ON */
        set(w->uc, UC_ARM64_REG_PC, get(uc, UC_ARM64_REG_X2));
        set(w->uc, UC_ARM64_REG_X0, get(uc, UC_ARM64_REG_X3));
        w->on = true;
        w->waits = false;
        w->time = v->time;
        return 0;
      }
      return (uint64_t)-2; /* INVALID_PARAMETERS */
    case 0x84000002:       /* CPU_OFF */
      v->on = false;
      break;
    case 0x84000008: /* SYSTEM_OFF */
      board.off = true;
      break;
    default: return (uint64_t)-1; /* NOT_SUPPORTED */
  }
  v->stopped = true;
  uc_emu_stop(uc);
  return 0;
}

static void on_exception(uc_engine *uc, uint32_t number, void *user) {
  struct vcpu *v = user;
  uint64_t pc = get(uc, UC_ARM64_REG_PC);
  uint32_t instruction = 0;
  uc_mem_read(uc, pc, &instruction, sizeof instruction);
  if ((instruction & 0xffe0001f) == 0xd4000002) { /* HVC */
    uint64_t result = psci(v);
    if (board.vcpus[v->index].on) set(uc, UC_ARM64_REG_X0, result);
    skip(uc);
    return;
  }
  char text[96];
  snprintf(
      text, sizeof text, "exception %u at %#" PRIx64 ", instruction %08x", number, pc, instruction);
  die("the guest", text);
}

static void on_block(uc_engine *uc, uint64_t address, uint32_t size, void *user) {
  struct vcpu *v = user;
  (void)address;
  if (v->budget <= 0) {
    v->stopped = true;
    uc_emu_stop(uc);
    return;
  }
  uint64_t count = size / 4;
  v->budget -= (int64_t)count;
  v->instructions += count;
  v->time += count * board.cycle;
}

/* ---- Running ---- */

static void map_device(
    struct vcpu *v, uint64_t address, uint64_t size, uc_cb_mmio_read_t read,
    uc_cb_mmio_write_t write, void *user) {
  check(uc_mmio_map(v->uc, address, size, read, user, write, user), "uc_mmio_map");
}

static void make_vcpu(uint32_t index) {
  struct vcpu *v = &board.vcpus[index];
  const struct itsd_machine *m = board.machine;
  uc_hook hook;
  v->index = index;
  check(uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &v->uc), "uc_open");
  check(uc_ctl_set_cpu_model(v->uc, UC_CPU_ARM64_A72), "the CPU model");
  check(uc_mem_map_ptr(v->uc, RAM, RAM_SIZE, UC_PROT_ALL, board.ram), "mapping RAM");
  map_device(v, m->gicd_base, GIC_FRAME, gic_read, gic_write, (void *)(uintptr_t)m->gicd_base);
  for (uint32_t i = 0; i < m->its_count; i++) {
    uint64_t base = m->its_bases[i];
    map_device(v, base, 2 * GIC_FRAME, gic_read, gic_write, (void *)(uintptr_t)base);
  }
  uint64_t redistributors = m->gicr_stride * m->pe_count;
  map_device(v, m->gicr_base, redistributors, gic_read, gic_write, (void *)(uintptr_t)m->gicr_base);
  map_device(v, UART, PAGE, uart_read, uart_write, NULL);
  map_device(v, DEVICE, PAGE, device_read, device_write, v);
  check(uc_hook_add(v->uc, &hook, UC_HOOK_BLOCK, on_block, v, 1, 0), "a hook");
  check(uc_hook_add(v->uc, &hook, UC_HOOK_INTR, on_exception, v, 1, 0), "a hook");
  check(uc_hook_add(v->uc, &hook, UC_HOOK_INSN, on_mrs, v, 1, 0, UC_ARM64_INS_MRS), "a hook");
  check(uc_hook_add(v->uc, &hook, UC_HOOK_INSN, on_msr, v, 1, 0, UC_ARM64_INS_MSR), "a hook");
}

static bool has_interrupt(uint32_t pe, uint64_t *time) {
  struct itsd_lines lines;
  check_its(itsd_lines(board.its, pe, &lines), "the lines");
  if (time) *time = lines.time;
  return lines.levels & ITSD_IRQ;
}

/* As the architecture enters an IRQ from EL1 with its own stack pointer. */
static void enter_interrupt(struct vcpu *v) {
  uint64_t pstate = get(v->uc, UC_ARM64_REG_PSTATE);
  if (pstate & 0x80 || !has_interrupt(v->index, NULL)) return;
  uc_arm64_cp_reg spsr = {.op0 = 3, .op1 = 0, .crn = 4, .crm = 0, .op2 = 0, .val = pstate};
  set(v->uc, UC_ARM64_REG_ELR_EL1, get(v->uc, UC_ARM64_REG_PC));
  uc_reg_write(v->uc, UC_ARM64_REG_CP_REG, &spsr);
  set(v->uc, UC_ARM64_REG_PSTATE, 0x3c5);
  set(v->uc, UC_ARM64_REG_PC, get(v->uc, UC_ARM64_REG_VBAR_EL1) + 0x280);
  board.interrupts++;
}

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
    wake();
    struct vcpu *v = next_vcpu();
    if (v && reached >= v->time) {
      run(v);
      continue;
    }
    itsd_set_time(board.its, ITSD_NONE);
    uint64_t limit = v ? v->time : reached + 1000000 * board.cycle;
    check_its(itsd_advance(board.its, limit, ITSD_LINE_CHANGE, 0, &reached), "advancing");
    if (v || reached < limit) continue;
    die("the guest", "every vCPU waits, and for a million cycles no interrupt came");
  }
}

static void read_image(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) die(path, "cannot be read");
  size_t count = fread(board.ram + IMAGE_OFFSET, 1, RAM_SIZE - IMAGE_OFFSET, file);
  fclose(file);
  if (count == 0) die(path, "is empty");
}

static void attach(const char *address, const char *config) {
  char yaml[512];
  check_its(itsd_open(&board.its, address, "unicorn board"), "connecting");
  snprintf(
      yaml, sizeof yaml, "clock: timed\nmachine: {pes: %u}\n%s", board.count, config ? config : "");
  struct itsd_attach what = {
    .machine = "unicorn", .yaml = yaml, .fresh = 1, .no_lines = 1, .time_mode = ITSD_PACED};
  check_its(itsd_attach(board.its, &what), "attaching");
  board.machine = itsd_machine(board.its);
  void *ram = NULL;
  check_its(itsd_ram(board.its, RAM, RAM_SIZE, &ram), "sharing RAM");
  board.ram = ram;
  for (uint32_t i = 0; i < board.count; i++) {
    check_its(itsd_port_open(board.its, i, 64), "opening a port");
  }
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
  const char *config = NULL;
  board.count = 1;
  board.quantum = 100;
  for (int i = 3; i + 1 < count; i += 2) {
    if (strcmp(arguments[i], "--vcpus") == 0) {
      board.count = (uint32_t)strtoul(arguments[i + 1], NULL, 0);
    } else if (strcmp(arguments[i], "--quantum") == 0) {
      board.quantum = strtol(arguments[i + 1], NULL, 0);
    } else if (strcmp(arguments[i], "--config") == 0) {
      config = arguments[i + 1];
    } else {
      count = 0;
    }
  }
  if (count < 3 || count % 2 == 0 || board.count == 0 || board.count > MAX_VCPUS) {
    fprintf(
        stderr,
        "usage: %s ADDRESS IMAGE [--vcpus 1..%d] [--quantum INSTRUCTIONS] [--config YAML]\n",
        arguments[0], MAX_VCPUS);
    return 64;
  }
  attach(arguments[1], config);
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
  check_its(itsd_leave(board.its), "leaving");
  return board.status;
}
