// The commands and MSIs; what a redistributor does with an LPI is in lpis.h.
#include "CKernel.h"
#include "lpis.h"

enum { DEVICES = 1 << 16, EVENT_BITS = 16, COLLECTIONS = 1 << 16, LOGGED = 4096 };

/// A remembered device: V[63] ITT[51:8] EventID bits [5:0]; and one word an event: V[63]
/// ICID[39:24] INTID[23:0], 0 where nothing is remembered.
typedef struct {
  _Atomic uint64_t entry;
  _Atomic(_Atomic uint64_t *) words;
} device_t;

/// A rejected command, for whoever asks why.
typedef struct {
  uint64_t sequence, packet[4];
  uint32_t slot, error;
} logged_t;

struct its_kernel {
  ram_t ram;
  lpis_t lpis;
  uint64_t device_table, device_capacity, collection_table, collection_capacity, queue;
  uint32_t queue_bytes;
  _Atomic uint32_t creadr;
  uint64_t rejected, completed[16], ints;
  device_t *devices;
  /// V[63] PE[31:0]
  _Atomic uint64_t *collections;
  logged_t *log;
};

/// Reasons, the low byte of the architecture's error numbers.
enum {
  DEVICE_OOR = 1, ITT_SIZE_OOR = 2, COLLECTION_OOR = 3, DEVICE_UNMAPPED = 4, EVENT_OOR = 5,
  ID_OOR = 6, UNMAPPED = 7, COLLECTION_UNMAPPED = 9, TARGET_OOR = 0x20, UNREACHABLE = 0xff
};

/// What a walk found, or the reason for which it ended.
typedef struct {
  uint32_t error, intid, pe;
  uint64_t itt;
  _Atomic uint64_t *word;
} walk_t;

INLINE uint64_t get(const _Atomic uint64_t *word) {
  return atomic_load_explicit(word, memory_order_acquire);
}
INLINE void put(_Atomic uint64_t *word, uint64_t value) {
  atomic_store_explicit(word, value, memory_order_release);
}

INLINE uint32_t walk_device(its_kernel *k, uint32_t device, uint64_t *entry) {
  if (device >= DEVICES) return DEVICE_OOR;
  *entry = get(&k->devices[device].entry);
  if (__builtin_expect(*entry & VALID, 1)) return 0;
  uint64_t raw;
  if (device >= k->device_capacity) return DEVICE_OOR;
  if (!ram_load(&k->ram, k->device_table + device * 8ull, &raw)) return UNREACHABLE;
  if (!(raw & VALID)) return DEVICE_UNMAPPED;
  uint64_t bits = (raw & 31) + 1;
  *entry = (raw & ~63ull) | (bits < EVENT_BITS ? bits : EVENT_BITS);
  put(&k->devices[device].entry, *entry);
  return 0;
}

/// The place of an event's word; the words of a device are made when the first is wanted.
INLINE _Atomic uint64_t *word_of(its_kernel *k, uint32_t device, uint64_t entry, uint32_t event) {
  _Atomic uint64_t *words =
    atomic_load_explicit(&k->devices[device].words, memory_order_acquire);
  if (__builtin_expect(words == NULL, 0)) {
    words = calloc(1ull << (entry & 63), sizeof *words);
    atomic_store_explicit(&k->devices[device].words, words, memory_order_release);
  }
  return &words[event];
}

INLINE uint32_t walk_collection(its_kernel *k, uint32_t collection, uint32_t *pe) {
  uint64_t known = get(&k->collections[collection]);
  if (__builtin_expect(!(known & VALID), 0)) {
    uint64_t raw;
    if (collection >= k->collection_capacity) return COLLECTION_UNMAPPED;
    if (!ram_load(&k->ram, k->collection_table + collection * 8ull, &raw)) return UNREACHABLE;
    uint64_t target = raw >> 16 & 0xfffffffff;
    if (!(raw & VALID) || target >= k->lpis.count) return COLLECTION_UNMAPPED;
    known = VALID | target;
    put(&k->collections[collection], known);
  }
  *pe = (uint32_t)known;
  return 0;
}

/// From DeviceID and EventID to INTID and PE.
INLINE walk_t walk(its_kernel *k, uint32_t device, uint32_t event) {
  walk_t w = {0};
  uint64_t entry = 0;
  if ((w.error = walk_device(k, device, &entry))) return w;
  if ((uint64_t)event >> (entry & 63)) return w.error = EVENT_OOR, w;
  w.word = word_of(k, device, entry, event);
  w.itt = (entry & ITT_BITS) + event * 8ull;
  uint64_t word = get(w.word);
  if (__builtin_expect(word == 0, 0)) {
    uint64_t raw;
    if (!ram_load(&k->ram, w.itt, &raw)) return w.error = UNREACHABLE, w;
    uint32_t intid = (uint32_t)raw;
    if (!(raw & VALID) || intid < FIRST_LPI || intid >= INTIDS) return w.error = UNMAPPED, w;
    word = VALID | (raw >> 32 & 0xffff) << 24 | intid;
    put(w.word, word);
  }
  w.intid = word & 0xffffff;
  w.error = walk_collection(k, word >> 24 & 0xffff, &w.pe);
  return w;
}

INLINE uint32_t mapd(its_kernel *k, uint32_t device, const uint64_t *c) {
  uint64_t bits = (c[1] & 31) + 1, valid = c[2] & VALID;
  if (valid && bits > EVENT_BITS) return ITT_SIZE_OOR;
  if (device >= DEVICES || device >= k->device_capacity) return DEVICE_OOR;
  uint64_t entry = valid ? VALID | (c[2] & ITT_BITS) | (bits - 1) : 0;
  if (!ram_store(&k->ram, k->device_table + device * 8ull, entry)) return UNREACHABLE;
  device_t *place = &k->devices[device];
  void *words = (void *)atomic_load_explicit(&place->words, memory_order_relaxed);
  put(&place->entry, 0);
  if (__builtin_expect(words != NULL, 0)) {
    atomic_store_explicit(&place->words, NULL, memory_order_release);
    free(words);
  }
  if (valid) put(&place->entry, VALID | (c[2] & ITT_BITS) | bits);
  return 0;
}

INLINE uint32_t mapc(its_kernel *k, const uint64_t *c) {
  uint64_t target = c[2] >> 16 & 0xfffffffff, valid = c[2] & VALID;
  uint32_t collection = c[2] & 0xffff;
  if (valid && target >= k->lpis.count) return TARGET_OOR;
  if (collection >= k->collection_capacity) return COLLECTION_OOR;
  uint64_t entry = valid ? VALID | target << 16 : 0;
  if (!ram_store(&k->ram, k->collection_table + collection * 8ull, entry)) return UNREACHABLE;
  put(&k->collections[collection], valid ? VALID | target : 0);
  return 0;
}

INLINE uint32_t mapti(
  its_kernel *k, uint32_t device, uint32_t event, uint32_t intid, uint32_t collection
) {
  uint64_t entry = 0;
  uint32_t error = walk_device(k, device, &entry), pe;
  if (error) return error;
  if ((uint64_t)event >> (entry & 63)) return EVENT_OOR;
  if (intid < FIRST_LPI || intid >= INTIDS) return ID_OOR;
  uint64_t ite = VALID | (uint64_t)collection << 32 | intid;
  if (!ram_store(&k->ram, (entry & ITT_BITS) + event * 8ull, ite)) return UNREACHABLE;
  put(word_of(k, device, entry, event), VALID | (uint64_t)collection << 24 | intid);
  if (!walk_collection(k, collection, &pe)) lpi_reread(&k->lpis, &k->ram, pe, intid);
  return 0;
}

INLINE uint32_t movi(its_kernel *k, uint32_t device, uint32_t event, uint32_t collection) {
  walk_t w = walk(k, device, event);
  uint32_t target = 0, error;
  if (w.error) return w.error;
  if ((error = walk_collection(k, collection, &target))) return error;
  if (!ram_store(&k->ram, w.itt, VALID | (uint64_t)collection << 32 | w.intid))
    return UNREACHABLE;
  put(w.word, VALID | (uint64_t)collection << 24 | w.intid);
  lpi_move(&k->lpis, w.intid, w.pe, target);
  return 0;
}

INLINE uint32_t discard(its_kernel *k, uint32_t device, uint32_t event) {
  walk_t w = walk(k, device, event);
  if (w.error) return w.error;
  if (!ram_store(&k->ram, w.itt, 0)) return UNREACHABLE;
  put(w.word, 0);
  lpi_clear(&k->lpis, w.pe, w.intid);
  return 0;
}

INLINE uint32_t execute(its_kernel *k, const uint64_t *c) {
  uint32_t device = (uint32_t)(c[0] >> 32), event = (uint32_t)c[1], collection = c[2] & 0xffff;
  uint32_t from = (uint32_t)(c[2] >> 16), to = (uint32_t)(c[3] >> 16), pe;
  walk_t w;
  switch (c[0] & 0xff) {
  case 0x01: return movi(k, device, event, collection);
  case 0x03:
    if ((w = walk(k, device, event)).error) return w.error;
    k->ints++;
    if (!lpi_set(&k->lpis, w.pe, w.intid)) k->lpis.merged++;
    return 0;
  case 0x04:
    if ((w = walk(k, device, event)).error) return w.error;
    lpi_clear(&k->lpis, w.pe, w.intid);
    return 0;
  case 0x05: return from < k->lpis.count ? 0 : TARGET_OOR;
  case 0x08: return mapd(k, device, c);
  case 0x09: return mapc(k, c);
  case 0x0a: return mapti(k, device, event, (uint32_t)(c[1] >> 32), collection);
  case 0x0b: return mapti(k, device, event, event, collection);
  case 0x0c:
    if ((w = walk(k, device, event)).error) return w.error;
    lpi_reread(&k->lpis, &k->ram, w.pe, w.intid);
    return 0;
  case 0x0d: {
    uint32_t error = walk_collection(k, collection, &pe);
    if (!error) lpi_reread_all(&k->lpis, &k->ram, pe);
    return error;
  }
  case 0x0e:
    if (from >= k->lpis.count || to >= k->lpis.count) return TARGET_OOR;
    lpi_move_all(&k->lpis, from, to);
    return 0;
  case 0x0f: return discard(k, device, event);
  default: return UNREACHABLE;
  }
}

static void __attribute__((noinline)) reject(
  its_kernel *k, const uint64_t *c, uint32_t slot, uint32_t error
) {
  logged_t *event = &k->log[k->rejected % LOGGED];
  *event = (logged_t){k->rejected++, {c[0], c[1], c[2], c[3]}, slot, error};
}

void its_run_queue(its_kernel *k, uint32_t cwriter) {
  uint32_t slot = atomic_load_explicit(&k->creadr, memory_order_relaxed);
  if (cwriter >= k->queue_bytes) return;
  while (slot != cwriter) {
    // The guest may be writing: what is looked at is a copy.
    uint64_t c[4];
    uint32_t error = UNREACHABLE;
    if (ram_load_slot(&k->ram, k->queue + slot, c)) error = execute(k, c);
    if (__builtin_expect(error != 0, 0)) reject(k, c, slot, error);
    else k->completed[c[0] & 15]++;
    slot = slot + 32 >= k->queue_bytes ? 0 : slot + 32;
    atomic_store_explicit(&k->creadr, slot, memory_order_release);
  }
}

INLINE uint64_t signal_one(its_kernel *k, const its_access *message) {
  if (message->operation != 2 || message->data >> 32) return (uint64_t)(16 + EVENT_OOR) << 56;
  walk_t w = walk(k, message->source, (uint32_t)message->data);
  if (__builtin_expect(w.error != 0, 0)) return (uint64_t)(16 + w.error) << 56;
  uint64_t kind = !lpi_set(&k->lpis, w.pe, w.intid);
  return kind << 56 | (uint64_t)w.pe << 40 | (get(w.word) & 0xffffffffff);
}

void its_signal(its_kernel *k, const its_access *messages, uint64_t *outcomes, uint64_t count) {
  for (uint64_t i = 0; i < count; i++) outcomes[i] = signal_one(k, &messages[i]);
}

its_kernel *its_new(
  void *ram, uint64_t ram_address, uint64_t ram_bytes, uint32_t pes, bool shared
) {
  its_kernel *k = calloc(1, sizeof *k);
  k->ram = (ram_t){ram, ram_address, ram_bytes};
  lpis_init(&k->lpis, pes, shared);
  k->devices = calloc(DEVICES, sizeof *k->devices);
  k->collections = calloc(COLLECTIONS, sizeof *k->collections);
  k->log = calloc(LOGGED, sizeof *k->log);
  return k;
}

void its_free(its_kernel *k) {
  for (int i = 0; i < DEVICES; i++) free((void *)k->devices[i].words);
  free(k->devices);
  free((void *)k->collections);
  free(k->log);
  lpis_free(&k->lpis);
  free(k);
}

void its_set_tables(
  its_kernel *k, uint64_t devices, uint64_t device_capacity, uint64_t collections,
  uint64_t collection_capacity, uint64_t queue, uint32_t queue_bytes
) {
  k->device_table = devices, k->device_capacity = device_capacity;
  k->collection_table = collections, k->collection_capacity = collection_capacity;
  k->queue = queue, k->queue_bytes = queue_bytes;
}

void its_enable_lpis(
  its_kernel *k, uint32_t pe, uint64_t properties, uint64_t pending_table, bool ptz, uint8_t pmr
) {
  lpis_enable(&k->lpis, &k->ram, pe, properties, pending_table, ptz, pmr);
}
void its_flush(its_kernel *k) { lpis_flush(&k->lpis, &k->ram); }
uint32_t its_creadr(const its_kernel *k) { return k->creadr; }
uint64_t its_rejected(const its_kernel *k) { return k->rejected; }
uint64_t its_merged(const its_kernel *k) { return k->lpis.merged; }

uint32_t its_highest_pending(its_kernel *k, uint32_t pe) {
  uint32_t found = lpi_find(&k->lpis, &k->lpis.pes[pe]);
  return found ? found : 1023;
}

uint32_t its_acknowledge(its_kernel *k, uint32_t pe) {
  uint32_t found = its_highest_pending(k, pe);
  if (found != 1023) lpi_clear(&k->lpis, pe, found);
  return found;
}

uint64_t its_cycle(its_kernel *k, uint32_t pe, const uint32_t *intids, uint64_t count) {
  uint64_t sum = 0;
  for (uint64_t i = 0; i < count; i++) sum += lpi_cycle(&k->lpis, pe, intids[i]);
  return sum;
}

/// Not inlined: nothing that is found may be kept from one call to the next.
static uint32_t __attribute__((noinline)) find_one(its_kernel *k, uint32_t pe) {
  return lpi_find(&k->lpis, &k->lpis.pes[pe]);
}

uint64_t its_find(its_kernel *k, uint32_t pe, uint64_t count) {
  uint64_t sum = 0;
  for (uint64_t i = 0; i < count; i++) {
    sum += find_one(k, pe);
    // What is pending may have changed, as far as the compiler knows.
    __asm__ volatile("" ::: "memory");
  }
  return sum;
}
