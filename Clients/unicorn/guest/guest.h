/* What the guest's parts share. SPDX-License-Identifier: Apache-2.0 OR MIT */
#ifndef GUEST_H
#define GUEST_H

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

enum { MAX_PES = 64 };

/* What the board puts at x0; board.c has the same. */
struct boot {
  u64 magic, pes, gicd, gicr, gicr_stride, its, clock_hz, ram, ram_size, uart, device;
  u64 mpidr[MAX_PES];
};
extern const struct boot *boot;

/* A PE's LPIs, SGIs and redistributor, as its handler has seen them. */
struct pe {
  u64 gicr;
  u64 rdbase;         /* what commands call this PE */
  volatile u32 ready;
  volatile u32 taken; /* LPIs */
  volatile u32 last;  /* INTID */
  volatile u64 when;  /* the counter, at the handler's entry */
  volatile u32 hold;  /* its handler of SGI 1 stays while this is 1 */
  volatile u32 held;
};
extern struct pe pes[MAX_PES];

static inline u32 read32(u64 address) { return *(volatile u32 *)address; }
static inline u64 read64(u64 address) { return *(volatile u64 *)address; }
static inline void write32(u64 address, u32 value) { *(volatile u32 *)address = value; }
static inline void write64(u64 address, u64 value) { *(volatile u64 *)address = value; }

#define MRS(name) ({ u64 v_; __asm__ volatile("mrs %0, " #name : "=r"(v_)); v_; })
#define MSR(name, value) __asm__ volatile("msr " #name ", %0" : : "r"((u64)(value)))

/* Simulated cycles of the interrupt controller's clock. */
static inline u64 now(void) { return MRS(CNTVCT_EL0); }
static inline u32 self(void) { return (u32)MRS(TPIDR_EL1); }

u64 hvc(u64 function, u64 a, u64 b, u64 c);
void secondary_start(void);

/* Printing. */
void print(const char *text);
void print_number(u64 value);
void print_hex(u64 value);
void panic(u64 where);
/* One line of the guest's report, which is counted. */
void verdict(const char *name, int good);
extern u32 passed, failed;
/* Ends the run; 0 is success. */
void finish(u32 status);

/* The interrupt controller and all vCPUs, with verdicts; all but the first wait for interrupts. */
void start_everything(const struct boot *info);

/* The interrupt controller, as a driver sees it. */
int gic_probe(void);
void gic_start(void);
void gic_start_pe(u32 pe);
void lpi_set(u32 lpi, u8 property);
void its_command(u64 dw0, u64 dw1, u64 dw2);
/* Waits until the queue is empty; returns the cycles from CWRITER to CREADR. */
u64 its_run(void);
void its_mapd(u32 device, int valid);
void its_mapc(u32 collection, u32 pe);
void its_mapti(u32 device, u32 event, u32 lpi, u32 collection);
void its_movi(u32 device, u32 event, u32 collection);
void its_movall(u32 from, u32 to);
void its_inv(u32 device, u32 event);
void its_invall(u32 collection);
void its_discard(u32 device, u32 event);
void its_int(u32 device, u32 event);
void its_sync(u32 pe);
void send_sgi(u32 pe);
/* A device of the board writes an event to GITS_TRANSLATER. */
void send_msi(u32 device, u32 event);
void interrupt(void);

#endif
