/* The C client against a daemon: run by .ci/clients with the daemon's addresses.
 *
 *   test unix:PATH tcp:HOST:PORT
 *
 * SPDX-License-Identifier: Apache-2.0 OR MIT */
#define _GNU_SOURCE
#include "itsd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int failures;
static const char *unix_address, *tcp_address;

#define EXPECT(condition)                                                \
  do {                                                                   \
    if (!(condition)) {                                                  \
      fprintf(stderr, "%s:%d: not so: %s\n", __func__, __LINE__, #condition); \
      failures++;                                                        \
    }                                                                    \
  } while (0)
#define EXPECT_STATUS(expected, call, client)                                            \
  do {                                                                                   \
    int status_ = (call);                                                                \
    if (status_ != (expected)) {                                                         \
      fprintf(stderr, "%s:%d: %s is %d and not %d: %s\n", __func__, __LINE__, #call, status_, \
              (expected), itsd_error(client));                                           \
      failures++;                                                                        \
    }                                                                                    \
  } while (0)
#define OK(call) EXPECT_STATUS(0, call, c)

enum { RAM = 0x40000000, RAM_SIZE = 1 << 20, ITS_CREADR = 0x90, ITS_CBASER = 0x80 };
static const uint64_t PMR = ITSD_SYSREG(3, 0, 4, 6, 0);
static const uint64_t IGRPEN1 = ITSD_SYSREG(3, 0, 12, 12, 7);

static itsd *attached(const char *address, const char *name, const char *yaml) {
  itsd *c = NULL;
  if (itsd_open(&c, address, "test") < 0) {
    fprintf(stderr, "%s\n", itsd_error(c));
    exit(1);
  }
  struct itsd_attach what = {.machine = name, .yaml = yaml, .fresh = 1};
  OK(itsd_attach(c, &what));
  return c;
}

static const char *FUNCTIONAL = "machine: {pes: 2}\nclock: functional\n";
static const char *TIMED = "machine: {pes: 2}\nclock: timed\n";

static void a_machine_has_its_shape(void) {
  itsd *c = attached(unix_address, "shape", TIMED);
  const struct itsd_machine *m = itsd_machine(c);
  EXPECT(m->created && !m->quiesced && m->timed);
  EXPECT(m->pe_count == 2 && m->its_count >= 1);
  EXPECT(m->affinities[0] == 0 && m->affinities[1] == 1);
  EXPECT(m->clock_hz > 0 && strlen(m->configuration) > 0);
  OK(itsd_leave(c));
}

static void memory_is_shared_or_held(void) {
  itsd *c = attached(unix_address, "memory", FUNCTIONAL);
  void *base = NULL;
  char bytes[4] = "";
  OK(itsd_ram(c, RAM, RAM_SIZE, &base));
  memcpy((char *)base + 100, "abc", 3);
  OK(itsd_mem_read(c, RAM + 100, bytes, 3));
  EXPECT(memcmp(bytes, "abc", 3) == 0);
  OK(itsd_mem_write(c, RAM + RAM_SIZE - 1, "z", 1));
  EXPECT(((char *)base)[RAM_SIZE - 1] == 'z');
  EXPECT_STATUS(-EFAULT, itsd_mem_write(c, RAM + RAM_SIZE - 1, "zz", 2), c);
  OK(itsd_unmap(c, RAM));
  munmap(base, RAM_SIZE);
  EXPECT_STATUS(-ENOENT, itsd_unmap(c, RAM), c);
  OK(itsd_leave(c));

  c = attached(tcp_address, "memory-tcp", FUNCTIONAL);
  size_t count = 3 << 20;
  uint8_t *out = malloc(count), *in = malloc(count);
  for (size_t i = 0; i < count; i++) out[i] = (uint8_t)(i * 31 + (i >> 8));
  OK(itsd_map(c, RAM, 4 << 20, -1, 0));
  EXPECT_STATUS(-EBADF, itsd_map(c, 0, 4096, 0, 0), c);
  EXPECT_STATUS(-EOPNOTSUPP, itsd_port_open(c, 0, 64), c);
  OK(itsd_mem_write(c, RAM + 5, out, count));
  OK(itsd_mem_read(c, RAM + 5, in, count));
  EXPECT(memcmp(out, in, count) == 0);
  free(out);
  free(in);
  OK(itsd_leave(c));
}

/* Without a memfd: the daemon holds the RAM, and a connection of its own reaches it. */
static void memory_has_a_connection_of_its_own(void) {
  itsd *c = attached(tcp_address, "memory-role", FUNCTIONAL), *memory = NULL;
  struct itsd_attach what = {.machine = "memory-role", .role = ITSD_MEMORY};
  uint64_t its = itsd_machine(c)->its_bases[0], value = 0, commands[8] = {0};
  const uint64_t valid = UINT64_C(1) << 63;
  EXPECT_STATUS(0, itsd_open(&memory, tcp_address, "memory"), memory);
  EXPECT_STATUS(0, itsd_attach(memory, &what), memory);
  EXPECT_STATUS(0, itsd_map(memory, RAM, RAM_SIZE, -1, 0), memory);
  EXPECT_STATUS(-EPERM, itsd_read(memory, 0, its, 4, &value), memory);
  /* Two SYNCs, which the ITS fetches from there. */
  commands[0] = commands[4] = 5;
  EXPECT_STATUS(0, itsd_mem_write(memory, RAM, commands, sizeof commands), memory);
  OK(itsd_write(c, 0, its + ITS_CBASER, 8, valid | RAM));
  OK(itsd_write(c, 0, its, 4, 1));
  OK(itsd_write(c, 0, its + 0x88, 8, sizeof commands));
  OK(itsd_read(c, 0, its + ITS_CREADR, 8, &value));
  EXPECT(value == sizeof commands);
  /* A machine that holds still lets its RAM be read. */
  OK(itsd_quiesce(c));
  memset(commands, 0, sizeof commands);
  EXPECT_STATUS(0, itsd_mem_read(memory, RAM, commands, sizeof commands), memory);
  EXPECT(commands[0] == 5 && commands[4] == 5);
  OK(itsd_resume(c));
  /* The RAM goes with the connection that mapped it. */
  EXPECT_STATUS(0, itsd_leave(memory), c);
  EXPECT_STATUS(-EFAULT, itsd_mem_read(c, RAM, commands, 8), c);
  OK(itsd_leave(c));
}

/* Accesses, over the socket and through a ring: the same answers. */
static void accesses(const char *name, uint32_t slots, unsigned spins) {
  itsd *c = attached(unix_address, name, FUNCTIONAL);
  itsd_set_spins(c, spins);
  uint64_t its = itsd_machine(c)->its_bases[0], value = 0, outcome = 0;
  if (slots) {
    OK(itsd_port_open(c, 0, slots));
    OK(itsd_port_open(c, 1, slots));
    EXPECT_STATUS(-EBUSY, itsd_port_open(c, 1, slots), c);
  }
  OK(itsd_read(c, 0, its + 8, 8, &value));
  EXPECT(value & 1);
  OK(itsd_read(c, 1, 0x10, 4, &value));
  EXPECT(itsd_last(c)->bus == ITSD_DECODE_ERROR);
  EXPECT_STATUS(-EINVAL, itsd_read(c, 0, its, 3, &value), c);
  OK(itsd_sysreg_write(c, 1, PMR, 0xf0));
  OK(itsd_sysreg_read(c, 1, PMR, &value));
  EXPECT(value == 0xf0);
  /* Posted writes take effect before the next answer, through whichever way it comes. */
  for (uint64_t i = 0; i < 3000; i++) {
    uint32_t pe = i & 1;
    OK(itsd_post_write(c, pe, its + ITS_CBASER, 8, i << 12));
    if (i % 7 == 0) OK(itsd_post_msi(c, 0x10, 0, 0));
    if (i % 97) continue;
    OK(itsd_read(c, !pe, its + ITS_CBASER, 8, &value));
    EXPECT(value == i << 12);
    if (i % 3) continue;
    struct itsd_write_record one = {
      .address = its + ITS_CBASER, .data = 1 << 12, .size = 8, .pe = pe};
    size_t bad = 0;
    OK(itsd_write_batch(c, &one, 1, &bad));
    EXPECT(bad == 1);
    OK(itsd_read(c, pe, its + ITS_CBASER, 8, &value));
    EXPECT(value == 1 << 12);
  }
  OK(itsd_msi(c, 0x10, 0, 0, &outcome));
  EXPECT(itsd_outcome(outcome, NULL, NULL, NULL) == 16);
  OK(itsd_translate(c, 0x10, 0, 0, &outcome));
  EXPECT(itsd_outcome(outcome, NULL, NULL, NULL) == 16);
  struct itsd_msi_record two[2] = {{ITSD_NONE, 0, 1, 0}, {ITSD_NONE, 0, 2, 0}};
  uint64_t outcomes[2] = {0, 0};
  OK(itsd_msi_batch(c, two, 2, outcomes));
  EXPECT(outcomes[0] >> 56 == 16 && outcomes[1] >> 56 == 16);
  OK(itsd_msi_batch(c, two, 2, NULL));
  if (slots) {
    OK(itsd_port_close(c, 0));
    EXPECT_STATUS(-ENXIO, itsd_port_close(c, 0), c);
    OK(itsd_read(c, 0, its + 8, 8, &value));
  }
  char *json = NULL;
  OK(itsd_statistics(c, &json));
  EXPECT(json && strstr(json, "\"msis\":434"));
  free(json);
  OK(itsd_leave(c));
}

static void over_the_socket(void) { accesses("socket", 0, 0); }
static void through_rings_of_2(void) { accesses("rings-2", 2, 200); }
/* A wake-up that is lost shows as a test that does not end. */
static void through_rings_without_spinning(void) { accesses("rings-asleep", 4, 0); }
static void through_rings_of_256(void) { accesses("rings-256", 256, 200); }

/* A PPI: the line rises where it should, and everybody who listens is told. */
static void lines(const char *name, int ring) {
  itsd *c = attached(unix_address, name, FUNCTIONAL);
  const struct itsd_machine *m = itsd_machine(c);
  uint64_t sgi = m->gicr_base + m->gicr_stride + 0x10000;
  struct itsd_lines now;
  if (ring) OK(itsd_port_open(c, 1, 16));
  OK(itsd_write(c, 1, m->gicd_base, 4, 0x12));
  OK(itsd_write(c, 1, sgi + 0x80, 4, 0xffffffff));
  OK(itsd_write(c, 1, sgi + 0x100, 4, 1u << 27));
  OK(itsd_sysreg_write(c, 1, PMR, 0xf0));
  OK(itsd_sysreg_write(c, 1, IGRPEN1, 1));
  EXPECT(itsd_next_lines(c, &now) == 0);
  EXPECT_STATUS(-ETIMEDOUT, itsd_wait_for_line(c, 1, 0, &now), c);
  OK(itsd_input_line(c, 1, 27, 1));
  EXPECT(itsd_last(c)->has_levels && itsd_last(c)->levels == ITSD_IRQ);
  OK(itsd_wait_for_line(c, 1, -1, &now));
  EXPECT(now.levels == ITSD_IRQ && now.sequence == itsd_last(c)->sequence);
  EXPECT(!ring || (now.intid == 27 && now.priority == 0));
  EXPECT(itsd_next_lines(c, &now) == 1 && now.pe == 1);
  EXPECT(itsd_next_lines(c, &now) == 0);
  OK(itsd_input_line(c, 1, 27, 0));
  OK(itsd_lines(c, 1, &now));
  EXPECT(now.levels == 0 && (!ring || now.intid == 1023));
  EXPECT_STATUS(-ENXIO, itsd_lines(c, 2, &now), c);
  OK(itsd_leave(c));
}

static void lines_by_message(void) { lines("lines", 0); }
static void lines_by_page(void) { lines("lines-page", 1); }

static void time_passes(void) {
  itsd *c = NULL;
  OK(itsd_open(&c, unix_address, "test"));
  struct itsd_attach what = {
    .machine = "time", .yaml = TIMED, .fresh = 1, .time_mode = ITSD_PACED};
  OK(itsd_attach(c, &what));
  uint64_t value = 0, reached = 0;
  OK(itsd_advance(c, 5000000, ITSD_LIMIT, 0, &reached));
  EXPECT(reached == 5000000);
  itsd_set_time(c, 9000000);
  OK(itsd_read(c, 0, itsd_machine(c)->its_bases[0], 4, &value));
  EXPECT(itsd_last(c)->time == 9000000 && itsd_last(c)->horizon == 0xffffff);
  itsd_set_time(c, ITSD_NONE);
  OK(itsd_read(c, 0, itsd_machine(c)->its_bases[0], 4, &value));
  EXPECT(itsd_last(c)->time == 9000000);
  OK(itsd_msi(c, 1, 0, 0, NULL));
  /* It is under way: the ITS has taken it in two cycles from now. */
  EXPECT(!itsd_last(c)->has_levels && itsd_last(c)->horizon == 2);
  EXPECT_STATUS(-EINVAL, itsd_advance(c, ITSD_NONE, ITSD_LIMIT, 0, NULL), c);
  OK(itsd_advance(c, ITSD_NONE, ITSD_IDLE, 0, NULL));
  OK(itsd_promise(c, 1));
  OK(itsd_flush_tables(c));
  OK(itsd_leave(c));
}

static void who_is_lost_comes_back(void) {
  itsd *c = attached(unix_address, "lost", FUNCTIONAL);
  uint64_t cbaser = itsd_machine(c)->its_bases[0] + ITS_CBASER, value = 0;
  OK(itsd_write(c, 0, cbaser, 8, 0x5000));
  itsd_close(c);
  OK(itsd_open(&c, unix_address, "test"));
  struct itsd_attach what = {.machine = "lost"};
  OK(itsd_attach(c, &what));
  EXPECT(!itsd_machine(c)->created && itsd_machine(c)->quiesced);
  EXPECT_STATUS(-EBUSY, itsd_read(c, 0, cbaser, 8, &value), c);
  OK(itsd_resume(c));
  OK(itsd_read(c, 0, cbaser, 8, &value));
  EXPECT(value == 0x5000);
  OK(itsd_quiesce(c));
  EXPECT_STATUS(-EBUSY, itsd_reset(c), c);
  OK(itsd_resume(c));
  OK(itsd_reset(c));
  OK(itsd_read(c, 0, cbaser, 8, &value));
  EXPECT(value == 0);
  OK(itsd_leave(c));
}

static void attributes_are_kvms(void) {
  itsd *c = attached(unix_address, "attributes", FUNCTIONAL);
  const uint32_t vgic = KVM_DEV_TYPE_ARM_VGIC_V3, its = KVM_DEV_TYPE_ARM_VGIC_ITS;
  uint64_t value = 0, cbaser = 1ull << 63 | 0x40010000;
  OK(itsd_has_device_attr(c, its, 0, KVM_DEV_ARM_VGIC_GRP_ITS_REGS, 0x80));
  EXPECT_STATUS(-EINVAL, itsd_has_device_attr(c, its, 0, KVM_DEV_ARM_VGIC_GRP_ITS_REGS, 0x84), c);
  EXPECT_STATUS(-ENXIO, itsd_has_device_attr(c, its, 0, KVM_DEV_ARM_VGIC_GRP_ITS_REGS, 0x98), c);
  OK(itsd_set_device_attr(c, its, 0, KVM_DEV_ARM_VGIC_GRP_ITS_REGS, 0x80, &cbaser));
  OK(itsd_get_device_attr(c, its, 0, KVM_DEV_ARM_VGIC_GRP_ITS_REGS, 0x80, &value));
  EXPECT(value == cbaser);
  value = itsd_machine(c)->its_bases[0];
  EXPECT_STATUS(
      -EEXIST, itsd_set_device_attr(
          c, its, 0, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_ITS_ADDR_TYPE, &value), c);
  EXPECT_STATUS(
      -EFAULT, itsd_set_device_attr(c, vgic, 0, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, NULL), c);
  EXPECT_STATUS(
      -ENODEV, itsd_set_device_attr(
          c, its, 7, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_ITS_SAVE_TABLES, NULL), c);
  OK(itsd_set_device_attr(
      c, its, 0, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_ITS_SAVE_TABLES, NULL));
  OK(itsd_quiesce(c));
  OK(itsd_resume(c));
  EXPECT_STATUS(
      -EBUSY, itsd_set_device_attr(
          c, its, 0, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_ITS_SAVE_TABLES, NULL), c);
  OK(itsd_quiesce(c));
  OK(itsd_set_device_attr(
      c, vgic, 0, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES, NULL));
  OK(itsd_resume(c));
  OK(itsd_leave(c));
}

static void a_machine_moves_in_bytes(void) {
  itsd *c = attached(unix_address, "source", FUNCTIONAL), *to = NULL;
  uint64_t value = 0, bitmap[4] = {0};
  uint64_t priorities = itsd_machine(c)->gicd_base + 0x420;
  OK(itsd_map(c, RAM, RAM_SIZE, -1, 0));
  OK(itsd_mem_write(c, RAM + 0x40fff, "ab", 2));
  OK(itsd_dirty(c, RAM, RAM_SIZE, 0, bitmap));
  EXPECT(bitmap[0] == 0 && bitmap[1] == 3 && bitmap[2] == 0 && bitmap[3] == 0);
  OK(itsd_dirty(c, RAM, RAM_SIZE, 1, bitmap));
  OK(itsd_dirty(c, RAM, RAM_SIZE, 1, bitmap));
  EXPECT(bitmap[0] == 0 && bitmap[1] == 0);
  EXPECT_STATUS(-EFAULT, itsd_dirty(c, RAM, 2 * RAM_SIZE, 1, bitmap), c);
  OK(itsd_write(c, 0, priorities, 1, 0x58));
  void *bytes = NULL;
  size_t count = 0;
  OK(itsd_save(c, &bytes, &count));
  EXPECT(count > 8 && memcmp(bytes, "ITSDFILE", 8) == 0);
  EXPECT_STATUS(-EOPNOTSUPP, itsd_checkpoint(c, &value), c);
  OK(itsd_leave(c));

  to = c = attached(tcp_address, "destination", FUNCTIONAL);
  EXPECT_STATUS(-EBUSY, itsd_restore(to, bytes, count), to);
  OK(itsd_quiesce(to));
  ((uint8_t *)bytes)[count / 2] ^= 16;
  EXPECT_STATUS(-EINVAL, itsd_restore(to, bytes, count), to);
  ((uint8_t *)bytes)[count / 2] ^= 16;
  OK(itsd_restore(to, bytes, count));
  EXPECT_STATUS(-EFAULT, itsd_resume(to), to);
  OK(itsd_map(to, RAM, RAM_SIZE, -1, 0));
  OK(itsd_resume(to));
  OK(itsd_read(to, 0, priorities, 1, &value));
  EXPECT(value == 0x58);
  free(bytes);
  /* Who comes back hears how many of its requests were carried out: a write and a read. */
  itsd_close(to);
  OK(itsd_open(&to, unix_address, "again"));
  struct itsd_attach what = {.machine = "destination"};
  c = to;
  OK(itsd_attach(to, &what));
  EXPECT(itsd_machine(to)->requests == 2 && !itsd_machine(to)->restored);
  OK(itsd_leave(to));
}

static void refusals_have_sentences(void) {
  itsd *c = NULL;
  EXPECT_STATUS(-ENOENT, itsd_open(&c, "unix:/tmp/no-such-itsd.sock", "test"), c);
  EXPECT(strstr(itsd_error(c), "itsd --listen"));
  itsd_close(c);
  EXPECT_STATUS(-EINVAL, itsd_open(&c, "/tmp/s", "test"), c);
  itsd_close(c);
  OK(itsd_open(&c, unix_address, NULL));
  EXPECT_STATUS(-EPROTO, itsd_reset(c), c);
  struct itsd_attach what = {.machine = "bad", .yaml = "clok: timed\n"};
  EXPECT_STATUS(-EINVAL, itsd_attach(c, &what), c);
  EXPECT(strstr(itsd_error(c), "clock"));
  what = (struct itsd_attach){.machine = "none", .role = ITSD_MONITOR};
  EXPECT_STATUS(-ENOENT, itsd_attach(c, &what), c);
  char *json = NULL;
  OK(itsd_list(c, &json));
  EXPECT(json && json[0] == '{');
  free(json);
  OK(itsd_leave(c));
  itsd_close(NULL);
}

static void a_pe_is_one_clients(void) {
  itsd *c = attached(unix_address, "pe", FUNCTIONAL), *pe = NULL, *other = NULL;
  uint64_t value = 0;
  OK(itsd_open(&pe, unix_address, "pe"));
  OK(itsd_open(&other, unix_address, "other"));
  struct itsd_attach what = {.machine = "pe", .role = ITSD_PE, .source = 1};
  EXPECT_STATUS(0, itsd_attach(pe, &what), pe);
  EXPECT_STATUS(-EBUSY, itsd_attach(other, &what), other);
  EXPECT_STATUS(-EPERM, itsd_read(pe, 0, itsd_machine(c)->its_bases[0], 4, &value), pe);
  EXPECT_STATUS(0, itsd_port_open(pe, 1, 8), pe);
  EXPECT_STATUS(0, itsd_read(pe, 1, itsd_machine(c)->its_bases[0], 4, &value), pe);
  itsd_close(other);
  EXPECT_STATUS(0, itsd_leave(pe), c);
  OK(itsd_leave(c));
}

int main(int count, char **arguments) {
  if (count != 3) {
    fprintf(stderr, "usage: %s unix:PATH tcp:HOST:PORT\n", arguments[0]);
    return 64;
  }
  unix_address = arguments[1];
  tcp_address = arguments[2];
  void (*const tests[])(void) = {
    a_machine_has_its_shape, memory_is_shared_or_held, memory_has_a_connection_of_its_own,
    over_the_socket, through_rings_of_2, through_rings_without_spinning, through_rings_of_256,
    lines_by_message, lines_by_page, time_passes, who_is_lost_comes_back, attributes_are_kvms,
    a_machine_moves_in_bytes, refusals_have_sentences, a_pe_is_one_clients};
  size_t tests_count = sizeof tests / sizeof tests[0];
  for (size_t i = 0; i < tests_count; i++) tests[i]();
  printf("%zu tests of the C client, %d failures\n", tests_count, failures);
  return failures ? 1 : 0;
}
