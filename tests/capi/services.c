#include "services.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"

/* ---- memory: in front of each block stands what it was asked as ------------------------------------------------------- */

typedef struct label {
    void *block;
    size_t size;
    int32_t kind;
    int32_t magic;
} label;
enum { MAGIC = 0x5ca1ab1e };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void *ledger_alloc(void *user, size_t size, size_t align, int32_t kind) {
    ledger *book = user;
    void *memory = NULL;
    pthread_mutex_lock(&lock);
    ++book->calls;
    if (!book->fail_at || (book->fail_on ? book->calls < book->fail_at : book->calls != book->fail_at)) {
        char *block = malloc(size + align + sizeof(label));
        if (block) {
            uintptr_t place = ((uintptr_t)block + sizeof(label) + align - 1) / align * align;
            label written = { block, size, kind, MAGIC };
            memcpy((char *)place - sizeof written, &written, sizeof written);
            memory = (void *)place;
            ++book->blocks;
            book->bytes += (int64_t)size;
            if (book->bytes > book->peak_bytes) book->peak_bytes = book->bytes;
        }
    }
    pthread_mutex_unlock(&lock);
    return memory;
}

void ledger_release(void *user, void *memory, size_t size, int32_t kind) {
    ledger *book = user;
    label written;
    memcpy(&written, (char *)memory - sizeof written, sizeof written);
    pthread_mutex_lock(&lock);
    if (written.magic != MAGIC || written.size != size || written.kind != kind) ++book->wrong;
    --book->blocks;
    book->bytes -= (int64_t)size;
    pthread_mutex_unlock(&lock);
    free(written.block);
}

/* ---- files ------------------------------------------------------------------------------------------------------------ */

static int strikes(shelf *all, int is_open) {
    switch (all->how) {
    case SHELF_WELL: return 0;
    case SHELF_REFUSES:
    case SHELF_SHORT:
        if (is_open) return 0;
        break;
    case SHELF_ABSENT:
    case SHELF_GREW:
        if (!is_open) return 0;
        break;
    default: break;
    }
    ++all->calls;
    return all->fail_at && (all->fail_on ? all->calls >= all->fail_at : all->calls == all->fail_at);
}

int32_t shelf_open(void *user, const char *name, int32_t mode, void **file, uint64_t *size) {
    shelf *all = user;
    bytes *one = malloc(sizeof *one);
    int struck = strikes(all, 1);
    if (!one || mode != PRM_FILE_READ) return 5;
    *one = read_file(name);
    if (!one->data || (struck && all->how == SHELF_ABSENT)) {
        free(one->data);
        free(one);
        return 2;
    }
    ++all->open;
    ++all->opened;
    *file = one;
    *size = struck && all->how == SHELF_GREW ? one->size / 2 : one->size;
    if (struck && all->how == SHELF_SHRINKS) one->size /= 2;
    return 0;
}

int32_t shelf_read(void *user, void *file, uint64_t offset, void *data, size_t size) {
    shelf *all = user;
    bytes *one = file;
    int struck = strikes(all, 0);
    if (++all->reads == all->fail_read) return 7;
    if (struck && all->how == SHELF_SHRINKS) one->size /= 2;
    if (offset > one->size || size > one->size - offset) return 8;
    if (struck && all->how == SHELF_SHORT) size /= 2;
    if (!struck || all->how != SHELF_REFUSES) memcpy(data, one->data + offset, size);
    return struck && all->how != SHELF_SHRINKS ? 5 : 0;
}

int32_t shelf_close(void *user, void *file, int32_t keep) {
    shelf *all = user;
    bytes *one = file;
    (void)keep;
    free(one->data);
    free(one);
    --all->open;
    return 0;
}

const void *shelf_map(void *user, void *file, uint64_t offset, size_t size) {
    shelf *all = user;
    bytes *one = file;
    return all->lend && size <= one->size - offset ? one->data + offset : NULL;
}

/* ---- executors -------------------------------------------------------------------------------------------------------- */

typedef struct errand {
    prm_work_fn run;
    void *work;
    int delay_ms;
} errand;

static void *do_errand(void *raw) {
    errand *one = raw;
    if (one->delay_ms) sleep_ms(one->delay_ms);
    one->run(one->work);
    return NULL;
}

static void help(prm_work_fn run, void *work, int32_t helpers, int delay_ms) {
    pthread_t threads[16];
    errand one = { run, work, delay_ms };
    int32_t i, n = 0;
    for (i = 0; i < helpers && i < 16; ++i) n += pthread_create(&threads[n], NULL, do_errand, &one) == 0;
    run(work);
    for (i = 0; i < n; ++i) pthread_join(threads[i], NULL);
}

void help_with_threads(void *user, prm_work_fn run, void *work, int32_t helpers) {
    (void)user;
    help(run, work, helpers, 0);
}

void help_late(void *user, prm_work_fn run, void *work, int32_t helpers) {
    (void)user;
    help(run, work, helpers, 2);
}

void help_never(void *user, prm_work_fn run, void *work, int32_t helpers) {
    (void)user, (void)run, (void)work, (void)helpers;
}

void help_in_turn(void *user, prm_work_fn run, void *work, int32_t helpers) {
    int32_t i;
    (void)user;
    for (i = 0; i < helpers; ++i) run(work);
}

prm_engine *open_over_services(ledger *book, shelf *files) { return open_with_budget(book, files, 0); }

prm_engine *open_with_budget(ledger *book, shelf *files, uint64_t budget) {
    prm_host host = PRM_INIT(prm_host);
    prm_engine_options options = PRM_INIT(prm_engine_options);
    prm_engine *engine = NULL;
    if (book) {
        host.memory_user = book;
        host.alloc = ledger_alloc;
        host.release = ledger_release;
    }
    if (files) {
        host.file_user = files;
        host.file_open = shelf_open;
        host.file_read = shelf_read;
        host.file_close = shelf_close;
        host.file_map = shelf_map;
    }
    options.host = &host;
    options.max_host_bytes = budget;
    options.threads = 1;
    prm_engine_open(PRM_VERSION, &options, &engine);
    return engine;
}
