// libuv, and the three Linux headers that Glibc's module map leaves out.
#include <uv.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <fcntl.h>
