// libuv, the Linux headers that Glibc's module map leaves out, and the few declarations that those
// headers show only to who defines _GNU_SOURCE, which a module's importer cannot.
#include <uv.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <fcntl.h>
#include <linux/memfd.h>

// Linux's ABI: memfd_create(2), fcntl(2) "File Sealing", socket(7) SO_PEERCRED.
extern int memfd_create(const char *name, unsigned int flags);
enum {
  itsd_F_ADD_SEALS = 1033,
  itsd_F_GET_SEALS = 1034,
  itsd_F_SEAL_SHRINK = 0x0002,
};
struct itsd_peer_credentials {
  pid_t pid;
  uid_t uid;
  gid_t gid;
};
