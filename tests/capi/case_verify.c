/* Manifests, and weights that are not what they were. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixtures.h"
#include "harness.h"
#include "services.h"

#define SPLIT PREMISE_TEST_DATA "/split-qwen3-f16-00001-of-00003.gguf"
#define FOLDER PREMISE_TEST_DATA "/folders/tiny-qwen3moe-f16"

enum { FLIPS = 1000, STEPS = 60, TOKENS = 5 };

/* A line of a manifest's list of tensors. */
typedef struct listed {
    char name[128];
    unsigned long long file, offset, size;
} listed;

/* The tensors of a manifest, in its order; how many. */
static size_t list_tensors(const char *manifest, listed *to, size_t most) {
    const char *at = strstr(manifest, "\"tensors\":[");
    size_t n = 0;
    while (n < most && at && (at = strstr(at, "{\"name\":")) != NULL) {
        n += sscanf(at, "{\"name\":\"%127[^\"]\",\"file\":%llu,\"offset\":%llu,\"bytes\":%llu", to[n].name, &to[n].file, &to[n].offset,
                    &to[n].size) == 4;
        ++at;
    }
    return n;
}

/* free(); NULL on failure. */
static char *manifest_of(prm_engine *engine, const char *path) {
    prm_model_options options = PRM_INIT(prm_model_options);
    prm_model *model = NULL;
    size_t size = 0;
    char *text = NULL;
    options.flags = PRM_MODEL_HEADER_ONLY;
    if (prm_model_open(engine, path, &options, NULL, &model)) return NULL;
    if (prm_model_manifest(model, NULL, NULL, 0, &size) == PRM_STATUS_BUFFER_TOO_SMALL && (text = malloc(size + 1)) != NULL &&
        prm_model_manifest(model, NULL, text, size + 1, &size)) {
        free(text);
        text = NULL;
    }
    prm_model_close(model);
    return text;
}

static prm_status open_as(prm_engine *engine, const char *path, const bytes *data, const char *manifest, uint32_t flags, prm_model **out) {
    prm_model_options options = PRM_INIT(prm_model_options);
    options.flags = flags;
    options.manifest_json = manifest;
    if (data) options.data = data->data, options.data_size = data->size;
    return prm_model_open(engine, path, &options, NULL, out);
}

/* The same and closed again. */
static prm_status try_open(prm_engine *engine, const char *path, const bytes *data, const char *manifest, uint32_t flags) {
    prm_model *model = NULL;
    prm_status status = open_as(engine, path, data, manifest, flags, &model);
    prm_model_close(model);
    return status;
}

static uint64_t next_random(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

/* A bit of the weights: its byte in the file; `bit` 0 to 7. */
static size_t random_place(const listed *tensors, size_t count, uint64_t *state, int *bit, size_t *tensor) {
    uint64_t total = 0, at;
    size_t i;
    for (i = 0; i < count; ++i) total += tensors[i].size;
    at = next_random(state) % total;
    for (i = 0; at >= tensors[i].size; ++i) at -= tensors[i].size;
    *bit = (int)(next_random(state) % 8);
    *tensor = i;
    return (size_t)(tensors[i].offset + at);
}

static void every_flipped_bit_is_found(void) {
    prm_engine *engine = open_engine(0);
    uint64_t state = 20261130;
    int found = 0, n, which;
    for (which = 0; which < MODEL_COUNT; ++which) {
        static listed tensors[512];
        bytes file = read_file(model_path(which));
        char *manifest = manifest_of(engine, model_path(which));
        size_t count = manifest ? list_tensors(manifest, tensors, 512) : 0, i;
        CHECK(file.data && count > 20);
        CHECK_OK(try_open(engine, NULL, &file, manifest, PRM_MODEL_HEADER_ONLY | PRM_MODEL_VERIFY));
        for (n = which; n < FLIPS; n += MODEL_COUNT) {
            prm_error_info error = PRM_INIT(prm_error_info);
            int bit;
            size_t place = random_place(tensors, count, &state, &bit, &i);
            file.data[place] ^= (unsigned char)(1 << bit);
            CHECK_STATUS(try_open(engine, NULL, &file, manifest, PRM_MODEL_HEADER_ONLY | PRM_MODEL_VERIFY), PRM_STATUS_DIGEST);
            prm_error_query(&error);
            CHECK(!strcmp(error.subject, tensors[i].name) && contains(error.message, "the manifest says"));
            file.data[place] ^= (unsigned char)(1 << bit);
            ++found;
        }
        free(manifest);
        free(file.data);
    }
    printf("  %d of %d single-bit flips found\n", found, FLIPS);
    CHECK(found == FLIPS);
    prm_engine_close(engine);
}

/* In a file, where what is packed is what is summed, in parts and by several threads. */
static void flipped_bits_are_found_while_weights_are_packed(void) {
    prm_engine *engine = open_engine(1);
    static listed tensors[512];
    static answer truth, text;
    prm_generate_options generate = collecting(&text, TOKENS), first = collecting(&truth, TOKENS);
    prm_prompt prompt = text_prompt("the hand");
    prm_model *model = NULL;
    bytes file = read_file(model_path(QUANTIZED));
    char *manifest = manifest_of(engine, model_path(QUANTIZED)), path[64];
    size_t count = manifest ? list_tensors(manifest, tensors, 512) : 0, i;
    uint64_t state = 7;
    int n;
    snprintf(path, sizeof path, "flipped%ld.gguf", (long)getpid());
    CHECK(count && file.data);
    CHECK_OK(open_as(engine, model_path(QUANTIZED), NULL, NULL, 0, &model));
    CHECK_OK(prm_generate(model, &prompt, &first, NULL, NULL));
    prm_model_close(model);
    for (n = 0; n <= STEPS; ++n) {
        int bit;
        size_t place = random_place(tensors, count, &state, &bit, &i);
        FILE *copy = fopen(path, "wb");
        if (n < STEPS) file.data[place] ^= (unsigned char)(1 << bit);
        CHECK(copy && fwrite(file.data, 1, file.size, copy) == file.size && !fclose(copy));
        if (n == STEPS) break;
        CHECK_STATUS(try_open(engine, path, NULL, manifest, 0), PRM_STATUS_DIGEST);
        CHECK(contains(prm_last_error(), tensors[i].name));
        file.data[place] ^= (unsigned char)(1 << bit);
    }
    CHECK_OK(open_as(engine, path, NULL, manifest, 0, &model)); /* not flipped */
    CHECK_OK(prm_generate(model, &prompt, &generate, NULL, NULL));
    CHECK(same_answer(&truth, &text));
    prm_model_close(model);
    remove(path);
    free(manifest);
    free(file.data);
    prm_engine_close(engine);
}

/* Without a manifest: an answer or NUMERIC, never anything else. */
static void unchecked_flips_harm_nobody(void) {
    prm_engine *engine = open_engine(0);
    uint64_t state = 99;
    int n, which, numeric = 0;
    for (which = 0; which < MODEL_COUNT; ++which) {
        static listed tensors[512];
        bytes file = read_file(model_path(which));
        char *manifest = manifest_of(engine, model_path(which));
        size_t count = manifest ? list_tensors(manifest, tensors, 512) : 0, i;
        CHECK(file.data && count);
        for (n = 0; n < STEPS; ++n) {
            static answer text;
            prm_generate_options generate = collecting(&text, TOKENS);
            prm_prompt prompt = text_prompt("the hand");
            prm_model *model = NULL;
            int bit;
            size_t place = random_place(tensors, count, &state, &bit, &i);
            file.data[place] ^= (unsigned char)(1 << bit);
            CHECK_OK(open_as(engine, NULL, &file, NULL, 0, &model));
            CHECK_STATUS_OF(prm_generate(model, &prompt, &generate, NULL, NULL), PRM_STATUS_OK, PRM_STATUS_NUMERIC);
            numeric += !text.token_count;
            prm_model_close(model);
            file.data[place] ^= (unsigned char)(1 << bit);
        }
        free(manifest);
        free(file.data);
    }
    printf("  %d of %d flips ended in NUMERIC\n", numeric, STEPS * MODEL_COUNT);
    prm_engine_close(engine);
}

static void flips_beside_tensors_are_found(void) {
    prm_engine *engine = open_engine(0);
    bytes file = read_file(model_path(GEMMA));
    char *manifest = manifest_of(engine, model_path(GEMMA));
    size_t at;
    CHECK(file.data && manifest);
    for (at = 0; at < 4096; at += 13) { /* header, metadata, vocabulary */
        prm_status status;
        file.data[at] ^= 0x10;
        status = try_open(engine, NULL, &file, manifest, PRM_MODEL_HEADER_ONLY);
        CHECK(status == PRM_STATUS_DIGEST || status == PRM_STATUS_BAD_FILE || status == PRM_STATUS_UNSUPPORTED || status == PRM_STATUS_LIMIT);
        file.data[at] ^= 0x10;
    }
    CHECK_OK(try_open(engine, NULL, &file, manifest, PRM_MODEL_HEADER_ONLY));
    free(manifest);
    free(file.data);
    prm_engine_close(engine);
}

static void other_forms(void) {
    const char *const paths[] = { SPLIT, FOLDER };
    const size_t files[] = { 3, 4 };
    prm_engine *engine = open_engine(0);
    size_t i;
    for (i = 0; i < 2; ++i) {
        char *manifest = manifest_of(engine, paths[i]), *again = manifest_of(engine, paths[i]), *sum;
        const char *at;
        size_t found = 0;
        CHECK(manifest && again && !strcmp(manifest, again));
        for (at = manifest; (at = strstr(at, "\"sha256\"")) != NULL; ++at) ++found;
        CHECK(found == files[i]);
        CHECK_OK(try_open(engine, paths[i], NULL, manifest, 0));
        CHECK_OK(try_open(engine, paths[i], NULL, manifest, PRM_MODEL_VERIFY));
        sum = strstr(manifest, "\"crc32c\":\"");
        sum[10] = sum[10] == '0' ? '1' : '0'; /* what the first tensor should have */
        CHECK_STATUS(try_open(engine, paths[i], NULL, manifest, 0), PRM_STATUS_DIGEST);
        CHECK(contains(prm_last_error(), "tensor '"));
        CHECK_OK(try_open(engine, paths[i], NULL, manifest, PRM_MODEL_HEADER_ONLY)); /* reads no tensor */
        sum = strstr(again, "\"rest_crc32c\":\"");
        sum[15] = sum[15] == '0' ? '1' : '0';
        CHECK_STATUS(try_open(engine, paths[i], NULL, again, PRM_MODEL_HEADER_ONLY), PRM_STATUS_DIGEST);
        free(manifest);
        free(again);
    }
    prm_engine_close(engine);
}

static void wrong_manifests(void) {
    prm_engine *engine = open_engine(0);
    char *other = manifest_of(engine, model_path(QWEN)), *own = manifest_of(engine, model_path(GEMMA));
    size_t n, length;
    CHECK(other && own);
    CHECK_STATUS(try_open(engine, model_path(GEMMA), NULL, other, PRM_MODEL_HEADER_ONLY), PRM_STATUS_DIGEST);
    CHECK_STATUS(try_open(engine, SPLIT, NULL, own, PRM_MODEL_HEADER_ONLY), PRM_STATUS_DIGEST);
    CHECK_STATUS(try_open(engine, model_path(GEMMA), NULL, "", PRM_MODEL_HEADER_ONLY), PRM_STATUS_BAD_FILE);
    CHECK_STATUS(try_open(engine, model_path(GEMMA), NULL, "{\"premise_manifest\":2}", PRM_MODEL_HEADER_ONLY), PRM_STATUS_BAD_FILE);
    CHECK(contains(prm_last_error(), "manifest_json"));
    length = strlen(own);
    for (n = 1; n < length; n += 1 + length / 150) { /* cut short anywhere */
        char kept = own[n];
        own[n] = 0;
        CHECK_STATUS(try_open(engine, model_path(GEMMA), NULL, own, PRM_MODEL_HEADER_ONLY), PRM_STATUS_BAD_FILE);
        own[n] = kept;
    }
    free(own);
    free(other);
    prm_engine_close(engine);
}

/* What is not a number comes into a copy of a model's file. */
static void spoil(bytes *file, const listed *tensor, int type) {
    const uint32_t nan = 0x7fc00000;
    if (type == GEMMA) memcpy(file->data + tensor->offset + 8, &nan, sizeof nan);
    else memcpy(file->data + tensor->offset, "\x00\x7c", 2); /* a block's scale: infinity */
}

static void not_finite_weights_are_named(void) {
    const char *const named[] = { "blk.1.ffn_norm.weight", "", "blk.0.ffn_gate.weight" };
    prm_engine *engine = open_engine(0);
    int which;
    for (which = GEMMA; which <= QUANTIZED; which += QUANTIZED - GEMMA) {
        static listed tensors[512];
        static answer text;
        prm_generate_options generate = collecting(&text, TOKENS);
        prm_request_info info = PRM_INIT(prm_request_info);
        prm_error_info error = PRM_INIT(prm_error_info);
        prm_prompt prompt = text_prompt("the hand");
        prm_model *model = NULL;
        bytes file = read_file(model_path(which));
        char *manifest = manifest_of(engine, model_path(which));
        size_t count = manifest ? list_tensors(manifest, tensors, 512) : 0, i = 0;
        int round;
        while (i < count && strcmp(tensors[i].name, named[which])) ++i;
        CHECK(file.data && i < count);
        spoil(&file, &tensors[i], which);
        CHECK_STATUS(try_open(engine, NULL, &file, NULL, PRM_MODEL_VERIFY), PRM_STATUS_NUMERIC);
        prm_error_query(&error);
        CHECK(!strcmp(error.subject, named[which]));
        CHECK_STATUS(try_open(engine, NULL, &file, manifest, PRM_MODEL_VERIFY), PRM_STATUS_DIGEST);
        CHECK_OK(open_as(engine, NULL, &file, NULL, 0, &model));
        for (round = 0; round < 2; ++round) { /* greedy, then drawn */
            generate.temperature = (float)round;
            CHECK_STATUS(prm_generate(model, &prompt, &generate, NULL, &info), PRM_STATUS_NUMERIC);
            prm_error_query(&error);
            CHECK(!strcmp(error.subject, named[which]) && info.finish == PRM_FINISH_ERROR && info.generated_tokens == 0);
        }
        CHECK(!run_ids(model, (const int32_t[]){ 30, 31 }, 2));
        prm_model_close(model);
        free(manifest);
        free(file.data);
    }
    prm_engine_close(engine);
}

/* Finite weights, and logits beyond float32: the last tokens of the vocabulary get one large value each. */
static void overflow_blames_no_tensor(void) {
    static listed tensors[512];
    static answer text;
    const float large = 3e38f;
    prm_engine *engine = open_engine(0);
    prm_generate_options generate = collecting(&text, TOKENS);
    prm_error_info error = PRM_INIT(prm_error_info);
    prm_prompt prompt = token_prompt((const int32_t[]){ 30, 31 }, 2);
    prm_model *model = NULL;
    bytes file = read_file(model_path(GEMMA));
    char *manifest = manifest_of(engine, model_path(GEMMA));
    size_t count = manifest ? list_tensors(manifest, tensors, 512) : 0, i = 0, row, c, rows;
    while (i < count && strcmp(tensors[i].name, "token_embd.weight")) ++i;
    CHECK(file.data && i < count);
    CHECK_OK(open_as(engine, NULL, &file, NULL, PRM_MODEL_HEADER_ONLY, &model));
    rows = (size_t)model_info(model).vocabulary;
    row = (size_t)tensors[i].size / rows;
    prm_model_close(model);
    CHECK(row / 4 < rows - 32);
    for (c = 0; c < row / 4; ++c) {
        unsigned char *at = file.data + tensors[i].offset + (rows - 1 - c) * row;
        memset(at, 0, row);
        memcpy(at + 4 * c, &large, sizeof large);
    }
    CHECK_OK(open_as(engine, NULL, &file, NULL, PRM_MODEL_VERIFY, &model));
    CHECK_STATUS(prm_generate(model, &prompt, &generate, NULL, NULL), PRM_STATUS_NUMERIC);
    prm_error_query(&error);
    CHECK(!strcmp(error.subject, "logits") && contains(error.message, "no weight in the files does") && text.token_count == 0);
    prm_model_close(model);
    free(manifest);
    free(file.data);
    prm_engine_close(engine);
}

static void planned_to_the_byte(void) {
    prm_plan plan = PRM_INIT(prm_plan);
    prm_engine_info info = PRM_INIT(prm_engine_info);
    ledger book = { 0 };
    prm_engine *engine = open_over_services(&book, NULL);
    prm_model *model = NULL;
    char *manifest = manifest_of(engine, FOLDER);
    prm_engine_close(engine);
    engine = open_over_services(&book, NULL);
    CHECK_OK(open_as(engine, FOLDER, NULL, manifest, PRM_MODEL_HEADER_ONLY | PRM_MODEL_VERIFY, &model));
    CHECK_OK(prm_model_plan(model, NULL, &plan, NULL, 0, NULL));
    prm_model_close(model);
    prm_engine_close(engine);
    engine = open_over_services(&book, NULL);
    CHECK_OK(open_as(engine, FOLDER, NULL, manifest, PRM_MODEL_VERIFY, &model));
    free(run_ids(model, (const int32_t[]){ 30, 31 }, 2));
    CHECK_OK(prm_engine_query(engine, &info));
    CHECK(plan.host_bytes > 0 && info.peak_host_bytes == plan.host_bytes);
    prm_model_close(model);
    prm_engine_close(engine);
    CHECK(book.blocks == 0 && book.bytes == 0 && book.wrong == 0);
    free(manifest);
}

static int32_t stop_verifying(void *user, const char *stage, uint64_t done, uint64_t total) {
    *(int *)user += !strcmp(stage, "verify") && done <= total;
    return *(int *)user == 2;
}

static void listens(void) {
    prm_model_options options = PRM_INIT(prm_model_options);
    prm_control control = PRM_INIT(prm_control);
    prm_engine *engine = open_engine(0);
    prm_model *model = NULL;
    char buffer[16];
    size_t size = 0;
    int seen = 0;
    control.on_progress = stop_verifying;
    control.user = &seen;
    options.flags = PRM_MODEL_HEADER_ONLY;
    CHECK_OK(prm_model_open(engine, model_path(GEMMA), &options, NULL, &model));
    CHECK_STATUS(prm_model_manifest(NULL, NULL, NULL, 0, &size), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(prm_model_manifest(model, &control, buffer, sizeof buffer, &size), PRM_STATUS_BUFFER_TOO_SMALL);
    CHECK(seen == 0 && size > 1000); /* asking reads nothing */
    {
        char *text = malloc(size + 1);
        CHECK_STATUS(prm_model_manifest(model, &control, text, size + 1, NULL), PRM_STATUS_CANCELLED);
        free(text);
    }
    prm_model_close(model);
    model = NULL;
    seen = 0;
    options.flags |= PRM_MODEL_VERIFY;
    CHECK_STATUS(prm_model_open(engine, model_path(GEMMA), &options, &control, &model), PRM_STATUS_CANCELLED);
    CHECK(seen == 2 && !model);
    prm_engine_close(engine);
}

static const test_case cases[] = {
    { "1000 of 1000 bits that flip in weights are found, and their tensors named", every_flipped_bit_is_found },
    { "bits that flipped in a file are found while its weights are packed", flipped_bits_are_found_while_weights_are_packed },
    { "without a manifest a flipped bit gives an answer or NUMERIC", unchecked_flips_harm_nobody },
    { "bits that flip beside the tensors are found", flips_beside_tensors_are_found },
    { "models in parts and folders have manifests; one wrong sum is enough", other_forms },
    { "manifests of other models, and malformed ones, are refused", wrong_manifests },
    { "weights that are NaN or infinity are named: at load with VERIFY, else when they reach the logits", not_finite_weights_are_named },
    { "logits that overflow end in NUMERIC, and no tensor is blamed", overflow_blames_no_tensor },
    { "what a model with a manifest will take is planned to the byte", planned_to_the_byte },
    { "verifying can be stopped; a manifest's size is known without reading", listens },
};
extern const test_suite verify_suite;
const test_suite verify_suite = SUITE("verify", cases);
