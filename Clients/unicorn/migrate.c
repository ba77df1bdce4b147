/* Live migration: the board's machine goes to another daemon while the guest is under load, as a
 * monitor moves a KVM guest. RAM is copied while the vCPUs run, then the pages that they or the
 * daemon wrote meanwhile; the vCPUs stop; the ITS goes into its tables and the rest into
 * attributes; the last pages; and all of it back in KVM's order, into a machine of the other
 * daemon. The vCPUs go on in new engines.
 *
 * Copyright the itsd authors. Links with Unicorn, which is GPLv2.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include "board.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGES = RAM_SIZE / PAGE, MAX_ATTRIBUTES = 8192, RUNNING_ROUNDS = 3 };

struct attribute {
  uint32_t type, group;
  uint64_t attr, value;
};

/* Of STATS: how many LPIs were signalled, of those how many by INT and how many restored; and what
 * became of them. */
struct account {
  uint64_t signalled, ints, restored, delivered, merged, pending;
};

static struct {
  const char *address, *config;
  itsd *to;
  uint8_t *ram;
  uint64_t due; /* picoseconds of the guest's time */
  unsigned round;
  bool done;
  bool written[PAGES]; /* by vCPUs, since the last copy */
  struct attribute image[MAX_ATTRIBUTES];
  size_t count;
  struct account before;
} move;

void plan_move(const char *address, const char *config, uint64_t start) {
  move.address = address;
  move.config = config;
  move.due = start;
}

static void on_write(
    uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value, void *user) {
  (void)uc, (void)type, (void)value, (void)user;
  uint64_t first = (address - RAM) / PAGE, last = (address + (uint64_t)size - 1 - RAM) / PAGE;
  for (uint64_t page = first; page <= last && page < PAGES; page++) move.written[page] = true;
}

void watch_writes(struct vcpu *v) {
  uc_hook hook;
  if (!move.address || move.done) return;
  check(
      uc_hook_add(
          v->uc, &hook, UC_HOOK_MEM_WRITE, (void *)on_write, v, RAM, RAM + RAM_SIZE - 1),
      "a hook");
}

/* ---- RAM ---- */

static void copy_page(size_t page) {
  memcpy(move.ram + page * PAGE, board.ram + page * PAGE, PAGE);
}

static void copy_everything(void) {
  static uint64_t bitmap[PAGES / 64];
  /* First what counts as written, then the pages: none is missed. */
  check_its(itsd_dirty(board.its, RAM, RAM_SIZE, 1, bitmap), "asking for written pages");
  memset(move.written, 0, sizeof move.written);
  for (size_t page = 0; page < PAGES; page++) copy_page(page);
  printf("all of RAM is copied: %d pages\n", PAGES);
}

static void copy_written(const char *when) {
  static uint64_t bitmap[PAGES / 64];
  unsigned guest = 0, its = 0;
  check_its(itsd_dirty(board.its, RAM, RAM_SIZE, 1, bitmap), "asking for written pages");
  for (size_t page = 0; page < PAGES; page++) {
    bool by_its = bitmap[page / 64] >> page % 64 & 1;
    guest += move.written[page];
    its += by_its;
    if (move.written[page] || by_its) copy_page(page);
    move.written[page] = false;
  }
  printf("%s: %u pages written by vCPUs, %u by the ITS\n", when, guest, its);
}

/* ---- The machine ---- */

static struct account account(itsd *its) {
  struct account a = {0};
  char *json = NULL;
  if (itsd_statistics(its, &json) < 0) die("statistics", itsd_error(its));
  const char *part = strstr(json, "\"conservation\"");
  const struct {
    const char *key;
    uint64_t *value;
  } fields[] = {
    {"\"msis\":", &a.signalled}, {"\"int_commands\":", &a.ints}, {"\"restored\":", &a.restored},
    {"\"delivered\":", &a.delivered}, {"\"merged\":", &a.merged}, {"\"pending\":", &a.pending}};
  for (size_t i = 0; part && i < sizeof fields / sizeof fields[0]; i++) {
    const char *at = strstr(part, fields[i].key);
    if (!at) die("statistics", fields[i].key);
    *fields[i].value = strtoull(at + strlen(fields[i].key), NULL, 10);
  }
  if (!part) die("statistics", "they have no account of LPIs");
  free(json);
  return a;
}

static void command(itsd *its, uint32_t type, uint64_t what, const char *name) {
  int status = itsd_set_device_attr(its, type, 0, KVM_DEV_ARM_VGIC_GRP_CTRL, what, NULL);
  if (status < 0) die(name, itsd_error(its));
}

/* Reads an attribute, which is written again in this order. */
static void keep(uint32_t type, uint32_t group, uint64_t attr) {
  struct attribute *a = &move.image[move.count++];
  if (move.count == MAX_ATTRIBUTES) die("saving", "more attributes than there is room for");
  *a = (struct attribute){.type = type, .group = group, .attr = attr};
  check_its(itsd_get_device_attr(board.its, type, 0, group, attr, &a->value), "an attribute");
}

static void keep_distributor(void) {
  const uint32_t vgic = KVM_DEV_TYPE_ARM_VGIC_V3, group = KVM_DEV_ARM_VGIC_GRP_DIST_REGS;
  uint64_t interrupts = 0;
  check_its(
      itsd_get_device_attr(board.its, vgic, 0, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &interrupts),
      "NR_IRQS");
  keep(vgic, group, 0x0000); /* GICD_CTLR */
  for (uint64_t word = 1; word < interrupts / 32; word++) {
    keep(vgic, group, 0x0080 + 4 * word); /* IGROUPR, ISENABLER, ISPENDR, ISACTIVER */
    keep(vgic, group, 0x0100 + 4 * word);
    for (uint64_t i = 2 * word; i < 2 * word + 2; i++) keep(vgic, group, 0x0c00 + 4 * i);
    for (uint64_t i = 8 * word; i < 8 * word + 8; i++) keep(vgic, group, 0x0400 + 4 * i);
    keep(vgic, group, 0x0200 + 4 * word);
    keep(vgic, group, 0x0300 + 4 * word);
  }
  for (uint64_t intid = 32; intid < interrupts; intid++) {
    keep(vgic, group, 0x6000 + 8 * intid); /* IROUTER, in halves */
    keep(vgic, group, 0x6004 + 8 * intid);
  }
}

/* The tables come before the bit that lets the redistributor read them. */
static void keep_redistributor(uint64_t pe) {
  static const uint64_t offsets[] = {
    0x70, 0x74, 0x78, 0x7c, 0x14, 0x00, /* PROPBASER, PENDBASER, WAKER, CTLR */
    0x10080, 0x10100, 0x10c04, 0x10400, 0x10404, 0x10408, 0x1040c, 0x10410, 0x10414, 0x10418,
    0x1041c, 0x10200, 0x10300}; /* IGROUPR0, ISENABLER0, ICFGR1, IPRIORITYR, ISPENDR0, ISACTIVER0 */
  for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
    keep(KVM_DEV_TYPE_ARM_VGIC_V3, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, pe | offsets[i]);
  }
}

static void keep_interface(uint64_t pe) {
  static const uint64_t registers[] = {
    ITSD_SYSREG(3, 0, 12, 12, 5), ITSD_SYSREG(3, 0, 12, 12, 4), /* SRE, CTLR */
    ITSD_SYSREG(3, 0, 12, 12, 6), ITSD_SYSREG(3, 0, 12, 12, 7), /* IGRPEN0, IGRPEN1 */
    ITSD_SYSREG(3, 0, 4, 6, 0),                                 /* PMR */
    ITSD_SYSREG(3, 0, 12, 8, 3), ITSD_SYSREG(3, 0, 12, 12, 3),  /* BPR0, BPR1 */
    ITSD_SYSREG(3, 0, 12, 8, 4), ITSD_SYSREG(3, 0, 12, 9, 0)};  /* AP0R0, AP1R0 */
  for (size_t i = 0; i < sizeof registers / sizeof registers[0]; i++) {
    keep(KVM_DEV_TYPE_ARM_VGIC_V3, KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS, pe | registers[i]);
  }
}

/* In KVM's order: CREADR after CBASER, which clears it; the tables; CTLR last. */
static void keep_its(void) {
  const uint32_t its = KVM_DEV_TYPE_ARM_VGIC_ITS, group = KVM_DEV_ARM_VGIC_GRP_ITS_REGS;
  static const uint64_t offsets[] = {0x04, 0x80, 0x90, 0x88}; /* IIDR, CBASER, CREADR, CWRITER */
  for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) keep(its, group, offsets[i]);
  for (uint64_t i = 0; i < 8; i++) keep(its, group, 0x100 + 8 * i); /* BASER */
  move.image[move.count++] = (struct attribute){
    .type = its, .group = KVM_DEV_ARM_VGIC_GRP_CTRL, .attr = KVM_DEV_ARM_ITS_RESTORE_TABLES};
  keep(its, group, 0x00);
}

static void save(void) {
  check_its(itsd_quiesce(board.its), "quiescing");
  command(
      board.its, KVM_DEV_TYPE_ARM_VGIC_V3, KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES,
      "SAVE_PENDING_TABLES");
  command(board.its, KVM_DEV_TYPE_ARM_VGIC_ITS, KVM_DEV_ARM_ITS_SAVE_TABLES, "SAVE_TABLES");
  keep_distributor();
  for (uint32_t i = 0; i < board.count; i++) {
    uint64_t pe = (uint64_t)board.machine->affinities[i] << KVM_DEV_ARM_VGIC_V3_MPIDR_SHIFT;
    keep_redistributor(pe);
  }
  for (uint32_t i = 0; i < board.count; i++) {
    uint64_t pe = (uint64_t)board.machine->affinities[i] << KVM_DEV_ARM_VGIC_V3_MPIDR_SHIFT;
    keep_interface(pe);
  }
  keep_its();
  move.before = account(board.its);
}

static void restore(void) {
  for (size_t i = 0; i < move.count; i++) {
    const struct attribute *a = &move.image[i];
    const uint64_t *value = a->group == KVM_DEV_ARM_VGIC_GRP_CTRL ? NULL : &a->value;
    if (itsd_set_device_attr(move.to, a->type, 0, a->group, a->attr, value) < 0) {
      die("restoring", itsd_error(move.to));
    }
  }
  if (itsd_resume(move.to) < 0) die("resuming", itsd_error(move.to));
}

/* ---- The vCPUs ---- */

/* A new engine over the new RAM, with the old one's registers. */
static void move_vcpu(uint32_t index) {
  static const int names[] = {
    UC_ARM64_REG_X29, UC_ARM64_REG_X30, UC_ARM64_REG_PSTATE, UC_ARM64_REG_SP, UC_ARM64_REG_PC,
    UC_ARM64_REG_VBAR_EL1, UC_ARM64_REG_ELR_EL1, UC_ARM64_REG_TPIDR_EL1, UC_ARM64_REG_TPIDR_EL0,
    UC_ARM64_REG_TPIDRRO_EL0, UC_ARM64_REG_ESR_EL1, UC_ARM64_REG_FAR_EL1};
  struct vcpu *v = &board.vcpus[index];
  uc_engine *old = v->uc;
  uc_arm64_cp_reg spsr = {.op0 = 3, .op1 = 0, .crn = 4, .crm = 0, .op2 = 0};
  uc_reg_read(old, UC_ARM64_REG_CP_REG, &spsr);
  make_vcpu(index);
  for (int i = 0; i <= 28; i++) set(v->uc, UC_ARM64_REG_X0 + i, get(old, UC_ARM64_REG_X0 + i));
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    set(v->uc, names[i], get(old, names[i]));
  }
  uc_reg_write(v->uc, UC_ARM64_REG_CP_REG, &spsr);
  uc_close(old);
}

/* ---- All of it ---- */

static bool some_wait(void) {
  for (uint32_t i = 0; i < board.count; i++) {
    if (has_interrupt(i, NULL)) return true;
  }
  return false;
}

static void stop_and_move(uint64_t reached) {
  save();
  copy_written("the vCPUs stand still, and the ITS is saved");
  if (memcmp(board.ram, move.ram, RAM_SIZE) != 0) {
    die("migration", "a page was written that nobody has told");
  }
  printf("the two RAMs are equal; %zu attributes; %" PRIu64 " LPIs pending\n", move.count,
      move.before.pending);
  restore();
  check_its(itsd_leave(board.its), "leaving the first daemon");
  board.its = move.to;
  board.machine = itsd_machine(board.its);
  board.ram = move.ram;
  move.done = true;
  /* Time goes on from where the guest is: where the vCPU is that is furthest behind. */
  for (uint32_t i = 0; i < board.count; i++) {
    const struct vcpu *v = &board.vcpus[i];
    if (v->on && !v->waits && v->time < reached) reached = v->time;
  }
  board.epoch = reached - itsd_last(board.its)->time;
  open_ports();
  for (uint32_t i = 0; i < board.count; i++) move_vcpu(i);
  printf("the guest goes on at the second daemon\n");
}

void move_on(uint64_t reached) {
  if (!move.address || move.done || reached < move.due) return;
  char when[64];
  switch (move.round) {
    case 0:
      move.to = join(move.address, move.config, &move.ram);
      copy_everything();
      break;
    default:
      if (move.round <= RUNNING_ROUNDS) {
        snprintf(when, sizeof when, "round %u, the guest running", move.round);
        copy_written(when);
        break;
      }
      /* While something is pending, so that there is something to lose. */
      if (some_wait()) stop_and_move(reached);
      return;
  }
  move.round++;
  move.due = reached + 50000 * board.cycle;
}

static bool holds(bool condition, const char *what) {
  printf("%s %s\n", condition ? "ok  " : "FAIL", what);
  return condition;
}

static void print_account(const char *where, const struct account *a) {
  printf(
      "%s: %" PRIu64 " signalled (%" PRIu64 " by INT, %" PRIu64 " restored) = %" PRIu64
      " delivered + %" PRIu64 " merged + %" PRIu64 " pending\n",
      where, a->signalled, a->ints, a->restored, a->delivered, a->merged, a->pending);
}

/* Those that came as MSIs. */
static uint64_t msis(const struct account *a) { return a->signalled - a->ints - a->restored; }

bool report_move(void) {
  if (!holds(move.done, "the machine has moved")) return false;
  struct account a = move.before, b = account(board.its);
  print_account("first daemon ", &a);
  print_account("second daemon", &b);
  bool good = holds(a.pending > 0, "there was something to lose");
  good &= holds(b.restored == a.pending, "what was pending there is pending here");
  good &= holds(msis(&a) + msis(&b) == board.msis, "every MSI that the device sent was counted");
  good &= holds(
      a.signalled == a.delivered + a.merged + a.pending &&
          b.signalled == b.delivered + b.merged + b.pending,
      "both accounts hold");
  good &= holds(
      a.merged + b.merged == 0 && b.pending == 0 &&
          a.delivered + b.delivered == board.msis + a.ints + b.ints,
      "each was delivered once: none lost, none doubled");
  good &= holds(msis(&a) > 100 && msis(&b) > 100, "the guest was under load before and after");
  return good;
}
