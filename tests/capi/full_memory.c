/* Memory promises on real models.
 *
 *     full_memory [--steps N] MODEL...     (default: the two of script/model)
 *
 * Each model is planned, then opened and run (a prompt of 1,000 tokens, 64 generated ones): what was charged must equal the
 * plan, and the process may grow by the plan and 32 MiB. Then budgets from the plan to nothing in N steps (default 64):
 * the same tokens, or OVER_BUDGET, and nothing leaked. One JSON object a model, then `N passed, N failed, N skipped`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "services.h"

enum { PROMPT_TOKENS = 1000, TOKENS = 64, SLACK_MIB = 32 };

static long status_kib(const char *key) {
    char line[256];
    long value = -1;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (!strncmp(line, key, strlen(key))) value = atol(line + strlen(key) + 1);
    if (file) fclose(file);
    return value;
}

/* Forgets the high-water mark of resident memory. */
static void reset_peak(void) {
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (!file) return;
    fputs("5\n", file);
    fclose(file);
}

static prm_status run(prm_engine *engine, const char *path, answer *to, int prompt_tokens) {
    static int32_t ids[PROMPT_TOKENS];
    prm_generate_options generate = collecting(to, prompt_tokens == PROMPT_TOKENS ? TOKENS : 4);
    prm_model_options options = PRM_INIT(prm_model_options);
    prm_prompt prompt;
    prm_model *model = NULL;
    prm_status status;
    options.context = 2048;
    fill_ids(ids, PROMPT_TOKENS, 7);
    prompt = token_prompt(ids, (size_t)prompt_tokens);
    generate.flags = PRM_GENERATE_IGNORE_END;
    status = prm_model_open(engine, path, &options, NULL, &model);
    if (!status) status = prm_generate(model, &prompt, &generate, NULL, NULL);
    prm_model_close(model);
    return status;
}

static uint64_t plan_of(const char *path) {
    prm_model_options options = PRM_INIT(prm_model_options);
    prm_plan plan = PRM_INIT(prm_plan);
    prm_engine *engine = open_with_budget(NULL, NULL, 0);
    prm_model *model = NULL;
    options.context = 2048;
    options.flags = PRM_MODEL_HEADER_ONLY;
    if (!prm_model_open(engine, path, &options, NULL, &model)) prm_model_plan(model, NULL, &plan, NULL, 0, NULL);
    prm_model_close(model);
    prm_engine_close(engine);
    return plan.host_bytes;
}

/* Budgets from the plan to nothing: counts of answers and refusals; wrong counts anything else. */
static void walk_budgets(const char *path, uint64_t plan, int steps, int *served, int *refused, int *wrong) {
    static answer truth, text;
    int step;
    prm_engine *engine = open_with_budget(NULL, NULL, 0);
    if (run(engine, path, &truth, 40)) ++*wrong;
    prm_engine_close(engine);
    for (step = 0; step <= steps; ++step) {
        ledger book = { 0 };
        uint64_t budget = plan - plan * (uint64_t)step / (uint64_t)steps;
        prm_status status = PRM_STATUS_OVER_BUDGET;
        engine = open_with_budget(&book, NULL, budget ? budget : 1);
        if (engine) status = run(engine, path, &text, 40);
        if (status == PRM_STATUS_OVER_BUDGET) ++*refused;
        else if (!status && text.token_count == truth.token_count &&
                 !memcmp(text.tokens, truth.tokens, truth.token_count * sizeof truth.tokens[0]))
            ++*served;
        else ++*wrong;
        prm_engine_close(engine);
        if (book.blocks || book.wrong) ++*wrong;
    }
}

static int check_model(const char *path, int steps) {
    static answer text;
    prm_engine_info info = PRM_INIT(prm_engine_info);
    int served = 0, refused = 0, wrong = 0, good;
    uint64_t plan = plan_of(path);
    long before, grown;
    prm_status status;
    prm_engine *engine;
    reset_peak();
    before = status_kib("VmRSS:");
    engine = open_with_budget(NULL, NULL, 0);
    status = run(engine, path, &text, PROMPT_TOKENS);
    grown = status_kib("VmHWM:") - before;
    if (status) printf("  %s: %s\n", path, prm_last_error());
    prm_engine_query(engine, &info);
    prm_engine_close(engine);
    walk_budgets(path, plan, steps, &served, &refused, &wrong);
    good = plan && !status && info.peak_host_bytes == plan && grown * 1024 <= (long)plan + SLACK_MIB * 1048576L && served >= 1 && !wrong;
    printf("{\"model\":\"%s\",\"plan_bytes\":%llu,\"charged_bytes\":%llu,\"rss_growth_bytes\":%ld,\"budgets\":%d,\"served\":%d,\"refused\":%d,"
           "\"wrong\":%d,\"pass\":%s}\n",
           path, (unsigned long long)plan, (unsigned long long)info.peak_host_bytes, grown * 1024, steps + 1, served, refused, wrong,
           good ? "true" : "false");
    return good;
}

int main(int argc, char **argv) {
    static const char *const models[] = { "models/gemma-3-270m-q4_k_m.gguf", "models/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf" };
    int i, given = 0, steps = 64, passed = 0, failed = 0;
    for (i = 1; i < argc; ++i) {
        if (!strcmp(argv[i], "--steps") && i + 1 < argc) steps = atoi(argv[++i]);
        else {
            int good = check_model(argv[i], steps);
            passed += good, failed += !good, ++given;
        }
    }
    for (i = 0; i < 2 && !given; ++i) {
        int good = check_model(models[i], steps);
        passed += good, failed += !good;
    }
    printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed != 0;
}
