#ifndef PREMISE_TESTS_GUARD_H
#define PREMISE_TESTS_GUARD_H

/* From here on the kernel kills this process on socket, fork (threads are allowed) and execve. 0 on success, else an errno;
 * -1 where this test does not know the system. */
int install_guard(void);
/* 1 from then on. */
int guard_is_on(void);
/* 1 when a child under the guard dies of `socket`, 0 when it lives, -1 when that cannot be tried. */
int guard_bites(void);

#endif
