/* Wrong calls of prm_image_prepare. */
#include <limits.h>
#include <math.h>
#include <string.h>

#include "abuse.h"
#include "fixtures.h"

static uint8_t pixels[4 * 4 * 3];
static float room[4 * 4 * 4];
static prm_tensor image, out;
static prm_image_options options;

static void renew(void) {
    memset(&image, 0, sizeof image);
    image.data = pixels;
    image.bytes = sizeof pixels;
    image.dtype = PRM_DTYPE_U8;
    image.rank = 3;
    image.shape[0] = image.shape[1] = 4;
    image.shape[2] = 3;
    out = image;
    out.data = room;
    out.bytes = sizeof room;
    out.dtype = PRM_DTYPE_F32;
    out.shape[0] = 3;
    out.shape[2] = 4;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
}

/* Changes one thing, calls, and puts all back. */
#define WITH(change, what, expected) \
    do { \
        change; \
        WRONG(prm_image_prepare, what, expected, prm_image_prepare(on->engine, &image, &options, NULL, &out, NULL)); \
        renew(); \
    } while (0)

static void of_handles(const victims *on) {
    prm_control control = PRM_INIT(prm_control);
    WRONG(prm_image_prepare, "engine is NULL", INVALID_ARGUMENT, prm_image_prepare(NULL, &image, NULL, NULL, &out, NULL));
    WRONG(prm_image_prepare, "engine is closed", INVALID_ARGUMENT, prm_image_prepare(on->closed_engine, &image, NULL, NULL, &out, NULL));
    WRONG(prm_image_prepare, "engine is a model", INVALID_ARGUMENT, prm_image_prepare((prm_engine *)on->model, &image, NULL, NULL, &out, NULL));
    WRONG(prm_image_prepare, "engine is garbage", INVALID_ARGUMENT, prm_image_prepare(GARBAGE(prm_engine), &image, NULL, NULL, &out, NULL));
    WRONG(prm_image_prepare, "image is NULL", INVALID_ARGUMENT, prm_image_prepare(on->engine, NULL, NULL, NULL, &out, NULL));
    WRONG(prm_image_prepare, "out is NULL", INVALID_ARGUMENT, prm_image_prepare(on->engine, &image, NULL, NULL, NULL, NULL));
    control.cancel = on->closed_cancel;
    WRONG(prm_image_prepare, "a closed cancel token", INVALID_ARGUMENT, prm_image_prepare(on->engine, &image, NULL, &control, &out, NULL));
}

static void of_images(const victims *on) {
    WITH(image.data = NULL, "an image without data", INVALID_ARGUMENT);
    WITH(image.bytes = 47, "an image of one byte less", INVALID_ARGUMENT);
    WITH(image.dtype = PRM_DTYPE_F64, "an image of doubles", INVALID_ARGUMENT);
    WITH(image.dtype = INT32_MIN, "an image of type INT32_MIN", INVALID_ARGUMENT);
    WITH(image.rank = -1, "an image of rank -1", INVALID_ARGUMENT);
    WITH(image.rank = 1, "an image of rank 1", INVALID_ARGUMENT);
    WITH(image.rank = INT32_MAX, "an image of rank INT32_MAX", INVALID_ARGUMENT);
    WITH(image.shape[0] = 0, "an image of no rows", INVALID_ARGUMENT);
    WITH(image.shape[1] = -1, "an image of -1 columns", INVALID_ARGUMENT);
    WITH(image.shape[0] = INT64_MAX, "an image of INT64_MAX rows", INVALID_ARGUMENT);
    WITH(image.shape[2] = 5, "an image of five channels", INVALID_ARGUMENT);
    WITH(image.stride[0] = 7, "an image with gaps", INVALID_ARGUMENT);
    WITH(image.device = 1, "an image on a device", INVALID_ARGUMENT);
    WITH((image.rank = 2, image.shape[0] = 2, image.shape[1] = 2, options.flags = PRM_IMAGE_VOLUME), "a volume of rank 2", INVALID_ARGUMENT);
}

static void of_results(const victims *on) {
    WITH(out.dtype = PRM_DTYPE_I64, "a result of int64", INVALID_ARGUMENT);
    WITH(out.dtype = INT32_MAX, "a result of type INT32_MAX", INVALID_ARGUMENT);
    WITH(out.rank = INT32_MIN, "a result of rank INT32_MIN", INVALID_ARGUMENT);
    WITH(out.rank = 6, "a result of rank 6", INVALID_ARGUMENT);
    WITH(out.rank = 2, "a result without channels", INVALID_ARGUMENT);
    WITH(out.shape[0] = 2, "a result of two channels of three", INVALID_ARGUMENT);
    WITH(out.shape[0] = INT64_MIN, "a result of INT64_MIN channels", INVALID_ARGUMENT);
    WITH(out.shape[1] = 0, "a result of no rows", INVALID_ARGUMENT);
    WITH(out.shape[1] = INT64_MIN, "a result of INT64_MIN rows", INVALID_ARGUMENT);
    WITH(out.shape[2] = INT64_MAX, "a result of INT64_MAX columns", LIMIT);
    WITH((out.shape[1] = 1 << 20, out.shape[2] = 1 << 20), "a result of 2^40 elements", LIMIT);
    WITH((out.rank = 4, out.shape[0] = 2, out.shape[1] = 3, out.shape[3] = 4), "a result of a batch of two", INVALID_ARGUMENT);
    WITH(out.data = NULL, "a result without room", BUFFER_TOO_SMALL);
    WITH(out.bytes = 4 * 4 * 3 * 4 - 1, "a result with a byte too little", BUFFER_TOO_SMALL);
    WITH(out.stride[0] = 1, "a result with strides", INVALID_ARGUMENT);
    WITH(out.flags = 1, "a result with a flag", INVALID_ARGUMENT);
    WITH((out.dtype = PRM_DTYPE_U8, out.data = pixels + 1, out.bytes = 48), "a result over the image", INVALID_ARGUMENT);
}

static void of_options(const victims *on) {
    WITH(options.struct_size = 0, "struct_size 0", INVALID_ARGUMENT);
    WITH(options.struct_size = UINT32_MAX, "struct_size UINT32_MAX", INVALID_ARGUMENT);
    WITH(options.flags = 1u << 31, "an unknown flag", UNSUPPORTED);
    WITH(options.flags = PRM_IMAGE_INVERT, "INVERT without a window", INVALID_ARGUMENT);
    WITH(options.resample = -1, "resample -1", INVALID_ARGUMENT);
    WITH(options.resample = 9, "resample 9", INVALID_ARGUMENT);
    WITH(options.fit = INT32_MAX, "fit INT32_MAX", INVALID_ARGUMENT);
    WITH(options.slope = NAN, "a slope that is none", INVALID_ARGUMENT);
    WITH(options.intercept = HUGE_VAL, "an infinite intercept", INVALID_ARGUMENT);
    WITH(options.window_width = -1, "a window of width -1", INVALID_ARGUMENT);
    WITH(options.mean[3] = NAN, "a mean that is none", INVALID_ARGUMENT);
    WITH(options.deviation[0] = INFINITY, "an infinite deviation", INVALID_ARGUMENT);
    WITH(options.spacing[1] = -0.5, "a spacing below 0", INVALID_ARGUMENT);
    WITH((options.spacing[1] = 1, out.shape[1] = -1), "a spacing without its partner", INVALID_ARGUMENT);
    WITH((options.spacing[1] = 1e300, options.out_spacing[1] = 1e-300, out.shape[1] = -1), "an infinity of rows by spacing", LIMIT);
    WITH((image.rank = 2, out.rank = 2, out.shape[0] = 4, options.flags = PRM_IMAGE_SWAP_RED_BLUE), "red and blue of grey", INVALID_ARGUMENT);
}

static void of_volumes(const victims *on) {
    WITH((options.flags = PRM_IMAGE_VOLUME, options.resample = PRM_RESAMPLE_PIL_BICUBIC, out.shape[0] = 2), "slices by PIL", INVALID_ARGUMENT);
    WITH((image.shape[0] = 1, image.shape[1] = 16, options.fit = PRM_FIT_CROP, out.shape[1] = 1 << 20, out.shape[2] = 1), "a crop of 16 Mi columns", LIMIT);
}

void abuse_of_images(const victims *on) {
    renew();
    of_handles(on);
    of_images(on);
    of_results(on);
    of_options(on);
    of_volumes(on);
    WRONG(prm_image_prepare, "nothing wrong", OK, prm_image_prepare(on->engine, &image, &options, NULL, &out, NULL));
}
