/* Images: what each step gives, shapes, limits, memory, threads, ends. */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "harness.h"
#include "services.h"

enum { PATIENCE_MS = 50 };

static prm_tensor image_of(prm_dtype dtype, const void *data, uint64_t size, int32_t rank, int64_t a, int64_t b, int64_t c) {
    prm_tensor t;
    memset(&t, 0, sizeof t);
    t.data = (void *)(uintptr_t)data;
    t.bytes = size;
    t.dtype = dtype;
    t.rank = rank;
    t.shape[0] = a;
    t.shape[1] = b;
    t.shape[2] = c;
    return t;
}

#define IMAGE(dtype, data, rank, a, b, c) image_of(dtype, data, sizeof(data), rank, a, b, c)

static int near_all(const float *found, const float *wanted, size_t count) {
    size_t i;
    for (i = 0; i < count; ++i)
        if (!(fabsf(found[i] - wanted[i]) <= 1e-6f)) return 0;
    return 1;
}

static void an_image_is_scaled_normalized_and_transposed(void) {
    static const uint8_t pixels[2 * 2 * 3] = { 0, 51, 102, 153, 204, 255, 255, 0, 51, 102, 153, 204 };
    /* planes of blue, green, red: swapped */
    static const float wanted[12] = { 0.4f, 1, 0.2f, 0.8f, 0, 0.6f, -0.2f, 0.4f, -2, 1, 3, 0 };
    prm_engine *engine = open_engine(0);
    prm_image_options options = PRM_INIT(prm_image_options);
    prm_tensor image = IMAGE(PRM_DTYPE_U8, pixels, 3, 2, 2, 3), out;
    prm_image_map map;
    float got[12];
    options.flags = PRM_IMAGE_SWAP_RED_BLUE;
    options.scale = 1.0f / 255;
    options.mean[1] = 0.2f;
    options.mean[2] = 0.4f;
    options.deviation[2] = 0.2f;
    out = IMAGE(PRM_DTYPE_F32, got, 4, 1, 3, 2);
    out.shape[3] = 2;
    CHECK_OK(prm_image_prepare(engine, &image, &options, NULL, &out, &map));
    CHECK(near_all(got, wanted, 12));
    CHECK(map.factor[1] == 1 && map.offset[1] == 0 && map.factor[2] == 1 && map.offset[2] == 0);
    options.flags |= PRM_IMAGE_CHANNELS_LAST;
    out = IMAGE(PRM_DTYPE_ANY, got, 3, 2, 2, -1);
    CHECK_OK(prm_image_prepare(engine, &image, &options, NULL, &out, NULL));
    CHECK(out.dtype == PRM_DTYPE_F32 && out.shape[2] == 3 && out.bytes == sizeof got);
    CHECK(fabsf(got[0] - wanted[0]) < 1e-6f && fabsf(got[1] - wanted[4]) < 1e-6f && fabsf(got[5] - wanted[9]) < 1e-6f);
    prm_engine_close(engine);
}

static void hounsfield_units_are_windowed_and_inverted(void) {
    static const int16_t stored[6] = { 0, 1024, 1064, 1224, 3000, -2000 }; /* -1024, 0, 40, 200, 1976 HU */
    static const float wanted[6] = { 0, 0.4f, 0.5f, 0.9f, 1, 0 };
    float got[6];
    uint16_t halves[6];
    uint8_t whole[6];
    int i;
    prm_engine *engine = open_engine(0);
    prm_image_options options = PRM_INIT(prm_image_options);
    prm_tensor image = IMAGE(PRM_DTYPE_I16, stored, 2, 2, 3, 0), out = IMAGE(PRM_DTYPE_F32, got, 2, 2, 3, 0);
    options.intercept = -1024;
    options.window_center = 40;
    options.window_width = 400;
    CHECK_OK(prm_image_prepare(engine, &image, &options, NULL, &out, NULL));
    CHECK(near_all(got, wanted, 6));
    options.flags = PRM_IMAGE_INVERT;
    CHECK_OK(prm_image_prepare(engine, &image, &options, NULL, &out, NULL));
    for (i = 0; i < 6; ++i) CHECK(fabsf(got[i] + wanted[i] - 1) < 1e-6f);
    options.flags = 0;
    out = IMAGE(PRM_DTYPE_F16, halves, 2, 2, 3, 0);
    CHECK_OK(prm_image_prepare(engine, &image, &options, NULL, &out, NULL));
    CHECK(halves[2] == 0x3800 && halves[4] == 0x3c00 && halves[0] == 0);
    options.scale = 255;
    out = IMAGE(PRM_DTYPE_U8, whole, 2, 2, 3, 0);
    CHECK_OK(prm_image_prepare(engine, &image, &options, NULL, &out, NULL));
    CHECK(whole[0] == 0 && whole[1] == 102 && whole[2] == 128 && whole[4] == 255); /* 127.5 goes to the even one */
    prm_engine_close(engine);
}

/* 4 x 2 into 6 x 6: it becomes 6 x 3, with a column in front and two behind. */
static void a_letterbox_keeps_proportions(void) {
    uint8_t pixels[4 * 2], got[6 * 6];
    prm_engine *engine = open_engine(0);
    prm_image_options options = PRM_INIT(prm_image_options);
    prm_tensor image = IMAGE(PRM_DTYPE_U8, pixels, 2, 4, 2, 0), out = IMAGE(PRM_DTYPE_U8, got, 2, 6, 6, 0);
    prm_image_map map;
    int y, x;
    memset(pixels, 7, sizeof pixels);
    options.fit = PRM_FIT_LETTERBOX;
    options.padding = 114;
    options.resample = PRM_RESAMPLE_OPENCV_LINEAR;
    CHECK_OK(prm_image_prepare(engine, &image, &options, NULL, &out, &map));
    for (y = 0; y < 6; ++y)
        for (x = 0; x < 6; ++x) CHECK(got[y * 6 + x] == (x == 0 || x > 3 ? 114 : 7));
    CHECK(fabs(map.factor[1] - 4.0 / 6) < 1e-12 && fabs(map.offset[1] - (2.0 / 6 - 0.5)) < 1e-12);
    CHECK(fabs(map.factor[2] - 2.0 / 3) < 1e-12 && fabs(map.offset[2] - (-0.5 * 2 / 3 - 0.5)) < 1e-12); /* one column of padding */
    prm_engine_close(engine);
}

/* Columns 0 to 7 of 2 rows into 2 x 2: the middle of them. */
static void a_crop_takes_the_middle(void) {
    uint8_t pixels[2 * 8], got[4];
    prm_engine *engine = open_engine(0);
    prm_image_options options = PRM_INIT(prm_image_options);
    prm_tensor image = IMAGE(PRM_DTYPE_U8, pixels, 2, 2, 8, 0), out = IMAGE(PRM_DTYPE_U8, got, 2, 2, 2, 0);
    prm_image_map map;
    int i, how;
    for (i = 0; i < 16; ++i) pixels[i] = (uint8_t)(i % 8 * 10 + i / 8);
    options.fit = PRM_FIT_CROP;
    for (how = PRM_RESAMPLE_NEAREST; how <= PRM_RESAMPLE_TORCH_CUBIC; ++how) {
        options.resample = how;
        CHECK_OK(prm_image_prepare(engine, &image, &options, NULL, &out, &map));
        CHECK(got[0] == 30 && got[1] == 40 && got[2] == 31 && got[3] == 41);
        CHECK(map.offset[2] == 3 && map.factor[2] == 1);
    }
    prm_engine_close(engine);
}

static void a_volume_is_resampled_by_spacing(void) {
    float source[2 * 4 * 4], got[4 * 4 * 2];
    prm_engine *engine = open_engine(0);
    prm_image_options options = PRM_INIT(prm_image_options);
    prm_tensor image = IMAGE(PRM_DTYPE_F32, source, 3, 2, 4, 4), out;
    prm_image_map map;
    int i;
    for (i = 0; i < 32; ++i) source[i] = (float)(i / 16); /* the slice */
    options.flags = PRM_IMAGE_VOLUME;
    options.resample = PRM_RESAMPLE_TORCH_LINEAR;
    options.spacing[0] = 5, options.spacing[1] = 1, options.spacing[2] = 0.5;
    options.out_spacing[0] = 2.5, options.out_spacing[1] = 1, options.out_spacing[2] = 1;
    out = IMAGE(PRM_DTYPE_F32, got, 5, 1, 1, -1);
    out.shape[3] = -1, out.shape[4] = -1;
    CHECK_OK(prm_image_prepare(engine, &image, &options, NULL, &out, &map));
    CHECK(out.shape[2] == 4 && out.shape[3] == 4 && out.shape[4] == 2 && out.bytes == sizeof got);
    for (i = 0; i < 4; ++i) CHECK(got[i * 8] == (i == 0 ? 0 : i == 1 ? 0.25f : i == 2 ? 0.75f : 1));
    CHECK(map.factor[0] == 0.5 && map.offset[0] == -0.25 && map.factor[2] == 2 && map.offset[2] == 0.5);
    prm_engine_close(engine);
}

static void grey_is_repeated_and_alpha_dropped(void) {
    static const uint8_t grey[2] = { 9, 8 }, rgba[4] = { 1, 2, 3, 4 };
    uint8_t got[6];
    prm_engine *engine = open_engine(0);
    prm_image_options options = PRM_INIT(prm_image_options);
    prm_tensor image = IMAGE(PRM_DTYPE_U8, grey, 2, 1, 2, 0), out = IMAGE(PRM_DTYPE_U8, got, 3, 3, 1, 2);
    CHECK_OK(prm_image_prepare(engine, &image, &options, NULL, &out, NULL));
    CHECK(!memcmp(got, "\x09\x08\x09\x08\x09\x08", 6));
    image = IMAGE(PRM_DTYPE_U8, rgba, 3, 1, 1, 4);
    out = IMAGE(PRM_DTYPE_U8, got, 3, 3, 1, 1);
    options.flags = PRM_IMAGE_SWAP_RED_BLUE;
    CHECK_OK(prm_image_prepare(engine, &image, &options, NULL, &out, NULL));
    CHECK(got[0] == 3 && got[1] == 2 && got[2] == 1);
    prm_engine_close(engine);
}

static void what_is_no_number_goes_through(void) {
    float source[4] = { NAN, 1, INFINITY, -INFINITY }, got[4];
    uint8_t whole[4];
    prm_engine *engine = open_engine(0);
    prm_image_options options = PRM_INIT(prm_image_options);
    prm_tensor image = IMAGE(PRM_DTYPE_F32, source, 2, 2, 2, 0), out = IMAGE(PRM_DTYPE_F32, got, 2, 2, 2, 0);
    CHECK_OK(prm_image_prepare(engine, &image, &options, NULL, &out, NULL));
    CHECK(isnan(got[0]) && got[1] == 1 && got[2] == INFINITY && got[3] == -INFINITY);
    options.window_width = 2;
    CHECK_OK(prm_image_prepare(engine, &image, &options, NULL, &out, NULL));
    CHECK(isnan(got[0]) && got[1] == 1 && got[2] == 1 && got[3] == 0);
    out = IMAGE(PRM_DTYPE_U8, whole, 2, 2, 2, 0);
    options.window_width = 0;
    CHECK_OK(prm_image_prepare(engine, &image, &options, NULL, &out, NULL));
    CHECK(whole[0] == 0 && whole[1] == 1 && whole[2] == 255 && whole[3] == 0);
    prm_engine_close(engine);
}

/* Each way through each resampler, from one element to one row of 65,535 and back. */
static void extremes_of_extents_work(void) {
    static uint8_t row[65535], one[1] = { 200 };
    static float got[65535];
    prm_engine *engine = open_engine(1);
    int how, turned;
    memset(row, 200, sizeof row);
    for (how = PRM_RESAMPLE_NEAREST; how <= PRM_RESAMPLE_TORCH_CUBIC; ++how)
        for (turned = 0; turned < 2; ++turned) {
            prm_image_options options = PRM_INIT(prm_image_options);
            prm_tensor large = IMAGE(PRM_DTYPE_U8, row, 2, turned ? 65535 : 1, turned ? 1 : 65535, 0), small = IMAGE(PRM_DTYPE_U8, one, 2, 1, 1, 0);
            prm_tensor to_one = IMAGE(PRM_DTYPE_F32, got, 2, 1, 1, 0), to_row = IMAGE(PRM_DTYPE_F32, got, 2, turned ? 65535 : 1, turned ? 1 : 65535, 0);
            options.resample = how;
            CHECK_OK(prm_image_prepare(engine, &small, &options, NULL, &to_row, NULL));
            CHECK(fabsf(got[0] - 200) <= 1e-3f && fabsf(got[65534] - 200) <= 1e-3f && fabsf(got[30000] - 200) <= 1e-3f);
            CHECK_OK(prm_image_prepare(engine, &large, &options, NULL, &to_one, NULL));
            CHECK(fabsf(got[0] - 200) <= 1e-2f);
        }
    prm_engine_close(engine);
}

static void room_is_told(void) {
    uint8_t pixels[12] = { 0 }, got[4];
    prm_engine *engine = open_engine(0);
    prm_error_info info = PRM_INIT(prm_error_info);
    prm_tensor image = IMAGE(PRM_DTYPE_U8, pixels, 3, 2, 2, 3), out = IMAGE(PRM_DTYPE_F32, got, 4, 1, -1, 5);
    out.shape[3] = -1;
    memset(got, 77, sizeof got);
    CHECK_STATUS(prm_image_prepare(engine, &image, NULL, NULL, &out, NULL), PRM_STATUS_BUFFER_TOO_SMALL);
    prm_error_query(&info);
    CHECK(out.bytes == 5 * 2 * 3 * 4 && info.needed_bytes == out.bytes && out.shape[1] == 3 && out.shape[2] == 5 && out.shape[3] == 2 && got[0] == 77);
    prm_engine_close(engine);
}

static void limits_hold(void) {
    static uint8_t pixels[100], got[100];
    prm_engine_options options = PRM_INIT(prm_engine_options);
    prm_limits limits = PRM_INIT(prm_limits);
    prm_engine *engine = NULL;
    prm_tensor image = IMAGE(PRM_DTYPE_U8, pixels, 2, 10, 10, 0), out = IMAGE(PRM_DTYPE_U8, got, 2, 10, 10, 0);
    limits.image_elements = 100;
    options.limits = &limits;
    CHECK_OK(prm_engine_open(PRM_VERSION, &options, &engine));
    CHECK_OK(prm_image_prepare(engine, &image, NULL, NULL, &out, NULL));
    out.shape[1] = 11;
    CHECK_STATUS(prm_image_prepare(engine, &image, NULL, NULL, &out, NULL), PRM_STATUS_LIMIT);
    CHECK(contains(prm_last_error(), "image_elements"));
    prm_engine_close(engine);
    limits.image_elements = 99;
    engine = NULL;
    CHECK_OK(prm_engine_open(PRM_VERSION, &options, &engine));
    out.shape[1] = 1;
    CHECK_STATUS(prm_image_prepare(engine, &image, NULL, NULL, &out, NULL), PRM_STATUS_LIMIT);
    out.shape[0] = (1 << 20) + 1;
    image.shape[0] = 1;
    CHECK_STATUS(prm_image_prepare(engine, &image, NULL, NULL, &out, NULL), PRM_STATUS_LIMIT);
    prm_engine_close(engine);
}

/* All allocations one after the other are refused; what was taken is given back each time. */
static void memory_is_charged_and_given_back(void) {
    static float source[64 * 64], got[100 * 100];
    ledger book = { 0 };
    prm_engine *engine = open_over_services(&book, NULL);
    prm_engine_info before = PRM_INIT(prm_engine_info), after = PRM_INIT(prm_engine_info);
    prm_image_options options = PRM_INIT(prm_image_options);
    prm_tensor image = IMAGE(PRM_DTYPE_F32, source, 2, 64, 64, 0), out = IMAGE(PRM_DTYPE_F32, got, 2, 100, 100, 0);
    int64_t calls, i;
    CHECK(engine);
    options.resample = PRM_RESAMPLE_PIL_LANCZOS;
    CHECK_OK(prm_engine_query(engine, &before));
    calls = book.calls;
    CHECK_OK(prm_image_prepare(engine, &image, &options, NULL, &out, NULL));
    calls = book.calls - calls;
    CHECK_OK(prm_engine_query(engine, &after));
    CHECK(calls > 4 && after.host_bytes == before.host_bytes && after.peak_host_bytes > before.host_bytes);
    for (i = 1; i <= calls; ++i) {
        book.fail_at = book.calls + i;
        CHECK_STATUS(prm_image_prepare(engine, &image, &options, NULL, &out, NULL), PRM_STATUS_OUT_OF_MEMORY);
        CHECK_OK(prm_engine_query(engine, &after));
        CHECK(after.host_bytes == before.host_bytes);
    }
    book.fail_at = 0;
    CHECK_OK(prm_image_prepare(engine, &image, &options, NULL, &out, NULL));
    prm_engine_close(engine);
    CHECK(book.blocks == 0 && book.bytes == 0 && !book.wrong);
    engine = open_with_budget(&book, NULL, before.host_bytes + 1000);
    CHECK(engine);
    CHECK_STATUS(prm_image_prepare(engine, &image, &options, NULL, &out, NULL), PRM_STATUS_OVER_BUDGET);
    prm_engine_close(engine);
    CHECK(book.blocks == 0);
}

static void threads_change_no_bit(void) {
    static uint16_t source[151 * 97 * 3];
    static float got[2][211 * 64 * 3];
    unsigned seed = 1;
    size_t i;
    int how, threads;
    for (i = 0; i < sizeof source / 2; ++i) source[i] = (uint16_t)((seed = seed * 1664525u + 1013904223u) >> 16);
    for (how = PRM_RESAMPLE_NEAREST; how <= PRM_RESAMPLE_TORCH_CUBIC; ++how) {
        for (threads = 0; threads < 2; ++threads) {
            prm_engine *engine = open_engine(threads * 5);
            prm_image_options options = PRM_INIT(prm_image_options);
            prm_tensor image = IMAGE(PRM_DTYPE_U16, source, 3, 151, 97, 3), out = IMAGE(PRM_DTYPE_F32, got[threads], 3, 3, 211, 64);
            options.resample = how;
            CHECK_OK(prm_image_prepare(engine, &image, &options, NULL, &out, NULL));
            prm_engine_close(engine);
        }
        CHECK(!memcmp(got[0], got[1], sizeof got[0]));
    }
}

/* A call of seconds, in a thread of its own. */
enum { LONG_SIDE = 6000 };
typedef struct long_call {
    pthread_t thread;
    prm_engine *engine;
    prm_control control;
    uint8_t *source;
    float *got;
    prm_status status;
    int64_t ended_ns;
} long_call;

static void *prepare_long(void *raw) {
    long_call *call = raw;
    prm_image_options options = PRM_INIT(prm_image_options);
    prm_tensor image = image_of(PRM_DTYPE_U8, call->source, LONG_SIDE * LONG_SIDE, 2, LONG_SIDE, LONG_SIDE, 0);
    prm_tensor out = image_of(PRM_DTYPE_F32, call->got, LONG_SIDE * LONG_SIDE * UINT64_C(4), 2, LONG_SIDE - 1, LONG_SIDE - 1, 0);
    options.resample = PRM_RESAMPLE_PIL_LANCZOS;
    call->status = prm_image_prepare(call->engine, &image, &options, &call->control, &out, NULL);
    call->ended_ns = prm_now_ns();
    return NULL;
}

static int long_begin(long_call *call) {
    memset(call, 0, sizeof *call);
    call->control.struct_size = sizeof call->control;
    call->engine = open_engine(1);
    call->source = calloc(LONG_SIDE, LONG_SIDE);
    call->got = calloc((size_t)LONG_SIDE * LONG_SIDE, 4);
    return call->engine && call->source && call->got;
}

static void long_end(long_call *call) {
    prm_engine_close(call->engine);
    free(call->source);
    free(call->got);
}

/* The best of a few tries: other programs may have the processor for longer than that. */
static void a_call_is_cancelled_soon(void) {
    double best = 1e9;
    int i;
    for (i = 0; i < 6 && best > PATIENCE_MS; ++i) {
        long_call call;
        prm_cancel *cancel = NULL;
        int64_t fired;
        CHECK(long_begin(&call));
        CHECK_OK(prm_cancel_open(&cancel));
        call.control.cancel = cancel;
        CHECK(!pthread_create(&call.thread, NULL, prepare_long, &call));
        sleep_ms(40);
        fired = prm_now_ns();
        prm_cancel_fire(cancel);
        pthread_join(call.thread, NULL);
        CHECK(call.status == PRM_STATUS_CANCELLED);
        if ((double)(call.ended_ns - fired) / 1e6 < best) best = (double)(call.ended_ns - fired) / 1e6;
        prm_cancel_close(cancel);
        long_end(&call);
    }
    CHECK(best <= PATIENCE_MS);
}

static void a_deadline_ends_a_call(void) {
    long_call call;
    CHECK(long_begin(&call));
    call.control.deadline_ns = prm_now_ns() + 30 * INT64_C(1000000);
    prepare_long(&call);
    CHECK(call.status == PRM_STATUS_DEADLINE);
    call.control.deadline_ns = 1;
    prepare_long(&call);
    CHECK(call.status == PRM_STATUS_DEADLINE);
    long_end(&call);
}

static void an_engine_is_closed_while_it_works(void) {
    long_call call;
    CHECK(long_begin(&call));
    CHECK(!pthread_create(&call.thread, NULL, prepare_long, &call));
    sleep_ms(40);
    prm_engine_close(call.engine);
    pthread_join(call.thread, NULL);
    CHECK(call.status == PRM_STATUS_CANCELLED || call.status == PRM_STATUS_INVALID_ARGUMENT);
    call.engine = NULL;
    long_end(&call);
}

static const test_case cases[] = {
    { "an image is scaled, normalized and transposed", an_image_is_scaled_normalized_and_transposed },
    { "Hounsfield units are windowed and inverted", hounsfield_units_are_windowed_and_inverted },
    { "a letterbox keeps proportions", a_letterbox_keeps_proportions },
    { "a crop takes the middle", a_crop_takes_the_middle },
    { "a volume is resampled by spacing", a_volume_is_resampled_by_spacing },
    { "grey is repeated, alpha dropped", grey_is_repeated_and_alpha_dropped },
    { "NaN and infinity go through", what_is_no_number_goes_through },
    { "1 x 1 and 1 x 65,535 work", extremes_of_extents_work },
    { "what room is needed is told", room_is_told },
    { "limits hold", limits_hold },
    { "memory is charged and given back", memory_is_charged_and_given_back },
    { "threads change no bit", threads_change_no_bit },
    { "a call is cancelled within 50 ms", a_call_is_cancelled_soon },
    { "a deadline ends a call", a_deadline_ends_a_call },
    { "an engine is closed while it works", an_engine_is_closed_while_it_works },
};
extern const test_suite image_suite;
const test_suite image_suite = SUITE("images", cases);
