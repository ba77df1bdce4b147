/* The frames of the ITS: registers in one, and MSIs, by writes to GITS_TRANSLATER, in the other.
 *
 * Copyright the itsd authors. Part of QEMU once it is built.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "gicv3-itsd.h"

#include "hw/intc/arm_gicv3_its_common.h"
#include "hw/qdev-properties.h"
#include "qapi/error.h"
#include "qemu/log.h"
#include "qemu/module.h"

/* Outcomes from here on are MSIs that came to nothing. */
enum { FIRST_DROPPED = 16 };

static ItsdGICv3State *gic_of(void *opaque) { return ITSD_GICV3(((GICv3ITSState *)opaque)->gicv3); }

static MemTxResult control_read(
    void *opaque, hwaddr offset, uint64_t *data, unsigned size, MemTxAttrs attrs) {
  ItsdGICv3State *s = gic_of(opaque);
  return itsd_gic_read(s, s->its_base + offset, data, size);
}

static MemTxResult control_write(
    void *opaque, hwaddr offset, uint64_t data, unsigned size, MemTxAttrs attrs) {
  ItsdGICv3State *s = gic_of(opaque);
  return itsd_gic_write(s, s->its_base + offset, data, size);
}

static MemTxResult translation_read(
    void *opaque, hwaddr offset, uint64_t *data, unsigned size, MemTxAttrs attrs) {
  *data = 0;
  return MEMTX_OK;
}

/* The DeviceID is what PCI puts beside the write: the requester id. */
static MemTxResult translation_write(
    void *opaque, hwaddr offset, uint64_t data, unsigned size, MemTxAttrs attrs) {
  ItsdGICv3State *s = gic_of(opaque);
  uint64_t outcome = 0;
  int status;
  if (offset != GITS_TRANSLATER || (size != 2 && size != 4)) {
    qemu_log_mask(
        LOG_GUEST_ERROR, "itsd: a write of %u bytes at 0x%" HWADDR_PRIx " is no MSI\n", size,
        offset);
    return MEMTX_OK;
  }
  do {
    itsd_gic_begin(s);
    status = itsd_msi(
        s->client, attrs.requester_id, (uint32_t)data,
        s->its_base + ITS_CONTROL_SIZE + GITS_TRANSLATER, &outcome);
  } while (itsd_gic_again(s, status));
  unsigned what = itsd_outcome(outcome, NULL, NULL, NULL);
  if (what >= FIRST_DROPPED) {
    qemu_log_mask(
        LOG_GUEST_ERROR, "itsd: the MSI of DeviceID 0x%x, EventID 0x%x is dropped: outcome %u\n",
        attrs.requester_id, (unsigned)data, what);
  }
  return MEMTX_OK;
}

static const MemoryRegionOps control = ITSD_FRAME(control_read, control_write);
static const MemoryRegionOps translation = ITSD_FRAME(translation_read, translation_write);

static void realize(DeviceState *dev, Error **errp) {
  GICv3ITSState *its = ARM_GICV3_ITS_COMMON(dev);
  if (!its->gicv3) {
    error_setg(errp, "itsd: the ITS needs its GIC");
    return;
  }
  gicv3_its_init_mmio(its, &control, &translation);
}

static Property properties[] = {
  DEFINE_PROP_LINK("parent-gicv3", GICv3ITSState, gicv3, TYPE_ITSD_GICV3, GICv3State *),
  DEFINE_PROP_END_OF_LIST()};

static void class_init(ObjectClass *klass, void *data) {
  DeviceClass *dc = DEVICE_CLASS(klass);
  dc->realize = realize;
  device_class_set_props(dc, properties);
  dc->user_creatable = false;
}

static const TypeInfo info = {
  .name = TYPE_ITSD_GICV3_ITS,
  .parent = TYPE_ARM_GICV3_ITS_COMMON,
  .instance_size = sizeof(GICv3ITSState),
  .class_init = class_init};

static void register_types(void) { type_register_static(&info); }
type_init(register_types)
