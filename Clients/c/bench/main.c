/* Measures one thing that an attached program does, by turns with plain C that does no more than
 * answer, since a machine's wake-ups drift. Each line is a pair: nanoseconds of the daemon, and of
 * plain C or "-". Bench/ runs it and makes a table.
 *
 *   bench ADDRESS DAEMON-PID ROW SAMPLES
 *
 * SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "bench.h"

#include <signal.h>

static const struct row rows[] = {
  {"read_socket", daemon_socket_read, plain_socket_read, APART},
  {"read_socket_one_core", daemon_socket_read, plain_socket_read, TOGETHER},
  {"read_ring", daemon_ring_read, plain_ring_read, APART},
  {"post_socket", daemon_socket_posts, plain_socket_posts, APART},
  {"post_ring", daemon_ring_posts, plain_ring_posts, APART},
  {"read_32_sockets", daemon_many, plain_many, ANYWHERE},
  {"command_ring", daemon_commands, NULL, APART},
  {"longest_read", daemon_longest_read, plain_longest_read, APART},
  {"backlog_read", daemon_backlog_read, plain_backlog_read, APART},
  {"rss_1024_ports", daemon_ports, NULL, ANYWHERE},
};

int main(int count, char **arguments) {
  signal(SIGPIPE, SIG_IGN);
  return measure(rows, sizeof rows / sizeof rows[0], count, arguments);
}
