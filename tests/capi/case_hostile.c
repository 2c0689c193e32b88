/* Files that are missing, cut, wrong or hostile: a status and one line, never more. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "harness.h"

static prm_status open_bytes(prm_engine *engine, const void *data, size_t size, prm_model **model) {
    prm_model_options options = PRM_INIT(prm_model_options);
    options.data = data;
    options.data_size = size;
    return prm_model_open(engine, "hostile.gguf", &options, NULL, model);
}

/* One that must fail as the file's fault, name the file and open nothing. */
static int refused(prm_engine *engine, const void *data, size_t size) {
    prm_model *model = NULL;
    prm_status status = open_bytes(engine, data, size, &model);
    if (status == PRM_STATUS_OK) prm_model_close(model);
    if (status == PRM_STATUS_BAD_FILE && !model && contains(prm_last_error(), "hostile.gguf") &&
        !strchr(prm_last_error(), '\n'))
        return 1;
    printf("  %zu bytes: %s, %s\n", size, prm_status_name(status), prm_last_error());
    return 0;
}

static void a_missing_file_is_not_found(void) {
    prm_engine *engine = open_engine(0);
    prm_model *model = NULL;
    CHECK_STATUS(prm_model_open(engine, PREMISE_TEST_DATA "/no-such-file.gguf", NULL, NULL, &model),
                 PRM_STATUS_NOT_FOUND);
    CHECK_STATUS(prm_model_open(engine, "no/such/folder/x.gguf", NULL, NULL, &model), PRM_STATUS_NOT_FOUND);
    CHECK(!model);
    prm_engine_close(engine);
}

static void folders_and_devices_are_no_models(void) {
    prm_engine *engine = open_engine(0);
    prm_model *model = NULL;
    CHECK_STATUS(prm_model_open(engine, PREMISE_TEST_DATA, NULL, NULL, &model), PRM_STATUS_NOT_FOUND);
    CHECK(contains(prm_last_error(), PREMISE_TEST_DATA "/config.json"));
    CHECK_STATUS_OF(prm_model_open(engine, "/dev/zero", NULL, NULL, &model), PRM_STATUS_IO, PRM_STATUS_BAD_FILE);
    CHECK_STATUS_OF(prm_model_open(engine, "/dev/null", NULL, NULL, &model), PRM_STATUS_IO, PRM_STATUS_BAD_FILE);
    CHECK(!model);
    prm_engine_close(engine);
}

static void empty_and_tiny_files_are_bad(void) {
    prm_engine *engine = open_engine(0);
    CHECK(refused(engine, "", 0));
    CHECK(refused(engine, "G", 1));
    CHECK(refused(engine, "GGUF", 4));
    CHECK(refused(engine, "GGUF\3\0\0\0", 8));
    prm_engine_close(engine);
}

static void another_format_is_named_as_unknown(void) {
    static const char onnx[] =
        "\x08\x07\x12\x07pytorch\x1a\x05"
        "1.0.0 and so on and on";
    prm_engine *engine = open_engine(0);
    unsigned char noise[4096];
    size_t i;
    for (i = 0; i < sizeof noise; ++i) noise[i] = (unsigned char)(i * 2654435761u >> 13);
    CHECK(refused(engine, onnx, sizeof onnx));
    CHECK(refused(engine, noise, sizeof noise));
    memcpy(noise, "gguf", 4);
    CHECK(refused(engine, noise, sizeof noise));
    prm_engine_close(engine);
}

static void unknown_versions_are_named(void) {
    prm_engine *engine = open_engine(0);
    bytes file = read_file(model_path(QWEN));
    unsigned char versions[][4] = { { 0, 0, 0, 0 },  { 1, 0, 0, 0 }, { 4, 0, 0, 0 },
                                    { 99, 0, 0, 0 }, { 0, 0, 0, 3 }, { 255, 255, 255, 255 } };
    prm_model *model = NULL;
    size_t i;
    CHECK(file.data);
    for (i = 0; i < sizeof versions / sizeof versions[0]; ++i) {
        memcpy(file.data + 4, versions[i], 4); /* the fifth is version 3 as a big-endian machine writes it */
        CHECK_STATUS_OF(open_bytes(engine, file.data, file.size, &model), PRM_STATUS_UNSUPPORTED, PRM_STATUS_BAD_FILE);
        CHECK(contains(prm_last_error(), "hostile.gguf"));
    }
    CHECK(!model);
    free(file.data);
    prm_engine_close(engine);
}

/* Each byte of the beginning, then coarser; the last 64 bytes may be padding. */
static int refused_wherever_cut(prm_engine *engine, bytes file) {
    size_t size, step = 1;
    for (size = 0; size + 64 < file.size; size += step) {
        unsigned char *cut = malloc(size ? size : 1); /* so that a sanitizer sees a read past the end */
        int ok;
        memcpy(cut, file.data, size);
        ok = refused(engine, cut, size);
        free(cut);
        if (!ok) return 0;
        if (size > 256) step = size < 16384 ? 97 : 4099;
    }
    return 1;
}

static void a_cut_file_is_bad_wherever_it_is_cut(void) {
    prm_engine *engine = open_engine(0);
    int which;
    for (which = 0; which < MODEL_COUNT; ++which) {
        bytes file = read_file(model_path(which));
        CHECK(file.data);
        CHECK(refused_wherever_cut(engine, file));
        free(file.data);
    }
    prm_engine_close(engine);
}

/* Whatever the answer: no crash, and what does open runs or fails in order. */
static void try_hostile(prm_engine *engine, const unsigned char *data, size_t size, size_t *opened) {
    prm_model *model = NULL;
    prm_prompt prompt = text_prompt("the hand");
    prm_generate_options options = PRM_INIT(prm_generate_options);
    if (open_bytes(engine, data, size, &model) != PRM_STATUS_OK) return;
    ++*opened;
    options.max_tokens = 2;
    prm_generate(model, &prompt, &options, NULL, NULL);
    prm_model_close(model);
}

static void changed_bytes_never_crash(void) {
    prm_engine *engine = open_engine(0);
    static const unsigned char values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
    size_t opened = 0, at, v, header = 4096;
    bytes file = read_file(model_path(QWEN));
    CHECK(file.data);
    for (at = 0; at < header && at < file.size; at += at < 512 ? 1 : 13)
        for (v = 0; v < sizeof values; ++v) {
            unsigned char kept = file.data[at];
            file.data[at] = values[v];
            try_hostile(engine, file.data, file.size, &opened);
            file.data[at] = kept;
        }
    CHECK(opened > 0); /* names and the like may change */
    free(file.data);
    prm_engine_close(engine);
}

static void huge_counts_are_refused_at_once(void) {
    prm_engine *engine = open_engine(0);
    bytes file = read_file(model_path(QWEN));
    prm_engine_info before = PRM_INIT(prm_engine_info), after = PRM_INIT(prm_engine_info);
    uint64_t counts[] = { UINT64_MAX, UINT64_MAX / 2, UINT64_C(1) << 60, UINT64_C(1) << 32, 1u << 24 };
    size_t i, field;
    int64_t begin = prm_now_ns();
    prm_model *model = NULL;
    CHECK(file.data);
    CHECK_OK(prm_engine_query(engine, &before));
    for (field = 8; field <= 16; field += 8) /* the number of tensors, of metadata pairs */
        for (i = 0; i < sizeof counts / sizeof counts[0]; ++i) {
            uint64_t kept;
            memcpy(&kept, file.data + field, 8);
            memcpy(file.data + field, &counts[i], 8);
            CHECK_STATUS_OF(open_bytes(engine, file.data, file.size, &model), PRM_STATUS_BAD_FILE, PRM_STATUS_LIMIT);
            memcpy(file.data + field, &kept, 8);
        }
    CHECK(!model);
    CHECK(prm_now_ns() - begin < INT64_C(5000000000));
    CHECK_OK(prm_engine_query(engine, &after));
    CHECK(after.peak_host_bytes - before.peak_host_bytes < 1 << 20); /* the head of the file, read */
    free(file.data);
    prm_engine_close(engine);
}

static const test_case cases[] = {
    { "a missing file is not found", a_missing_file_is_not_found },
    { "folders and devices are no models", folders_and_devices_are_no_models },
    { "empty and tiny files are bad", empty_and_tiny_files_are_bad },
    { "another format is named as unknown", another_format_is_named_as_unknown },
    { "unknown versions and another byte order are named", unknown_versions_are_named },
    { "a cut file is bad wherever it is cut", a_cut_file_is_bad_wherever_it_is_cut },
    { "changed bytes never crash", changed_bytes_never_crash },
    { "huge counts are refused at once", huge_counts_are_refused_at_once },
};
const test_suite hostile_suite = SUITE("hostile", cases);
