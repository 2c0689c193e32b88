/* libnccl.so.2. */
#define _GNU_SOURCE
#include "fake_answers.h"

int ncclGetVersion(int *version) {
    *version = (int)number_of("version", 22707);
    return behave("ncclGetVersion");
}
