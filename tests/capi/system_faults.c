#define _GNU_SOURCE
#include "system_faults.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* So that the library finds it, too: the flags of this build hide names. */
#define EXPORTED __attribute__((visibility("default")))

static atomic_int armed;
static atomic_llong calls;
static int64_t fail_at;
static int fail_on;

void system_fault_arm(enum system_fault how, int64_t at, int onwards) {
    fail_at = at;
    fail_on = onwards;
    atomic_store(&calls, 0);
    atomic_store(&armed, how);
}

int64_t system_fault_disarm(void) {
    atomic_store(&armed, SYSTEM_WELL);
    return atomic_load(&calls);
}

int system_fault_possible(enum system_fault how) { return how != SYSTEM_MALLOC || !SANITIZED; }

static int strikes(int how) {
    int64_t call;
    if (atomic_load(&armed) != how) return 0;
    call = atomic_fetch_add(&calls, 1) + 1;
    return fail_at && (fail_on ? call >= fail_at : call == fail_at);
}

#if !SANITIZED
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t align, size_t size);

static int refuses(void) {
    if (!strikes(SYSTEM_MALLOC)) return 0;
    errno = ENOMEM;
    return 1;
}
EXPORTED void *malloc(size_t size) { return refuses() ? NULL : __libc_malloc(size); }
EXPORTED void *calloc(size_t count, size_t size) { return refuses() ? NULL : __libc_calloc(count, size); }
EXPORTED void *realloc(void *memory, size_t size) { return refuses() ? NULL : __libc_realloc(memory, size); }
EXPORTED void *memalign(size_t align, size_t size) { return refuses() ? NULL : __libc_memalign(align, size); }
EXPORTED void *aligned_alloc(size_t align, size_t size) { return memalign(align, size); }
EXPORTED int posix_memalign(void **out, size_t align, size_t size) {
    void *memory = memalign(align, size);
    if (!memory) return ENOMEM;
    *out = memory;
    return 0;
}
#endif

EXPORTED void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
    if (strikes(SYSTEM_MAP)) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}

EXPORTED int mprotect(void *at, size_t size, int protection) {
    if (strikes(SYSTEM_MAP)) {
        errno = ENOMEM;
        return -1;
    }
    return (int)syscall(SYS_mprotect, at, size, protection);
}

static void cut_file(int fd) {
    char path[64];
    struct stat info;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (fstat(fd, &info) || truncate(path, info.st_size / 2)) perror("cutting a file");
}

EXPORTED ssize_t pread(int fd, void *data, size_t size, off_t offset) {
    int how = atomic_load(&armed);
    if (how >= SYSTEM_READ_FAILS && strikes(how)) {
        if (how == SYSTEM_READ_FAILS || how == SYSTEM_READ_BREAKS) {
            errno = how == SYSTEM_READ_FAILS ? EIO : EINTR;
            return -1;
        }
        if (how == SYSTEM_READ_SHORT) size = (size + 1) / 2;
        if (how == SYSTEM_READ_CUTS) cut_file(fd);
    }
    return syscall(SYS_pread64, fd, data, size, offset);
}
