/* The frames of the distributor and the redistributors, the interrupt lines in and out, guest RAM
 * and time: everything between QEMU and the daemon but the system registers and the ITS.
 *
 * Copyright the itsd authors. Part of QEMU once it is built.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "gicv3-itsd.h"

#include "exec/address-spaces.h"
#include "hw/core/cpu.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "migration/blocker.h"
#include "qapi/error.h"
#include "qemu/bitmap.h"
#include "qemu/error-report.h"
#include "qemu/host-utils.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "qemu/module.h"
#include "sysemu/sysemu.h"

enum {
  /* Microseconds between attempts while an operator holds the machine still. */
  QUIESCED_US = 1000,
  /* What a reply says when nothing is under way. */
  NO_HORIZON = 0xffffff
};

/* ---- One request ---- */

/* QEMU's virtual time is the machine's. */
void itsd_gic_begin(ItsdGICv3State *s) {
  if (s->shape->timed) {
    itsd_set_time(s->client, (uint64_t)qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) * 1000);
  }
}

static void update_lines(ItsdGICv3State *s) {
  GICv3State *gic = &s->parent_obj;
  struct itsd_lines lines;
  while (itsd_next_lines(s->client, &lines)) {
    GICv3CPUState *cpu = &gic->cpu[lines.pe];
    qemu_set_irq(cpu->parent_irq, (lines.levels & ITSD_IRQ) != 0);
    qemu_set_irq(cpu->parent_fiq, (lines.levels & ITSD_FIQ) != 0);
  }
}

/* Looks again when what is under way may change something: no more often than the resolution, so
 * that an interrupt is seen at most so much later than it is there. */
static void plan(ItsdGICv3State *s) {
  uint32_t horizon = itsd_last(s->client)->horizon;
  if (!s->shape->timed) return;
  if (horizon == NO_HORIZON) {
    timer_del(s->timer);
    return;
  }
  uint64_t wait = muldiv64(horizon, NANOSECONDS_PER_SECOND, s->shape->clock_hz);
  timer_mod(s->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + MAX(wait, s->resolution));
}

static void check(ItsdGICv3State *s, int status) {
  if (status >= 0) return;
  error_report("itsd: %s", itsd_error(s->client));
  exit(EXIT_FAILURE);
}

bool itsd_gic_again(ItsdGICv3State *s, int status) {
  if (status == -EBUSY) {
    g_usleep(QUIESCED_US);
    return true;
  }
  check(s, status);
  update_lines(s);
  plan(s);
  return false;
}

static void time_passes(void *opaque) {
  ItsdGICv3State *s = opaque;
  uint64_t now;
  int status;
  do {
    itsd_gic_begin(s);
    now = (uint64_t)qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) * 1000;
    status = itsd_advance(s->client, now, ITSD_LIMIT, 0, NULL);
  } while (itsd_gic_again(s, status));
}

/* Another client of the machine has changed a line. */
static void socket_readable(void *opaque) {
  ItsdGICv3State *s = opaque;
  check(s, itsd_poll(s->client));
  update_lines(s);
}

/* ---- Frames ---- */

static uint32_t current_pe(void) { return current_cpu ? (uint32_t)current_cpu->cpu_index : 0; }

/* What nothing answers reads as zero and ignores writes, as the board's own GIC has it. */
static void note_reserved(ItsdGICv3State *s, const char *what, uint64_t address, unsigned size) {
  if (itsd_last(s->client)->bus == ITSD_OKAY) return;
  qemu_log_mask(
      LOG_GUEST_ERROR, "itsd: %s of %u bytes at 0x%" PRIx64 ": nothing is there\n", what, size,
      address);
}

MemTxResult itsd_gic_read(
    ItsdGICv3State *s, uint64_t address, uint64_t *data, unsigned size) {
  int status;
  *data = 0;
  do {
    itsd_gic_begin(s);
    status = itsd_read(s->client, current_pe(), address, size, data);
  } while (itsd_gic_again(s, status));
  note_reserved(s, "a read", address, size);
  return MEMTX_OK;
}

MemTxResult itsd_gic_write(
    ItsdGICv3State *s, uint64_t address, uint64_t data, unsigned size) {
  int status;
  do {
    itsd_gic_begin(s);
    status = itsd_write(s->client, current_pe(), address, size, data);
  } while (itsd_gic_again(s, status));
  note_reserved(s, "a write", address, size);
  return MEMTX_OK;
}

static MemTxResult dist_read(
    void *opaque, hwaddr offset, uint64_t *data, unsigned size, MemTxAttrs attrs) {
  ItsdGICv3State *s = opaque;
  return itsd_gic_read(s, s->dist_base + offset, data, size);
}

static MemTxResult dist_write(
    void *opaque, hwaddr offset, uint64_t data, unsigned size, MemTxAttrs attrs) {
  ItsdGICv3State *s = opaque;
  return itsd_gic_write(s, s->dist_base + offset, data, size);
}

static MemTxResult redist_read(
    void *opaque, hwaddr offset, uint64_t *data, unsigned size, MemTxAttrs attrs) {
  GICv3RedistRegion *region = opaque;
  ItsdGICv3State *s = ITSD_GICV3(region->gic);
  return itsd_gic_read(s, s->redist_base + offset, data, size);
}

static MemTxResult redist_write(
    void *opaque, hwaddr offset, uint64_t data, unsigned size, MemTxAttrs attrs) {
  GICv3RedistRegion *region = opaque;
  ItsdGICv3State *s = ITSD_GICV3(region->gic);
  return itsd_gic_write(s, s->redist_base + offset, data, size);
}

static const MemoryRegionOps frames[] = {
  ITSD_FRAME(dist_read, dist_write), ITSD_FRAME(redist_read, redist_write)};

/* ---- Interrupt inputs ---- */

/* The GPIO lines are the SPIs, and then 32 lines for each PE. */
static void set_input(void *opaque, int line, int level) {
  ItsdGICv3State *s = opaque;
  int spis = (int)s->parent_obj.num_irq - GIC_INTERNAL, status;
  uint32_t pe = 0, intid = (uint32_t)line + GIC_INTERNAL;
  if (line >= spis) {
    pe = (uint32_t)(line - spis) / GIC_INTERNAL;
    intid = (uint32_t)(line - spis) % GIC_INTERNAL;
  }
  /* Devices say again and again what is known. */
  if (test_bit(line, s->inputs) == (level != 0)) return;
  change_bit(line, s->inputs);
  do {
    itsd_gic_begin(s);
    status = itsd_input_line(s->client, pe, intid, level != 0);
  } while (itsd_gic_again(s, status));
}

/* ---- Guest RAM ---- */

/* The file behind a section of guest RAM; -1 for what is no RAM, or is not shared. */
static int ram_file(MemoryRegionSection *section) {
  MemoryRegion *region = section->mr;
  if (!memory_region_is_ram(region) || memory_region_is_rom(region)) return -1;
  return memory_region_get_fd(region);
}

static void ram_appears(MemoryListener *listener, MemoryRegionSection *section) {
  ItsdGICv3State *s = container_of(listener, ItsdGICv3State, listener);
  int fd = ram_file(section);
  if (fd < 0) return;
  check(
      s, itsd_map(
             s->client, section->offset_within_address_space, int128_get64(section->size), fd,
             section->offset_within_region));
}

static void ram_disappears(MemoryListener *listener, MemoryRegionSection *section) {
  ItsdGICv3State *s = container_of(listener, ItsdGICv3State, listener);
  if (ram_file(section) < 0 || !s->client) return;
  check(s, itsd_unmap(s->client, section->offset_within_address_space));
}

/* ---- Coming and going ---- */

static void reset(DeviceState *dev) {
  ItsdGICv3State *s = ITSD_GICV3(dev);
  ItsdGICv3Class *class = ITSD_GICV3_GET_CLASS(s);
  int status;
  class->parent_reset(dev);
  bitmap_zero(s->inputs, s->parent_obj.num_irq + GIC_INTERNAL * s->parent_obj.num_cpu);
  do {
    status = itsd_reset(s->client);
  } while (itsd_gic_again(s, status));
}

static void leave(Notifier *notifier, void *data) {
  ItsdGICv3State *s = container_of(notifier, ItsdGICv3State, exit);
  qemu_set_fd_handler(itsd_fd(s->client), NULL, NULL, NULL);
  itsd_leave(s->client);
  s->client = NULL;
}

/* What this device model, or the daemon, does not have. */
static bool is_possible(ItsdGICv3State *s, Error **errp) {
  GICv3State *gic = &s->parent_obj;
  if (!s->address) {
    error_setg(errp, "itsd: no daemon is named; say itsd=unix:PATH");
  } else if (gic->security_extn) {
    error_setg(errp, "itsd: there is one Security state; say secure=off");
  } else if (object_property_get_bool(qdev_get_machine(), "virtualization", NULL)) {
    error_setg(errp, "itsd: there is no virtual CPU interface; say virtualization=off");
  } else if (gic->nb_redist_regions != 1) {
    error_setg(errp, "itsd: %u vCPUs do not fit into one region", gic->num_cpu);
  } else if (memory_region_get_fd(MACHINE(qdev_get_machine())->ram) < 0) {
    error_setg(errp, "itsd: guest RAM must be shared");
    error_append_hint(
        errp, "Use -object memory-backend-memfd,id=ram,size=SIZE,share=on "
              "-machine memory-backend=ram\n");
  } else {
    return true;
  }
  return false;
}

static bool attach(ItsdGICv3State *s, Error **errp) {
  GICv3State *gic = &s->parent_obj;
  g_autofree char *yaml = g_strdup_printf(
      "machine: {pes: %u, gicd_base: 0x%" PRIx64 ", gicr_base: 0x%" PRIx64
      ", gicr_stride: 0x%x, its_bases: [0x%" PRIx64 "]}\n%s\n",
      gic->num_cpu, s->dist_base, s->redist_base, GICV3_REDIST_SIZE, s->its_base,
      s->config ? s->config : "");
  struct itsd_attach what = {
    .machine = s->machine ? s->machine : "qemu", .yaml = yaml, .fresh = 1,
    .time_mode = ITSD_PACED};
  if (itsd_open(&s->client, s->address, "QEMU") < 0 || itsd_attach(s->client, &what) < 0) {
    error_setg(errp, "itsd: %s", itsd_error(s->client));
    return false;
  }
  s->shape = itsd_machine(s->client);
  if (s->shape->pe_count != gic->num_cpu) {
    error_setg(errp, "itsd: it has %u PEs, and not %u", s->shape->pe_count, gic->num_cpu);
    return false;
  }
  for (uint32_t pe = 0; pe < gic->num_cpu; pe++) {
    uint32_t here = (uint32_t)(gic->cpu[pe].gicr_typer >> 32);
    if (s->shape->affinities[pe] == here) continue;
    error_setg(
        errp, "itsd: PE %u has affinity 0x%x there, and 0x%x here", pe,
        s->shape->affinities[pe], here);
    return false;
  }
  return true;
}

static void realize(DeviceState *dev, Error **errp) {
  ItsdGICv3State *s = ITSD_GICV3(dev);
  GICv3State *gic = &s->parent_obj;
  Error *error = NULL;
  ITSD_GICV3_GET_CLASS(s)->parent_realize(dev, &error);
  if (error) {
    error_propagate(errp, error);
    return;
  }
  if (!is_possible(s, errp)) return;
  error_setg(&s->migration_blocker, "itsd: the state of the GIC is the daemon's");
  if (migrate_add_blocker(s->migration_blocker, errp) < 0) return;
  if (!attach(s, errp)) return;

  s->inputs = bitmap_new(gic->num_irq + GIC_INTERNAL * gic->num_cpu);
  s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, time_passes, s);
  gicv3_init_irqs_and_mmio(gic, set_input, frames);
  itsd_gic_define_registers(s);

  s->listener = (MemoryListener){
    .name = "itsd", .region_add = ram_appears, .region_del = ram_disappears};
  memory_listener_register(&s->listener, &address_space_memory);
  qemu_set_fd_handler(itsd_fd(s->client), socket_readable, NULL, s);
  s->exit.notify = leave;
  qemu_add_exit_notifier(&s->exit);
}

static Property properties[] = {
  DEFINE_PROP_STRING("address", ItsdGICv3State, address),
  DEFINE_PROP_STRING("machine", ItsdGICv3State, machine),
  DEFINE_PROP_STRING("config", ItsdGICv3State, config),
  DEFINE_PROP_UINT64("dist-base", ItsdGICv3State, dist_base, 0),
  DEFINE_PROP_UINT64("redist-base", ItsdGICv3State, redist_base, 0),
  DEFINE_PROP_UINT64("its-base", ItsdGICv3State, its_base, 0),
  DEFINE_PROP_UINT32("resolution", ItsdGICv3State, resolution, 100),
  DEFINE_PROP_END_OF_LIST()};

static void class_init(ObjectClass *klass, void *data) {
  DeviceClass *dc = DEVICE_CLASS(klass);
  ItsdGICv3Class *class = ITSD_GICV3_CLASS(klass);
  device_class_set_parent_realize(dc, realize, &class->parent_realize);
  device_class_set_parent_reset(dc, reset, &class->parent_reset);
  device_class_set_props(dc, properties);
  dc->user_creatable = false;
}

static const TypeInfo info = {
  .name = TYPE_ITSD_GICV3,
  .parent = TYPE_ARM_GICV3_COMMON,
  .instance_size = sizeof(ItsdGICv3State),
  .class_size = sizeof(ItsdGICv3Class),
  .class_init = class_init};

static void register_types(void) { type_register_static(&info); }
type_init(register_types)
