/* libcudnn.so.N. */
#define _GNU_SOURCE
#include "fake_answers.h"

size_t cudnnGetVersion(void) {
    behave("cudnnGetVersion");
    return (size_t)number_of("version", 91300);
}

size_t cudnnGetCudartVersion(void) {
    behave("cudnnGetCudartVersion");
    return (size_t)number_of("cudart", 13000);
}
