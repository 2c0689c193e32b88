/* The system fails: functions of the C library, interposed before its own, that fail in the n-th of their calls. For programs that
 * look into glibc. */
#ifndef PREMISE_TESTS_SYSTEM_FAULTS_H
#define PREMISE_TESTS_SYSTEM_FAULTS_H

#include <stdint.h>

enum system_fault {
    SYSTEM_WELL,
    SYSTEM_MALLOC,      /* malloc and its kin refuse; not under sanitizers, which bring their own */
    SYSTEM_MAP,         /* mmap and mprotect refuse */
    SYSTEM_READ_FAILS,  /* pread: EIO */
    SYSTEM_READ_BREAKS, /* pread: EINTR */
    SYSTEM_READ_SHORT,  /* pread reads half, one byte at least */
    SYSTEM_READ_CUTS    /* the file is cut to half before the pread, for good */
};

/* From now on, on every thread; at 0: only count. */
void system_fault_arm(enum system_fault how, int64_t at, int onwards);
/* The calls that could have failed since. */
int64_t system_fault_disarm(void);
int system_fault_possible(enum system_fault how);

#endif
