/* libcublas.so.N; its version is given as 130000 for 13.0. */
#define _GNU_SOURCE
#include "fake_answers.h"

int cublasGetProperty(int which, int *value) {
    long long version = number_of("version", 130000);
    if (which < 0 || which > 2) return 7;
    *value = (int)(which == 0 ? version / 10000 : which == 1 ? version / 100 % 100 : version % 100);
    return behave("cublasGetProperty");
}
