/* Budgets to the byte, the host's allocator, no allocation while text is generated. */
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "harness.h"
#include "services.h"

enum { TOKENS = 12, STEPS = 64 };

static const char PROMPT[] = "The quick brown fox jumps over the lazy dog.";

/* An engine over a ledger, with a budget (0: none). */
static prm_status open_over(ledger *book, uint64_t budget, prm_engine **engine) {
    prm_host host = PRM_INIT(prm_host);
    prm_engine_options options = PRM_INIT(prm_engine_options);
    host.memory_user = book;
    host.alloc = ledger_alloc;
    host.release = ledger_release;
    options.host = &host;
    options.max_host_bytes = budget;
    options.threads = 1;
    return prm_engine_open(PRM_VERSION, &options, engine);
}

static prm_model_options small_options(void) {
    prm_model_options options = PRM_INIT(prm_model_options);
    options.context = 256;
    options.chunk_tokens = 16;
    return options;
}

/* The answer of a model with ids as prompt, longer than a chunk; status of the first call that failed. */
static prm_status answer_of(prm_engine *engine, int which, answer *to) {
    prm_model_options options = small_options();
    prm_generate_options generate = collecting(to, TOKENS);
    prm_prompt prompt = text_prompt(PROMPT);
    prm_model *model = NULL;
    prm_status status = prm_model_open(engine, model_path(which), &options, NULL, &model);
    generate.flags = PRM_GENERATE_IGNORE_END;
    if (!status) status = prm_generate(model, &prompt, &generate, NULL, NULL);
    prm_model_close(model);
    return status;
}

static uint64_t planned(int which) {
    prm_model_options options = small_options();
    prm_plan plan = PRM_INIT(prm_plan);
    ledger book = { 0 };
    prm_engine *engine = NULL;
    prm_model *model = NULL;
    options.flags = PRM_MODEL_HEADER_ONLY;
    if (open_over(&book, 0, &engine) || prm_model_open(engine, model_path(which), &options, NULL, &model) ||
        prm_model_plan(model, NULL, &plan, NULL, 0, NULL))
        plan.host_bytes = 0;
    prm_model_close(model);
    prm_engine_close(engine);
    return book.blocks ? 0 : plan.host_bytes;
}

static void plan_is_the_high_water_mark(void) {
    static answer text;
    int which;
    for (which = 0; which < MODEL_COUNT; ++which) {
        uint64_t plan = planned(which);
        prm_engine_info info = PRM_INIT(prm_engine_info);
        ledger book = { 0 };
        prm_engine *engine = NULL;
        CHECK(plan > 0);
        CHECK_OK(open_over(&book, 0, &engine));
        CHECK_OK(answer_of(engine, which, &text));
        CHECK_OK(prm_engine_query(engine, &info));
        CHECK(info.peak_host_bytes == plan);
        prm_engine_close(engine);
        CHECK(book.blocks == 0 && book.bytes == 0 && book.wrong == 0);
    }
}

static void sixty_four_budgets(void) {
    static answer truth, text;
    int which, step;
    for (which = 0; which < MODEL_COUNT; ++which) {
        uint64_t plan = planned(which);
        int served = 0, refused = 0;
        prm_engine *engine = open_engine(1);
        CHECK_OK(answer_of(engine, which, &truth));
        prm_engine_close(engine);
        for (step = 0; step <= STEPS; ++step) {
            uint64_t budget = plan - plan * (uint64_t)step / STEPS;
            ledger book = { 0 };
            prm_status status;
            engine = NULL;
            if (budget == 0) budget = 1; /* 0 means none */
            status = open_over(&book, budget, &engine);
            if (!status) status = answer_of(engine, which, &text);
            if (status) {
                prm_error_info error = PRM_INIT(prm_error_info);
                prm_error_query(&error);
                CHECK(status == PRM_STATUS_OVER_BUDGET);
                CHECK(error.needed_bytes > error.available_bytes && error.available_bytes <= budget);
                CHECK(step > 0);
                ++refused;
            } else {
                CHECK(text.token_count == truth.token_count);
                CHECK(!memcmp(text.tokens, truth.tokens, truth.token_count * sizeof truth.tokens[0]));
                ++served;
            }
            CHECK(book.peak_bytes <= (int64_t)budget + 4096); /* handles and the engine stand outside */
            prm_engine_close(engine);
            CHECK(book.blocks == 0 && book.wrong == 0);
        }
        CHECK(served >= 1 && refused > STEPS / 2);
    }
}

static void one_byte_short(void) {
    static answer text;
    uint64_t plan = planned(QUANTIZED);
    ledger book = { 0 };
    prm_engine *engine = NULL;
    CHECK_OK(open_over(&book, plan - 1, &engine));
    CHECK_STATUS(answer_of(engine, QUANTIZED, &text), PRM_STATUS_OVER_BUDGET);
    CHECK(contains(prm_last_error(), "max_host_bytes"));
    prm_engine_close(engine);
    CHECK_OK(open_over(&book, plan, &engine));
    CHECK_OK(answer_of(engine, QUANTIZED, &text));
    prm_engine_close(engine);
    CHECK(book.blocks == 0);
}

static void bound_of_one_model(void) {
    static answer text;
    prm_model_options options = small_options();
    prm_model *model = NULL;
    prm_engine *engine = open_engine(0);
    options.max_host_bytes = 100000;
    CHECK_STATUS(prm_model_open(engine, model_path(QUANTIZED), &options, NULL, &model), PRM_STATUS_OVER_BUDGET);
    CHECK_OK(answer_of(engine, QUANTIZED, &text)); /* the engine itself has no bound */
    prm_engine_close(engine);
}

/* Allocation n is refused, once and from there on: a status, nothing leaked, and the next try is as good as the first. All of
 * the first 60 and the last 40, about 200 of those between, to stay short under sanitizers. */
static void failing_allocations(void) {
    static answer truth, text;
    int64_t n, total, stride;
    int fail_on;
    ledger book = { 0 };
    prm_engine *engine = NULL;
    CHECK_OK(open_over(&book, 0, &engine));
    CHECK_OK(answer_of(engine, QUANTIZED, &truth));
    prm_engine_close(engine);
    total = book.calls;
    CHECK(total > 100);
    stride = total / 200 + 1;
    for (fail_on = 0; fail_on < 2; ++fail_on)
        for (n = 1; n <= total; n += n < 60 || n > total - 40 ? 1 : stride) {
            prm_status status;
            ledger failing = { 0 };
            failing.fail_at = n;
            failing.fail_on = fail_on;
            engine = NULL;
            status = open_over(&failing, 0, &engine);
            if (!status) status = answer_of(engine, QUANTIZED, &text);
            CHECK(status == PRM_STATUS_OUT_OF_MEMORY);
            failing.fail_at = 0;
            if (engine && n % 8 == 0) {
                CHECK_OK(answer_of(engine, QUANTIZED, &text));
                CHECK(!memcmp(text.tokens, truth.tokens, truth.token_count * sizeof truth.tokens[0]));
            }
            prm_engine_close(engine);
            CHECK(failing.blocks == 0 && failing.bytes == 0 && failing.wrong == 0);
        }
}

/* Asked again and again, the ledger's calls do not move: neither in a first nor in later answers. */
static void generating_takes_nothing(void) {
    static answer text;
    int which;
    for (which = 0; which < MODEL_COUNT; ++which) {
        ledger book = { 0 };
        prm_engine *engine = NULL;
        prm_model *model = NULL;
        prm_model_options options = small_options();
        prm_prompt prompt = text_prompt(PROMPT);
        int i;
        CHECK_OK(open_over(&book, 0, &engine));
        CHECK_OK(prm_model_open(engine, model_path(which), &options, NULL, &model));
        for (i = 0; i < 3; ++i) {
            prm_generate_options generate = collecting(&text, 120);
            int64_t before = book.calls;
            generate.flags = PRM_GENERATE_IGNORE_END;
            CHECK_OK(prm_generate(model, &prompt, &generate, NULL, NULL));
            CHECK(book.calls == before);
        }
        prm_model_close(model);
        prm_engine_close(engine);
        CHECK(book.blocks == 0);
    }
}

typedef struct failing_text {
    const char *text;
    prm_status status;
} failing_text;

/* Texts that end in a failure, one after another: neither the next call nor the ledger may notice. */
static void leaves_no_trace(int has_budget, const failing_text *texts, size_t count) {
    static answer truth, text;
    int which, round;
    size_t i;
    for (which = 0; which < MODEL_COUNT; ++which) {
        ledger book = { 0 };
        prm_engine *engine = NULL;
        prm_model *model = NULL;
        prm_model_options options = small_options();
        prm_prompt prompt = text_prompt(PROMPT);
        prm_generate_options generate = collecting(&truth, TOKENS);
        int64_t before;
        CHECK_OK(open_over(&book, has_budget ? planned(which) : 0, &engine));
        CHECK_OK(prm_model_open(engine, model_path(which), &options, NULL, &model));
        CHECK_OK(prm_generate(model, &prompt, &generate, NULL, NULL));
        before = book.bytes;
        for (round = 0; round < 4; ++round) {
            for (i = 0; i < count; ++i) {
                prm_prompt failing = text_prompt(texts[i].text);
                CHECK_STATUS(prm_generate(model, &failing, &generate, NULL, NULL), texts[i].status);
                CHECK(book.bytes == before);
            }
            if (round == 3) break; /* a failure is the last thing before the close */
            generate = collecting(&text, TOKENS);
            CHECK_OK(prm_generate(model, &prompt, &generate, NULL, NULL));
            CHECK(text.token_count == truth.token_count);
            CHECK(!memcmp(text.tokens, truth.tokens, truth.token_count * sizeof truth.tokens[0]));
        }
        prm_model_close(model);
        prm_engine_close(engine);
        CHECK(book.blocks == 0 && book.wrong == 0);
    }
}

/* Its tokens outgrow what the call holds for them. */
static void text_over_the_context(void) {
    static char long_text[8000];
    const failing_text texts[] = { { long_text, PRM_STATUS_CONTEXT_FULL } };
    int i;
    memset(long_text, 'z', sizeof long_text - 1);
    for (i = 7; i < (int)sizeof long_text - 1; i += 8) long_text[i] = ' ';
    leaves_no_trace(0, texts, 1);
}

/* A budget ends the reading of a text when its tokens have outgrown that: the next text must not lie over them. */
static void text_over_the_budget(void) {
    static char long_text[400000], next_text[16000];
    const failing_text texts[] = { { long_text, PRM_STATUS_OVER_BUDGET }, { next_text, PRM_STATUS_CONTEXT_FULL } };
    int i;
    for (i = 0; i < (int)sizeof long_text - 1; ++i) long_text[i] = i % 5 == 4 ? ' ' : (char)('a' + i % 23 * (i % 19) % 26);
    memcpy(next_text, long_text, sizeof next_text - 1);
    leaves_no_trace(1, texts, 2);
}

static const test_case cases[] = {
    { "what runs charges what was planned, to the byte", plan_is_the_high_water_mark },
    { "64 budgets from the plan to nothing give the same answer or OVER_BUDGET", sixty_four_budgets },
    { "one byte less than planned is refused with both figures", one_byte_short },
    { "a model can have a bound of its own", bound_of_one_model },
    { "failing allocations, the middle ones sampled: a status, nothing leaked, again the same answer", failing_allocations },
    { "generating text allocates nothing", generating_takes_nothing },
    { "a text over the context leaves the model as it was", text_over_the_context },
    { "a text over the budget leaves the model as it was", text_over_the_budget },
};
extern const test_suite memory_suite;
const test_suite memory_suite = SUITE("memory", cases);
