// LPIs at the redistributors: pending bits, and for each of 64 priorities which blocks of 64 LPIs
// have a candidate, which words of those block bits are not 0, and which priorities have any. A
// block bit may be stale: the search mends it. One owner at a time changes a PE's state; where
// threads share the kernel, it is elected by compare-and-swap, and a pending bit is tested first.
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define INLINE static inline __attribute__((always_inline))
#define VALID (1ull << 63)
#define ITT_BITS 0x000fffffffffff00ull
enum { FIRST_LPI = 8192, INTIDS = 1 << 16, WORDS = INTIDS / 64, LEVELS = 64, GROUPS = WORDS / 64 };

typedef struct {
  uint8_t *base;
  uint64_t address, bytes;
} ram_t;

/// The host address of `bytes` bytes of guest RAM; NULL unless they all lie in it.
INLINE void *ram_at(const ram_t *ram, uint64_t address, uint64_t bytes) {
  uint64_t offset = address - ram->address;
  if (offset >= ram->bytes || bytes > ram->bytes - offset) return NULL;
  return ram->base + offset;
}
INLINE bool ram_load(const ram_t *ram, uint64_t address, uint64_t *value) {
  _Atomic uint64_t *word = ram_at(ram, address, 8);
  if (!word || address & 7) return false;
  *value = atomic_load_explicit(word, memory_order_relaxed);
  return true;
}
INLINE bool ram_store(const ram_t *ram, uint64_t address, uint64_t value) {
  _Atomic uint64_t *word = ram_at(ram, address, 8);
  if (!word || address & 7) return false;
  atomic_store_explicit(word, value, memory_order_relaxed);
  return true;
}
INLINE bool ram_load_slot(const ram_t *ram, uint64_t address, uint64_t *c) {
  _Atomic uint64_t *words = ram_at(ram, address, 32);
  if (!words) return false;
  for (int i = 0; i < 4; i++) c[i] = atomic_load_explicit(&words[i], memory_order_relaxed);
  return true;
}

typedef struct {
  _Alignas(128) _Atomic uint32_t owner;
  bool enabled, line;
  uint8_t pmr, offered_priority;
  uint32_t limit, offered, sequence, count;
  uint64_t priorities, pending_table;
  uint64_t summaries[LEVELS];
  _Atomic uint64_t pending[WORDS];
  uint64_t blocks[LEVELS][GROUPS];
} pe_t;

typedef struct {
  pe_t *pes;
  uint32_t count;
  bool shared;
  uint64_t merged, property_address;
  uint8_t *properties;
} lpis_t;

static void lpis_init(lpis_t *l, uint32_t pes, bool shared) {
  l->count = pes, l->shared = shared;
  l->pes = aligned_alloc(128, pes * sizeof *l->pes);
  memset(l->pes, 0, pes * sizeof *l->pes);
  l->properties = calloc(INTIDS - FIRST_LPI, 1);
}
static void lpis_free(lpis_t *l) {
  free(l->pes);
  free(l->properties);
}

INLINE void own(const lpis_t *l, pe_t *p) {
  if (!l->shared) return;
  uint32_t nobody = 0;
  while (!atomic_compare_exchange_weak_explicit(
    &p->owner, &nobody, 1, memory_order_acquire, memory_order_relaxed)) nobody = 0;
}
INLINE void disown(const lpis_t *l, pe_t *p) {
  if (l->shared) atomic_store_explicit(&p->owner, 0, memory_order_release);
}

INLINE uint64_t pending(const pe_t *p, uint32_t word) {
  return atomic_load_explicit(&p->pending[word], memory_order_relaxed);
}
INLINE void set_pending(pe_t *p, uint32_t word, uint64_t bits) {
  atomic_store_explicit(&p->pending[word], bits, memory_order_relaxed);
}
INLINE bool is_pending(const pe_t *p, uint32_t intid) {
  return pending(p, intid >> 6) >> (intid & 63) & 1;
}

/// Makes a pending LPI a candidate, if its configuration enables it.
INLINE void consider(const lpis_t *l, pe_t *p, uint32_t intid) {
  uint8_t property = l->properties[intid - FIRST_LPI];
  if (!(property & 1)) return;
  uint32_t level = property >> 2, block = intid >> 6;
  p->blocks[level][block >> 6] |= 1ull << (block & 63);
  p->summaries[level] |= 1ull << (block >> 6);
  p->priorities |= 1ull << level;
}

/// Which of a block's 64 LPIs are enabled and have this priority.
INLINE uint64_t block_matches(const lpis_t *l, uint32_t block, uint32_t level) {
  const uint8_t *properties = l->properties + ((block << 6) - FIRST_LPI);
  const uint8_t wanted = (uint8_t)(level << 2 | 1);
  uint64_t matches = 0;
#ifdef __SSE2__
  const __m128i mask = _mm_set1_epi8((char)0xfd), value = _mm_set1_epi8((char)wanted);
  for (int i = 0; i < 4; i++) {
    __m128i bytes = _mm_loadu_si128((const __m128i *)(properties + 16 * i));
    __m128i equal = _mm_cmpeq_epi8(_mm_and_si128(bytes, mask), value);
    matches |= (uint64_t)(uint32_t)_mm_movemask_epi8(equal) << (16 * i);
  }
#else
  for (int i = 0; i < 64; i++) matches |= (uint64_t)((properties[i] & 0xfd) == wanted) << i;
#endif
  return matches;
}

/// Nothing in this block has this priority any more: what is pending there goes where it belongs.
static void __attribute__((noinline)) mend(
  const lpis_t *l, pe_t *p, uint32_t level, uint32_t group, uint32_t block
) {
  p->blocks[level][group] &= p->blocks[level][group] - 1;
  if (!p->blocks[level][group]) {
    p->summaries[level] &= ~(1ull << group);
    if (!p->summaries[level]) p->priorities &= ~(1ull << level);
  }
  for (uint64_t bits = pending(p, block); bits; bits &= bits - 1)
    consider(l, p, block << 6 | (uint32_t)__builtin_ctzll(bits));
}

/// The pending, enabled LPI of the highest priority, of several the lowest INTID; 0 for none.
INLINE uint32_t lpi_find(const lpis_t *l, pe_t *p) {
  while (p->priorities) {
    uint32_t level = (uint32_t)__builtin_ctzll(p->priorities);
    uint32_t group = (uint32_t)__builtin_ctzll(p->summaries[level]);
    uint32_t block = group << 6 | (uint32_t)__builtin_ctzll(p->blocks[level][group]);
    uint64_t found = pending(p, block) & block_matches(l, block, level);
    if (__builtin_expect(found != 0, 1)) return block << 6 | (uint32_t)__builtin_ctzll(found);
    mend(l, p, level, group, block);
  }
  return 0;
}

/// What the PE is shown, and its line.
INLINE void offer(const lpis_t *l, pe_t *p) {
  p->offered = lpi_find(l, p);
  p->offered_priority = p->offered ? l->properties[p->offered - FIRST_LPI] & 0xfc : 0xff;
  bool line = p->offered_priority < p->pmr;
  if (line != p->line) p->line = line, p->sequence++;
}

/// A new candidate changes what is shown only if it goes before it.
INLINE void offer_new(const lpis_t *l, pe_t *p, uint32_t intid) {
  uint8_t property = l->properties[intid - FIRST_LPI], priority = property & 0xfc;
  if (!(property & 1)) return;
  if (p->offered && (priority > p->offered_priority ||
    (priority == p->offered_priority && intid > p->offered))) return;
  p->offered = intid, p->offered_priority = priority;
  bool line = priority < p->pmr;
  if (line != p->line) p->line = line, p->sequence++;
}

/// Returns whether it was not pending.
INLINE bool receive(const lpis_t *l, pe_t *p, uint32_t intid) {
  uint64_t old = pending(p, intid >> 6), bit = 1ull << (intid & 63);
  if (old & bit) return false;
  set_pending(p, intid >> 6, old | bit);
  p->count++;
  consider(l, p, intid);
  return true;
}
INLINE bool take(pe_t *p, uint32_t intid) {
  uint64_t old = pending(p, intid >> 6), bit = 1ull << (intid & 63);
  if (!(old & bit)) return false;
  set_pending(p, intid >> 6, old & ~bit);
  p->count--;
  return true;
}

/// Returns whether it became pending.
INLINE bool lpi_set(lpis_t *l, uint32_t pe, uint32_t intid) {
  pe_t *p = &l->pes[pe];
  if (!p->enabled || intid >= p->limit || is_pending(p, intid)) return false;
  own(l, p);
  bool is_new = receive(l, p, intid);
  if (is_new) offer_new(l, p, intid);
  disown(l, p);
  return is_new;
}

INLINE void lpi_clear(lpis_t *l, uint32_t pe, uint32_t intid) {
  pe_t *p = &l->pes[pe];
  if (!is_pending(p, intid)) return;
  own(l, p);
  if (take(p, intid)) offer(l, p);
  disown(l, p);
}

INLINE void lpi_move(lpis_t *l, uint32_t intid, uint32_t from, uint32_t to) {
  pe_t *source = &l->pes[from], *target = &l->pes[to];
  if (from == to || !target->enabled || intid >= target->limit) return;
  if (!is_pending(source, intid)) return;
  own(l, source);
  bool moved = take(source, intid);
  if (moved) offer(l, source);
  disown(l, source);
  if (!moved) return;
  own(l, target);
  if (!receive(l, target, intid)) l->merged++;
  offer(l, target);
  disown(l, target);
}

static void __attribute__((noinline)) lpi_move_all(lpis_t *l, uint32_t from, uint32_t to) {
  pe_t *source = &l->pes[from], *target = &l->pes[to];
  if (from == to || !target->enabled || !source->count) return;
  own(l, source);
  own(l, target);
  for (uint32_t word = FIRST_LPI / 64; word < WORDS; word++) {
    uint64_t bits = pending(source, word);
    if (!bits) continue;
    set_pending(source, word, 0);
    source->count -= (uint32_t)__builtin_popcountll(bits);
    for (; bits; bits &= bits - 1)
      if (!receive(l, target, word << 6 | (uint32_t)__builtin_ctzll(bits))) l->merged++;
  }
  offer(l, source);
  offer(l, target);
  disown(l, target);
  disown(l, source);
}

/// Everything that is pending is entered anew.
static void __attribute__((noinline)) consider_all(const lpis_t *l, pe_t *p) {
  p->priorities = 0;
  memset(p->summaries, 0, sizeof p->summaries);
  memset(p->blocks, 0, sizeof p->blocks);
  for (uint32_t word = FIRST_LPI / 64; word < WORDS; word++)
    for (uint64_t bits = pending(p, word); bits; bits &= bits - 1)
      consider(l, p, word << 6 | (uint32_t)__builtin_ctzll(bits));
  offer(l, p);
}

/// One configuration byte is read again; every PE shares the table.
INLINE void lpi_reread(lpis_t *l, const ram_t *ram, uint32_t pe, uint32_t intid) {
  if (!l->pes[pe].enabled) return;
  uint8_t *byte = ram_at(ram, l->property_address + (intid - FIRST_LPI), 1);
  uint8_t property = byte ? *(volatile uint8_t *)byte : 0;
  if (__builtin_expect(property == l->properties[intid - FIRST_LPI], 1)) return;
  l->properties[intid - FIRST_LPI] = property;
  for (uint32_t i = 0; i < l->count; i++) {
    pe_t *p = &l->pes[i];
    if (!p->enabled || !is_pending(p, intid)) continue;
    own(l, p);
    if (is_pending(p, intid)) consider(l, p, intid), offer(l, p);
    disown(l, p);
  }
}

static void __attribute__((noinline)) lpi_reread_all(
  lpis_t *l, const ram_t *ram, uint32_t pe
) {
  const void *table = ram_at(ram, l->property_address, INTIDS - FIRST_LPI);
  if (!l->pes[pe].enabled || !table) return;
  memcpy(l->properties, table, INTIDS - FIRST_LPI);
  for (uint32_t i = 0; i < l->count; i++) {
    pe_t *p = &l->pes[i];
    if (!p->enabled || !p->count) continue;
    own(l, p);
    consider_all(l, p);
    disown(l, p);
  }
}

INLINE uint32_t lpi_cycle(const lpis_t *l, uint32_t pe, uint32_t intid) {
  pe_t *p = &l->pes[pe];
  own(l, p);
  receive(l, p, intid);
  uint32_t found = lpi_find(l, p);
  if (found) take(p, found);
  disown(l, p);
  return found;
}

static void lpis_enable(
  lpis_t *l, const ram_t *ram, uint32_t pe, uint64_t properties, uint64_t pending_table, bool ptz,
  uint8_t pmr
) {
  pe_t *p = &l->pes[pe];
  p->enabled = true, p->limit = INTIDS, p->pmr = pmr, p->pending_table = pending_table;
  l->property_address = properties;
  for (uint32_t word = FIRST_LPI / 64; word < WORDS; word++) {
    uint64_t bits = 0;
    if (!ptz) ram_load(ram, pending_table + word * 8ull, &bits);
    set_pending(p, word, bits);
    p->count += (uint32_t)__builtin_popcountll(bits);
  }
  const void *table = ram_at(ram, properties, INTIDS - FIRST_LPI);
  if (table) memcpy(l->properties, table, INTIDS - FIRST_LPI);
  consider_all(l, p);
}

static void lpis_flush(const lpis_t *l, const ram_t *ram) {
  for (uint32_t i = 0; i < l->count; i++)
    for (uint32_t word = FIRST_LPI / 64; l->pes[i].enabled && word < WORDS; word++)
      ram_store(ram, l->pes[i].pending_table + word * 8ull, pending(&l->pes[i], word));
}
