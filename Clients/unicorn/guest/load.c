/* A guest under load, which somebody may move to another machine while it runs: every vCPU has
 * eight LPIs, all of them sent again as soon as all have been taken; so none ever meets itself
 * pending, and each that is sent must be taken exactly once.
 * SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "guest.h"

enum { DEVICE = 0x10, LPI = 8192 + 64, EVENTS = 8, SPARE = 30, ROUNDS = 400, PATIENCE = 2000000 };

static u32 sent[MAX_PES], rounds[MAX_PES];

/* A device for each PE, and collection n is PE n's. */
static void map_everything(void) {
  for (u32 pe = 0; pe < boot->pes; pe++) {
    its_mapc(pe, pe);
    its_mapd(DEVICE + pe, 1);
    for (u32 event = 0; event < EVENTS; event++) {
      u32 lpi = LPI + pe * EVENTS + event;
      lpi_set(lpi, 0xa1);
      its_mapti(DEVICE + pe, event, lpi, pe);
    }
    its_sync(pe);
    its_run();
  }
}

/* All events of a PE, most as MSIs, one by a command; now and then one moves away and back, and
 * another comes and goes. */
static void send_round(u32 pe) {
  for (u32 event = 0; event < EVENTS - 1; event++) send_msi(DEVICE + pe, event);
  its_int(DEVICE + pe, EVENTS - 1);
  if (rounds[pe] % 8 == 0) {
    its_movi(DEVICE + pe, 0, (pe + 1) % (u32)boot->pes);
    its_movi(DEVICE + pe, 0, pe);
    its_inv(DEVICE + pe, 1);
    its_mapti(DEVICE + pe, SPARE, LPI + EVENTS * MAX_PES + pe, pe);
    its_discard(DEVICE + pe, SPARE);
  }
  its_sync(pe);
  its_run();
  sent[pe] += EVENTS;
  rounds[pe]++;
}

/* An LPI that moves may be taken where it was or where it went: only the sum is certain. */
static u32 sum(int taken) {
  u32 all = 0;
  for (u32 pe = 0; pe < boot->pes; pe++) all += taken ? pes[pe].taken : sent[pe];
  return all;
}

static int settled(void) {
  u64 start = now();
  while (sum(1) != sum(0)) {
    if (now() - start > PATIENCE) return 0;
  }
  return 1;
}

void primary(const struct boot *info) {
  start_everything(info);
  map_everything();
  int good = 1;
  for (u32 round = 0; round < ROUNDS && good; round++) {
    for (u32 pe = 0; pe < boot->pes; pe++) send_round(pe);
    good = settled();
  }
  verdict("every round of LPIs is taken", good);
  /* What comes twice comes late. */
  u64 start = now();
  while (now() - start < 20000) {}
  verdict("and none of them twice", sum(1) == sum(0));
  print_number(sum(1));
  print(" LPIs taken of ");
  print_number(sum(0));
  print(" sent\n");
  finish(failed != 0);
}
