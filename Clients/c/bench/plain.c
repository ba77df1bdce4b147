/* Programs that do no more than answer: what a daemon is measured by.
 *
 * SPDX-License-Identifier: Apache-2.0 OR MIT */
#define _GNU_SOURCE
#include "bench.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SPINS = 200 };

/* ---- Sockets ---- */

/* A child that sends each 64 bytes back. */
static pid_t echo_server(int *fd) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0) die("socketpair");
  pid_t child = fork();
  if (child == 0) {
    char slot[SLOT];
    pin(0, 1);
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

double plain_socket_read(void) {
  static double took[READS];
  int fd;
  char slot[SLOT] = {0};
  pid_t child = echo_server(&fd);
  for (int i = 0; i < READS; i++) {
    double start = seconds();
    write_all(fd, slot, SLOT);
    read_all(fd, slot, SLOT);
    took[i] = seconds() - start;
  }
  close(fd);
  waitpid(child, NULL, 0);
  return median(took, READS) * 1e9;
}

enum { FRAME = SLOT + 24 * BATCH, GATHER = 32 << 10 };

/* Takes frames of records apart until all have come. */
static void take_posts(int fd) {
  static char buffer[1 << 20];
  size_t have = 0;
  uint64_t seen = 0, sum = 0;
  while (seen < POSTS) {
    ssize_t got = read(fd, buffer + have, sizeof buffer - have);
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
  write_all(fd, &sum, 8);
  _exit(0);
}

double plain_socket_posts(void) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0) die("socketpair");
  pid_t child = fork();
  if (child == 0) {
    pin(0, 1);
    take_posts(pair[1]);
  }
  static char frames[GATHER / FRAME * FRAME];
  uint64_t sum;
  double start = seconds();
  for (size_t sent = 0, all = (size_t)POSTS / BATCH * FRAME; sent < all;) {
    size_t piece = all - sent < sizeof frames ? all - sent : sizeof frames;
    write_all(pair[0], frames, piece);
    sent += piece;
  }
  read_all(pair[0], &sum, 8);
  double result = (seconds() - start) * 1e9 / POSTS;
  close(pair[0]);
  close(pair[1]);
  waitpid(child, NULL, 0);
  return result;
}

/* ---- Rings ---- */

/* As the protocol's rings, with nobody to mistrust: a slot each way, and the same words. */
struct ring {
  _Alignas(64) _Atomic uint32_t head;
  _Alignas(64) _Atomic uint32_t tail;
  _Alignas(64) _Atomic uint32_t sleeps;
  _Alignas(64) _Atomic uint32_t reply_head;
  _Alignas(64) _Atomic uint32_t reply_tail;
  _Alignas(64) _Atomic uint32_t client_sleeps;
  _Alignas(64) char slots[RING][SLOT];
  _Alignas(64) char replies[RING][SLOT];
};

static void rest(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/* A child that takes slots, and sends each back if somebody waits for that. */
static pid_t ring_server(struct ring *r, int bell, bool answers) {
  pid_t child = fork();
  if (child != 0) return child;
  uint32_t taken = 0, idle = 0;
  char slot[SLOT];
  pin(0, 1);
  for (;;) {
    uint32_t head = atomic_load_explicit(&r->head, memory_order_acquire);
    if (head != taken) {
      for (; taken != head; taken++) {
        memcpy(slot, r->slots[taken % RING], SLOT);
        if (answers) memcpy(r->replies[taken % RING], slot, SLOT);
      }
      if (answers) atomic_store_explicit(&r->reply_head, taken, memory_order_release);
      atomic_store_explicit(&r->tail, taken, memory_order_release);
      atomic_thread_fence(memory_order_seq_cst);
      if (atomic_load_explicit(&r->client_sleeps, memory_order_relaxed)) _exit(1);
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

static double through_ring(bool posted) {
  static double took[READS];
  struct ring *r =
      mmap(NULL, sizeof *r, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int bell = eventfd(0, EFD_CLOEXEC);
  if (r == MAP_FAILED || bell < 0) die("a ring");
  pid_t child = ring_server(r, bell, !posted);
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
    result = (seconds() - start) * 1e9 / POSTS;
  } else {
    for (int i = 0; i < READS; i++) {
      start = seconds();
      memcpy(r->slots[put % RING], slot, SLOT);
      ring_put(r, bell, ++put);
      while (atomic_load_explicit(&r->reply_head, memory_order_acquire) != put) rest();
      memcpy(slot, r->replies[(put - 1) % RING], SLOT);
      atomic_store_explicit(&r->reply_tail, put, memory_order_release);
      took[i] = seconds() - start;
    }
    result = median(took, READS) * 1e9;
  }
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  close(bell);
  munmap(r, sizeof *r);
  return result;
}

double plain_ring_read(void) { return through_ring(false); }
double plain_ring_posts(void) { return through_ring(true); }

/* ---- Many clients of one epoll loop ---- */

static void echo_all(const int fds[CLIENTS]) {
  int poller = epoll_create1(0);
  for (int i = 0; i < CLIENTS; i++) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fds[i]};
    epoll_ctl(poller, EPOLL_CTL_ADD, fds[i], &event);
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

static void ask_echo(void *fd) {
  char slot[SLOT] = {0};
  write_all(*(int *)fd, slot, SLOT);
  read_all(*(int *)fd, slot, SLOT);
}

double plain_many(void) {
  int ours[CLIENTS], theirs[CLIENTS];
  void *clients[CLIENTS];
  for (int i = 0; i < CLIENTS; i++) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0) die("socketpair");
    ours[i] = pair[0];
    theirs[i] = pair[1];
    clients[i] = &ours[i];
  }
  pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < CLIENTS; i++) close(ours[i]);
    echo_all(theirs);
  }
  double result = many(ask_echo, clients);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  for (int i = 0; i < CLIENTS; i++) {
    close(ours[i]);
    close(theirs[i]);
  }
  return result;
}

/* ---- Beside work ---- */

/* A child that is busy for as long as the daemon was, and looks at its socket as often: what a read
 * takes here it takes because of the machine. */
static void echo_beside_work(int fd) {
  enum { STEP_NS = 8000 };
  char slot[SLOT];
  double now = seconds(), end = now + beside.lasted;
  while (now < end) {
    for (double until = now + STEP_NS * 1e-9; now < until;) now = seconds();
    ssize_t got = recv(fd, slot, SLOT, MSG_DONTWAIT);
    if (got == 0) _exit(0);
    if (got < 0) continue;
    if ((size_t)got < SLOT) read_all(fd, slot + got, SLOT - (size_t)got);
    write_all(fd, slot, SLOT);
  }
  _exit(0);
}

static double beside_work(double part) {
  int pair[2];
  char slot[SLOT] = {0};
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0) die("socketpair");
  pid_t child = fork();
  if (child == 0) {
    close(pair[0]);
    pin(0, 1);
    write_all(pair[1], slot, 1);
    echo_beside_work(pair[1]);
  }
  close(pair[1]);
  read_all(pair[0], slot, 1);
  double last = seconds();
  for (beside.count = 0;;) {
    if (send(pair[0], slot, SLOT, MSG_NOSIGNAL) != SLOT) break;
    if (recv(pair[0], slot, SLOT, MSG_WAITALL) != SLOT) break;
    double now = seconds();
    took((now - last) * 1e9);
    last = now;
  }
  close(pair[0]);
  waitpid(child, NULL, 0);
  return quantile(beside.took, beside.count, part);
}

double plain_longest_read(void) { return beside_work(1); }
double plain_backlog_read(void) { return beside_work(0.999); }
