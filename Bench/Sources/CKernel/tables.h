// What the kernel remembers of the tables in guest RAM, and the walk from a DeviceID and EventID to
// an INTID and a PE.
#pragma once
#include "CKernel.h"
#include "lpis.h"

enum {
  DEVICES = 1 << 16, EVENT_BITS = 16, COLLECTIONS = 1 << 16, LOGGED = 4096, LANES = 64,
  CHUNK = 256, WORD_LIMIT = 1 << 24, RETIRED = 256
};
/// MSIs in one read section.
enum { SECTION = 64 };
/// Commands between two looks at whether anybody else waits, and what one counts that reads a
/// whole table.
enum { BATCH = 1024, WHOLE_TABLE = 512 };

/// What one lane is doing: in a read section [1:0] = 3; above, a number that rises. And what it
/// has counted.
typedef struct {
  _Alignas(128) _Atomic uint64_t word;
  uint64_t msis, merged;
} lane_t;

/// A rejected command and the entry that decided it, for whoever asks why.
typedef struct {
  uint64_t sequence, packet[4], entry, raw;
  uint32_t slot, error;
} logged_t;

struct its_kernel {
  ram_t ram;
  lpis_t lpis;
  uint64_t device_table, device_capacity, collection_table, collection_capacity, queue, base;
  uint32_t queue_bytes;
  bool enabled;
  _Atomic uint32_t creadr;
  uint64_t rejected, completed[16], errors[256], ints;
  /// Chunks of 256 devices, two words each: the descriptor, V[15] EventID bits - 1 [14:10] and the
  /// name of a block of event words; and the ITT. A name is the block's address [63:16] and the
  /// logarithm of its count and one more [5:0]; blocks grow by doubling, up to a limit for all.
  _Atomic(_Atomic uint64_t *) chunks[DEVICES / CHUNK];
  uint64_t words, decided_entry, decided_raw;
  /// Blocks that nobody finds any more, until no reader is left.
  uint64_t *retired[RETIRED];
  uint32_t retired_count;
  /// V[63] PE[31:0]
  _Atomic uint64_t *collections;
  logged_t *log;
  lane_t *lanes;
  _Atomic uint64_t gate;
};

/// Reasons, the low byte of the architecture's error numbers.
enum {
  DEVICE_OOR = 1, ITT_SIZE_OOR = 2, COLLECTION_OOR = 3, DEVICE_UNMAPPED = 4, EVENT_OOR = 5,
  ID_OOR = 6, UNMAPPED = 7, COLLECTION_UNMAPPED = 9, TARGET_OOR = 0x20, UNREACHABLE = 0xff
};

INLINE uint64_t get(const _Atomic uint64_t *word) {
  return atomic_load_explicit(word, memory_order_acquire);
}
INLINE void put(_Atomic uint64_t *word, uint64_t value) {
  atomic_store_explicit(word, value, memory_order_release);
}

/// What a device's descriptor says.
INLINE _Atomic uint64_t *block(uint64_t name) { return (_Atomic uint64_t *)(name >> 16); }
INLINE bool has_word(uint64_t name, uint32_t event) {
  return (event * 2ull + 1) >> (name & 63) == 0;
}
INLINE uint64_t event_bits(uint64_t name) { return (name >> 10 & 31) + 1; }
INLINE uint64_t described(uint64_t bits) { return 1 << 15 | (bits - 1) << 10; }

/// The two words of a device; NULL where its chunk has not been made.
INLINE _Atomic uint64_t *device_words(its_kernel *k, uint32_t device) {
  _Atomic uint64_t *chunk =
    atomic_load_explicit(&k->chunks[device / CHUNK], memory_order_acquire);
  return chunk ? chunk + 2 * (device % CHUNK) : NULL;
}
static _Atomic uint64_t *__attribute__((noinline)) make_device_words(
  its_kernel *k, uint32_t device
) {
  if (!k->chunks[device / CHUNK]) {
    _Atomic uint64_t *chunk = calloc(2 * CHUNK, sizeof *chunk);
    atomic_store_explicit(&k->chunks[device / CHUNK], chunk, memory_order_release);
  }
  return device_words(k, device);
}

/// Waits for the read sections that may have seen what has just been taken away.
static void __attribute__((noinline)) await_sections(its_kernel *k) {
  atomic_fetch_add_explicit(&k->gate, 2, memory_order_seq_cst);
  for (int lane = 0; lane < LANES; lane++) {
    uint64_t seen = atomic_load_explicit(&k->lanes[lane].word, memory_order_seq_cst);
    if (!(seen & 2)) continue;
    for (int turn = 1;
         atomic_load_explicit(&k->lanes[lane].word, memory_order_acquire) == seen; turn++)
      if (turn % 64) __builtin_ia32_pause(); else sched_yield();
  }
}
INLINE void await_readers(its_kernel *k) {
  if (k->lpis.shared) await_sections(k);
}
static void __attribute__((noinline)) reclaim(its_kernel *k) {
  await_readers(k);
  while (k->retired_count) free(k->retired[--k->retired_count]);
}
static void __attribute__((noinline)) retire(its_kernel *k, uint64_t name) {
  k->words -= 1ull << ((name & 63) - 1);
  if (k->retired_count == RETIRED) reclaim(k);
  k->retired[k->retired_count++] = (uint64_t *)(name >> 16);
}
static void __attribute__((noinline)) remember_far(
  its_kernel *k, uint32_t device, uint32_t event, uint64_t word
) {
  _Atomic uint64_t *place = device_words(k, device);
  uint64_t old = get(place), count = old & 63 ? 1ull << ((old & 63) - 1) : 0, wanted = 8;
  while (wanted < count || wanted <= event || (wanted < 32 && wanted < 1ull << event_bits(old)))
    wanted *= 2;
  if (k->words + wanted - count > WORD_LIMIT) return;
  uint64_t *words = calloc(wanted, sizeof *words);
  if (count) memcpy(words, (void *)(old >> 16), count * 8);
  words[event] = word;
  uint64_t flags = old & 0xffc0, size = (uint64_t)__builtin_ctzll(wanted) + 1;
  put(place, (uint64_t)words << 16 | flags | size);
  k->words += wanted;
  if (count) retire(k, old);
}
/// Remembers an event of a device whose descriptor is `name`.
INLINE void remember(
  its_kernel *k, uint64_t name, uint32_t device, uint32_t event, uint64_t word
) {
  if (__builtin_expect(has_word(name, event), 1)) put(&block(name)[event], word);
  else remember_far(k, device, event, word);
}

/// What a walk found, or the reason for which it ended.
typedef struct {
  uint32_t error, intid, pe, collection;
  uint64_t name, itt;
} walk_t;

INLINE uint32_t decide(its_kernel *k, uint64_t entry, uint64_t raw, uint32_t error) {
  k->decided_entry = entry, k->decided_raw = raw;
  return error;
}

static uint32_t __attribute__((noinline)) read_device(
  its_kernel *k, uint32_t device, uint64_t *name, uint64_t *itt
) {
  uint64_t raw, entry = k->device_table + device * 8ull;
  if (device >= k->device_capacity) return DEVICE_OOR;
  if (!ram_load(&k->ram, entry, &raw)) return decide(k, entry, 0, UNREACHABLE);
  if (!(raw & VALID)) return decide(k, entry, raw, DEVICE_UNMAPPED);
  uint64_t bits = (raw & 31) + 1;
  _Atomic uint64_t *place = make_device_words(k, device);
  put(place + 1, *itt = raw & ITT_BITS);
  put(place, *name = described(bits < EVENT_BITS ? bits : EVENT_BITS));
  return 0;
}
INLINE uint32_t walk_device(its_kernel *k, uint32_t device, uint64_t *name, uint64_t *itt) {
  if (device >= DEVICES) return DEVICE_OOR;
  _Atomic uint64_t *place = device_words(k, device);
  if (__builtin_expect(place && (*name = get(place)), 1)) return *itt = get(place + 1), 0;
  return read_device(k, device, name, itt);
}

static uint32_t __attribute__((noinline)) read_collection(
  its_kernel *k, uint32_t collection, uint32_t *pe
) {
  uint64_t raw, entry = k->collection_table + collection * 8ull;
  if (collection >= k->collection_capacity) return COLLECTION_UNMAPPED;
  if (!ram_load(&k->ram, entry, &raw)) return decide(k, entry, 0, UNREACHABLE);
  uint64_t target = raw >> 16 & 0xfffffffff;
  if (!(raw & VALID) || target >= k->lpis.count) return decide(k, entry, raw, COLLECTION_UNMAPPED);
  put(&k->collections[collection], VALID | target);
  *pe = (uint32_t)target;
  return 0;
}
INLINE uint32_t walk_collection(its_kernel *k, uint32_t collection, uint32_t *pe) {
  uint64_t known = get(&k->collections[collection]);
  if (__builtin_expect(!(known & VALID), 0)) return read_collection(k, collection, pe);
  *pe = (uint32_t)known;
  return 0;
}

/// The walk of an event that is not remembered.
static uint32_t __attribute__((noinline)) read_event(
  its_kernel *k, uint32_t device, uint32_t event, uint64_t *word
) {
  uint64_t raw, name = 0, itt = 0;
  uint32_t error = walk_device(k, device, &name, &itt);
  if (error) return error;
  if ((uint64_t)event >> event_bits(name)) return decide(k, itt, name, EVENT_OOR);
  itt += event * 8ull;
  if (!ram_load(&k->ram, itt, &raw)) return decide(k, itt, 0, UNREACHABLE);
  uint32_t intid = (uint32_t)raw;
  if (!(raw & VALID) || intid < FIRST_LPI || intid >= INTIDS) return decide(k, itt, raw, UNMAPPED);
  *word = VALID | (raw >> 32 & 0xffff) << 24 | intid;
  remember(k, name, device, event, *word);
  return 0;
}

/// From DeviceID and EventID to INTID and PE; to where the entry lies, if that is wanted.
INLINE walk_t walk(its_kernel *k, uint32_t device, uint32_t event, bool entry) {
  walk_t w = {0};
  if (device >= DEVICES) return w.error = DEVICE_OOR, w;
  _Atomic uint64_t *place = device_words(k, device);
  uint64_t word = 0;
  if (place && has_word(w.name = get(place), event)) word = get(&block(w.name)[event]);
  if (__builtin_expect(word == 0, 0)) {
    if ((w.error = read_event(k, device, event, &word))) return w;
    place = device_words(k, device);
    w.name = get(place);
  }
  if (entry) w.itt = get(place + 1) + event * 8ull;
  w.intid = word & 0xffffff;
  w.collection = word >> 24 & 0xffff;
  w.error = walk_collection(k, w.collection, &w.pe);
  return w;
}
