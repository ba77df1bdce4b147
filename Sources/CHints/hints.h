// Hints to the host's processor and scheduler that Swift has no name for. None changes a result.
#ifndef ITSD_HINTS_H
#define ITSD_HINTS_H
#include <sched.h>

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

#endif
