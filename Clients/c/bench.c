/* What attaching costs: the daemon beside plain C programs that do no more than answer, measured in
 * turn within the same minute, since a machine's wake-ups drift.
 *
 *   bench unix:PATH DAEMON-PID
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "itsd.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SLOT = 64, RING = 1024, SPINS = 200, ROUNDS = 5, CLIENTS = 32, RAM = 0x40000000 };

static const char *address;
static const char *daemon_pid;

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static double median(double *values, size_t count) {
  qsort(values, count, sizeof *values, compare);
  return values[count / 2];
}

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void check(itsd *c, int status) {
  if (status == 0) return;
  fprintf(stderr, "%s\n", itsd_error(c));
  exit(1);
}

static itsd *attached(const char *machine, unsigned pes) {
  itsd *c = NULL;
  char yaml[64];
  int status = itsd_open(&c, address, "bench");
  check(c, status);
  snprintf(yaml, sizeof yaml, "clock: functional\nmachine: {pes: %u}\n", pes);
  struct itsd_attach what = {.machine = machine, .yaml = yaml, .fresh = 1, .no_lines = 1};
  check(c, itsd_attach(c, &what));
  return c;
}

/* ---- Plain C: sockets ---- */

static void read_all(int fd, void *bytes, size_t count) {
  for (size_t done = 0; done < count;) {
    ssize_t got = read(fd, (char *)bytes + done, count - done);
    if (got <= 0) _exit(0);
    done += (size_t)got;
  }
}

static void write_all(int fd, const void *bytes, size_t count) {
  for (size_t done = 0; done < count;) {
    ssize_t put = write(fd, (const char *)bytes + done, count - done);
    if (put <= 0) _exit(0);
    done += (size_t)put;
  }
}

/* A child that sends each 64 bytes back. */
static pid_t echo_server(int *fd) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0) die("socketpair");
  pid_t child = fork();
  if (child == 0) {
    char slot[SLOT];
    close(pair[0]);
    for (;;) {
      read_all(pair[1], slot, SLOT);
      write_all(pair[1], slot, SLOT);
    }
  }
  close(pair[1]);
  *fd = pair[0];
  return child;
}

static double plain_socket_read(void) {
  enum { COUNT = 4000 };
  static double took[COUNT];
  int fd;
  char slot[SLOT] = {0};
  pid_t child = echo_server(&fd);
  for (int i = 0; i < COUNT; i++) {
    double start = seconds();
    write_all(fd, slot, SLOT);
    read_all(fd, slot, SLOT);
    took[i] = seconds() - start;
  }
  close(fd);
  waitpid(child, NULL, 0);
  return median(took, COUNT) * 1e6;
}

static double daemon_read(bool ring) {
  enum { COUNT = 4000 };
  static double took[COUNT];
  itsd *c = attached("bench-read", 2);
  uint64_t typer = itsd_machine(c)->its_bases[0] + 8, value;
  if (ring) check(c, itsd_port_open(c, 0, RING));
  for (int i = 0; i < COUNT; i++) {
    double start = seconds();
    check(c, itsd_read(c, 0, typer, 8, &value));
    took[i] = seconds() - start;
  }
  check(c, itsd_leave(c));
  return median(took, COUNT) * 1e6;
}

static double daemon_socket_read(void) { return daemon_read(false); }
static double daemon_ring_read(void) { return daemon_read(true); }

/* ---- Plain C: rings ---- */

/* As the protocol's rings, with nobody to mistrust. */
struct ring {
  _Alignas(64) _Atomic uint32_t head;
  _Alignas(64) _Atomic uint32_t tail;
  _Alignas(64) _Atomic uint32_t reply;
  _Alignas(64) _Atomic uint32_t sleeps;
  _Alignas(64) char slots[RING][SLOT];
};

static void rest(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/* A child that takes slots and answers each with a count. */
static pid_t ring_server(struct ring *r, int bell) {
  pid_t child = fork();
  if (child != 0) return child;
  uint32_t taken = 0, idle = 0;
  char slot[SLOT];
  for (;;) {
    uint32_t head = atomic_load_explicit(&r->head, memory_order_acquire);
    if (head != taken) {
      for (; taken != head; taken++) memcpy(slot, r->slots[taken % RING], SLOT);
      atomic_store_explicit(&r->tail, taken, memory_order_release);
      atomic_store_explicit(&r->reply, taken, memory_order_release);
      idle = 0;
    } else if (idle++ < SPINS) {
      rest();
    } else {
      atomic_store(&r->sleeps, 1);
      if (atomic_load(&r->head) == taken) {
        uint64_t count;
        if (read(bell, &count, sizeof count) < 0) _exit(1);
      }
      atomic_store(&r->sleeps, 0);
      idle = 0;
    }
  }
}

static void ring_put(struct ring *r, int bell, uint32_t head) {
  atomic_store_explicit(&r->head, head, memory_order_release);
  atomic_thread_fence(memory_order_seq_cst);
  uint64_t one = 1;
  if (!atomic_load_explicit(&r->sleeps, memory_order_relaxed)) return;
  if (write(bell, &one, sizeof one) < 0) die("a bell");
}

static double plain_ring(bool posted) {
  enum { READS = 4000, POSTS = 1 << 20 };
  static double took[READS];
  struct ring *r =
      mmap(NULL, sizeof *r, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int bell = eventfd(0, EFD_CLOEXEC);
  if (r == MAP_FAILED || bell < 0) die("a ring");
  pid_t child = ring_server(r, bell);
  char slot[SLOT] = {0};
  uint32_t put = 0;
  double start = seconds(), result;
  if (posted) {
    while (put < POSTS) {
      while (put - atomic_load_explicit(&r->tail, memory_order_acquire) >= RING) rest();
      memcpy(r->slots[put % RING], slot, SLOT);
      if (++put % 16 == 0) ring_put(r, bell, put);
    }
    while (atomic_load(&r->tail) != put) rest();
    result = POSTS / (seconds() - start) * 1e-6;
  } else {
    for (int i = 0; i < READS; i++) {
      start = seconds();
      memcpy(r->slots[put % RING], slot, SLOT);
      ring_put(r, bell, ++put);
      while (atomic_load_explicit(&r->reply, memory_order_acquire) != put) rest();
      took[i] = seconds() - start;
    }
    result = median(took, READS) * 1e6;
  }
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  close(bell);
  munmap(r, sizeof *r);
  return result;
}

static double plain_ring_read(void) { return plain_ring(false); }
static double plain_ring_posts(void) { return plain_ring(true); }

/* ---- MSIs ---- */

/* An ITS with one event mapped; what a driver does, in as few steps as there are. */
static uint64_t set_up(itsd *c, void **ram) {
  const struct itsd_machine *m = itsd_machine(c);
  uint64_t its = m->its_bases[0], value = 0;
  const uint64_t valid = UINT64_C(1) << 63;
  check(c, itsd_ram(c, RAM, 16 << 20, ram));
  memset((char *)*ram + 0x400000, 0xa1, 0x10000);
  check(c, itsd_write(c, 0, m->gicd_base, 4, 0x12));
  check(c, itsd_write(c, 0, m->gicr_base + 0x70, 8, (RAM + 0x400000) | 15));
  check(c, itsd_write(c, 0, m->gicr_base + 0x78, 8, RAM + 0x500000));
  check(c, itsd_write(c, 0, m->gicr_base, 4, 1));
  for (unsigned i = 0; i < 8; i++) {
    check(c, itsd_read(c, 0, its + 0x100 + 8 * i, 8, &value));
    uint64_t type = value >> 56 & 7, table = type == 1 ? 0x100000 : type == 4 ? 0x200000 : 0;
    if (table) check(c, itsd_write(c, 0, its + 0x100 + 8 * i, 8, valid | (RAM + table) | 0x20f));
  }
  check(c, itsd_write(c, 0, its + 0x80, 8, valid | RAM | 15));
  check(c, itsd_write(c, 0, its, 4, 1));
  check(c, itsd_read(c, 0, its + 8, 8, &value));
  uint64_t target = value >> 19 & 1 ? m->gicr_base & ~UINT64_C(0xffff) : 0;
  uint64_t commands[3][4] = {
    {UINT64_C(0x10) << 32 | 8, 4, valid | (RAM + 0x300000), 0}, {9, 0, valid | target | 1, 0},
    {UINT64_C(0x10) << 32 | 0xa, UINT64_C(8192) << 32, 1, 0}};
  memcpy(*ram, commands, sizeof commands);
  check(c, itsd_write(c, 0, its + 0x88, 8, sizeof commands));
  return target;
}

static double daemon_posts(bool ring) {
  enum { COUNT = 1 << 20, BATCH = 16 };
  itsd *c = attached("bench-msi", 1);
  void *ram = NULL;
  uint64_t value;
  set_up(c, &ram);
  if (ring) check(c, itsd_port_open(c, 0, RING));
  struct itsd_msi_record batch[BATCH];
  for (int i = 0; i < BATCH; i++) batch[i] = (struct itsd_msi_record){ITSD_NONE, 0, 0x10, 0};
  double start = seconds();
  for (int i = 0; i < (ring ? COUNT : COUNT / BATCH); i++) {
    check(c, ring ? itsd_post_msi(c, 0x10, 0, 0) : itsd_msi_batch(c, batch, BATCH, NULL));
  }
  check(c, itsd_read(c, 0, itsd_machine(c)->its_bases[0] + 8, 8, &value));
  double result = COUNT / (seconds() - start) * 1e-6;
  check(c, itsd_leave(c));
  munmap(ram, 16 << 20);
  return result;
}

static double daemon_socket_posts(void) { return daemon_posts(false); }
static double daemon_ring_posts(void) { return daemon_posts(true); }

/* Frames of 16 records, taken apart by a child. */
static double plain_socket_posts(void) {
  enum { COUNT = 1 << 20, BATCH = 16, FRAME = SLOT + 24 * BATCH, GATHER = 32 << 10 };
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0) die("socketpair");
  pid_t child = fork();
  if (child == 0) {
    static char buffer[1 << 20];
    size_t have = 0;
    uint64_t seen = 0, sum = 0;
    while (seen < COUNT) {
      ssize_t got = read(pair[1], buffer + have, sizeof buffer - have);
      if (got <= 0) _exit(1);
      have += (size_t)got;
      size_t at = 0;
      for (; have - at >= FRAME; at += FRAME) {
        for (int i = 0; i < BATCH; i++, seen++) {
          uint64_t record[3];
          memcpy(record, buffer + at + SLOT + 24 * i, sizeof record);
          sum += record[2];
        }
      }
      memmove(buffer, buffer + at, have - at);
      have -= at;
    }
    write_all(pair[1], &sum, 8);
    _exit(0);
  }
  static char frames[GATHER / FRAME * FRAME];
  uint64_t sum;
  double start = seconds();
  for (size_t sent = 0, all = (size_t)COUNT / BATCH * FRAME; sent < all;) {
    size_t piece = all - sent < sizeof frames ? all - sent : sizeof frames;
    write_all(pair[0], frames, piece);
    sent += piece;
  }
  read_all(pair[0], &sum, 8);
  double result = COUNT / (seconds() - start) * 1e-6;
  close(pair[0]);
  close(pair[1]);
  waitpid(child, NULL, 0);
  return result;
}

/* A command and a SYNC for each CWRITER, as a driver that waits for each. */
static double daemon_commands(void) {
  enum { COUNT = 200000 };
  itsd *c = attached("bench-commands", 1);
  void *ram = NULL;
  uint64_t target = set_up(c, &ram), its = itsd_machine(c)->its_bases[0], at = 96, read;
  check(c, itsd_port_open(c, 0, RING));
  double start = seconds();
  for (int i = 0; i < COUNT; i++) {
    uint64_t pair[8] = {UINT64_C(0x10) << 32 | 0xc, 0, 0, 0, 5, 0, target, 0}; /* INV, SYNC */
    for (int half = 0; half < 2; half++) {
      memcpy((char *)ram + at, pair + 4 * half, 32);
      at = (at + 32) % 0x10000;
    }
    check(c, itsd_write(c, 0, its + 0x88, 8, at));
  }
  double result = COUNT / (seconds() - start) * 1e-6;
  check(c, itsd_read(c, 0, its + 0x90, 8, &read));
  if (read != at) die("the queue is not empty");
  check(c, itsd_leave(c));
  munmap(ram, 16 << 20);
  return result;
}

/* The longest that one client waits for a register while another one's queue, as full as it can be,
 * is worked off, us. */
static double longest_read(void) {
  enum { COUNT = 32767, QUEUE = 0x600000 };
  itsd *c = attached("bench-backlog", 1), *other = NULL;
  void *ram = NULL;
  set_up(c, &ram);
  struct itsd_attach what = {.machine = "bench-backlog", .no_lines = 1};
  check(other, itsd_open(&other, address, "bench"));
  check(other, itsd_attach(other, &what));
  uint64_t its = itsd_machine(c)->its_bases[0], read = 0;
  for (int i = 0; i < COUNT; i++) {
    uint64_t invall[4] = {0xd, 0, 1, 0};
    memcpy((char *)ram + QUEUE + 32 * i, invall, sizeof invall);
  }
  check(c, itsd_write(c, 0, its, 4, 0));
  check(c, itsd_write(c, 0, its + 0x80, 8, UINT64_C(1) << 63 | (RAM + QUEUE) | 255));
  check(c, itsd_write(c, 0, its, 4, 1));
  check(c, itsd_post_write(c, 0, its + 0x88, 8, 32 * COUNT));
  check(c, itsd_flush(c));
  double longest = 0;
  while (read != 32 * COUNT) {
    double start = seconds();
    check(other, itsd_read(other, 0, its + 0x90, 8, &read));
    double taken = seconds() - start;
    if (taken > longest) longest = taken;
  }
  check(other, itsd_leave(other));
  check(c, itsd_leave(c));
  munmap(ram, 16 << 20);
  return longest * 1e6;
}

/* ---- Many clients ---- */

struct load {
  int fd;    /* plain */
  itsd *its; /* daemon */
};

static atomic_bool over;

static void *ask(void *argument) {
  struct load *l = argument;
  uintptr_t count = 0;
  uint64_t value;
  char slot[SLOT] = {0};
  while (!atomic_load_explicit(&over, memory_order_relaxed)) {
    if (l->its) {
      check(l->its, itsd_read(l->its, 0, itsd_machine(l->its)->its_bases[0] + 8, 8, &value));
    } else {
      write_all(l->fd, slot, SLOT);
      read_all(l->fd, slot, SLOT);
    }
    count++;
  }
  return (void *)count;
}

static double run_load(struct load *loads) {
  pthread_t threads[CLIENTS];
  uintptr_t total = 0;
  atomic_store(&over, false);
  double start = seconds();
  for (int i = 0; i < CLIENTS; i++) {
    if (pthread_create(&threads[i], NULL, ask, &loads[i])) die("a thread");
  }
  nanosleep(&(struct timespec){.tv_nsec = 500000000}, NULL);
  atomic_store(&over, true);
  for (int i = 0; i < CLIENTS; i++) {
    void *count;
    pthread_join(threads[i], &count);
    total += (uintptr_t)count;
  }
  return (double)total / (seconds() - start) * 1e-3;
}

static double daemon_many(void) {
  struct load loads[CLIENTS];
  for (int i = 0; i < CLIENTS; i++) loads[i] = (struct load){-1, attached("bench-many", 1)};
  double result = run_load(loads);
  for (int i = 0; i < CLIENTS; i++) check(loads[i].its, itsd_leave(loads[i].its));
  return result;
}

static double plain_many(void) {
  struct load loads[CLIENTS];
  int theirs[CLIENTS];
  for (int i = 0; i < CLIENTS; i++) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0) die("socketpair");
    loads[i] = (struct load){pair[0], NULL};
    theirs[i] = pair[1];
  }
  pid_t child = fork();
  if (child == 0) {
    int poller = epoll_create1(0);
    for (int i = 0; i < CLIENTS; i++) {
      struct epoll_event event = {.events = EPOLLIN, .data.fd = theirs[i]};
      epoll_ctl(poller, EPOLL_CTL_ADD, theirs[i], &event);
      close(loads[i].fd);
    }
    for (;;) {
      struct epoll_event events[CLIENTS];
      char slot[SLOT];
      int count = epoll_wait(poller, events, CLIENTS, -1);
      for (int i = 0; i < count; i++) {
        read_all(events[i].data.fd, slot, SLOT);
        write_all(events[i].data.fd, slot, SLOT);
      }
    }
  }
  double result = run_load(loads);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  for (int i = 0; i < CLIENTS; i++) {
    close(loads[i].fd);
    close(theirs[i]);
  }
  return result;
}

/* The daemon's resident set with 1024 ports open, MiB. */
static double daemon_ports(void) {
  enum { PORTS = 1024 };
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  itsd *c = attached("bench-ports", PORTS);
  uint64_t value;
  for (uint32_t pe = 0; pe < PORTS; pe++) {
    check(c, itsd_port_open(c, pe, RING));
    check(c, itsd_read(c, pe, itsd_machine(c)->its_bases[0] + 8, 8, &value));
  }
  char path[64];
  unsigned long pages = 0;
  snprintf(path, sizeof path, "/proc/%s/statm", daemon_pid);
  FILE *file = fopen(path, "r");
  if (!file || fscanf(file, "%*u %lu", &pages) != 1) die(path);
  fclose(file);
  check(c, itsd_leave(c));
  return (double)pages * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

/* ---- The table ---- */

static void row(const char *name, const char *unit, double (*its)(void), double (*plain)(void)) {
  double one[ROUNDS], other[ROUNDS];
  for (int i = 0; i < ROUNDS; i++) {
    one[i] = its();
    if (plain) other[i] = plain();
  }
  double a = median(one, ROUNDS);
  printf("| %-38s | %8.2f | ", name, a);
  if (plain) {
    double b = median(other, ROUNDS);
    printf("%8.2f | %5.2f | %-4s |\n", b, a / b, unit);
  } else {
    printf("%8s | %5s | %-4s |\n", "-", "-", unit);
  }
  fflush(stdout);
}

int main(int count, char **arguments) {
  if (count != 3) {
    fprintf(stderr, "usage: %s unix:PATH DAEMON-PID\n", arguments[0]);
    return 64;
  }
  signal(SIGPIPE, SIG_IGN);
  address = arguments[1];
  daemon_pid = arguments[2];
  printf(
      "| %-38s | %8s | %8s | %5s | %-4s |\n", "attached, functional clock", "itsd", "plain C",
      "ratio", "unit");
  printf("|---|--:|--:|--:|---|\n");
  row("register read over a Unix socket", "us", daemon_socket_read, plain_socket_read);
  row("register read through a ring", "us", daemon_ring_read, plain_ring_read);
  row("MSIs posted in 16s over a socket", "M/s", daemon_socket_posts, plain_socket_posts);
  row("MSIs posted through a ring", "M/s", daemon_ring_posts, plain_ring_posts);
  row("register reads by 32 sockets together", "k/s", daemon_many, plain_many);
  row("INV and SYNC a CWRITER, through a ring", "M/s", daemon_commands, NULL);
  row("longest read beside 32,767 INVALL", "us", longest_read, NULL);
  row("memory of a daemon with 1024 ports", "MiB", daemon_ports, NULL);
  return 0;
}
