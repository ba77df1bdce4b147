/* The guest's tests, each with a verdict, and what it has measured with its own counter.
 * SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "guest.h"

enum { DEVICE = 0x10, LPI = 8192 + 64, ENABLED = 0xa1, DISABLED = 0xa0, PATIENCE = 100000 };

/* ---- Waiting ---- */

/* Whether the PE has taken so many LPIs, the last of them this one; waits a while for it. */
static int takes(u32 pe, u32 count, u32 lpi) {
  u64 start = now();
  while (pes[pe].taken != count) {
    if (now() - start > PATIENCE) return 0;
  }
  return pes[pe].last == lpi;
}

/* Whether nobody takes anything for a while. */
static int quiet(u32 pe, u32 count) {
  u64 start = now();
  while (now() - start < 5000) {
    if (pes[pe].taken != count) return 0;
  }
  return 1;
}

/* Collection n is PE n's, as long as nobody moves it. */
static void map_everything(void) {
  its_mapd(DEVICE, 1);
  for (u32 pe = 0; pe < boot->pes; pe++) {
    lpi_set(LPI + pe, ENABLED);
    its_mapc(pe, pe);
    its_mapti(DEVICE, pe, LPI + pe, pe);
    its_invall(pe);
    its_sync(pe);
  }
  its_run();
}

/* ---- Tests ---- */

static int everyone_takes_an_lpi(void) {
  int good = 1;
  for (u32 round = 0; round < 3; round++) {
    for (u32 pe = 0; pe < boot->pes; pe++) {
      u32 before = pes[pe].taken;
      send_msi(DEVICE, pe);
      good &= takes(pe, before + 1, LPI + pe);
    }
  }
  return good;
}

static int int_command(void) {
  u32 pe = (u32)boot->pes - 1, before = pes[pe].taken;
  its_int(DEVICE, pe);
  its_sync(pe);
  its_run();
  return takes(pe, before + 1, LPI + pe);
}

/* The event of PE 0 goes to the last PE, and comes back. */
static int movi(void) {
  u32 to = (u32)boot->pes - 1, first = pes[0].taken, last = pes[to].taken;
  its_movi(DEVICE, 0, to);
  its_sync(0);
  its_run();
  send_msi(DEVICE, 0);
  int good = takes(to, last + 1, LPI) && (to == 0 || pes[0].taken == first);
  its_movi(DEVICE, 0, 0);
  its_sync(to);
  its_run();
  first = pes[0].taken;
  send_msi(DEVICE, 0);
  return good && takes(0, first + 1, LPI);
}

/* LPIs that are pending at a PE which takes nothing go to another, which does: the collection is
 * mapped there, and MOVALL takes along what is pending. */
static int movall(void) {
  u32 from = 1, to = boot->pes > 2 ? 2 : 0;
  u32 there = pes[to].taken, here = pes[from].taken;
  pes[from].hold = 1;
  send_sgi(from);
  while (!pes[from].held) {}
  send_msi(DEVICE, from);
  int good = quiet(from, here);
  its_mapc(from, to);
  its_movall(from, to);
  its_sync(from);
  its_sync(to);
  its_run();
  good &= takes(to, there + 1, LPI + from);
  pes[from].hold = 0;
  while (pes[from].held) {}
  good &= quiet(from, here);
  send_msi(DEVICE, from);
  good &= takes(to, there + 2, LPI + from);
  /* All are mapped anew: KVM's ITS moves single LPIs, and those of every PE. */
  for (u32 pe = 0; pe < boot->pes; pe++) {
    its_mapc(pe, pe);
    its_sync(pe);
  }
  its_run();
  send_msi(DEVICE, from);
  return good && takes(from, here + 1, LPI + from);
}

/* The ITS keeps what it has read of a property until INV; what came meanwhile is pending. */
static int invalidated(void (*invalidate)(u32 pe)) {
  u32 pe = (u32)boot->pes - 1, before = pes[pe].taken;
  lpi_set(LPI + pe, DISABLED);
  invalidate(pe);
  send_msi(DEVICE, pe);
  int good = quiet(pe, before);
  lpi_set(LPI + pe, ENABLED);
  invalidate(pe);
  return good && takes(pe, before + 1, LPI + pe);
}

static void by_inv(u32 pe) {
  its_inv(DEVICE, pe);
  its_sync(pe);
  its_run();
}

static void by_invall(u32 pe) {
  its_invall(pe);
  its_sync(pe);
  its_run();
}

static int discard(void) {
  u32 before = pes[0].taken;
  its_discard(DEVICE, 0);
  its_sync(0);
  its_run();
  send_msi(DEVICE, 0);
  int good = quiet(0, before);
  its_mapti(DEVICE, 0, LPI, 0);
  its_sync(0);
  its_run();
  send_msi(DEVICE, 0);
  return good && takes(0, before + 1, LPI);
}

/* ---- Measuring ---- */

static void measure(const char *name, u64 least, u64 most) {
  print("     ");
  print(name);
  print(": ");
  print_number(least);
  if (most != least) {
    print(" to ");
    print_number(most);
  }
  print(" cycles\n");
}

static void measure_commands(void) {
  u64 least = ~0ul, most = 0;
  for (int i = 0; i < 16; i++) {
    its_sync(0);
    u64 took = its_run();
    if (took < least) least = took;
    if (took > most) most = took;
  }
  measure("CWRITER to CREADR, a SYNC", least, most);
}

static void measure_msis(u32 pe, const char *name) {
  u64 least = ~0ul, most = 0;
  for (int i = 0; i < 16; i++) {
    u32 before = pes[pe].taken;
    u64 start = now();
    send_msi(DEVICE, pe);
    if (!takes(pe, before + 1, LPI + pe)) {
      verdict("an MSI that is measured arrives", 0);
      return;
    }
    u64 took = pes[pe].when - start;
    if (took < least) least = took;
    if (took > most) most = took;
  }
  measure(name, least, most);
}

/* ---- All of it ---- */

void primary(const struct boot *info) {
  start_everything(info);
  map_everything();
  verdict("every vCPU takes its LPIs", everyone_takes_an_lpi());
  verdict("INT is an MSI", int_command());
  verdict("MOVI moves an event there and back", movi());
  if (boot->pes > 1) verdict("MOVALL moves what is pending", movall());
  else print("     MOVALL needs two vCPUs\n");
  verdict("INV has a property read again", invalidated(by_inv));
  verdict("INVALL has all of them read again", invalidated(by_invall));
  verdict("DISCARD unmaps an event", discard());
  measure_commands();
  measure_msis(0, "MSI to handler, on a vCPU that computes");
  if (boot->pes > 1) measure_msis(1, "MSI to handler, on a vCPU in WFI");
  print_number(passed);
  print(" passed, ");
  print_number(failed);
  print(" failed\n");
  finish(failed != 0);
}
