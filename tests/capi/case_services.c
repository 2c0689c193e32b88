/* The other host services: log, threads, files; two engines with different ones side by side. */
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "harness.h"
#include "services.h"

enum { TOKENS = 16 };

typedef struct journal {
    char text[4096];
    size_t size;
    int lines, worst;
} journal;

static void keep_line(void *user, int32_t level, const char *text, size_t size) {
    journal *book = user;
    ++book->lines;
    if (!book->worst || level < book->worst) book->worst = level;
    if (size > sizeof book->text - 1 - book->size) return;
    memcpy(book->text + book->size, text, size);
    book->size += size;
}

static prm_engine *open_with(const prm_host *host, prm_status *status) {
    prm_engine_options options = PRM_INIT(prm_engine_options);
    prm_engine *engine = NULL;
    prm_status got;
    options.host = host;
    got = prm_engine_open(PRM_VERSION, &options, &engine);
    if (status) *status = got;
    return engine;
}

static prm_status answer_with(prm_engine *engine, int which, answer *to) {
    prm_generate_options generate = collecting(to, TOKENS);
    prm_model_options options = PRM_INIT(prm_model_options);
    prm_prompt prompt = text_prompt("Once upon a time there was a number.");
    prm_model *model = NULL;
    prm_status status;
    options.context = 256;
    generate.flags = PRM_GENERATE_IGNORE_END;
    status = prm_model_open(engine, model_path(which), &options, NULL, &model);
    if (!status) status = prm_generate(model, &prompt, &generate, NULL, NULL);
    prm_model_close(model);
    return status;
}

static int same_tokens(const answer *a, const answer *b) {
    return a->token_count == b->token_count && !memcmp(a->tokens, b->tokens, a->token_count * sizeof a->tokens[0]);
}

static void lent_threads(void) {
    void (*const executors[])(void *, prm_work_fn, void *, int32_t) = { help_with_threads, help_late, help_never,
                                                                          help_in_turn };
    static answer truth, text;
    size_t i;
    prm_engine *engine = open_engine(0);
    CHECK_OK(answer_with(engine, QUANTIZED, &truth));
    prm_engine_close(engine);
    for (i = 0; i < sizeof executors / sizeof executors[0]; ++i) {
        prm_host host = PRM_INIT(prm_host);
        prm_engine_info info = PRM_INIT(prm_engine_info);
        host.help = executors[i];
        host.helpers = 3;
        engine = open_with(&host, NULL);
        CHECK(engine);
        CHECK_OK(prm_engine_query(engine, &info));
        CHECK(info.threads == 0);
        CHECK_OK(answer_with(engine, QUANTIZED, &text));
        CHECK(same_tokens(&truth, &text));
        prm_engine_close(engine);
    }
}

static void log_of_a_host(void) {
    static answer text;
    journal book = { { 0 }, 0, 0, 0 };
    prm_host host = PRM_INIT(prm_host);
    prm_engine *engine;
    host.log_user = &book;
    host.log = keep_line;
    engine = open_with(&host, NULL);
    CHECK(engine);
    CHECK_OK(answer_with(engine, GEMMA, &text));
    prm_engine_close(engine);
    CHECK(book.lines >= 1 && book.worst == PRM_LOG_INFO);
    CHECK(contains(book.text, "gemma3") && contains(book.text, "bytes held"));
}

static void files_of_a_host(void) {
    static answer truth, text;
    int lend, n;
    prm_engine *engine = open_engine(0);
    CHECK_OK(answer_with(engine, QUANTIZED, &truth));
    prm_engine_close(engine);
    for (lend = 0; lend < 2; ++lend) {
        shelf all = { 0 };
        ledger book = { 0 };
        prm_host host = PRM_INIT(prm_host);
        int reads;
        all.lend = lend;
        host.file_user = &all;
        host.file_open = shelf_open;
        host.file_read = shelf_read;
        host.file_close = shelf_close;
        host.file_map = shelf_map;
        host.memory_user = &book;
        host.alloc = ledger_alloc;
        host.release = ledger_release;
        engine = open_with(&host, NULL);
        CHECK(engine);
        CHECK_OK(answer_with(engine, QUANTIZED, &text));
        CHECK(same_tokens(&truth, &text));
        CHECK(all.opened == 1 && all.open == 0);
        reads = all.reads;
        CHECK(lend ? reads == 0 : reads > 3);
        for (n = 1; n <= reads; ++n) { /* every read may fail */
            prm_error_info error = PRM_INIT(prm_error_info);
            all.reads = 0;
            all.fail_read = n;
            CHECK_STATUS(answer_with(engine, QUANTIZED, &text), PRM_STATUS_CALLBACK);
            prm_error_query(&error);
            CHECK(error.system_code == 7);
            CHECK(all.open == 0);
        }
        all.fail_read = 0;
        CHECK_OK(answer_with(engine, QUANTIZED, &text));
        CHECK(same_tokens(&truth, &text));
        prm_engine_close(engine);
        CHECK(book.blocks == 0 && book.wrong == 0);
    }
}

static void absent_file_of_a_host(void) {
    shelf all = { 0 };
    prm_host host = PRM_INIT(prm_host);
    prm_error_info error = PRM_INIT(prm_error_info);
    prm_model *model = NULL;
    prm_engine *engine;
    host.file_user = &all;
    host.file_open = shelf_open;
    host.file_read = shelf_read;
    host.file_close = shelf_close;
    engine = open_with(&host, NULL);
    CHECK_STATUS(prm_model_open(engine, "no such name", NULL, NULL, &model), PRM_STATUS_CALLBACK);
    prm_error_query(&error);
    CHECK(error.system_code == 2 && contains(error.message, "no such name"));
    CHECK(!model && all.open == 0);
    prm_engine_close(engine);
}

static void two_hosts(void) {
    static answer a, b;
    ledger first = { 0 }, second = { 0 };
    prm_host host = PRM_INIT(prm_host), other = PRM_INIT(prm_host);
    prm_engine *one, *two;
    int64_t calls;
    host.alloc = other.alloc = ledger_alloc;
    host.release = other.release = ledger_release;
    host.memory_user = &first;
    other.memory_user = &second;
    other.help = help_with_threads;
    other.helpers = 1;
    one = open_with(&host, NULL);
    two = open_with(&other, NULL);
    CHECK(one && two);
    CHECK_OK(answer_with(one, GEMMA, &a));
    calls = first.calls;
    CHECK(second.calls < calls / 10);
    CHECK_OK(answer_with(two, GEMMA, &b));
    CHECK(first.calls == calls && same_tokens(&a, &b));
    prm_engine_close(one);
    CHECK(first.blocks == 0 && second.blocks > 0);
    prm_engine_close(two);
    CHECK(second.blocks == 0);
}

static void half_services(void) {
    prm_host host = PRM_INIT(prm_host);
    prm_engine_options options = PRM_INIT(prm_engine_options);
    prm_engine *engine = NULL;
    prm_status status;
    host.alloc = ledger_alloc;
    open_with(&host, &status);
    CHECK(status == PRM_STATUS_INVALID_ARGUMENT);
    host.alloc = NULL;
    host.help = help_never;
    open_with(&host, &status);
    CHECK(status == PRM_STATUS_INVALID_ARGUMENT);
    host.helpers = 2;
    options.host = &host;
    options.threads = 2;
    CHECK_STATUS(prm_engine_open(PRM_VERSION, &options, &engine), PRM_STATUS_INVALID_ARGUMENT);
    host.help = NULL;
    host.helpers = 0;
    host.file_open = shelf_open;
    CHECK_STATUS(prm_engine_open(PRM_VERSION, &options, &engine), PRM_STATUS_INVALID_ARGUMENT);
    CHECK(!engine);
}

static const test_case cases[] = {
    { "threads that the host lends, late, never or in turn, give the same tokens", lent_threads },
    { "the host's log hears of a loaded model", log_of_a_host },
    { "files of the host, read or lent; every read may fail", files_of_a_host },
    { "a file that the host does not have is named", absent_file_of_a_host },
    { "two engines with services of their own do not touch each other's", two_hosts },
    { "services that lack their partner are refused", half_services },
};
extern const test_suite services_suite;
const test_suite services_suite = SUITE("services", cases);
