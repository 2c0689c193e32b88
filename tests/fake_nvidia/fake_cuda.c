/* libcuda.so.1: the driver. */
#define _GNU_SOURCE
#include "fake_answers.h"

int cuInit(unsigned flags) { return flags ? 1 : behave("cuInit"); }

int cuDriverGetVersion(int *version) {
    *version = (int)number_of("version", 13000);
    return behave("cuDriverGetVersion");
}

int cuDeviceGetCount(int *count) {
    *count = (int)number_of("devices", 1);
    return behave("cuDeviceGetCount");
}

int cuDeviceGet(int *device, int index) {
    *device = index;
    return behave("cuDeviceGet");
}

int cuDeviceGetName(char *name, int size, int device) {
    char key[64];
    snprintf(key, sizeof key, "%d.name", device);
    if (!find_answer(key, name, (size_t)size)) snprintf(name, (size_t)size, "Fake GPU");
    return behave("cuDeviceGetName");
}

int cuDeviceGetAttribute(int *value, int attribute, int device) {
    long long capability = device_number(device, "capability", 90);
    if (attribute != 75 && attribute != 76) return 1;
    *value = (int)(attribute == 75 ? capability / 10 : capability % 10);
    return behave("cuDeviceGetAttribute");
}
