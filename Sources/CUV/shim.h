// libuv, the Linux headers that Glibc's module map leaves out, and the few declarations that those
// headers show only to who defines _GNU_SOURCE, which a module's importer cannot.
#include <uv.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <fcntl.h>
#include <sched.h>
#include <linux/memfd.h>

// Linux's ABI: memfd_create(2), fcntl(2) "File Sealing", socket(7) SO_PEERCRED, preadv2(2).
extern int memfd_create(const char *name, unsigned int flags);
extern ssize_t preadv2(int fd, const struct iovec *parts, int count, off_t offset, int flags);
enum {
  itsd_F_ADD_SEALS = 1033,
  itsd_F_GET_SEALS = 1034,
  itsd_F_SEAL_SHRINK = 0x0002,
  itsd_F_SEAL_GROW = 0x0004,
  itsd_F_SEAL_FUTURE_WRITE = 0x0010,
  itsd_RWF_NOWAIT = 0x0008,
};
struct itsd_peer_credentials {
  pid_t pid;
  uid_t uid;
  gid_t gid;
};

// A moment of rest for the other thread of the core, while one waits for memory to change.
static inline void itsd_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}
