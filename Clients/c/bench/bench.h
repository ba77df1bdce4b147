/* What attaching costs, and what the same costs in plain C: what the parts of the program share.
 *
 * SPDX-License-Identifier: Apache-2.0 OR MIT */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <sys/types.h>

enum {
  SLOT = 64,
  RING = 1024,
  CLIENTS = 32,
  BATCH = 16,       /* MSIs of a frame */
  READS = 4000,     /* of which a median is taken */
  MANY_READS = 1 << 20,
  POSTS = 1 << 20   /* messages that nobody answers */
};

/* Where the two ends run. */
enum place { ANYWHERE, APART, TOGETHER };
extern enum place place;

/* What is measured: nanoseconds of one (or bytes), by the daemon and in plain C, if that exists. */
struct row {
  const char *name;
  double (*ours)(void);
  double (*plain)(void);
  enum place place;
};

/* Reads beside work of the other end, of which the last of the daemon's rows had so much. */
struct beside {
  double took[MANY_READS];
  size_t count;
  double lasted; /* seconds */
};
extern struct beside beside;
void took(double nanoseconds);

/* The daemon that was named. */
extern struct the_daemon {
  const char *address;
  pid_t process;
} the_daemon;

/* ---- common.c ---- */

/* Measures the row that the arguments name; what main returns. */
int measure(const struct row *rows, size_t row_count, int count, char **arguments);
double seconds(void);
double median(double *values, size_t count);
/* What `part` of the values (0 to 1) are not above. */
double quantile(double *values, size_t count, double part);
_Noreturn void die(const char *what);
/* Puts a process, all its threads, on the CPU of the end that asks or of the one that answers. */
void pin(pid_t process, int answers);

/* Blocking, whole. They end the process where the other end is gone. */
void read_all(int fd, void *bytes, size_t count);
void write_all(int fd, const void *bytes, size_t count);
/* Asks of many threads at a time; nanoseconds for one answer, all taken together. */
double many(void (*ask)(void *), void *const clients[CLIENTS]);

/* ---- plain.c: programs that do no more than answer ---- */

double plain_socket_read(void);
double plain_ring_read(void);
double plain_socket_posts(void);
double plain_ring_posts(void);
double plain_many(void);
double plain_longest_read(void);
double plain_backlog_read(void);

/* ---- daemon.c: the same by a daemon ---- */

double daemon_socket_read(void);
double daemon_ring_read(void);
double daemon_socket_posts(void);
double daemon_ring_posts(void);
double daemon_many(void);
/* A command and a SYNC for each CWRITER. */
double daemon_commands(void);
/* Reads of a register beside a full queue of INVALLs: the longest, and what one in a thousand
 * takes. */
double daemon_longest_read(void);
double daemon_backlog_read(void);
/* Not nanoseconds but bytes: the daemon's resident set with 1,024 ports open. */
double daemon_ports(void);

#endif
