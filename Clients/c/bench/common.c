/* Clocks, CPUs and whole reads: what both programs that measure share.
 *
 * SPDX-License-Identifier: Apache-2.0 OR MIT */
#define _GNU_SOURCE
#include "bench.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum place place;
struct the_daemon the_daemon;
struct beside beside;
static cpu_set_t all; /* that this program was given */

double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

double quantile(double *values, size_t count, double part) {
  qsort(values, count, sizeof *values, compare);
  size_t place = (size_t)((double)count * part);
  return values[place < count ? place : count - 1];
}

double median(double *values, size_t count) { return quantile(values, count, 0.5); }

void took(double nanoseconds) {
  if (beside.count < MANY_READS) beside.took[beside.count++] = nanoseconds;
}

void die(const char *what) {
  perror(what);
  exit(1);
}

void pin(pid_t process, int answers) {
  cpu_set_t set = all;
  if (place != ANYWHERE) {
    /* The first of the CPUs that there are, or the last. */
    bool last = place == APART && answers;
    int chosen = -1;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
      if (CPU_ISSET(cpu, &all) && (chosen < 0 || last)) chosen = cpu;
    }
    CPU_ZERO(&set);
    CPU_SET(chosen, &set);
  }
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/task", process ? (int)process : (int)getpid());
  DIR *tasks = opendir(path);
  if (!tasks) die(path);
  for (struct dirent *task = readdir(tasks); task; task = readdir(tasks)) {
    int number = atoi(task->d_name);
    /* A thread may have ended since. */
    if (number > 0) (void)sched_setaffinity(number, sizeof set, &set);
  }
  closedir(tasks);
}

void read_all(int fd, void *bytes, size_t count) {
  for (size_t done = 0; done < count;) {
    ssize_t got = read(fd, (char *)bytes + done, count - done);
    if (got <= 0) _exit(0);
    done += (size_t)got;
  }
}

void write_all(int fd, const void *bytes, size_t count) {
  for (size_t done = 0; done < count;) {
    ssize_t put = write(fd, (const char *)bytes + done, count - done);
    if (put <= 0) _exit(0);
    done += (size_t)put;
  }
}

/* ---- Many at a time ---- */

struct asker {
  void (*ask)(void *);
  void *client;
  pthread_t thread;
};

static atomic_bool over;

static void *go_on_asking(void *argument) {
  struct asker *a = argument;
  uintptr_t count = 0;
  for (; !atomic_load_explicit(&over, memory_order_relaxed); count++) a->ask(a->client);
  return (void *)count;
}

double many(void (*ask)(void *), void *const clients[CLIENTS]) {
  struct asker askers[CLIENTS];
  uintptr_t total = 0;
  atomic_store(&over, false);
  double start = seconds();
  for (int i = 0; i < CLIENTS; i++) {
    askers[i] = (struct asker){.ask = ask, .client = clients[i]};
    if (pthread_create(&askers[i].thread, NULL, go_on_asking, &askers[i])) die("a thread");
  }
  nanosleep(&(struct timespec){.tv_nsec = 500000000}, NULL);
  atomic_store(&over, true);
  for (int i = 0; i < CLIENTS; i++) {
    void *count;
    pthread_join(askers[i].thread, &count);
    total += (uintptr_t)count;
  }
  return (seconds() - start) * 1e9 / (double)total;
}

/* ---- A row ---- */

static void take_sample(const struct row *row) {
  printf("%.3f ", row->ours());
  if (row->plain) {
    printf("%.3f\n", row->plain());
  } else {
    printf("-\n");
  }
  fflush(stdout);
}

int measure(const struct row *rows, size_t row_count, int count, char **arguments) {
  const struct row *row = NULL;
  for (size_t i = 0; count == 5 && i < row_count; i++) {
    if (strcmp(rows[i].name, arguments[3]) == 0) row = &rows[i];
  }
  long samples = count == 5 ? strtol(arguments[4], NULL, 10) : 0;
  if (!row || samples < 1) {
    fprintf(stderr, "usage: %s ADDRESS DAEMON-PID ROW SAMPLES; the rows are:\n", arguments[0]);
    for (size_t i = 0; i < row_count; i++) fprintf(stderr, "%s\n", rows[i].name);
    return 64;
  }
  if (sched_getaffinity(0, sizeof all, &all) < 0) die("the CPUs");
  the_daemon.address = arguments[1];
  the_daemon.process = (pid_t)strtol(arguments[2], NULL, 10);
  place = row->place;
  pin(0, 0);
  pin(the_daemon.process, 1);
  for (long i = 0; i < samples; i++) take_sample(row);
  place = ANYWHERE;
  pin(the_daemon.process, 1);
  return 0;
}
