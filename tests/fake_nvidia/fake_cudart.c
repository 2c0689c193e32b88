/* libcudart.so.N: the runtime. */
#define _GNU_SOURCE
#include "fake_answers.h"

int cudaRuntimeGetVersion(int *version) {
    *version = (int)number_of("version", 13000);
    return behave("cudaRuntimeGetVersion");
}
