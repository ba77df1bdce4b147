/* What the CPU model lacks: ICC_* by hooks on MRS and MSR, PSCI by HVC, the counter, a budget of
 * instructions, and the entry of IRQs.
 *
 * Copyright the itsd authors. Links with Unicorn, which is GPLv2.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include "board.h"

#include <inttypes.h>
#include <stdio.h>

uint64_t get(uc_engine *uc, int name) {
  uint64_t value = 0;
  uc_reg_read(uc, name, &value);
  return value;
}

void set(uc_engine *uc, int name, uint64_t value) { uc_reg_write(uc, name, &value); }

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

uint64_t mpidr_of(uint32_t index) {
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

void hook_cpu(struct vcpu *v) {
  uc_hook hook;
  watch_writes(v);
  check(uc_hook_add(v->uc, &hook, UC_HOOK_BLOCK, on_block, v, 1, 0), "a hook");
  check(uc_hook_add(v->uc, &hook, UC_HOOK_INTR, on_exception, v, 1, 0), "a hook");
  check(uc_hook_add(v->uc, &hook, UC_HOOK_INSN, on_mrs, v, 1, 0, UC_ARM64_INS_MRS), "a hook");
  check(uc_hook_add(v->uc, &hook, UC_HOOK_INSN, on_msr, v, 1, 0, UC_ARM64_INS_MSR), "a hook");
}

/* ---- Interrupts ---- */

bool has_interrupt(uint32_t pe, uint64_t *time) {
  struct itsd_lines lines;
  check_its(itsd_lines(board.its, pe, &lines), "the lines");
  if (time) *time = lines.time + board.epoch;
  return lines.levels & ITSD_IRQ;
}

void enter_interrupt(struct vcpu *v) {
  uint64_t pstate = get(v->uc, UC_ARM64_REG_PSTATE);
  if (pstate & 0x80 || !has_interrupt(v->index, NULL)) return;
  uc_arm64_cp_reg spsr = {.op0 = 3, .op1 = 0, .crn = 4, .crm = 0, .op2 = 0, .val = pstate};
  set(v->uc, UC_ARM64_REG_ELR_EL1, get(v->uc, UC_ARM64_REG_PC));
  uc_reg_write(v->uc, UC_ARM64_REG_CP_REG, &spsr);
  set(v->uc, UC_ARM64_REG_PSTATE, 0x3c5);
  set(v->uc, UC_ARM64_REG_PC, get(v->uc, UC_ARM64_REG_VBAR_EL1) + 0x280);
  board.interrupts++;
}
