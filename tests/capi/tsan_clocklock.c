/* The ThreadSanitizer of GCC 12 and Clang 14 does not know pthread_mutex_clocklock, with which the library's timed mutexes wait: it
 * missed that they were taken and called everything under them a race. Under it they are taken with the call that it knows. */
#include <pthread.h>
#include <time.h>

enum { BILLION = 1000000000 };

__attribute__((visibility("default"))) int pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock, const struct timespec *until) {
    struct timespec now, end;
    long long left;
    clock_gettime(clock, &now);
    left = (until->tv_sec - now.tv_sec) * (long long)BILLION + until->tv_nsec - now.tv_nsec;
    clock_gettime(CLOCK_REALTIME, &end);
    if (left > 0) {
        left += end.tv_nsec;
        end.tv_sec += (time_t)(left / BILLION);
        end.tv_nsec = (long)(left % BILLION);
    }
    return pthread_mutex_timedlock(mutex, &end);
}
