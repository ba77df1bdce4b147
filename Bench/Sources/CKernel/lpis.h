// LPIs at the redistributors: pending bits, and for each of 64 priorities which blocks of 64 LPIs
// have a candidate, which words of those block bits are not 0, and which priorities have any. A
// block bit may be stale: the search mends it. One owner at a time changes a PE's state; where
// threads share the kernel, it is elected by compare-and-swap, and a pending bit is tested first.
#pragma once
#include "ram.h"
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define VALID (1ull << 63)
#define ITT_BITS 0x000fffffffffff00ull
enum { FIRST_LPI = 8192, INTIDS = 1 << 16, WORDS = INTIDS / 64, LEVELS = 64, GROUPS = WORDS / 64 };

/// A change of a PE's line, for whoever sends it.
typedef struct {
  uint32_t pe, level, sequence;
  uint64_t cycle;
} change_t;

typedef struct {
  _Alignas(128) _Atomic uint32_t owner;
  bool enabled, line, igrpen0, igrpen1;
  uint8_t pmr, bpr, offered_priority;
  uint32_t limit, offered, sequence, count;
  // SGIs and PPIs: bit n is INTID n. Here there are none, but they are looked at.
  uint32_t latched, level, edge, enabled_bits, active, group;
  uint8_t priority[32];
  /// Active priorities of both groups.
  uint32_t apr[8];
  uint64_t priorities, pending_table, set_count;
  uint64_t summaries[LEVELS];
  _Atomic uint64_t pending[WORDS];
  uint64_t blocks[LEVELS][GROUPS];
} pe_t;

typedef struct {
  pe_t *pes;
  uint32_t count;
  bool shared, group0, group1;
  /// Words of SPIs that have candidates; here there are none, but they are asked for.
  uint32_t spi_words;
  uint64_t merged, cleared, property_address;
  /// One byte an LPI, eight in a word: any thread may look one up while another reads it again.
  _Atomic uint64_t *properties;
  change_t *outbox;
  _Atomic bool outbox_owner;
  size_t outbox_count, outbox_capacity;
} lpis_t;

static void lpis_init(lpis_t *l, uint32_t pes, bool shared) {
  l->count = pes, l->shared = shared;
  l->pes = aligned_alloc(128, pes * sizeof *l->pes);
  memset(l->pes, 0, pes * sizeof *l->pes);
  for (uint32_t i = 0; i < pes; i++) {
    l->pes[i].igrpen1 = true, l->pes[i].bpr = 1;
    l->pes[i].edge = 0xffff, l->pes[i].group = ~0u;
  }
  l->group1 = true;
  l->properties = calloc(INTIDS - FIRST_LPI, 1);
  l->outbox_capacity = 64;
  l->outbox = calloc(l->outbox_capacity, sizeof *l->outbox);
}
static void lpis_free(lpis_t *l) {
  free(l->pes);
  free((void *)l->properties);
  free(l->outbox);
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

INLINE uint64_t property_word(const lpis_t *l, uint32_t index) {
  return atomic_load_explicit(&l->properties[index], memory_order_relaxed);
}
INLINE uint8_t property_of(const lpis_t *l, uint32_t intid) {
  uint32_t index = intid - FIRST_LPI;
  return (uint8_t)(property_word(l, index >> 3) >> (index & 7) * 8);
}
static void set_property(lpis_t *l, uint32_t intid, uint8_t property) {
  uint32_t index = intid - FIRST_LPI;
  uint64_t shift = (index & 7) * 8;
  uint64_t word = property_word(l, index >> 3) & ~(0xffull << shift);
  word |= (uint64_t)property << shift;
  atomic_store_explicit(&l->properties[index >> 3], word, memory_order_relaxed);
}

/// Makes a pending LPI a candidate, if its configuration enables it.
INLINE void consider(const lpis_t *l, pe_t *p, uint32_t intid) {
  uint8_t property = property_of(l, intid);
  if (!(property & 1)) return;
  uint32_t level = property >> 2, block = intid >> 6;
  p->blocks[level][block >> 6] |= 1ull << (block & 63);
  p->summaries[level] |= 1ull << (block >> 6);
  p->priorities |= 1ull << level;
}

/// Which of a block's 64 LPIs are enabled and have this priority.
INLINE uint64_t block_matches(const lpis_t *l, uint32_t block, uint32_t level) {
  const uint32_t first = block * 8 - FIRST_LPI / 8;
  const uint8_t wanted = (uint8_t)(level << 2 | 1);
  uint64_t matches = 0;
#ifdef __SSE2__
  const __m128i mask = _mm_set1_epi8((char)0xfd), value = _mm_set1_epi8((char)wanted);
  for (uint32_t i = 0; i < 4; i++) {
    const char(*from)[16] = (const char(*)[16])&l->properties[first] + i;
    __m128i bytes;
    // A load that the compiler knows nothing of: others may be storing.
    __asm__("movdqu %1, %0" : "=x"(bytes) : "m"(*from));
    __m128i equal = _mm_cmpeq_epi8(_mm_and_si128(bytes, mask), value);
    matches |= (uint64_t)(uint32_t)_mm_movemask_epi8(equal) << (16 * i);
  }
#else
  for (uint32_t i = 0; i < 64; i++) {
    uint8_t byte = (uint8_t)(property_word(l, first + i / 8) >> i % 8 * 8);
    matches |= (uint64_t)((byte & 0xfd) == wanted) << i;
  }
#endif
  return matches;
}

/// Nothing in this block has this priority any more. What else is pending there has a bit of its
/// own level since it became pending, or was considered again.
static void __attribute__((noinline)) mend(pe_t *p, uint32_t level, uint32_t group) {
  p->blocks[level][group] &= p->blocks[level][group] - 1;
  if (!p->blocks[level][group]) {
    p->summaries[level] &= ~(1ull << group);
    if (!p->summaries[level]) p->priorities &= ~(1ull << level);
  }
}

/// The pending, enabled LPI of the highest priority, of several the lowest INTID; 0 for none.
INLINE uint32_t lpi_find(const lpis_t *l, pe_t *p) {
  while (p->priorities) {
    uint32_t level = (uint32_t)__builtin_ctzll(p->priorities);
    uint32_t group = (uint32_t)__builtin_ctzll(p->summaries[level]);
    uint32_t block = group << 6 | (uint32_t)__builtin_ctzll(p->blocks[level][group]);
    uint64_t found = pending(p, block) & block_matches(l, block, level);
    if (__builtin_expect(found != 0, 1)) return block << 6 | (uint32_t)__builtin_ctzll(found);
    mend(p, level, group);
  }
  return 0;
}

/// The line is worked out anew from all that may be pending, and a change of it is told. Every
/// group's best is weighed against PMR and against what is active.
INLINE void update_line(lpis_t *l, pe_t *p) {
  uint8_t best = 0xff;
  bool group0 = l->group0 && p->igrpen0, group1 = l->group1 && p->igrpen1;
  if (group1 && p->offered) best = p->offered_priority;
  uint32_t mask = (group0 ? ~p->group : 0) | (group1 ? p->group : 0);
  uint32_t bits = (p->latched | (p->level & ~p->edge)) & p->enabled_bits & ~p->active & mask;
  for (; bits; bits &= bits - 1) {
    uint8_t priority = p->priority[__builtin_ctz(bits)];
    if (priority < best) best = priority;
  }
  // There is no SPI to look at.
  if (l->spi_words) abort();
  bool line = best < p->pmr;
  uint32_t active = 0;
  for (int i = 0; i < 8; i++) active |= p->apr[i];
  if (line && active) {
    int word = 0;
    while (!(p->apr[word] | p->apr[word + 4])) word++;
    uint32_t running = (uint32_t)(word * 32 + __builtin_ctz(p->apr[word] | p->apr[word + 4])) << 3;
    line = (best & (uint8_t)(0xffffff << (p->bpr + 1))) < running;
  }
  if (line == p->line) return;
  p->line = line, p->sequence++;
  if (l->shared)
    while (atomic_exchange_explicit(&l->outbox_owner, true, memory_order_acquire)) sched_yield();
  if (__builtin_expect(l->outbox_count == l->outbox_capacity, 0)) {
    l->outbox_capacity *= 2;
    l->outbox = realloc(l->outbox, l->outbox_capacity * sizeof *l->outbox);
  }
  l->outbox[l->outbox_count++] = (change_t){(uint32_t)(p - l->pes), line, p->sequence, 0};
  if (l->shared) atomic_store_explicit(&l->outbox_owner, false, memory_order_release);
}

/// What the PE is shown, and its line.
INLINE void offer(lpis_t *l, pe_t *p) {
  p->offered = p->count ? lpi_find(l, p) : 0;
  p->offered_priority = p->offered ? property_of(l, p->offered) & 0xfc : 0xff;
  update_line(l, p);
}

/// A new candidate changes what is shown only if it goes before it, and the line only if that is
/// low: what goes before an LPI that has raised it raises it too.
INLINE void offer_new(lpis_t *l, pe_t *p, uint32_t intid) {
  uint8_t property = property_of(l, intid), priority = property & 0xfc;
  if (!(property & 1)) return;
  if (p->offered && (priority > p->offered_priority ||
    (priority == p->offered_priority && intid > p->offered))) return;
  p->offered = intid, p->offered_priority = priority;
  if (!p->line) update_line(l, p);
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
  if (is_new) p->set_count++, offer_new(l, p, intid);
  disown(l, p);
  return is_new;
}

INLINE void lpi_clear(lpis_t *l, uint32_t pe, uint32_t intid) {
  pe_t *p = &l->pes[pe];
  if (!is_pending(p, intid)) return;
  own(l, p);
  if (take(p, intid)) {
    l->cleared++;
    if (p->offered == intid) offer(l, p);
  }
  disown(l, p);
}

INLINE void lpi_move(lpis_t *l, uint32_t intid, uint32_t from, uint32_t to) {
  pe_t *source = &l->pes[from], *target = &l->pes[to];
  if (from == to || !target->enabled || intid >= target->limit) return;
  if (!is_pending(source, intid)) return;
  own(l, source);
  bool moved = take(source, intid);
  if (moved && source->offered == intid) offer(l, source);
  disown(l, source);
  if (!moved) return;
  own(l, target);
  if (receive(l, target, intid)) offer_new(l, target, intid);
  else l->merged++;
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
static void __attribute__((noinline)) consider_all(lpis_t *l, pe_t *p) {
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
  if (__builtin_expect(property == property_of(l, intid), 1)) return;
  set_property(l, intid, property);
  for (uint32_t i = 0; i < l->count; i++) {
    pe_t *p = &l->pes[i];
    if (!p->enabled || !is_pending(p, intid)) continue;
    own(l, p);
    if (is_pending(p, intid)) consider(l, p, intid), offer(l, p);
    disown(l, p);
  }
}

/// Reads the whole table again. Returns whether anything is different now.
static bool refill(lpis_t *l, const ram_t *ram) {
  const _Atomic uint64_t *table = ram_at(ram, l->property_address, INTIDS - FIRST_LPI);
  bool changed = false;
  for (uint32_t i = 0; i < (INTIDS - FIRST_LPI) / 8; i++) {
    uint64_t word = table ? atomic_load_explicit(&table[i], memory_order_relaxed) : 0;
    if (word == property_word(l, i)) continue;
    atomic_store_explicit(&l->properties[i], word, memory_order_relaxed);
    changed = true;
  }
  return changed;
}

static void __attribute__((noinline)) lpi_reread_all(
  lpis_t *l, const ram_t *ram, uint32_t pe
) {
  if (!l->pes[pe].enabled) return;
  bool changed = refill(l, ram);
  for (uint32_t i = 0; i < l->count; i++) {
    pe_t *p = &l->pes[i];
    if (!p->enabled || !p->count) continue;
    own(l, p);
    if (changed) consider_all(l, p); else offer(l, p);
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
  refill(l, ram);
  consider_all(l, p);
}

static void lpis_flush(const lpis_t *l, const ram_t *ram) {
  for (uint32_t i = 0; i < l->count; i++)
    for (uint32_t word = FIRST_LPI / 64; l->pes[i].enabled && word < WORDS; word++)
      ram_store(ram, l->pes[i].pending_table + word * 8ull, pending(&l->pes[i], word));
}
