// The work of the model's command queue and MSIs in plain C, to hold the model against. It does
// what the architecture and a daemon cannot do without, as the model does: remembered devices in
// chunks, event words in blocks that grow and have a limit, pending bitmaps and their summaries,
// atomic configuration words; every check of a command's fields, of bounds and of V bits; counters
// of commands, errors, MSIs and LPIs, and a log of what was rejected and why; the line weighed
// against group enables, PMR, active priorities, SGIs, PPIs and SPIs, and its changes kept for
// whoever sends them; batches that end so that others have their turn. Where `shared` says so:
// read sections of MSIs, storage that is given back when no reader is left, an owner of each PE.
// It knows one profile, flat tables, one ITS, and of interrupts only LPIs.
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef struct its_kernel its_kernel;

/// Guest RAM of `ram_bytes` bytes at guest address `ram_address`; it must outlive the kernel.
/// `shared`: several threads may give it MSIs while one drains the queue.
its_kernel *its_new(void *ram, uint64_t ram_address, uint64_t ram_bytes, uint32_t pes, bool shared);
void its_free(its_kernel *k);

/// Flat tables of 8-byte entries, and the queue, all at guest addresses.
void its_set_tables(
  its_kernel *k, uint64_t devices, uint64_t device_capacity, uint64_t collections,
  uint64_t collection_capacity, uint64_t queue, uint32_t queue_bytes);
/// EnableLPIs 0 to 1 with 16-bit INTIDs; `ptz`: the pending table is all zero and is not read.
void its_enable_lpis(
  its_kernel *k, uint32_t pe, uint64_t properties, uint64_t pending_table, bool ptz, uint8_t pmr);
/// Forgets the changes of lines that have gathered.
void its_settle(its_kernel *k);
/// Writes the pending bits into the tables in RAM.
void its_flush(its_kernel *k);

/// CWRITER is written; every command that waits is carried out.
void its_run_queue(its_kernel *k, uint32_t cwriter);
uint32_t its_creadr(const its_kernel *k);
/// Commands that were rejected, and pending sets that were merged.
uint64_t its_rejected(const its_kernel *k);
uint64_t its_merged(const its_kernel *k);
/// INTID of the highest-priority pending LPI of a PE, or 1023.
uint32_t its_highest_pending(its_kernel *k, uint32_t pe);
/// Takes it: its pending bit is cleared. 1023 if there is none.
uint32_t its_acknowledge(its_kernel *k, uint32_t pe);

/// An access as a client gives it; only MSIs (2) are known here.
typedef struct {
  uint8_t operation, size;
  uint32_t source;
  uint64_t address, data, cycle;
} its_access;

/// `count` MSIs. Writes what became of each: INTID [23:0], ICID [39:24], PE [55:40]; kind [63:56],
/// which is 0 for set, 1 for merged, and above that why it was dropped. Threads that do so at the
/// same time have a lane each, from 0 to 63.
void its_signal(
  its_kernel *k, uint32_t lane, const its_access *messages, uint64_t *outcomes, uint64_t count);
/// Of each INTID: set pending, find the highest-priority one, clear that. Returns a checksum.
uint64_t its_cycle(its_kernel *k, uint32_t pe, const uint32_t *intids, uint64_t count);
/// Finds the highest-priority pending LPI `count` times. Returns a checksum.
uint64_t its_find(its_kernel *k, uint32_t pe, uint64_t count);

/// Bytes that the process' heap has given out.
uint64_t heap_bytes(void);
