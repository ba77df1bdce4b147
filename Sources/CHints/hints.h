// What Swift has no name for: hints to the host's processor and scheduler, none of which changes a
// result, one comparison of many bytes at once, and memory that is not touched before it is used.
#ifndef ITSD_HINTS_H
#define ITSD_HINTS_H
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

// The line at `address` will be read soon. Any address will do, also one that is not mapped.
static inline void hint_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }

// One turn of a loop that waits for another thread.
static inline void hint_spin(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("isb");
#endif
}

// Another thread may have the processor.
static inline void hint_yield(void) { (void)sched_yield(); }

// `count` doublewords that are 0, for `free_words`; what nobody writes costs no memory. NULL if
// there are none.
static inline void *zeroed_words(size_t count) { return calloc(count, 8); }
static inline void free_words(void *words) { free(words); }

// Bit n: byte n of the 64 at `bytes`, as far as `mask` goes, is the byte of which `pattern` has
// eight. Other threads may be storing there: each byte is loaded once, and whole. `bytes` is 8-byte
// aligned.
static inline uint64_t match_64_bytes(const void *bytes, uint8_t mask, uint64_t pattern) {
  uint64_t matches = 0;
#ifdef __SSE2__
  const __m128i masks = _mm_set1_epi8((char)mask), value = _mm_set1_epi64x((long long)pattern);
  for (int part = 0; part < 4; part++) {
    const char(*from)[16] = (const char(*)[16])bytes + part;
    __m128i found;
    // A load that the compiler knows nothing of: to it these bytes belong to other threads too.
    __asm__("movdqu %1, %0" : "=x"(found) : "m"(*from));
    found = _mm_cmpeq_epi8(_mm_and_si128(found, masks), value);
    matches |= (uint64_t)(uint32_t)_mm_movemask_epi8(found) << (16 * part);
  }
#else
  for (int n = 0; n < 64; n++) {
    uint8_t found = __atomic_load_n((const uint8_t *)bytes + n, __ATOMIC_RELAXED);
    matches |= (uint64_t)((found & mask) == (uint8_t)pattern) << n;
  }
#endif
  return matches;
}

#endif
