/* The machine virt-itsd: QEMU's virt, with itsd for its GIC and ITS.
 *
 * Copyright the itsd authors. Part of QEMU once it is built.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "gicv3-itsd.h"

#include "hw/arm/virt.h"
#include "hw/qdev-properties.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/module.h"

#define TYPE_VIRT_ITSD_MACHINE MACHINE_TYPE_NAME("virt-itsd")
OBJECT_DECLARE_SIMPLE_TYPE(VirtItsdMachineState, VIRT_ITSD_MACHINE)

struct VirtItsdMachineState {
  VirtMachineState parent_obj;
  char *address;
  char *name;
  char *config;
};

static VirtItsdMachineState *ours(MachineState *machine) {
  return (VirtItsdMachineState *)object_dynamic_cast(OBJECT(machine), TYPE_VIRT_ITSD_MACHINE);
}

DeviceState *itsd_new_gic(MachineState *machine, const char *usual) {
  VirtItsdMachineState *s = ours(machine);
  if (!s) return qdev_new(usual);
  if (s->parent_obj.gic_version != VIRT_GIC_VERSION_3) {
    error_report("itsd: it is a GICv3; leave gic-version out");
    exit(EXIT_FAILURE);
  }
  const MemMapEntry *map = s->parent_obj.memmap;
  DeviceState *gic = qdev_new(TYPE_ITSD_GICV3);
  if (s->address) qdev_prop_set_string(gic, "address", s->address);
  if (s->name) qdev_prop_set_string(gic, "machine", s->name);
  if (s->config) qdev_prop_set_string(gic, "config", s->config);
  qdev_prop_set_uint64(gic, "dist-base", map[VIRT_GIC_DIST].base);
  qdev_prop_set_uint64(gic, "redist-base", map[VIRT_GIC_REDIST].base);
  qdev_prop_set_uint64(gic, "its-base", map[VIRT_GIC_ITS].base);
  return gic;
}

DeviceState *itsd_new_its(MachineState *machine, const char *usual) {
  return qdev_new(ours(machine) ? TYPE_ITSD_GICV3_ITS : usual);
}

#define STRING_PROPERTY(field)                                            \
  static char *get_##field(Object *obj, Error **errp) {                   \
    return g_strdup(VIRT_ITSD_MACHINE(obj)->field);                       \
  }                                                                       \
  static void set_##field(Object *obj, const char *value, Error **errp) { \
    g_free(VIRT_ITSD_MACHINE(obj)->field);                                \
    VIRT_ITSD_MACHINE(obj)->field = g_strdup(value);                      \
  }
STRING_PROPERTY(address)
STRING_PROPERTY(name)
STRING_PROPERTY(config)

static void init(Object *obj) { VIRT_MACHINE(obj)->gic_version = VIRT_GIC_VERSION_3; }

static void finalize(Object *obj) {
  VirtItsdMachineState *s = VIRT_ITSD_MACHINE(obj);
  g_free(s->address);
  g_free(s->name);
  g_free(s->config);
}

static void class_init(ObjectClass *klass, void *data) {
  MACHINE_CLASS(klass)->desc = "ARM Virtual Machine with the GIC and ITS of itsd";
  object_class_property_add_str(klass, "itsd", get_address, set_address);
  object_class_property_set_description(klass, "itsd", "Where itsd listens: unix:PATH");
  object_class_property_add_str(klass, "itsd-name", get_name, set_name);
  object_class_property_set_description(klass, "itsd-name", "Name of the machine there: qemu");
  object_class_property_add_str(klass, "itsd-config", get_config, set_config);
  object_class_property_set_description(
      klass, "itsd-config", "YAML laid over the configuration of itsd");
}

static const TypeInfo info = {
  .name = TYPE_VIRT_ITSD_MACHINE,
  .parent = TYPE_VIRT_MACHINE,
  .instance_size = sizeof(VirtItsdMachineState),
  .instance_init = init,
  .instance_finalize = finalize,
  .class_init = class_init};

static void register_types(void) { type_register_static(&info); }
type_init(register_types)
