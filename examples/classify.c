/* Says what is in a picture: the five likeliest classes of an ONNX classifier, with their probabilities.
 *
 *     classify MODEL.onnx PICTURE.ppm [LABELS.txt] [--mean R,G,B] [--std R,G,B]
 *
 * Pictures are PPM or PGM (P6, P5; 8 or 16 bits), which `magick photo.jpg photo.ppm` makes of others. The picture is scaled to the
 * model's input bilinearly, and each channel normalized: (value - mean) / std of values from 0 to 1. Without --mean and --std these are
 * ImageNet's, which most classifiers were trained with. LABELS.txt has a name a line. */
#include <math.h>
#include <premise/premise.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BEST = 5, OPEN_SIZE = 224, LABEL = 256 };
static const int64_t MOST_PIXELS = 1 << 26;

typedef struct picture {
    int64_t width, height, channels;
    float *values; /* [height, width, channels], 0 to 1; free() */
} picture;

/* A number of a header, behind white space and comments; -1 where there is none. */
static int64_t read_number(FILE *file) {
    int64_t number = 0;
    int c = fgetc(file), digits = 0;
    while (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '#') {
        if (c == '#')
            while (c != '\n' && c != EOF) c = fgetc(file);
        c = fgetc(file);
    }
    for (; c >= '0' && c <= '9' && digits < 9; ++digits, c = fgetc(file)) number = number * 10 + (c - '0');
    return digits && (c == ' ' || c == '\t' || c == '\r' || c == '\n') ? number : -1;
}

static const char *read_picture(const char *path, picture *out) {
    FILE *file = fopen(path, "rb");
    const char *wrong = "is no PPM or PGM file (P6, P5): convert it";
    int64_t most, count, i;
    int kind;
    if (!file) return "cannot be read";
    if (fgetc(file) != 'P' || ((kind = fgetc(file)) != '5' && kind != '6')) goto done;
    out->channels = kind == '6' ? 3 : 1;
    out->width = read_number(file);
    out->height = read_number(file);
    most = read_number(file);
    if (out->width < 1 || out->height < 1 || most < 1 || most > 65535) goto done;
    wrong = "is too large";
    if (out->width > MOST_PIXELS / out->height) goto done;
    count = out->width * out->height * out->channels;
    out->values = malloc((size_t)count * sizeof(float));
    if (!out->values) goto done;
    for (i = 0; i < count; ++i) {
        int high = most > 255 ? fgetc(file) : 0, low = fgetc(file);
        if (high == EOF || low == EOF) {
            wrong = "ends too early";
            goto done;
        }
        out->values[i] = (float)(high * 256 + low) / (float)most;
    }
    wrong = NULL;
done:
    fclose(file);
    return wrong;
}

/* The picture at a place between pixels; colours of a grey one are equal, grey of a coloured one is Rec. 601's. */
static float sample(const picture *from, double y, double x, int64_t channel, int64_t channels) {
    static const float grey[] = { 0.299f, 0.587f, 0.114f };
    int64_t top, left, bottom, right, c;
    float dy, dx, sum = 0;
    if (channels == 1 && from->channels == 3) {
        for (c = 0; c < 3; ++c) sum += grey[c] * sample(from, y, x, c, 3);
        return sum;
    }
    y = y < 0 ? 0 : y > (double)(from->height - 1) ? (double)(from->height - 1) : y;
    x = x < 0 ? 0 : x > (double)(from->width - 1) ? (double)(from->width - 1) : x;
    top = (int64_t)y, left = (int64_t)x;
    bottom = top + 1 < from->height ? top + 1 : top, right = left + 1 < from->width ? left + 1 : left;
    dy = (float)(y - (double)top), dx = (float)(x - (double)left);
    c = from->channels == 1 ? 0 : channel;
#define AT(row, column) from->values[((row) * from->width + (column)) * from->channels + c]
    return (AT(top, left) * (1 - dx) + AT(top, right) * dx) * (1 - dy) + (AT(bottom, left) * (1 - dx) + AT(bottom, right) * dx) * dy;
#undef AT
}

/* [1, C, H, W], or [1, H, W, C] where the model's last extent is that of colours. Names what does not fit. */
static const char *fill_input(prm_tensor *input, const picture *from, const float *mean, const float *deviation) {
    int last, i;
    int64_t channels, height, width, c, y, x;
    float *out;
    if (input->rank != 4 || input->dtype != PRM_DTYPE_F32) return "the model's input is no float32 of four extents: this is no classifier of pictures";
    last = input->shape[3] == 3 || input->shape[3] == 1;
    channels = last ? input->shape[3] : input->shape[1];
    height = input->shape[last ? 1 : 2], width = input->shape[last ? 2 : 3];
    if (channels < 0) channels = 3;
    if (height < 0) height = OPEN_SIZE;
    if (width < 0) width = OPEN_SIZE;
    if (channels != 1 && channels != 3) return "the model's input has neither one channel nor three";
    if (height < 1 || width < 1 || height > MOST_PIXELS / width || input->shape[0] > 1) return "the model's input is no single picture of a usable size";
    input->shape[0] = 1;
    input->shape[1] = last ? height : channels;
    input->shape[2] = last ? width : height;
    input->shape[3] = last ? channels : width;
    input->bytes = (uint64_t)(channels * height * width) * sizeof(float);
    input->data = out = malloc((size_t)input->bytes);
    if (!out) return "there is no memory for the model's input";
    for (c = 0; c < channels; ++c)
        for (y = 0; y < height; ++y)
            for (x = 0; x < width; ++x) {
                double at_y = ((double)y + 0.5) * (double)from->height / (double)height - 0.5, at_x = ((double)x + 0.5) * (double)from->width / (double)width - 0.5;
                int64_t to = last ? (y * width + x) * channels + c : (c * height + y) * width + x;
                i = (int)c;
                out[to] = (sample(from, at_y, at_x, c, channels) - mean[i]) / deviation[i];
            }
    return NULL;
}

/* In place; what a softmax made already stays. */
static void to_probabilities(float *scores, int64_t count) {
    double sum = 0;
    float top = scores[0];
    int64_t i;
    int done = 1;
    for (i = 0; i < count; ++i) {
        sum += scores[i];
        if (scores[i] > top) top = scores[i];
        if (scores[i] < 0 || scores[i] > 1) done = 0;
    }
    if (done && fabs(sum - 1) < 1e-3) return;
    for (sum = 0, i = 0; i < count; ++i) sum += (double)(scores[i] = expf(scores[i] - top));
    for (i = 0; i < count; ++i) scores[i] = (float)((double)scores[i] / sum);
}

/* The line of a class, or its number. */
static void print_label(const char *path, int64_t index) {
    FILE *file = path ? fopen(path, "r") : NULL;
    char line[LABEL];
    int64_t at = 0;
    while (file && fgets(line, sizeof line, file)) {
        int whole = strchr(line, '\n') != NULL;
        line[strcspn(line, "\r\n")] = 0;
        if (at == index) {
            printf("%s\n", line);
            fclose(file);
            return;
        }
        at += whole;
    }
    if (file) fclose(file);
    printf("class %lld\n", (long long)index);
}

static void print_best(const float *scores, int64_t count, const char *labels) {
    int64_t best[BEST], i, n = 0, k;
    for (i = 0; i < count; ++i) {
        for (k = n; k > 0 && scores[i] > scores[best[k - 1]]; --k)
            if (k < BEST) best[k] = best[k - 1];
        if (k < BEST) best[k] = i;
        if (n < BEST) ++n;
    }
    for (k = 0; k < n; ++k) {
        printf("%6.2f %%  ", 100.0 * (double)scores[best[k]]);
        print_label(labels, best[k]);
    }
}

static int read_three(const char *text, float *to) {
    return text && sscanf(text, "%f,%f,%f", &to[0], &to[1], &to[2]) == 3;
}

int main(int argc, char **argv) {
    float mean[3] = { 0.485f, 0.456f, 0.406f }, deviation[3] = { 0.229f, 0.224f, 0.225f };
    const char *words[3] = { NULL, NULL, NULL }, *wrong;
    prm_engine_options threads = PRM_INIT(prm_engine_options);
    prm_engine *engine = NULL;
    prm_model *model = NULL;
    prm_tensor input, output;
    prm_status status;
    picture seen = { 0, 0, 0, NULL };
    int i, count = 0;

    for (i = 1; i < argc; ++i) {
        float *to = !strcmp(argv[i], "--mean") ? mean : !strcmp(argv[i], "--std") ? deviation : NULL;
        if (to ? !read_three(argv[++i], to) : count == 3) count = 0, i = argc;
        else if (!to) words[count++] = argv[i];
    }
    if (count < 2 || deviation[0] == 0 || deviation[1] == 0 || deviation[2] == 0) {
        fprintf(stderr, "usage: %s MODEL.onnx PICTURE.ppm [LABELS.txt] [--mean R,G,B] [--std R,G,B]\n", argv[0]);
        return 2;
    }
    memset(&input, 0, sizeof input);
    memset(&output, 0, sizeof output);
    threads.threads = PRM_THREADS_ALL;
    wrong = read_picture(words[1], &seen);
    if (wrong) {
        fprintf(stderr, "%s: %s: %s\n", argv[0], words[1], wrong);
        free(seen.values);
        return 1;
    }
    status = prm_engine_open(PRM_VERSION, &threads, &engine);
    if (!status) status = prm_model_open(engine, words[0], NULL, NULL, &model);
    if (!status) status = prm_model_tensor(model, PRM_INPUT, 0, &input);
    if (!status && (wrong = fill_input(&input, &seen, mean, deviation))) fprintf(stderr, "%s: %s: %s\n", argv[0], words[0], wrong);
    output.dtype = PRM_DTYPE_F32; /* the first output, as floats */
    if (!status && !wrong) status = prm_run(model, &input, 1, NULL, &output, 1);
    if (status == PRM_STATUS_BUFFER_TOO_SMALL && (output.data = malloc((size_t)output.bytes)) != NULL)
        status = prm_run(model, &input, 1, NULL, &output, 1);
    if (status) {
        fprintf(stderr, "%s: %s: %s\n", argv[0], prm_status_name(status), prm_last_error());
    } else if (!wrong && output.data) {
        int64_t classes = (int64_t)(output.bytes / sizeof(float));
        to_probabilities(output.data, classes);
        print_best(output.data, classes, words[2]);
    }
    free(seen.values);
    free(input.data);
    free(output.data);
    prm_model_close(model);
    prm_engine_close(engine);
    return status != PRM_STATUS_OK || wrong;
}
