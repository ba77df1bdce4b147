// Guest RAM: every access is checked against its bounds.
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define INLINE static inline __attribute__((always_inline))

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
