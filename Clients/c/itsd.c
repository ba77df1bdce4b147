/* A client of itsd. itsd.h says what each call does, README.md how they go together.
 *
 * From the bottom up, each part on those above it: the protocol's numbers, bytes, interrupt
 * outputs, the socket, rings, requests (which go through the one or the other, in one order); then
 * the calls in the order of the header.
 *
 * SPDX-License-Identifier: Apache-2.0 OR MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "itsd.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* ---- The protocol's numbers ---- */

enum {
  SLOT = 64,
  TAIL_LIMIT = 1 << 20,
  GATHER = 32 << 10, /* bytes posted before they are sent */
  MAX_FDS = 8,
  MAX_PES = 1 << 16,
  GREETING_MS = 10000
};

static const uint64_t MAGIC = 0x4552495744535449u; /* "ITSDWIRE" */
static const uint64_t VERSION = 1u << 16 | 2u;

enum type {
  HELLO = 0x01, ATTACH = 0x02, BYE = 0x03, LIST = 0x04, CLOSING = 0x05,
  MEM_MAP = 0x10, MEM_UNMAP = 0x11, MEM_READ = 0x12, MEM_WRITE = 0x13, MEM_DIRTY = 0x14,
  MMIO_READ = 0x20, MMIO_WRITE = 0x21, WRITE_BATCH = 0x22, SYSREG_READ = 0x23, SYSREG_WRITE = 0x24,
  MSI = 0x30, MSI_BATCH = 0x31, INPUT_LINE = 0x32, TRANSLATE = 0x33, LINE = 0x34,
  TIME_ADVANCE = 0x40, FLUSH = 0x41, RESET = 0x42, TIME_PROMISE = 0x43,
  STATS = 0x50,
  PORT_OPEN = 0x60, PORT_CLOSE = 0x61, PORT_FENCE = 0x62, LINE_PAGE = 0x63,
  QUIESCE = 0x70, RESUME = 0x71, SNAPSHOT_SAVE = 0x72, SNAPSHOT_READ = 0x73,
  SNAPSHOT_WRITE = 0x74, SNAPSHOT_RESTORE = 0x75, CHECKPOINT = 0x76,
  DEVICE_HAS = 0x80, DEVICE_GET = 0x81, DEVICE_SET = 0x82
};

enum flag { REPLY = 1, NO_REPLY = 2, ERROR = 4, TIMED = 16, IRQ_VALID = 32 };
enum source_kind { NOBODY = 0, PE = 1, DEVICE = 2 };

/* A ring pair in shared memory: where its words lie. */
enum {
  REQUEST_HEAD = 0x40, REQUEST_TAIL = 0x80, DAEMON_SLEEPS = 0xc0,
  REPLY_HEAD = 0x100, REPLY_TAIL = 0x140, CLIENT_SLEEPS = 0x180, REQUEST_SLOTS = 0x1000
};

/* The line page: 64 bytes a PE. */
enum { LINE_STRIDE = 64, LINE_GUARD = 32 };

struct slot {
  uint32_t size;
  uint16_t type;
  uint8_t flags;
  uint8_t fds;
  uint32_t id;
  uint32_t error;
  uint64_t time;
  uint32_t source;
  uint32_t attrs;
  uint64_t a, b, c, d;
};

struct port {
  uint32_t number;
  uint32_t slots;
  uint8_t *memory;
  size_t size;
  int daemon_bell;
  int own_bell;
  uint32_t put;   /* slots put and taken: this end's own counts */
  uint32_t taken;
  uint32_t shown; /* of those put, how many the daemon may see */
  uint32_t gone;  /* and how many it had taken when it was last asked */
  bool dirty;     /* something posted has not been waited for */
};

struct itsd {
  int fd;
  bool is_unix;
  int dead; /* a negative errno once the connection has ended */
  int patience;
  uint32_t last_id;
  uint64_t frames_sent;
  bool socket_dirty;
  uint64_t time;
  size_t frame_limit;
  unsigned spins;

  uint8_t *in;
  size_t in_head, in_tail, in_size;
  uint8_t *out;
  size_t out_count, out_size;
  int fds[2 * MAX_FDS];
  unsigned fd_count;

  bool has_reply;
  struct slot reply;
  uint8_t *tail; /* of the last reply, and a zero */
  size_t tail_count;
  struct itsd_reply last;

  struct itsd_machine machine;
  uint64_t *its_bases;
  uint32_t *affinities;
  char *configuration;

  struct itsd_lines *lines;
  uint32_t *reported; /* sequence numbers that itsd_next_lines() has given */
  uint32_t line_count;
  uint32_t next_line;
  uint8_t *page;
  size_t page_size;

  struct port *ports;
  unsigned port_count;
  char error[512];
};

__attribute__((format(printf, 3, 4)))
static int fail(itsd *c, int error, const char *format, ...) {
  va_list list;
  va_start(list, format);
  vsnprintf(c->error, sizeof c->error, format, list);
  va_end(list);
  return error < 0 ? error : -error;
}

static int lost(itsd *c, int error, const char *what) {
  if (c->dead == 0) c->dead = fail(c, error, "%s: %s", what, strerror(error));
  return c->dead;
}

/* ---- Little-endian ---- */

static void put32(uint8_t *at, uint32_t value) {
  value = htole32(value);
  memcpy(at, &value, 4);
}
static void put64(uint8_t *at, uint64_t value) {
  value = htole64(value);
  memcpy(at, &value, 8);
}
static uint32_t get32(const uint8_t *at) {
  uint32_t value;
  memcpy(&value, at, 4);
  return le32toh(value);
}
static uint64_t get64(const uint8_t *at) {
  uint64_t value;
  memcpy(&value, at, 8);
  return le64toh(value);
}

static void encode(uint8_t *at, const struct slot *s) {
  put32(at, s->size);
  put32(at + 4, s->type | (uint32_t)s->flags << 16 | (uint32_t)s->fds << 24);
  put32(at + 8, s->id);
  put32(at + 12, s->error);
  put64(at + 16, s->time);
  put32(at + 24, s->source);
  put32(at + 28, s->attrs);
  put64(at + 32, s->a);
  put64(at + 40, s->b);
  put64(at + 48, s->c);
  put64(at + 56, s->d);
}

static struct slot decode(const uint8_t *at) {
  uint32_t head = get32(at + 4);
  struct slot s = {
    .size = get32(at), .type = (uint16_t)head, .flags = (uint8_t)(head >> 16),
    .fds = (uint8_t)(head >> 24), .id = get32(at + 8), .error = get32(at + 12),
    .time = get64(at + 16), .source = get32(at + 24), .attrs = get32(at + 28),
    .a = get64(at + 32), .b = get64(at + 40), .c = get64(at + 48), .d = get64(at + 56),
  };
  return s;
}

/* ---- Interrupt outputs ---- */

static int know_pe(itsd *c, uint32_t pe) {
  if (pe < c->line_count) return 0;
  if (pe >= MAX_PES) return fail(c, EINVAL, "PE %u is none", pe);
  uint32_t count = pe + 1;
  struct itsd_lines *lines = realloc(c->lines, count * sizeof *lines);
  if (lines) c->lines = lines;
  uint32_t *reported = realloc(c->reported, count * sizeof *reported);
  if (reported) c->reported = reported;
  if (!lines || !reported) return fail(c, ENOMEM, "no memory for %u PEs", count);
  for (uint32_t i = c->line_count; i < count; i++) {
    memset(&lines[i], 0, sizeof lines[i]);
    lines[i].pe = i;
    reported[i] = 0;
  }
  c->line_count = count;
  return 0;
}

/* Keeps what is newer than what is known. */
static void hear(itsd *c, uint32_t pe, uint64_t summary, uint64_t time, uint64_t cycle) {
  if (know_pe(c, pe) < 0) return;
  struct itsd_lines *lines = &c->lines[pe];
  uint32_t sequence = (uint32_t)(summary >> 32);
  if ((int32_t)(sequence - lines->sequence) <= 0) return;
  lines->sequence = sequence;
  lines->levels = (uint8_t)summary;
  lines->time = time;
  lines->cycle = cycle;
}

/* ---- The socket ---- */

static void forget_fds(itsd *c) {
  for (unsigned i = 0; i < c->fd_count; i++) close(c->fds[i]);
  c->fd_count = 0;
}

static void keep_fds(itsd *c, struct msghdr *message) {
  for (struct cmsghdr *h = CMSG_FIRSTHDR(message); h; h = CMSG_NXTHDR(message, h)) {
    if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof fd);
      if (c->fd_count < sizeof c->fds / sizeof c->fds[0]) {
        c->fds[c->fd_count++] = fd;
      } else {
        close(fd);
      }
    }
  }
}

static void take_reply(itsd *c, const struct slot *s, const uint8_t *frame) {
  size_t padding = s->attrs >> 28 & 7;
  size_t count = s->size - SLOT;
  count = count > padding ? count - padding : 0;
  if (count) memcpy(c->tail, frame + SLOT, count);
  c->tail[count] = 0;
  c->tail_count = count;
  c->reply = *s;
  c->has_reply = true;
}

/* Handles every whole frame that has come. */
static int take_frames(itsd *c) {
  while (c->dead == 0 && !c->has_reply && c->in_tail - c->in_head >= SLOT) {
    const uint8_t *frame = c->in + c->in_head;
    struct slot s = decode(frame);
    if (s.size < SLOT || s.size % 8 || s.size > c->in_size) {
      return lost(c, EPROTO, "a frame of the daemon makes no sense");
    }
    if (c->in_tail - c->in_head < s.size) break;
    if (s.flags & REPLY) {
      take_reply(c, &s, frame);
    } else if (s.type == LINE) {
      hear(c, s.source, s.c, s.time, s.d);
    } else if (s.type == CLOSING) {
      int count = (int)(s.size - SLOT - (s.attrs >> 28 & 7));
      c->dead = fail(
          c, (int)s.error, "the daemon ends the connection: %.*s", count < 0 ? 0 : count,
          (const char *)frame + SLOT);
    }
    c->in_head += s.size;
  }
  return c->dead;
}

/* Reads what there is; with `wait` until there is something. */
static int receive(itsd *c, bool wait) {
  if (c->in_head) {
    memmove(c->in, c->in + c->in_head, c->in_tail - c->in_head);
    c->in_tail -= c->in_head;
    c->in_head = 0;
  }
  if (wait) {
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    int ready = poll(&p, 1, c->patience);
    if (ready == 0) return lost(c, ETIMEDOUT, "the daemon does not answer");
    if (ready < 0 && errno != EINTR) return lost(c, errno, "waiting for the daemon");
  }
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(MAX_FDS * sizeof(int))];
  } control;
  struct iovec part = {.iov_base = c->in + c->in_tail, .iov_len = c->in_size - c->in_tail};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (c->is_unix) {
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
  }
  ssize_t count = recvmsg(c->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (count == 0) return lost(c, ECONNRESET, "the daemon closed the connection");
  if (count < 0) {
    if (errno == EAGAIN || errno == EINTR) return 0;
    return lost(c, errno, "reading from the daemon");
  }
  if (c->is_unix) keep_fds(c, &message);
  c->in_tail += (size_t)count;
  return take_frames(c);
}

/* Sends bytes, `fd` with the first of them; takes what comes meanwhile, so that neither end waits
 * for the other. */
static int send_bytes(itsd *c, const uint8_t *bytes, size_t count, int fd) {
  while (count) {
    union {
      struct cmsghdr align;
      char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd >= 0) {
      message.msg_control = control.bytes;
      message.msg_controllen = sizeof control.bytes;
      struct cmsghdr *h = CMSG_FIRSTHDR(&message);
      h->cmsg_level = SOL_SOCKET;
      h->cmsg_type = SCM_RIGHTS;
      h->cmsg_len = CMSG_LEN(sizeof(int));
      memcpy(CMSG_DATA(h), &fd, sizeof fd);
    }
    ssize_t sent = sendmsg(c->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      fd = -1;
      bytes += sent;
      count -= (size_t)sent;
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) {
      /* The daemon may have said why before it closed. */
      int error = errno;
      while (c->dead == 0 && receive(c, false) == 0 && c->in_tail > c->in_head) {}
      return lost(c, error == EPIPE ? ECONNRESET : error, "sending to the daemon");
    }
    struct pollfd p = {.fd = c->fd, .events = POLLIN | POLLOUT};
    poll(&p, 1, -1);
    if (p.revents & POLLIN && receive(c, false) < 0) return c->dead;
  }
  return 0;
}

static int flush_socket(itsd *c) {
  size_t count = c->out_count;
  c->out_count = 0;
  return count ? send_bytes(c, c->out, count, -1) : 0;
}

/* ---- Rings ---- */

static _Atomic(uint32_t) *word(const struct port *p, size_t offset) {
  return (_Atomic(uint32_t) *)(void *)(p->memory + offset);
}

static void rest(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/* Shows the daemon what was put and taken, and wakes it if it sleeps. */
static void publish(struct port *p) {
  atomic_store_explicit(word(p, REQUEST_HEAD), p->put, memory_order_release);
  atomic_store_explicit(word(p, REPLY_TAIL), p->taken, memory_order_release);
  p->shown = p->put;
  atomic_thread_fence(memory_order_seq_cst);
  if (atomic_load_explicit(word(p, DAEMON_SLEEPS), memory_order_relaxed)) {
    uint64_t one = 1;
    ssize_t written = write(p->daemon_bell, &one, sizeof one);
    (void)written; /* a bell that is full has been rung */
  }
}

/* Room for requests, or replies to take, or what a caller waits for: as `what` says. */
static bool ring_ready(struct port *p, bool for_room) {
  if (for_room) {
    /* The daemon's index lies in its processor's cache: it is asked for only when need be. */
    if (p->put - p->gone >= p->slots) {
      p->gone = atomic_load_explicit(word(p, REQUEST_TAIL), memory_order_acquire);
    }
    return p->put - p->gone < p->slots;
  }
  return atomic_load_explicit(word(p, REPLY_HEAD), memory_order_acquire) != p->taken;
}

/* Sleeps until the daemon rings or the socket has something; at most so many milliseconds. */
static int sleep_on(itsd *c, struct port *p, int milliseconds) {
  struct pollfd both[2] = {
    {.fd = p->own_bell, .events = POLLIN}, {.fd = c->fd, .events = POLLIN}};
  int ready = poll(both, 2, milliseconds);
  if (both[0].revents & POLLIN) {
    uint64_t count;
    ssize_t got = read(p->own_bell, &count, sizeof count);
    (void)got;
  }
  if (both[1].revents && receive(c, false) < 0) return c->dead;
  return ready;
}

static int wait_for_ring(itsd *c, struct port *p, bool for_room) {
  /* A ring that is full is being worked on: room comes soon, and a little of it is not worth a
   * system call at either end. */
  unsigned spins = for_room ? 10 * c->spins : c->spins;
  for (unsigned i = 0; i < spins; i++) {
    if (ring_ready(p, for_room)) return 0;
    rest();
  }
  int status = 0;
  while (status >= 0) {
    atomic_store_explicit(word(p, CLIENT_SLEEPS), 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    if (ring_ready(p, for_room)) break;
    status = sleep_on(c, p, -1);
    if (status < 0 && c->dead == 0) status = 0; /* a signal */
  }
  atomic_store_explicit(word(p, CLIENT_SLEEPS), 0, memory_order_relaxed);
  return status < 0 ? status : 0;
}

static int ring_put(itsd *c, struct port *p, const struct slot *s) {
  if (!ring_ready(p, true)) {
    publish(p);
    int status = wait_for_ring(c, p, true);
    if (status < 0) return status;
  }
  encode(p->memory + REQUEST_SLOTS + (size_t)(p->put & (p->slots - 1)) * SLOT, s);
  p->put++;
  /* Posted slots are shown in small batches: the daemon works while more are put. */
  if (p->put - p->shown >= 16) publish(p);
  return 0;
}

static int ring_take(itsd *c, struct port *p) {
  if (!ring_ready(p, false)) {
    int status = wait_for_ring(c, p, false);
    if (status < 0) return status;
  }
  size_t at = REQUEST_SLOTS + (size_t)(p->slots + (p->taken & (p->slots - 1))) * SLOT;
  c->reply = decode(p->memory + at);
  c->tail_count = 0;
  c->tail[0] = 0;
  p->taken++;
  return 0;
}

/* The port that a request goes through; null: the socket. */
static struct port *route(itsd *c, const struct slot *s) {
  if (c->port_count == 0) return NULL;
  switch (s->type) {
    case MSI: case TRANSLATE: return &c->ports[0];
    case MMIO_READ: case MMIO_WRITE: case SYSREG_READ: case SYSREG_WRITE: case INPUT_LINE:
      break;
    case TIME_ADVANCE:
      if (s->b != ITSD_LINE_RAISED) return &c->ports[0];
      break;
    default: return NULL;
  }
  for (unsigned i = 0; i < c->port_count; i++) {
    if (c->ports[i].number == s->source) return &c->ports[i];
  }
  return NULL;
}

/* ---- Requests ---- */

static struct slot request(itsd *c, enum type type, enum source_kind kind, uint32_t source) {
  struct slot s = {.size = SLOT, .type = (uint16_t)type, .source = source};
  s.attrs = (uint32_t)kind << 4;
  if (c->time != ITSD_NONE && type >= MMIO_READ && type < STATS) {
    s.flags = TIMED;
    s.time = c->time;
  }
  return s;
}

/* Appends a frame to what will be sent. */
static int append(itsd *c, struct slot *s, const void *tail, size_t count) {
  size_t padding = -count & 7;
  size_t size = SLOT + count + padding;
  if (size > c->frame_limit) {
    return fail(c, EMSGSIZE, "a frame of %zu bytes; agreed are %zu", size, c->frame_limit);
  }
  if (c->out_count + size > c->out_size) {
    size_t room = c->out_size * 2 > c->out_count + size ? c->out_size * 2 : c->out_count + size;
    uint8_t *out = realloc(c->out, room);
    if (!out) return fail(c, ENOMEM, "no memory for a frame of %zu bytes", size);
    c->out = out;
    c->out_size = room;
  }
  s->size = (uint32_t)size;
  s->attrs |= (uint32_t)padding << 28;
  s->id = ++c->last_id;
  uint8_t *at = c->out + c->out_count;
  encode(at, s);
  if (count) memcpy(at + SLOT, tail, count);
  memset(at + SLOT + count, 0, padding);
  c->out_count += size;
  c->frames_sent++;
  return 0;
}

/* What was posted through rings comes before what the socket brings next. */
static int fence_rings(itsd *c) {
  for (unsigned i = 0; i < c->port_count; i++) {
    struct port *p = &c->ports[i];
    if (!p->dirty) continue;
    publish(p);
    p->dirty = false;
    struct slot s = {.size = SLOT, .type = PORT_FENCE, .flags = NO_REPLY, .source = p->number};
    s.a = p->put;
    int status = append(c, &s, NULL, 0);
    if (status < 0) return status;
  }
  return 0;
}

/* What was posted through the socket, or through another ring, comes before what this ring brings
 * next. */
static int fence_others(itsd *c, struct port *p) {
  bool others = false;
  for (unsigned i = 0; i < c->port_count; i++) {
    others = others || (&c->ports[i] != p && c->ports[i].dirty);
  }
  if (!others && !c->socket_dirty) return 0;
  bool own = p->dirty;
  p->dirty = false;
  int status = fence_rings(c);
  p->dirty = own;
  if (status == 0) status = flush_socket(c);
  if (status < 0) return status;
  c->socket_dirty = false;
  struct slot s = {.size = SLOT, .type = PORT_FENCE, .flags = NO_REPLY, .source = p->number};
  s.a = c->frames_sent;
  return ring_put(c, p, &s);
}

static int post(itsd *c, struct slot *s, const void *tail, size_t count) {
  if (c->dead) return c->dead;
  s->flags |= NO_REPLY;
  struct port *p = route(c, s);
  if (p) {
    int status = fence_others(c, p);
    if (status == 0) status = ring_put(c, p, s);
    p->dirty = true;
    return status;
  }
  int status = fence_rings(c);
  if (status == 0) status = append(c, s, tail, count);
  if (status < 0) return status;
  c->socket_dirty = true;
  return c->out_count >= GATHER ? flush_socket(c) : 0;
}

/* What the reply says, into `last`; its errno. */
static int judge(itsd *c, const struct slot *s) {
  struct slot *r = &c->reply;
  struct itsd_reply last = {
    .value = r->a, .latency = r->b, .time = r->time, .cycle = r->d,
    .bus = (uint8_t)(r->attrs >> 16), .horizon = (uint32_t)(r->c >> 8) & 0xffffff};
  if (r->flags & IRQ_VALID) {
    last.has_levels = 1;
    last.levels = (uint8_t)r->c;
    last.sequence = (uint32_t)(r->c >> 32);
    if ((s->attrs >> 4 & 3) == PE) hear(c, s->source, r->c, r->time, r->d);
  }
  c->last = last;
  if (r->error == 0) return 0;
  if (c->tail_count) return fail(c, (int)r->error, "%s", (const char *)c->tail);
  return fail(
      c, (int)r->error, "request 0x%02x was refused: %s (the daemon's log says more)", s->type,
      strerror((int)r->error));
}

/* Asks and waits for the answer; `fd` goes with the frame. */
static int ask_with(itsd *c, struct slot *s, const void *tail, size_t count, int fd) {
  if (c->dead) return c->dead;
  struct port *p = fd < 0 && count == 0 ? route(c, s) : NULL;
  if (p) {
    int status = fence_others(c, p);
    s->id = ++c->last_id;
    if (status == 0) status = ring_put(c, p, s);
    publish(p);
    if (status == 0) status = ring_take(c, p);
    if (status < 0) return status;
    p->dirty = false;
  } else {
    int status = fence_rings(c);
    if (status == 0 && fd >= 0) status = flush_socket(c);
    if (status == 0) status = append(c, s, tail, count);
    if (status < 0) return status;
    size_t size = c->out_count;
    c->out_count = 0;
    if (send_bytes(c, c->out, size, fd) < 0) return c->dead;
    take_frames(c);
    while (!c->has_reply && c->dead == 0) receive(c, true);
    if (!c->has_reply) return c->dead;
    c->has_reply = false;
    c->socket_dirty = false;
  }
  if (c->reply.id != s->id || c->reply.type != s->type) {
    return lost(c, EPROTO, "the daemon answered what was not asked");
  }
  return judge(c, s);
}

static int ask(itsd *c, struct slot *s) { return ask_with(c, s, NULL, 0, -1); }

static uint32_t width(unsigned size) {
  return size == 8 ? 3 : size == 4 ? 2 : size == 2 ? 1 : 0;
}

static int check_size(itsd *c, unsigned size) {
  if (size == 1 || size == 2 || size == 4 || size == 8) return 0;
  return fail(c, EINVAL, "an access of %u bytes; 1, 2, 4 or 8 exist", size);
}

/* ---- Coming and going ---- */

static int connect_unix(itsd *c, const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) {
    return fail(c, ENAMETOOLONG, "'%s' is too long", path);
  }
  strcpy(address.sun_path, path);
  c->is_unix = true;
  c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (c->fd < 0) return fail(c, errno, "socket: %s", strerror(errno));
  if (connect(c->fd, (struct sockaddr *)&address, sizeof address) < 0) {
    return fail(
        c, errno, "'%s': %s; is itsd --listen unix:%s running?", path, strerror(errno), path);
  }
  return 0;
}

static int connect_tcp(itsd *c, const char *where) {
  char host[256];
  const char *colon = strrchr(where, ':');
  size_t count = colon ? (size_t)(colon - where) : 0;
  if (count == 0 || count >= sizeof host) {
    return fail(c, EINVAL, "'tcp:%s' is not tcp:HOST:PORT", where);
  }
  bool bracketed = where[0] == '[' && where[count - 1] == ']';
  memcpy(host, where + bracketed, count - 2u * bracketed);
  host[count - 2u * bracketed] = 0;
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
  int status = getaddrinfo(host, colon + 1, &hints, &found);
  if (status) return fail(c, EADDRNOTAVAIL, "'%s': %s", where, gai_strerror(status));
  int error = ECONNREFUSED;
  for (struct addrinfo *a = found; a; a = a->ai_next) {
    c->fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd >= 0 && connect(c->fd, a->ai_addr, a->ai_addrlen) == 0) break;
    error = errno;
    if (c->fd >= 0) close(c->fd);
    c->fd = -1;
  }
  freeaddrinfo(found);
  if (c->fd < 0) return fail(c, error, "'%s': %s; is itsd running?", where, strerror(error));
  int one = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return 0;
}

static size_t capability(uint8_t *at, uint32_t type, const void *value, uint32_t count) {
  put32(at, type);
  put32(at + 4, count);
  memset(at + 8, 0, (count + 7u) & ~7u);
  memcpy(at + 8, value, count);
  return 8 + ((count + 7u) & ~7u);
}

static int greet(itsd *c, const char *name) {
  static const uint64_t offered[][2] = {
    {1, SLOT + TAIL_LIMIT}, {2, MAX_FDS}, {3, 0x1f}, {4, 4096}, {6, 16 << 20}, {7, 1024}, {8, 7}};
  uint8_t tail[512];
  size_t count = 0;
  for (size_t i = 0; i < sizeof offered / sizeof offered[0]; i++) {
    uint8_t value[8];
    put64(value, offered[i][1]);
    count += capability(tail + count, (uint32_t)offered[i][0], value, 8);
  }
  size_t length = name ? strnlen(name, 64) : 0;
  if (length) count += capability(tail + count, 5, name, (uint32_t)length);
  struct slot s = request(c, HELLO, NOBODY, 0);
  s.a = MAGIC;
  s.b = VERSION;
  int status = ask_with(c, &s, tail, count, -1);
  if (status < 0) return status;
  if (c->reply.a != MAGIC) return fail(c, EPROTO, "whoever answers is no itsd");
  for (size_t at = 0; at + 16 <= c->tail_count;) {
    uint32_t type = get32(c->tail + at) & 0xffff, size = get32(c->tail + at + 4);
    if (type == 1 && size == 8) c->frame_limit = (size_t)get64(c->tail + at + 8);
    at += 8 + (((size_t)size + 7) & ~(size_t)7);
  }
  if (c->frame_limit > c->in_size) c->frame_limit = c->in_size;
  return 0;
}

int itsd_open(itsd **client, const char *address, const char *name) {
  itsd *c = *client = calloc(1, sizeof *c);
  if (!c) return -ENOMEM;
  c->fd = -1;
  c->patience = GREETING_MS;
  c->time = ITSD_NONE;
  c->frame_limit = 4096;
  c->spins = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 200 : 0;
  c->in_size = SLOT + TAIL_LIMIT;
  c->out_size = 2 * GATHER;
  c->in = malloc(c->in_size);
  c->out = malloc(c->out_size);
  c->tail = calloc(1, TAIL_LIMIT + 1);
  if (!c->in || !c->out || !c->tail) return c->dead = fail(c, ENOMEM, "no memory");
  int status;
  if (strncmp(address, "unix:", 5) == 0) {
    status = connect_unix(c, address + 5);
  } else if (strncmp(address, "tcp:", 4) == 0) {
    status = connect_tcp(c, address + 4);
  } else {
    status = fail(c, EINVAL, "'%s' is neither unix:PATH nor tcp:HOST:PORT", address);
  }
  if (status == 0) status = greet(c, name);
  c->patience = -1;
  if (status < 0) c->dead = status;
  return status;
}

static int read_shape(itsd *c) {
  const uint8_t *t = c->tail;
  struct itsd_machine *m = &c->machine;
  if (c->tail_count < 48) return fail(c, EPROTO, "the answer to ATTACH makes no sense");
  uint32_t pes = get32(t), itss = get32(t + 4), hash = get32(t + 12);
  if (48 + 8ull * itss + 4ull * pes + hash != c->tail_count) {
    return fail(c, EPROTO, "the answer to ATTACH makes no sense");
  }
  c->its_bases = calloc(itss + 1, sizeof *c->its_bases);
  c->affinities = calloc(pes + 1, sizeof *c->affinities);
  c->configuration = calloc(hash + 1, 1);
  if (!c->its_bases || !c->affinities || !c->configuration) return fail(c, ENOMEM, "no memory");
  for (uint32_t i = 0; i < itss; i++) c->its_bases[i] = get64(t + 48 + 8 * i);
  for (uint32_t i = 0; i < pes; i++) c->affinities[i] = get32(t + 48 + 8 * itss + 4 * i);
  memcpy(c->configuration, t + 48 + 8 * itss + 4 * pes, hash);
  *m = (struct itsd_machine){
    .created = c->reply.a & 1, .quiesced = c->reply.a >> 1 & 1, .restored = c->reply.a >> 2 & 1,
    .timed = get32(t + 8) & 1, .requests = c->reply.b,
    .clock_hz = get64(t + 16), .gicd_base = get64(t + 24), .gicr_base = get64(t + 32),
    .gicr_stride = get64(t + 40), .pe_count = pes, .its_count = itss, .its_bases = c->its_bases,
    .affinities = c->affinities, .configuration = c->configuration};
  return pes ? know_pe(c, pes - 1) : 0;
}

int itsd_attach(itsd *c, const struct itsd_attach *what) {
  const char *yaml = what->yaml ? what->yaml : "";
  const char *machine = what->machine ? what->machine : "";
  size_t name = strlen(machine), text = strlen(yaml);
  char *tail = malloc(name + text + 1);
  if (!tail) return fail(c, ENOMEM, "no memory");
  memcpy(tail, machine, name);
  memcpy(tail + name, yaml, text);
  enum source_kind kind =
      what->role == ITSD_PE ? PE : what->role == ITSD_DEVICE ? DEVICE : NOBODY;
  struct slot s = request(c, ATTACH, kind, what->source);
  s.a = what->role;
  s.b = name;
  s.c = what->count;
  s.d = (what->no_lines ? 1u : 0) | (what->keep ? 2u : 0) | (uint64_t)what->time_mode << 2 |
      (what->fresh ? 16u : 0);
  int status = ask_with(c, &s, tail, name + text, -1);
  free(tail);
  return status < 0 ? status : read_shape(c);
}

static void free_port(struct port *p) {
  munmap(p->memory, p->size);
  close(p->daemon_bell);
  close(p->own_bell);
}

void itsd_close(itsd *c) {
  if (!c) return;
  for (unsigned i = 0; i < c->port_count; i++) free_port(&c->ports[i]);
  if (c->page) munmap(c->page, c->page_size);
  if (c->fd >= 0) close(c->fd);
  forget_fds(c);
  free(c->in);
  free(c->out);
  free(c->tail);
  free(c->its_bases);
  free(c->affinities);
  free(c->configuration);
  free(c->lines);
  free(c->reported);
  free(c->ports);
  free(c);
}

int itsd_leave(itsd *c) {
  struct slot s = request(c, BYE, NOBODY, 0);
  int status = ask(c, &s);
  itsd_close(c);
  return status;
}

const char *itsd_error(const itsd *c) { return c ? c->error : "no memory"; }
const struct itsd_machine *itsd_machine(const itsd *c) { return &c->machine; }
const struct itsd_reply *itsd_last(const itsd *c) { return &c->last; }
void itsd_set_time(itsd *c, uint64_t picoseconds) { c->time = picoseconds; }
void itsd_set_spins(itsd *c, unsigned pauses) { c->spins = pauses; }
int itsd_fd(const itsd *c) { return c->fd; }

/* ---- Memory ---- */

int itsd_map(itsd *c, uint64_t address, uint64_t size, int fd, uint64_t offset) {
  struct slot s = request(c, MEM_MAP, NOBODY, 0);
  if (fd >= 0 && !c->is_unix) {
    return fail(c, EBADF, "TCP carries no descriptors: map with -1, and the daemon holds the RAM");
  }
  s.a = address;
  s.b = size;
  s.c = offset;
  s.fds = fd >= 0;
  return ask_with(c, &s, NULL, 0, fd);
}

int itsd_ram(itsd *c, uint64_t address, size_t size, void **base) {
  int fd = memfd_create("guest-ram", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return fail(c, errno, "memfd_create: %s", strerror(errno));
  int status = 0;
  void *memory = MAP_FAILED;
  if (ftruncate(fd, (off_t)size) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) < 0) {
    status = fail(c, errno, "a memfd of %zu bytes: %s", size, strerror(errno));
  } else {
    memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
      status = fail(c, errno, "mmap of %zu bytes: %s", size, strerror(errno));
    }
  }
  if (status == 0) status = itsd_map(c, address, size, fd, 0);
  close(fd);
  if (status < 0 && memory != MAP_FAILED) munmap(memory, size);
  if (status == 0) *base = memory;
  return status;
}

int itsd_unmap(itsd *c, uint64_t address) {
  struct slot s = request(c, MEM_UNMAP, NOBODY, 0);
  s.a = address;
  return ask(c, &s);
}

int itsd_mem_read(itsd *c, uint64_t address, void *bytes, size_t count) {
  for (size_t done = 0; done < count;) {
    size_t piece = count - done < c->frame_limit - SLOT ? count - done : c->frame_limit - SLOT;
    struct slot s = request(c, MEM_READ, NOBODY, 0);
    s.a = address + done;
    s.b = piece;
    int status = ask(c, &s);
    if (status < 0) return status;
    if (c->tail_count != piece) {
      return fail(c, EPROTO, "asked for %zu bytes and got %zu", piece, c->tail_count);
    }
    memcpy((uint8_t *)bytes + done, c->tail, piece);
    done += piece;
  }
  return 0;
}

int itsd_mem_write(itsd *c, uint64_t address, const void *bytes, size_t count) {
  for (size_t done = 0; done < count;) {
    size_t piece = count - done < c->frame_limit - SLOT ? count - done : c->frame_limit - SLOT;
    struct slot s = request(c, MEM_WRITE, NOBODY, 0);
    s.a = address + done;
    int status = ask_with(c, &s, (const uint8_t *)bytes + done, piece, -1);
    if (status < 0) return status;
    done += piece;
  }
  return 0;
}

int itsd_dirty(itsd *c, uint64_t address, uint64_t size, int take, uint64_t *bitmap) {
  struct slot s = request(c, MEM_DIRTY, NOBODY, 0);
  s.a = address;
  s.b = size;
  s.c = !take;
  int status = ask(c, &s);
  if (status < 0) return status;
  size_t words = (size_t)((size / 4096 + 63) / 64);
  if (c->tail_count != 8 * words) return fail(c, EPROTO, "the answer to MEM_DIRTY makes no sense");
  for (size_t i = 0; i < words; i++) bitmap[i] = get64(c->tail + 8 * i);
  return 0;
}

/* ---- Accesses ---- */

int itsd_read(itsd *c, uint32_t pe, uint64_t address, unsigned size, uint64_t *value) {
  int status = check_size(c, size);
  if (status < 0) return status;
  struct slot s = request(c, MMIO_READ, PE, pe);
  s.attrs |= width(size);
  s.a = address;
  status = ask(c, &s);
  if (status == 0) *value = c->last.value;
  return status;
}

static struct slot write_slot(
    itsd *c, uint32_t pe, uint64_t address, unsigned size, uint64_t value) {
  struct slot s = request(c, MMIO_WRITE, PE, pe);
  s.attrs |= width(size);
  s.a = address;
  s.b = value;
  return s;
}

int itsd_write(itsd *c, uint32_t pe, uint64_t address, unsigned size, uint64_t value) {
  struct slot s = write_slot(c, pe, address, size, value);
  int status = check_size(c, size);
  return status < 0 ? status : ask(c, &s);
}

int itsd_post_write(itsd *c, uint32_t pe, uint64_t address, unsigned size, uint64_t value) {
  struct slot s = write_slot(c, pe, address, size, value);
  int status = check_size(c, size);
  return status < 0 ? status : post(c, &s, NULL, 0);
}

int itsd_write_batch(
    itsd *c, const struct itsd_write_record *writes, size_t count, size_t *first_bad) {
  uint8_t *tail = malloc(count * 24 + 1);
  if (!tail) return fail(c, ENOMEM, "no memory");
  for (size_t i = 0; i < count; i++) {
    put64(tail + 24 * i, writes[i].address);
    put64(tail + 24 * i + 8, writes[i].data);
    put32(tail + 24 * i + 16, writes[i].size);
    put32(tail + 24 * i + 20, writes[i].pe);
  }
  struct slot s = request(c, WRITE_BATCH, NOBODY, 0);
  int status = ask_with(c, &s, tail, count * 24, -1);
  free(tail);
  if (status == 0 && first_bad) *first_bad = (size_t)c->last.value;
  return status;
}

int itsd_sysreg_read(itsd *c, uint32_t pe, uint64_t key, uint64_t *value) {
  struct slot s = request(c, SYSREG_READ, PE, pe);
  s.a = key;
  int status = ask(c, &s);
  if (status == 0) *value = c->last.value;
  return status;
}

int itsd_sysreg_write(itsd *c, uint32_t pe, uint64_t key, uint64_t value) {
  struct slot s = request(c, SYSREG_WRITE, PE, pe);
  s.a = key;
  s.b = value;
  return ask(c, &s);
}

/* ---- Interrupts ---- */

static struct slot msi_slot(
    itsd *c, enum type type, uint32_t device, uint32_t event, uint64_t address) {
  struct slot s = request(c, type, DEVICE, device);
  s.a = address;
  s.b = event;
  return s;
}

int itsd_msi(itsd *c, uint32_t device, uint32_t event, uint64_t address, uint64_t *outcome) {
  struct slot s = msi_slot(c, MSI, device, event, address);
  int status = ask(c, &s);
  if (status == 0 && outcome) *outcome = c->last.value;
  return status;
}

int itsd_translate(itsd *c, uint32_t device, uint32_t event, uint64_t address, uint64_t *outcome) {
  struct slot s = msi_slot(c, TRANSLATE, device, event, address);
  int status = ask(c, &s);
  if (status == 0 && outcome) *outcome = c->last.value;
  return status;
}

int itsd_post_msi(itsd *c, uint32_t device, uint32_t event, uint64_t address) {
  struct slot s = msi_slot(c, MSI, device, event, address);
  return post(c, &s, NULL, 0);
}

int itsd_msi_batch(
    itsd *c, const struct itsd_msi_record *msis, size_t count, uint64_t *outcomes) {
  uint8_t *tail = malloc(count * 24 + 1);
  if (!tail) return fail(c, ENOMEM, "no memory");
  for (size_t i = 0; i < count; i++) {
    put64(tail + 24 * i, msis[i].time);
    put64(tail + 24 * i + 8, msis[i].address);
    put32(tail + 24 * i + 16, msis[i].device);
    put32(tail + 24 * i + 20, msis[i].event);
  }
  struct slot s = request(c, MSI_BATCH, NOBODY, 0);
  int status =
      outcomes ? ask_with(c, &s, tail, count * 24, -1) : post(c, &s, tail, count * 24);
  free(tail);
  if (status < 0 || !outcomes) return status;
  if (c->tail_count != count * 8) return fail(c, EPROTO, "the answer to MSI_BATCH makes no sense");
  for (size_t i = 0; i < count; i++) outcomes[i] = get64(c->tail + 8 * i);
  return 0;
}

int itsd_input_line(itsd *c, uint32_t pe, uint32_t intid, int level) {
  struct slot s = request(c, INPUT_LINE, PE, pe);
  s.a = intid;
  s.b = level ? 1 : 0;
  return ask(c, &s);
}

unsigned itsd_outcome(uint64_t outcome, uint32_t *intid, uint32_t *collection, uint32_t *pe) {
  if (intid) *intid = (uint32_t)(outcome & 0xffffff);
  if (collection) *collection = (uint32_t)(outcome >> 24 & 0xffff);
  if (pe) *pe = (uint32_t)(outcome >> 40 & 0xffff);
  return (unsigned)(outcome >> 56);
}

/* The page's words of a PE; waits while they change. */
static void read_page(const itsd *c, uint32_t pe, struct itsd_lines *lines) {
  uint8_t *base = c->page + (size_t)pe * LINE_STRIDE;
  _Atomic(uint64_t) *words = (_Atomic(uint64_t) *)(void *)base;
  _Atomic(uint64_t) *guard = words + LINE_GUARD / 8;
  uint64_t before, after, got[5];
  do {
    before = atomic_load_explicit(guard, memory_order_acquire);
    for (int i = 0; i < 5; i++) {
      /* The count lies between the fourth and the fifth. */
      got[i] = le64toh(atomic_load_explicit(&words[i < 4 ? i : 5], memory_order_relaxed));
    }
    atomic_thread_fence(memory_order_acquire);
    after = atomic_load_explicit(guard, memory_order_relaxed);
  } while (before != after || before & 1);
  *lines = (struct itsd_lines){
    .pe = pe, .sequence = (uint32_t)(got[0] >> 32), .levels = (uint8_t)got[0], .cycle = got[1],
    .time = got[2], .horizon = got[3], .intid = (uint32_t)got[4],
    .priority = (uint8_t)(got[4] >> 32)};
}

int itsd_lines(itsd *c, uint32_t pe, struct itsd_lines *lines) {
  if (pe >= c->machine.pe_count) return fail(c, ENXIO, "there is no PE %u", pe);
  if (c->page) {
    read_page(c, pe, lines);
  } else {
    *lines = c->lines[pe];
  }
  return 0;
}

int itsd_next_lines(itsd *c, struct itsd_lines *lines) {
  for (uint32_t i = 0; i < c->machine.pe_count; i++) {
    uint32_t pe = c->next_line++ % c->machine.pe_count;
    itsd_lines(c, pe, lines);
    if (lines->sequence == c->reported[pe]) continue;
    c->reported[pe] = lines->sequence;
    return 1;
  }
  return 0;
}

static int64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int itsd_wait_for_line(itsd *c, uint32_t pe, int milliseconds, struct itsd_lines *lines) {
  struct itsd_lines own;
  if (!lines) lines = &own;
  int64_t end = now_ms() + milliseconds;
  struct port *p = NULL;
  for (unsigned i = 0; i < c->port_count; i++) {
    if (c->ports[i].number == pe) p = &c->ports[i];
  }
  int status = itsd_flush(c);
  while (status >= 0) {
    if (p) {
      atomic_store_explicit(word(p, CLIENT_SLEEPS), 1, memory_order_relaxed);
      atomic_thread_fence(memory_order_seq_cst);
    }
    status = itsd_lines(c, pe, lines);
    if (status < 0 || lines->levels & (ITSD_IRQ | ITSD_FIQ)) break;
    int64_t left = milliseconds < 0 ? -1 : end - now_ms();
    if (milliseconds >= 0 && left <= 0) {
      status = fail(c, ETIMEDOUT, "PE %u has no interrupt within %d ms", pe, milliseconds);
      break;
    }
    if (p) {
      sleep_on(c, p, (int)left);
    } else {
      struct pollfd one = {.fd = c->fd, .events = POLLIN};
      if (poll(&one, 1, (int)left) > 0) receive(c, false);
    }
    status = c->dead;
  }
  if (p) atomic_store_explicit(word(p, CLIENT_SLEEPS), 0, memory_order_relaxed);
  return status;
}

/* ---- Time and the machine ---- */

int itsd_advance(
    itsd *c, uint64_t limit, enum itsd_until until, uint32_t pe, uint64_t *reached) {
  bool named = until == ITSD_LINE_RAISED;
  struct slot s = request(c, TIME_ADVANCE, named ? PE : NOBODY, named ? pe : 0);
  s.a = limit;
  s.b = until;
  int status = ask(c, &s);
  if (status == 0 && reached) *reached = c->last.value;
  return status;
}

int itsd_promise(itsd *c, uint64_t picoseconds) {
  if (c->dead) return c->dead;
  for (unsigned i = 0; i < c->port_count; i++) {
    struct slot s = request(c, TIME_PROMISE, NOBODY, 0);
    s.flags = NO_REPLY;
    s.a = picoseconds;
    int status = ring_put(c, &c->ports[i], &s);
    if (status < 0) return status;
    publish(&c->ports[i]);
  }
  struct slot s = request(c, TIME_PROMISE, NOBODY, 0);
  s.a = picoseconds;
  return ask(c, &s);
}

static int simple(itsd *c, enum type type) {
  struct slot s = request(c, type, NOBODY, 0);
  return ask(c, &s);
}

int itsd_flush_tables(itsd *c) { return simple(c, FLUSH); }
int itsd_reset(itsd *c) { return simple(c, RESET); }

int itsd_quiesce(itsd *c) {
  int status = simple(c, QUIESCE);
  if (status == 0) c->machine.quiesced = 1;
  return status;
}

int itsd_resume(itsd *c) {
  int status = simple(c, RESUME);
  if (status == 0) c->machine.quiesced = 0;
  return status;
}

int itsd_save(itsd *c, void **bytes, size_t *count) {
  int status = simple(c, SNAPSHOT_SAVE);
  if (status < 0) return status;
  size_t all = (size_t)c->last.value;
  uint8_t *file = malloc(all ? all : 1);
  if (!file) return fail(c, ENOMEM, "no memory");
  for (size_t done = 0; done < all && status == 0;) {
    size_t piece = all - done < c->frame_limit - SLOT ? all - done : c->frame_limit - SLOT;
    struct slot s = request(c, SNAPSHOT_READ, NOBODY, 0);
    s.a = done;
    s.b = piece;
    status = ask(c, &s);
    if (status == 0 && c->tail_count != piece) {
      status = fail(c, EPROTO, "asked for %zu bytes and got %zu", piece, c->tail_count);
    }
    if (status == 0) memcpy(file + done, c->tail, piece);
    done += piece;
  }
  if (status < 0) {
    free(file);
    return status;
  }
  *bytes = file;
  *count = all;
  return 0;
}

int itsd_restore(itsd *c, const void *bytes, size_t count) {
  for (size_t done = 0; done < count;) {
    size_t piece = count - done < c->frame_limit - SLOT ? count - done : c->frame_limit - SLOT;
    struct slot s = request(c, SNAPSHOT_WRITE, NOBODY, 0);
    s.a = done;
    s.b = count;
    int status = ask_with(c, &s, (const uint8_t *)bytes + done, piece, -1);
    if (status < 0) return status;
    done += piece;
  }
  return simple(c, SNAPSHOT_RESTORE);
}

int itsd_checkpoint(itsd *c, uint64_t *requests) {
  int status = simple(c, CHECKPOINT);
  if (status == 0 && requests) *requests = c->last.value;
  return status;
}

static int attribute(
    itsd *c, enum type what, uint32_t type, uint32_t number, uint32_t group, uint64_t attr,
    const uint64_t *value) {
  struct slot s = request(c, what, NOBODY, number);
  s.a = attr;
  s.b = value ? *value : 0;
  s.c = (uint64_t)type << 32 | group;
  s.d = value != NULL;
  return ask(c, &s);
}

int itsd_has_device_attr(
    itsd *c, uint32_t type, uint32_t number, uint32_t group, uint64_t attr) {
  return attribute(c, DEVICE_HAS, type, number, group, attr, NULL);
}

int itsd_get_device_attr(
    itsd *c, uint32_t type, uint32_t number, uint32_t group, uint64_t attr, uint64_t *value) {
  int status = attribute(c, DEVICE_GET, type, number, group, attr, value);
  if (status == 0 && value) *value = c->last.value;
  return status;
}

int itsd_set_device_attr(
    itsd *c, uint32_t type, uint32_t number, uint32_t group, uint64_t attr,
    const uint64_t *value) {
  return attribute(c, DEVICE_SET, type, number, group, attr, value);
}

static int text(itsd *c, enum type type, char **json) {
  int status = simple(c, type);
  if (status < 0) return status;
  *json = malloc(c->tail_count + 1);
  if (!*json) return fail(c, ENOMEM, "no memory");
  memcpy(*json, c->tail, c->tail_count + 1);
  return 0;
}

int itsd_statistics(itsd *c, char **json) { return text(c, STATS, json); }
int itsd_list(itsd *c, char **json) { return text(c, LIST, json); }

/* ---- Speed ---- */

/* Takes the descriptors that came with the last reply. */
static int take_fds(itsd *c, int *fds, unsigned count) {
  if (c->fd_count != count || c->reply.fds != count) {
    unsigned came = c->fd_count;
    forget_fds(c);
    return fail(c, EBADF, "%u descriptors came, and not %u", came, count);
  }
  memcpy(fds, c->fds, count * sizeof fds[0]);
  c->fd_count = 0;
  return 0;
}

static int map_page(itsd *c) {
  if (c->page) return 0;
  int status = simple(c, LINE_PAGE), fd;
  if (status == 0) status = take_fds(c, &fd, 1);
  if (status < 0) return status;
  size_t size = (size_t)c->last.value;
  void *page = MAP_FAILED;
  if (size / LINE_STRIDE >= c->machine.pe_count) {
    page = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
  }
  close(fd);
  if (page == MAP_FAILED) return fail(c, EPROTO, "the line page of %zu bytes makes no sense", size);
  c->page = page;
  c->page_size = size;
  return 0;
}

int itsd_port_open(itsd *c, uint32_t number, uint32_t slots) {
  int status = map_page(c), fds[3];
  struct slot s = request(c, PORT_OPEN, PE, number);
  s.a = slots;
  if (status == 0) status = ask(c, &s);
  if (status == 0) status = take_fds(c, fds, 3);
  if (status < 0) return status;
  struct port p = {
    .number = number, .slots = slots, .daemon_bell = fds[1], .own_bell = fds[2],
    .size = (REQUEST_SLOTS + 2 * (size_t)slots * SLOT + 4095) & ~(size_t)4095};
  struct stat information;
  void *memory = MAP_FAILED;
  if (fstat(fds[0], &information) == 0 && (size_t)information.st_size >= p.size) {
    memory = mmap(NULL, p.size, PROT_READ | PROT_WRITE, MAP_SHARED, fds[0], 0);
  }
  close(fds[0]);
  struct port *ports = realloc(c->ports, (c->port_count + 1) * sizeof *ports);
  if (ports) c->ports = ports;
  if (memory == MAP_FAILED || !ports) {
    close(fds[1]);
    close(fds[2]);
    return fail(c, ENOMEM, "a ring of %u slots cannot be mapped", slots);
  }
  p.memory = memory;
  c->ports[c->port_count++] = p;
  return 0;
}

int itsd_port_close(itsd *c, uint32_t number) {
  for (unsigned i = 0; i < c->port_count; i++) {
    if (c->ports[i].number != number) continue;
    struct slot s = request(c, PORT_CLOSE, PE, number);
    int status = ask(c, &s);
    free_port(&c->ports[i]);
    memmove(&c->ports[i], &c->ports[i + 1], (c->port_count - i - 1) * sizeof c->ports[0]);
    c->port_count--;
    return status;
  }
  return fail(c, ENXIO, "there is no port %u", number);
}

int itsd_flush(itsd *c) {
  if (c->dead) return c->dead;
  for (unsigned i = 0; i < c->port_count; i++) {
    if (c->ports[i].put != c->ports[i].shown) publish(&c->ports[i]);
  }
  return flush_socket(c);
}

int itsd_poll(itsd *c) {
  int status = itsd_flush(c);
  return status < 0 ? status : receive(c, false);
}
