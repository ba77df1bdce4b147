/* The guest's driver: probes and sets up distributor, redistributors and ITS in the order in which
 * Linux does. SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "guest.h"

enum { GICD_CTLR = 0, GICD_TYPER = 4, GICD_PIDR2 = 0xffe8 };
enum {
  GICR_CTLR = 0, GICR_TYPER = 8, GICR_WAKER = 0x14, GICR_PROPBASER = 0x70, GICR_PENDBASER = 0x78,
  GICR_SGI = 0x10000, GICR_IGROUPR0 = 0x80, GICR_ISENABLER0 = 0x100, GICR_IPRIORITYR = 0x400
};
enum {
  GITS_CTLR = 0, GITS_TYPER = 8, GITS_CBASER = 0x80, GITS_CWRITER = 0x88, GITS_CREADR = 0x90,
  GITS_BASER = 0x100, GITS_PIDR2 = 0xffe8
};
enum { QUEUE_SIZE = 0x10000, TABLE_SIZE = 0x80000, LPIS = 0x10000 - 8192, ITT_SIZE = 0x10000 };
#define VALID (1ul << 63)

extern char _end[];
static u64 heap;
static u64 queue, queued; /* bytes put, ever */
static u8 *properties;
static u64 itts[16];

/* Zeroed memory, 64 KiB aligned. */
static u64 take(u64 size) {
  if (heap == 0) heap = (u64)_end;
  u64 at = (heap + 0xffff) & ~0xfffful;
  heap = at + size;
  if (heap > boot->ram + boot->ram_size) panic(at);
  for (u64 i = 0; i < size; i += 8) write64(at + i, 0);
  return at;
}

static u64 affinity(u64 mpidr) { return (mpidr & 0xffffff) | (mpidr >> 8 & 0xff000000); }

/* Walks the redistributors to the last, and gives each PE the frame of its affinity. */
static int find_redistributors(void) {
  u32 found = 0;
  for (u64 frame = boot->gicr;; frame += boot->gicr_stride) {
    u64 typer = read64(frame + GICR_TYPER);
    for (u32 i = 0; i < boot->pes; i++) {
      if (affinity(boot->mpidr[i]) != typer >> 32) continue;
      int by_address = read64(boot->its + GITS_TYPER) >> 19 & 1;
      pes[i].gicr = frame;
      pes[i].rdbase = by_address ? frame & ~0xfffful : (typer >> 8 & 0xffff) << 16;
      found++;
    }
    if (typer & 1 << 4) return found == boot->pes && (typer & 1);
  }
}

int gic_probe(void) {
  if ((read32(boot->gicd + GICD_PIDR2) >> 4 & 15) < 3) return 0;
  if (!(read32(boot->gicd + GICD_TYPER) >> 17 & 1)) return 0; /* LPIS */
  if ((read32(boot->its + GITS_PIDR2) >> 4 & 15) < 3) return 0;
  if (!(read64(boot->its + GITS_TYPER) & 1)) return 0; /* Physical */
  return find_redistributors();
}

/* A table of the ITS: the page size that it keeps decides how many there are. */
static void set_table(u64 baser, u64 type) {
  u64 table = take(TABLE_SIZE);
  static const u64 sizes[3] = {0x10000, 0x4000, 0x1000};
  for (int i = 0; i < 3; i++) {
    u64 encoded = (u64)(2 - i);
    u64 value = VALID | type << 56 | table | encoded << 8 | (TABLE_SIZE / sizes[i] - 1);
    write64(baser, value);
    if ((read64(baser) >> 8 & 3) == encoded) return;
  }
  panic(baser);
}

void gic_start(void) {
  write32(boot->gicd + GICD_CTLR, 0x10); /* ARE */
  write32(boot->gicd + GICD_CTLR, 0x12); /* and Group 1 */
  properties = (u8 *)take(LPIS);
  queue = take(QUEUE_SIZE);
  write32(boot->its + GITS_CTLR, 0);
  for (u64 baser = boot->its + GITS_BASER; baser < boot->its + GITS_BASER + 64; baser += 8) {
    u64 type = read64(baser) >> 56 & 7;
    if (type == 1 || type == 4) set_table(baser, type);
  }
  write64(boot->its + GITS_CBASER, VALID | queue | (QUEUE_SIZE / 0x1000 - 1));
  write64(boot->its + GITS_CWRITER, 0);
  write32(boot->its + GITS_CTLR, 1);
}

/* On the PE itself: its redistributor, and its CPU interface. */
void gic_start_pe(u32 pe) {
  u64 gicr = pes[pe].gicr, sgi = gicr + GICR_SGI;
  write32(gicr + GICR_WAKER, read32(gicr + GICR_WAKER) & ~2u);
  while (read32(gicr + GICR_WAKER) & 4) {}
  write64(gicr + GICR_PROPBASER, (u64)properties | 15);
  write64(gicr + GICR_PENDBASER, take(0x10000) | 1ul << 62);
  write32(gicr + GICR_CTLR, read32(gicr + GICR_CTLR) | 1);
  write32(sgi + GICR_IGROUPR0, ~0u);
  for (u32 i = 0; i < 8; i++) write32(sgi + GICR_IPRIORITYR + 4 * i, 0x80808080);
  write32(sgi + GICR_ISENABLER0, 0xffff);
  MSR(S3_0_C12_C12_5, MRS(S3_0_C12_C12_5) | 1); /* ICC_SRE_EL1 */
  MSR(S3_0_C4_C6_0, 0xf0);                      /* ICC_PMR_EL1 */
  MSR(S3_0_C12_C12_7, 1);                       /* ICC_IGRPEN1_EL1 */
}

void lpi_set(u32 lpi, u8 property) { *(volatile u8 *)&properties[lpi - 8192] = property; }

/* ---- Commands ---- */

void its_command(u64 dw0, u64 dw1, u64 dw2) {
  u64 at = queue + queued % QUEUE_SIZE;
  write64(at, dw0);
  write64(at + 8, dw1);
  write64(at + 16, dw2);
  write64(at + 24, 0);
  queued += 32;
}

u64 its_run(void) {
  u64 end = queued % QUEUE_SIZE, start = now();
  write64(boot->its + GITS_CWRITER, end);
  for (;;) {
    u64 read = read64(boot->its + GITS_CREADR);
    if (read == end) return now() - start;
    if (read & 1) panic(boot->its + GITS_CREADR); /* Stalled */
  }
}

void its_mapd(u32 device, int valid) {
  if (itts[device & 15] == 0) itts[device & 15] = take(ITT_SIZE);
  its_command((u64)device << 32 | 0x08, 4, valid ? VALID | itts[device & 15] : 0);
}

void its_mapc(u32 collection, u32 pe) {
  its_command(0x09, 0, VALID | pes[pe].rdbase | collection);
}

void its_mapti(u32 device, u32 event, u32 lpi, u32 collection) {
  its_command((u64)device << 32 | 0x0a, (u64)lpi << 32 | event, collection);
}

void its_movi(u32 device, u32 event, u32 collection) {
  its_command((u64)device << 32 | 0x01, event, collection);
}

void its_movall(u32 from, u32 to) {
  u64 packet[4] = {0x0e, 0, pes[from].rdbase, pes[to].rdbase};
  u64 at = queue + queued % QUEUE_SIZE;
  for (int i = 0; i < 4; i++) write64(at + 8 * (u64)i, packet[i]);
  queued += 32;
}

void its_inv(u32 device, u32 event) { its_command((u64)device << 32 | 0x0c, event, 0); }
void its_invall(u32 collection) { its_command(0x0d, 0, collection); }
void its_discard(u32 device, u32 event) { its_command((u64)device << 32 | 0x0f, event, 0); }
void its_int(u32 device, u32 event) { its_command((u64)device << 32 | 0x03, event, 0); }
void its_sync(u32 pe) { its_command(0x05, 0, pes[pe].rdbase); }

/* ---- Interrupts ---- */

void send_sgi(u32 pe) {
  u64 a = boot->mpidr[pe];
  u64 value = (a >> 32 & 0xff) << 48 | (a >> 16 & 0xff) << 32 | (a >> 8 & 0xff) << 16 |
      1ul << 24 | 1ul << (a & 15);
  value |= (a >> 4 & 15) << 44; /* RS */
  MSR(S3_0_C12_C11_5, value);   /* ICC_SGI1R_EL1 */
}

void send_msi(u32 device, u32 event) {
  write32(boot->device, device);
  write32(boot->device + 8, event);
  write32(boot->device + 16, 1);
}

void interrupt(void) {
  u64 entered = now();
  struct pe *own = &pes[self()];
  u64 intid = MRS(S3_0_C12_C12_0); /* ICC_IAR1_EL1 */
  if (intid == 1) {
    own->held = 1;
    while (own->hold) {}
    own->held = 0;
  } else if (intid >= 8192) {
    own->when = entered;
    own->last = (u32)intid;
    own->taken++;
  }
  if (intid < 1020 || intid >= 8192) MSR(S3_0_C12_C12_1, intid); /* ICC_EOIR1_EL1 */
}
