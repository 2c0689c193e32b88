/* libnvidia-ml.so.1. A device is its index and one, as a pointer. */
#define _GNU_SOURCE
#include <stdint.h>

#include "fake_answers.h"

typedef struct {
    unsigned long long total, free, used;
} Memory;

static int index_of(void *device) { return (int)((intptr_t)device - 1); }

int nvmlInit_v2(void) { return behave("nvmlInit_v2"); }

int nvmlSystemGetDriverVersion(char *version, unsigned size) {
    if (!find_answer("driver", version, size)) snprintf(version, size, "580.65.06");
    return behave("nvmlSystemGetDriverVersion");
}

int nvmlDeviceGetCount_v2(unsigned *count) {
    *count = (unsigned)number_of("devices", 1);
    return behave("nvmlDeviceGetCount_v2");
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) {
    *device = (void *)((intptr_t)index + 1);
    return (int)device_number((int)index, "error", behave("nvmlDeviceGetHandleByIndex_v2"));
}

int nvmlDeviceGetName(void *device, char *name, unsigned size) {
    char key[64];
    snprintf(key, sizeof key, "%d.name", index_of(device));
    if (!find_answer(key, name, size)) snprintf(name, size, "Fake GPU");
    return behave("nvmlDeviceGetName");
}

int nvmlDeviceGetCudaComputeCapability(void *device, int *major, int *minor) {
    long long capability = device_number(index_of(device), "capability", 90);
    *major = (int)(capability / 10);
    *minor = (int)(capability % 10);
    return behave("nvmlDeviceGetCudaComputeCapability");
}

int nvmlDeviceGetMemoryInfo(void *device, Memory *memory) {
    memory->total = (unsigned long long)device_number(index_of(device), "memory", 80000000000);
    memory->free = (unsigned long long)device_number(index_of(device), "free", 79000000000);
    memory->used = memory->total - memory->free;
    return behave("nvmlDeviceGetMemoryInfo");
}

int nvmlDeviceGetEccMode(void *device, int *now, int *later) {
    *now = *later = (int)device_number(index_of(device), "ecc", 1);
    return behave("nvmlDeviceGetEccMode");
}

int nvmlDeviceGetTotalEccErrors(void *device, int kind, int counter, unsigned long long *count) {
    *count = kind == 1 ? (unsigned long long)device_number(index_of(device), counter ? "ecc_ever" : "ecc_new", 0) : 0;
    return behave("nvmlDeviceGetTotalEccErrors");
}

int nvmlDeviceGetRemappedRows(void *device, unsigned *corrected, unsigned *uncorrected, unsigned *pending, unsigned *failed) {
    *corrected = *uncorrected = 0;
    *pending = (unsigned)device_number(index_of(device), "rows_pending", 0);
    *failed = (unsigned)device_number(index_of(device), "rows_failed", 0);
    return behave("nvmlDeviceGetRemappedRows");
}

int nvmlDeviceGetCurrentClocksEventReasons(void *device, unsigned long long *reasons) {
    *reasons = (unsigned long long)device_number(index_of(device), "throttling", 1); /* idle */
    return behave("nvmlDeviceGetCurrentClocksEventReasons");
}

int nvmlDeviceGetCurrentClocksThrottleReasons(void *device, unsigned long long *reasons) {
    *reasons = (unsigned long long)device_number(index_of(device), "throttling", 1);
    return behave("nvmlDeviceGetCurrentClocksThrottleReasons");
}

int nvmlDeviceGetMigMode(void *device, unsigned *now, unsigned *later) {
    *now = *later = (unsigned)device_number(index_of(device), "mig", 0);
    return behave("nvmlDeviceGetMigMode");
}
