/* A test harness of one page. A case is a function; a check that fails prints its place and leaves the case. */
#ifndef PREMISE_TESTS_HARNESS_H
#define PREMISE_TESTS_HARNESS_H

#include <premise/premise.h>
#include <stddef.h>

typedef struct test_case {
    const char *name; /* a sentence */
    void (*run)(void);
} test_case;

typedef struct test_suite {
    const char *name;
    const test_case *cases;
    size_t count;
} test_suite;

#define SUITE(name, cases) \
    { (name), (cases), sizeof(cases) / sizeof((cases)[0]) }

void test_fail(const char *file, int line, const char *what);
void test_fail_status(const char *file, int line, const char *call, prm_status found, const char *expected);
void test_skip(const char *reason);

/* In the case itself, or in a function that returns void and is the case's last word. */
#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            test_fail(__FILE__, __LINE__, #condition); \
            return; \
        } \
    } while (0)

#define CHECK_STATUS(call, expected) \
    do { \
        prm_status status_ = (call); \
        if (status_ != (expected)) { \
            test_fail_status(__FILE__, __LINE__, #call, status_, #expected); \
            return; \
        } \
    } while (0)

/* Either of two: where the header leaves open which. */
#define CHECK_STATUS_OF(call, expected, other) \
    do { \
        prm_status status_ = (call); \
        if (status_ != (expected) && status_ != (other)) { \
            test_fail_status(__FILE__, __LINE__, #call, status_, #expected " or " #other); \
            return; \
        } \
    } while (0)

#define CHECK_OK(call) CHECK_STATUS(call, PRM_STATUS_OK)

#define SKIP(reason) \
    do { \
        test_skip(reason); \
        return; \
    } while (0)

#endif
