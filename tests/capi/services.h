/* Host services as a host would write them, that count what they are asked for. */
#ifndef PREMISE_TESTS_SERVICES_H
#define PREMISE_TESTS_SERVICES_H

#include <premise/premise.h>
#include <stddef.h>

typedef struct ledger {
    int64_t blocks, bytes, peak_bytes, calls;
    int64_t fail_at; /* the call that is refused, from 1; 0: none */
    int fail_on;     /* and all later ones */
    int wrong;       /* releases whose size or kind was not the one asked for, or a pointer that was not aligned */
} ledger;

void *ledger_alloc(void *user, size_t size, size_t align, int32_t kind);
void ledger_release(void *user, void *memory, size_t size, int32_t kind);

/* Files of a host: each name is a file of the system, read through the service. */
typedef struct shelf {
    int open, opened, reads;
    int fail_read; /* the read that answers 7, from 1; 0: none */
    int lend;      /* file_map lends the bytes */
    int how;       /* what goes wrong: SHELF_... */
    int64_t fail_at; /* in which of the calls that it can go wrong in, from 1; 0: none */
    int fail_on;     /* and in all later ones */
    int64_t calls;   /* such calls until now */
} shelf;
enum {
    SHELF_WELL,
    SHELF_REFUSES, /* a read answers 5 */
    SHELF_SHORT,   /* a read brings half and answers 5 */
    SHELF_ABSENT,  /* an open answers 2 */
    SHELF_SHRINKS, /* an opened file has half of its bytes from a call on; reads of the others answer 8 */
    SHELF_GREW     /* an open tells half of the file's size */
};

int32_t shelf_open(void *user, const char *name, int32_t mode, void **file, uint64_t *size);
int32_t shelf_read(void *user, void *file, uint64_t offset, void *data, size_t size);
int32_t shelf_close(void *user, void *file, int32_t keep);
const void *shelf_map(void *user, void *file, uint64_t offset, size_t size);

/* An engine over a ledger and, unless NULL, a shelf; one thread of its own. NULL when it does not open. */
prm_engine *open_over_services(ledger *book, shelf *files);
/* The same with a budget; without a ledger over the system's memory. */
prm_engine *open_with_budget(ledger *book, shelf *files, uint64_t budget);

/* Executors. */
void help_with_threads(void *user, prm_work_fn run, void *work, int32_t helpers);
void help_late(void *user, prm_work_fn run, void *work, int32_t helpers);
void help_never(void *user, prm_work_fn run, void *work, int32_t helpers);
void help_in_turn(void *user, prm_work_fn run, void *work, int32_t helpers);

#endif
