/* A GICv3 whose distributor, redistributors, CPU interfaces and ITS are itsd's: what the parts of
 * the device model share. README.md says how they go together.
 *
 * Copyright the itsd authors. Part of QEMU once it is built.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GICV3_ITSD_H
#define GICV3_ITSD_H

#include "client/itsd.h"
#include "exec/memory.h"
#include "hw/boards.h"
#include "hw/intc/arm_gicv3_common.h"
#include "qemu/notify.h"
#include "qemu/timer.h"
#include "qom/object.h"

#define TYPE_ITSD_GICV3 "itsd-gicv3"
#define TYPE_ITSD_GICV3_ITS "itsd-gicv3-its"
OBJECT_DECLARE_TYPE(ItsdGICv3State, ItsdGICv3Class, ITSD_GICV3)

/* Everything here is touched under QEMU's global lock only. */
struct ItsdGICv3State {
  GICv3State parent_obj;

  /* Properties: where the daemon listens, the machine's name there, YAML laid over the daemon's
   * configuration; where the board has the frames; nanoseconds between looks at what is under
   * way. */
  char *address;
  char *machine;
  char *config;
  uint64_t dist_base;
  uint64_t redist_base;
  uint64_t its_base;
  uint32_t resolution;

  itsd *client;
  const struct itsd_machine *shape;
  QEMUTimer *timer;
  /* Interrupt inputs as the daemon knows them, in the order of the GPIO lines. */
  unsigned long *inputs;
  MemoryListener listener;
  Notifier exit;
  Error *migration_blocker;
};

struct ItsdGICv3Class {
  ARMGICv3CommonClass parent_class;
  DeviceRealize parent_realize;
  void (*parent_reset)(DeviceState *dev);
};

/* One request: itsd_gic_begin(), a call of the client, and its status to itsd_gic_again(), which
 * takes over what the daemon said about interrupt outputs. True: the machine is held still by an
 * operator, and the call is to be made once more. It does not return if the daemon is gone. */
void itsd_gic_begin(ItsdGICv3State *s);
bool itsd_gic_again(ItsdGICv3State *s, int status);
/* One access to a frame, by the vCPU that runs. */
MemTxResult itsd_gic_read(
    ItsdGICv3State *s, uint64_t address, uint64_t *data, unsigned size);
MemTxResult itsd_gic_write(
    ItsdGICv3State *s, uint64_t address, uint64_t data, unsigned size);

/* How a frame is accessed: in any width that a CPU has. */
#define ITSD_FRAME(read_, write_)                                          \
  {                                                                        \
    .read_with_attrs = read_, .write_with_attrs = write_,                  \
    .endianness = DEVICE_LITTLE_ENDIAN,                                    \
    .valid = {.min_access_size = 1, .max_access_size = 8},                 \
    .impl = {.min_access_size = 1, .max_access_size = 8}                   \
  }

/* Gives every vCPU the ICC_* system registers. */
void itsd_gic_define_registers(ItsdGICv3State *s);

/* The devices that a board makes: itsd's on the machine virt-itsd, else the usual ones. */
DeviceState *itsd_new_gic(MachineState *machine, const char *usual);
DeviceState *itsd_new_its(MachineState *machine, const char *usual);

#endif
