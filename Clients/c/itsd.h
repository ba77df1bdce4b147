/* A client of itsd, the simulator of Arm's GICv3 ITS: one header, one source, C11, Linux, no
 * dependencies. README.md beside this file is its manual; the protocol, byte for byte, is in
 * Sources/GICWire/GICWire.docc.
 *
 * A call returns 0, or a negative errno: -EBUSY, -EPERM and so on as the daemon says, or what the
 * host says about the socket. itsd_error() gives the sentence. A client is used by one thread at a
 * time; different clients are independent of each other.
 *
 * Under Apache 2.0 or MIT (LICENSE-MIT), as you choose: so programs under GPLv2 alone may link it.
 * SPDX-License-Identifier: Apache-2.0 OR MIT */
#ifndef ITSD_H
#define ITSD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A connection to a daemon. */
typedef struct itsd itsd;

/* What a client is to a machine. */
enum itsd_role {
  ITSD_CONTROL = 0, /* the whole machine: creates it, and may do everything */
  ITSD_PE = 1,      /* source: a Processor_Number */
  ITSD_DEVICE = 2,  /* source: the first DeviceID, count: how many (0: all from there) */
  ITSD_MEMORY = 3,  /* guest RAM only */
  ITSD_MONITOR = 4  /* looks, and changes nothing */
};

/* How the client's time and the machine's go together. */
enum itsd_time_mode {
  ITSD_FREE = 0,        /* the machine runs ahead */
  ITSD_PACED = 1,       /* its time never passes the newest that a client has named */
  ITSD_CONSERVATIVE = 2 /* requests of all such clients take effect in the order of their times */
};

/* How the bus answered, apart from any errno. */
enum itsd_bus { ITSD_OKAY = 0, ITSD_RESERVED = 1, ITSD_DECODE_ERROR = 2 };

/* Interrupt outputs of a PE. */
enum itsd_level { ITSD_IRQ = 1, ITSD_FIQ = 2, ITSD_VIRQ = 4, ITSD_VFIQ = 8 };

/* When itsd_advance() may stop before its limit. */
enum itsd_until {
  ITSD_LIMIT = 0,       /* only there */
  ITSD_LINE_RAISED = 1, /* IRQ or FIQ of the PE is high */
  ITSD_LINE_CHANGE = 2, /* any output changes */
  ITSD_IDLE = 3         /* nothing is under way; the only one that may go without a limit */
};

/* No time; no limit; for ever. */
#define ITSD_NONE UINT64_MAX

/* A system register's key: op0, op1, CRn, CRm, op2 as in MRS and MSR. */
#define ITSD_SYSREG(op0, op1, crn, crm, op2)                                          \
  ((uint64_t)((op0) & 3) << 14 | (uint64_t)((op1) & 7) << 11 | (uint64_t)((crn) & 15) << 7 | \
   (uint64_t)((crm) & 15) << 3 | (uint64_t)((op2) & 7))

/* What to attach to, and as what. Zero all of it first: what is 0 is the usual. */
struct itsd_attach {
  const char *machine; /* 1 to 64 of A-Z a-z 0-9 . _ - */
  const char *yaml;    /* laid over the daemon's configuration when this creates the machine */
  enum itsd_role role;
  uint32_t source;
  uint32_t count;
  enum itsd_time_mode time_mode;
  int no_lines; /* 1: no messages about interrupt outputs */
  int keep;     /* 1: the machine stays when nobody is attached any more */
  int fresh;    /* 1: a machine of that name whose control was lost is made anew */
};

/* A machine's shape, once attached. */
struct itsd_machine {
  int created;  /* this client created it */
  int quiesced; /* itsd_resume() must come before anything that changes it */
  int restored; /* from a file: map its RAM as it was then, and itsd_resume() */
  uint64_t requests; /* of this role, of those that count, that it has carried out */
  int timed;    /* it keeps time; otherwise every cycle is 0 */
  uint64_t clock_hz;
  uint64_t gicd_base;
  uint64_t gicr_base;
  uint64_t gicr_stride; /* bytes from one redistributor to the next */
  uint32_t pe_count;
  uint32_t its_count;
  const uint64_t *its_bases;  /* control frames; each translation frame is 64 KiB above */
  const uint32_t *affinities; /* Aff3.Aff2.Aff1.Aff0 by Processor_Number */
  const char *configuration;  /* equal configurations have equal ones */
};

/* The reply to the last call. */
struct itsd_reply {
  uint64_t value;    /* what was read; an MSI's outcome; a count */
  uint64_t latency;  /* cycles until the result was visible */
  uint64_t time;     /* of completion, picoseconds */
  uint64_t cycle;    /* of completion, exact */
  uint32_t horizon;  /* cycles from then in which all outputs stay as they are; 0: unknown */
  uint32_t sequence; /* of the outputs: the newest is true */
  uint8_t levels;    /* itsd_level bits, if has_levels */
  uint8_t has_levels;
  uint8_t bus; /* itsd_bus */
};

/* A PE's outputs. */
struct itsd_lines {
  uint32_t pe;
  uint32_t sequence;
  uint8_t levels;
  uint64_t time;    /* of that change, picoseconds */
  uint64_t cycle;   /* the same, exact */
  /* With a port only, as the shared page has them: */
  uint64_t horizon; /* picoseconds before which nothing changes by itself; ITSD_NONE: never */
  uint32_t intid;   /* the highest-priority pending interrupt; 1023: none */
  uint8_t priority;
};

struct itsd_msi_record {
  uint64_t time; /* picoseconds, or ITSD_NONE */
  uint64_t address; /* in the ITS's frame; 0: the only one */
  uint32_t device;
  uint32_t event;
};

struct itsd_write_record {
  uint64_t address;
  uint64_t data;
  uint32_t size; /* 1, 2, 4 or 8 */
  uint32_t pe;
};

/* ---- Coming and going ---- */

/* Connects to "unix:PATH" or "tcp:HOST:PORT" and greets. On failure *client may be set so that
 * itsd_error() says why; itsd_close() it in any case. */
int itsd_open(itsd **client, const char *address, const char *name);
int itsd_attach(itsd *client, const struct itsd_attach *what);
/* Says goodbye, waits until the machine has been left, and closes. */
int itsd_leave(itsd *client);
/* Closes without a goodbye: the daemon takes the client for lost. Null is allowed. */
void itsd_close(itsd *client);
/* What went wrong last. */
const char *itsd_error(const itsd *client);
const struct itsd_machine *itsd_machine(const itsd *client);
/* The reply to the last call that waited for one. */
const struct itsd_reply *itsd_last(const itsd *client);
/* The time of the requests that follow, picoseconds; ITSD_NONE (at first): the machine chooses. */
void itsd_set_time(itsd *client, uint64_t picoseconds);

/* ---- Memory ---- */

/* Makes a sealed memfd, maps it here at *base and there at `address`. Unix sockets only. It stays
 * mapped here until munmap(). */
int itsd_ram(itsd *client, uint64_t address, size_t size, void **base);
/* The memfd `fd` from `offset` on is RAM at `address`; -1: the daemon holds RAM there. */
int itsd_map(itsd *client, uint64_t address, uint64_t size, int fd, uint64_t offset);
int itsd_unmap(itsd *client, uint64_t address);
/* Guest RAM through the daemon. */
int itsd_mem_read(itsd *client, uint64_t address, void *bytes, size_t count);
int itsd_mem_write(itsd *client, uint64_t address, const void *bytes, size_t count);
/* Which pages of 4096 bytes the daemon has written since they were last taken: bit n of the bitmap,
 * from bit 0 of word 0 on, is page n. The bitmap has room for a bit for each page, in whole words.
 * take: they are not told again. */
int itsd_dirty(itsd *client, uint64_t address, uint64_t size, int take, uint64_t *bitmap);

/* ---- Accesses ---- */

/* `pe` is a Processor_Number, `size` 1, 2, 4 or 8. What the bus does not answer is not an error:
 * itsd_last()->bus says so. */
int itsd_read(itsd *client, uint32_t pe, uint64_t address, unsigned size, uint64_t *value);
int itsd_write(itsd *client, uint32_t pe, uint64_t address, unsigned size, uint64_t value);
/* Without waiting for an answer; there will be none, not even of an error. */
int itsd_post_write(itsd *client, uint32_t pe, uint64_t address, unsigned size, uint64_t value);
/* All are carried out; *first_bad is the index of the first that the bus did not answer, or
 * count. */
int itsd_write_batch(
    itsd *client, const struct itsd_write_record *writes, size_t count, size_t *first_bad);
int itsd_sysreg_read(itsd *client, uint32_t pe, uint64_t key, uint64_t *value);
int itsd_sysreg_write(itsd *client, uint32_t pe, uint64_t key, uint64_t value);

/* ---- Interrupts ---- */

/* `outcome` may be null; itsd_outcome() takes it apart. `address` is in the ITS's frame, or 0. */
int itsd_msi(itsd *client, uint32_t device, uint32_t event, uint64_t address, uint64_t *outcome);
int itsd_post_msi(itsd *client, uint32_t device, uint32_t event, uint64_t address);
/* `outcomes` has room for `count`; null posts them. */
int itsd_msi_batch(
    itsd *client, const struct itsd_msi_record *msis, size_t count, uint64_t *outcomes);
/* What an MSI would do now; changes nothing. */
int itsd_translate(
    itsd *client, uint32_t device, uint32_t event, uint64_t address, uint64_t *outcome);
/* A PPI of `pe`, or an SPI. */
int itsd_input_line(itsd *client, uint32_t pe, uint32_t intid, int level);
/* INTID, collection and PE of an outcome; returns what became of the MSI: 0 set pending, 1 pending
 * already, 2 taken in, 16 and above dropped (see the protocol). */
unsigned itsd_outcome(uint64_t outcome, uint32_t *intid, uint32_t *collection, uint32_t *pe);

/* The newest that is known of a PE's outputs: no waiting. */
int itsd_lines(itsd *client, uint32_t pe, struct itsd_lines *lines);
/* A PE whose outputs have changed since the last call for it: 1, or 0 if there is none. */
int itsd_next_lines(itsd *client, struct itsd_lines *lines);
/* Waits until IRQ or FIQ of the PE is high; -ETIMEDOUT after so many milliseconds (-1: never). */
int itsd_wait_for_line(itsd *client, uint32_t pe, int milliseconds, struct itsd_lines *lines);

/* ---- Time and the machine ---- */

/* Lets time pass to `limit` picoseconds or until the condition holds; *reached may be null. */
int itsd_advance(
    itsd *client, uint64_t limit, enum itsd_until until, uint32_t pe, uint64_t *reached);
/* Conservative time: nothing will be asked for before `picoseconds`. */
int itsd_promise(itsd *client, uint64_t picoseconds);
/* Makes the pending tables in guest RAM exact. */
int itsd_flush_tables(itsd *client);
int itsd_reset(itsd *client);
/* Lets everything under way end, and holds the machine until itsd_resume(). */
int itsd_quiesce(itsd *client);
int itsd_resume(itsd *client);

/* The whole machine but guest RAM as the bytes of a file, to be freed with free(): what `itsctl save`
 * writes. */
int itsd_save(itsd *client, void **bytes, size_t *count);
/* The machine, quiesced, becomes that one; then map its RAM as it was, and itsd_resume(). */
int itsd_restore(itsd *client, const void *bytes, size_t count);
/* The machine goes to the daemon's folder (itsd --state-dir) now; *requests, which may be null, is
 * how many of this role's requests it has carried out. */
int itsd_checkpoint(itsd *client, uint64_t *requests);

/* ---- Device attributes: KVM_HAS_DEVICE_ATTR and its like, with KVM's errno ----
 *
 * `type` is KVM's device type, `number` which ITS, from 0; `group` and `attr` are those of struct
 * kvm_device_attr. Values are 64 bits wide here, whatever KVM reads at its pointer; a null pointer
 * is no value. Control alone may ask; once vCPUs run (itsd_resume) most answers are -EBUSY. */
int itsd_has_device_attr(
    itsd *client, uint32_t type, uint32_t number, uint32_t group, uint64_t attr);
int itsd_get_device_attr(
    itsd *client, uint32_t type, uint32_t number, uint32_t group, uint64_t attr, uint64_t *value);
int itsd_set_device_attr(
    itsd *client, uint32_t type, uint32_t number, uint32_t group, uint64_t attr,
    const uint64_t *value);

#ifndef KVM_DEV_TYPE_ARM_VGIC_V3
#define KVM_DEV_TYPE_ARM_VGIC_V3 7
#define KVM_DEV_TYPE_ARM_VGIC_ITS 8
#endif
#ifndef KVM_DEV_ARM_VGIC_GRP_ADDR
#define KVM_DEV_ARM_VGIC_GRP_ADDR 0
#define KVM_DEV_ARM_VGIC_GRP_DIST_REGS 1
#define KVM_DEV_ARM_VGIC_V3_MPIDR_SHIFT 32
#define KVM_DEV_ARM_VGIC_GRP_NR_IRQS 3
#define KVM_DEV_ARM_VGIC_GRP_CTRL 4
#define KVM_DEV_ARM_VGIC_GRP_REDIST_REGS 5
#define KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS 6
#define KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO 7
#define KVM_DEV_ARM_VGIC_GRP_ITS_REGS 8
#define KVM_DEV_ARM_VGIC_CTRL_INIT 0
#define KVM_DEV_ARM_ITS_SAVE_TABLES 1
#define KVM_DEV_ARM_ITS_RESTORE_TABLES 2
#define KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES 3
#define KVM_DEV_ARM_ITS_CTRL_RESET 4
#define KVM_VGIC_V3_ADDR_TYPE_DIST 2
#define KVM_VGIC_V3_ADDR_TYPE_REDIST 3
#define KVM_VGIC_ITS_ADDR_TYPE 4
#define KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION 5
#endif

/* JSON, to be freed with free(). */
int itsd_statistics(itsd *client, char **json);
int itsd_list(itsd *client, char **json);

/* ---- Speed ---- */

/* From now on accesses of this PE (a device's client: of its first DeviceID) go through a ring in
 * shared memory: the same calls, no system call while the daemon is awake. MSIs go through the port
 * that was opened first. `slots` is a power of two from 2 to 1024. Order is kept between rings and
 * socket. Unix sockets only. */
int itsd_port_open(itsd *client, uint32_t number, uint32_t slots);
int itsd_port_close(itsd *client, uint32_t number);
/* Pauses before a wait on a ring sleeps: 200, or 0 on one CPU. */
void itsd_set_spins(itsd *client, unsigned pauses);
/* Sends what was posted; calls that wait do so by themselves. */
int itsd_flush(itsd *client);
/* For poll(2): readable when something has come. */
int itsd_fd(const itsd *client);
/* Takes what has come, without waiting. */
int itsd_poll(itsd *client);

#ifdef __cplusplus
}
#endif
#endif
