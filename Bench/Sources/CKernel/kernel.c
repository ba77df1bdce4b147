// The commands and MSIs; what is remembered of the tables is in tables.h, what a redistributor does
// with an LPI in lpis.h.
#include "CKernel.h"
#include "tables.h"

INLINE uint32_t mapd(its_kernel *k, uint32_t device, const uint64_t *c) {
  uint64_t bits = (c[1] & 31) + 1, valid = c[2] & VALID;
  if (valid && bits > EVENT_BITS) return ITT_SIZE_OOR;
  if (device >= DEVICES || device >= k->device_capacity) return DEVICE_OOR;
  uint64_t entry = valid ? VALID | (c[2] & ITT_BITS) | (bits - 1) : 0;
  if (!ram_store(&k->ram, k->device_table + device * 8ull, entry)) return UNREACHABLE;
  _Atomic uint64_t *place = device_words(k, device);
  if (__builtin_expect(!place, 0)) place = make_device_words(k, device);
  uint64_t old = get(place);
  put(place + 1, c[2] & ITT_BITS);
  put(place, valid ? described(bits) : 0);
  if (__builtin_expect(old & 63, 0)) retire(k, old);
  await_readers(k);
  return 0;
}

INLINE uint32_t mapc(its_kernel *k, const uint64_t *c) {
  uint64_t target = c[2] >> 16 & 0xfffffffff, valid = c[2] & VALID;
  uint32_t collection = c[2] & 0xffff;
  if (valid && target >= k->lpis.count) return TARGET_OOR;
  if (collection >= k->collection_capacity) return COLLECTION_OOR;
  uint64_t entry = valid ? VALID | target << 16 : 0;
  if (!ram_store(&k->ram, k->collection_table + collection * 8ull, entry)) return UNREACHABLE;
  uint64_t known = valid ? VALID | target : 0;
  bool differs = k->lpis.shared && get(&k->collections[collection]) != known;
  put(&k->collections[collection], known);
  if (differs) await_readers(k);
  return 0;
}

INLINE uint32_t mapti(
  its_kernel *k, uint32_t device, uint32_t event, uint32_t intid, uint32_t collection
) {
  uint64_t name = 0, itt = 0, word = VALID | (uint64_t)collection << 24 | intid;
  uint32_t error = walk_device(k, device, &name, &itt), pe;
  if (error) return error;
  if ((uint64_t)event >> event_bits(name)) return decide(k, itt, name, EVENT_OOR);
  if (intid < FIRST_LPI || intid >= INTIDS) return ID_OOR;
  uint64_t ite = VALID | (uint64_t)collection << 32 | intid;
  if (!ram_store(&k->ram, itt + event * 8ull, ite)) return UNREACHABLE;
  uint64_t old = k->lpis.shared && has_word(name, event) ? get(&block(name)[event]) : 0;
  remember(k, name, device, event, word);
  if (old && old != word) await_readers(k);
  if (!walk_collection(k, collection, &pe)) lpi_reread(&k->lpis, &k->ram, pe, intid);
  return 0;
}

INLINE uint32_t movi(its_kernel *k, uint32_t device, uint32_t event, uint32_t collection) {
  walk_t w = walk(k, device, event, true);
  uint32_t target = 0, error;
  if (w.error) return w.error;
  if ((error = walk_collection(k, collection, &target))) return error;
  if (!ram_store(&k->ram, w.itt, VALID | (uint64_t)collection << 32 | w.intid))
    return UNREACHABLE;
  remember(k, w.name, device, event, VALID | (uint64_t)collection << 24 | w.intid);
  await_readers(k);
  lpi_move(&k->lpis, w.intid, w.pe, target);
  return 0;
}

INLINE uint32_t discard(its_kernel *k, uint32_t device, uint32_t event) {
  walk_t w = walk(k, device, event, true);
  if (w.error) return w.error;
  if (!ram_store(&k->ram, w.itt, 0)) return UNREACHABLE;
  if (has_word(w.name, event)) put(&block(w.name)[event], 0);
  await_readers(k);
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
    if ((w = walk(k, device, event, false)).error) return w.error;
    k->ints++;
    if (!lpi_set(&k->lpis, w.pe, w.intid)) k->lpis.merged++;
    return 0;
  case 0x04:
    if ((w = walk(k, device, event, false)).error) return w.error;
    lpi_clear(&k->lpis, w.pe, w.intid);
    return 0;
  case 0x05: return from < k->lpis.count ? 0 : TARGET_OOR;
  case 0x08: return mapd(k, device, c);
  case 0x09: return mapc(k, c);
  case 0x0a: return mapti(k, device, event, (uint32_t)(c[1] >> 32), collection);
  case 0x0b: return mapti(k, device, event, event, collection);
  case 0x0c:
    if ((w = walk(k, device, event, false)).error) return w.error;
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
  *event = (logged_t){
    k->rejected++, {c[0], c[1], c[2], c[3]}, k->decided_entry, k->decided_raw, slot, error};
  k->decided_entry = k->decided_raw = 0;
  k->errors[error & 255]++;
}

/// Carries out commands until they have cost a batch, or up to CWRITER.
static uint32_t run_batch(its_kernel *k, uint32_t slot, uint32_t cwriter) {
  for (int64_t left = BATCH; slot != cwriter && left > 0;) {
    // The guest may be writing: what is looked at is a copy.
    uint64_t c[4];
    uint32_t error = UNREACHABLE;
    if (ram_load_slot(&k->ram, k->queue + slot, c)) error = execute(k, c);
    if (__builtin_expect(error != 0, 0)) reject(k, c, slot, error);
    else k->completed[c[0] & 15]++;
    left -= (c[0] & 0xff) == 0x0d || (c[0] & 0xff) == 0x0e ? WHOLE_TABLE : 1;
    slot = slot + 32 >= k->queue_bytes ? 0 : slot + 32;
  }
  if (k->retired_count) reclaim(k);
  atomic_store_explicit(&k->creadr, slot, memory_order_release);
  return slot;
}

void its_run_queue(its_kernel *k, uint32_t cwriter) {
  uint32_t slot = atomic_load_explicit(&k->creadr, memory_order_relaxed);
  if (cwriter >= k->queue_bytes) return;
  while (slot != cwriter) slot = run_batch(k, slot, cwriter);
}

INLINE uint64_t signal_one(its_kernel *k, lane_t *lane, const its_access *message) {
  if (message->operation != 2 || message->data >> 32) return (uint64_t)(16 + EVENT_OOR) << 56;
  if (message->address && message->address - k->base >= 0x20000) return 25ull << 56;
  if (!k->enabled) return 16ull << 56;
  walk_t w = walk(k, message->source, (uint32_t)message->data, false);
  if (__builtin_expect(w.error != 0, 0)) return (uint64_t)(16 + w.error) << 56;
  lane->msis++;
  uint64_t kind = !lpi_set(&k->lpis, w.pe, w.intid);
  lane->merged += kind;
  return kind << 56 | (uint64_t)w.pe << 40 | (uint64_t)w.collection << 24 | w.intid;
}

void its_signal(
  its_kernel *k, uint32_t lane, const its_access *messages, uint64_t *outcomes, uint64_t count
) {
  lane_t *mine = &k->lanes[lane % LANES];
  for (uint64_t i = 0; i < count;) {
    uint64_t end = i + SECTION < count ? i + SECTION : count;
    uint64_t number = 0;
    if (k->lpis.shared) {
      number = (atomic_load_explicit(&mine->word, memory_order_relaxed) & ~3ull) + 4;
      atomic_store_explicit(&mine->word, number | 3, memory_order_seq_cst);
      while (atomic_load_explicit(&k->gate, memory_order_seq_cst) & 1) sched_yield();
    }
    for (; i < end; i++) outcomes[i] = signal_one(k, mine, &messages[i]);
    if (k->lpis.shared) atomic_store_explicit(&mine->word, number, memory_order_release);
  }
}

its_kernel *its_new(
  void *ram, uint64_t ram_address, uint64_t ram_bytes, uint32_t pes, bool shared
) {
  its_kernel *k = calloc(1, sizeof *k);
  k->ram = (ram_t){ram, ram_address, ram_bytes};
  lpis_init(&k->lpis, pes, shared);
  k->lanes = aligned_alloc(128, LANES * sizeof *k->lanes);
  memset(k->lanes, 0, LANES * sizeof *k->lanes);
  k->collections = calloc(COLLECTIONS, sizeof *k->collections);
  k->log = calloc(LOGGED, sizeof *k->log);
  return k;
}

void its_free(its_kernel *k) {
  reclaim(k);
  for (int i = 0; i < DEVICES / CHUNK; i++) {
    if (!k->chunks[i]) continue;
    for (int n = 0; n < CHUNK; n++) free((void *)(k->chunks[i][2 * n] >> 16));
    free((void *)k->chunks[i]);
  }
  free((void *)k->collections);
  free(k->log);
  free(k->lanes);
  lpis_free(&k->lpis);
  free(k);
}

void its_set_tables(
  its_kernel *k, uint64_t devices, uint64_t device_capacity, uint64_t collections,
  uint64_t collection_capacity, uint64_t queue, uint32_t queue_bytes
) {
  k->device_table = devices, k->device_capacity = device_capacity;
  k->collection_table = collections, k->collection_capacity = collection_capacity;
  k->queue = queue, k->queue_bytes = queue_bytes, k->enabled = true;
}

void its_enable_lpis(
  its_kernel *k, uint32_t pe, uint64_t properties, uint64_t pending_table, bool ptz, uint8_t pmr
) {
  lpis_enable(&k->lpis, &k->ram, pe, properties, pending_table, ptz, pmr);
}
void its_flush(its_kernel *k) { lpis_flush(&k->lpis, &k->ram); }
void its_settle(its_kernel *k) { k->lpis.outbox_count = 0; }
uint32_t its_creadr(const its_kernel *k) { return k->creadr; }
uint64_t its_rejected(const its_kernel *k) { return k->rejected; }
uint64_t its_merged(const its_kernel *k) {
  uint64_t sum = k->lpis.merged;
  for (int lane = 0; lane < LANES; lane++) sum += k->lanes[lane].merged;
  return sum;
}

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
