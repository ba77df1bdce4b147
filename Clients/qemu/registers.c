/* The CPU interface's system registers, ICC_*: each access goes to the daemon.
 *
 * Copyright the itsd authors. Part of QEMU once it is built.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "gicv3-itsd.h"

#include "cpu.h"
#include "qemu/log.h"
#include "target/arm/cpregs.h"

static uint64_t key(const ARMCPRegInfo *ri) {
  return ITSD_SYSREG(ri->opc0, ri->opc1, ri->crn, ri->crm, ri->opc2);
}

static void note_undefined(ItsdGICv3State *s, const char *what, const ARMCPRegInfo *ri) {
  if (itsd_last(s->client)->bus == ITSD_OKAY) return;
  qemu_log_mask(LOG_GUEST_ERROR, "itsd: %s of %s: there is none\n", what, ri->name);
}

static uint64_t icc_read(CPUARMState *env, const ARMCPRegInfo *ri) {
  ItsdGICv3State *s = ri->opaque;
  uint32_t pe = (uint32_t)env_cpu(env)->cpu_index;
  uint64_t value = 0;
  int status;
  do {
    itsd_gic_begin(s);
    status = itsd_sysreg_read(s->client, pe, key(ri), &value);
  } while (itsd_gic_again(s, status));
  note_undefined(s, "MRS", ri);
  return value;
}

static void write_register(ItsdGICv3State *s, uint32_t pe, uint64_t name, uint64_t value) {
  int status;
  do {
    itsd_gic_begin(s);
    status = itsd_sysreg_write(s->client, pe, name, value);
  } while (itsd_gic_again(s, status));
}

static void icc_write(CPUARMState *env, const ARMCPRegInfo *ri, uint64_t value) {
  ItsdGICv3State *s = ri->opaque;
  write_register(s, (uint32_t)env_cpu(env)->cpu_index, key(ri), value);
  note_undefined(s, "MSR", ri);
}

#define ICC(name_, crn_, crm_, op2_, access_)                                                 \
  {                                                                                           \
    .name = name_, .state = ARM_CP_STATE_AA64, .opc0 = 3, .opc1 = 0, .crn = crn_, .crm = crm_, \
    .opc2 = op2_, .type = ARM_CP_IO | ARM_CP_NO_RAW, .access = access_, .readfn = icc_read,   \
    .writefn = icc_write                                                                      \
  }

static void icc_reset(CPUARMState *env, const ARMCPRegInfo *ri);

static const ARMCPRegInfo registers[] = {
  ICC("ICC_PMR_EL1", 4, 6, 0, PL1_RW),
  ICC("ICC_IAR0_EL1", 12, 8, 0, PL1_R),
  ICC("ICC_EOIR0_EL1", 12, 8, 1, PL1_W),
  ICC("ICC_HPPIR0_EL1", 12, 8, 2, PL1_R),
  ICC("ICC_BPR0_EL1", 12, 8, 3, PL1_RW),
  ICC("ICC_AP0R0_EL1", 12, 8, 4, PL1_RW),
  ICC("ICC_AP0R1_EL1", 12, 8, 5, PL1_RW),
  ICC("ICC_AP0R2_EL1", 12, 8, 6, PL1_RW),
  ICC("ICC_AP0R3_EL1", 12, 8, 7, PL1_RW),
  ICC("ICC_AP1R0_EL1", 12, 9, 0, PL1_RW),
  ICC("ICC_AP1R1_EL1", 12, 9, 1, PL1_RW),
  ICC("ICC_AP1R2_EL1", 12, 9, 2, PL1_RW),
  ICC("ICC_AP1R3_EL1", 12, 9, 3, PL1_RW),
  ICC("ICC_DIR_EL1", 12, 11, 1, PL1_W),
  ICC("ICC_RPR_EL1", 12, 11, 3, PL1_R),
  ICC("ICC_SGI1R_EL1", 12, 11, 5, PL1_W),
  ICC("ICC_ASGI1R_EL1", 12, 11, 6, PL1_W),
  ICC("ICC_SGI0R_EL1", 12, 11, 7, PL1_W),
  ICC("ICC_IAR1_EL1", 12, 12, 0, PL1_R),
  ICC("ICC_EOIR1_EL1", 12, 12, 1, PL1_W),
  ICC("ICC_HPPIR1_EL1", 12, 12, 2, PL1_R),
  ICC("ICC_BPR1_EL1", 12, 12, 3, PL1_RW),
  {.name = "ICC_CTLR_EL1", .state = ARM_CP_STATE_AA64, .opc0 = 3, .opc1 = 0, .crn = 12, .crm = 12,
   .opc2 = 4, .type = ARM_CP_IO | ARM_CP_NO_RAW, .access = PL1_RW, .readfn = icc_read,
   .writefn = icc_write, .resetfn = icc_reset},
  ICC("ICC_SRE_EL1", 12, 12, 5, PL1_RW),
  ICC("ICC_IGRPEN0_EL1", 12, 12, 6, PL1_RW),
  ICC("ICC_IGRPEN1_EL1", 12, 12, 7, PL1_RW)};

/* The CPU interface is in its PE's reset domain, and the daemon has no request for that: what a
 * reset brings is written. */
static void icc_reset(CPUARMState *env, const ARMCPRegInfo *ri) {
  ItsdGICv3State *s = ri->opaque;
  uint32_t pe = (uint32_t)env_cpu(env)->cpu_index;
  for (size_t i = 0; i < ARRAY_SIZE(registers); i++) {
    /* What can be written back, but for the choice of system registers, which is fixed. */
    if (registers[i].access != PL1_RW || registers[i].opc2 == 5) continue;
    write_register(s, pe, key(&registers[i]), 0);
  }
}

void itsd_gic_define_registers(ItsdGICv3State *s) {
  for (uint32_t pe = 0; pe < s->parent_obj.num_cpu; pe++) {
    define_arm_cp_regs_with_opaque(ARM_CPU(s->parent_obj.cpu[pe].cpu), registers, s);
  }
}
