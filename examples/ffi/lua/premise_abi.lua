-- The C API of Premise for LuaJIT: constants, structs, callbacks, functions. script/ffi wrote this from premise.h.
local ffi = require("ffi")

ffi.cdef [[
typedef int32_t prm_status;
typedef int32_t prm_dtype;
typedef int32_t prm_report;
typedef struct prm_engine prm_engine;
typedef struct prm_model prm_model;
typedef struct prm_cancel prm_cancel;
typedef struct prm_session prm_session;
typedef struct prm_error_info prm_error_info;
typedef struct prm_text prm_text;
typedef struct prm_tensor prm_tensor;
typedef struct prm_control prm_control;
typedef struct prm_host prm_host;
typedef struct prm_limits prm_limits;
typedef struct prm_engine_options prm_engine_options;
typedef struct prm_engine_info prm_engine_info;
typedef struct prm_model_options prm_model_options;
typedef struct prm_model_info prm_model_info;
typedef struct prm_plan_options prm_plan_options;
typedef struct prm_plan prm_plan;
typedef struct prm_message prm_message;
typedef struct prm_prompt prm_prompt;
typedef struct prm_bias prm_bias;
typedef struct prm_token prm_token;
typedef struct prm_generate_options prm_generate_options;
typedef struct prm_request_info prm_request_info;
typedef struct prm_session_options prm_session_options;
typedef struct prm_session_info prm_session_info;
typedef struct prm_image_options prm_image_options;
typedef struct prm_image_map prm_image_map;
typedef struct prm_tile_options prm_tile_options;
typedef int32_t (*prm_progress_fn)(void *user, const char *stage, uint64_t done, uint64_t total);
typedef void (*prm_work_fn)(void *work);
typedef void *(*prm_host_alloc_fn)(void *memory_user, size_t size, size_t align, int32_t kind);
typedef void (*prm_host_release_fn)(void *memory_user, void *memory, size_t size, int32_t kind);
typedef void (*prm_host_log_fn)(void *log_user, int32_t level, const char *text, size_t size);
typedef void (*prm_host_help_fn)(void *help_user, prm_work_fn run, void *work, int32_t helpers);
typedef int32_t (*prm_host_file_open_fn)(void *file_user, const char *name, int32_t mode, void **file, uint64_t *size);
typedef int32_t (*prm_host_file_read_fn)(void *file_user, void *file, uint64_t offset, void *data, size_t size);
typedef int32_t (*prm_host_file_close_fn)(void *file_user, void *file, int32_t keep);
typedef const void *(*prm_host_file_map_fn)(void *file_user, void *file, uint64_t offset, size_t size);
typedef int32_t (*prm_text_fn)(void *user, const char *text, size_t size);
typedef int32_t (*prm_token_fn)(void *user, int32_t token);
typedef int32_t (*prm_logits_fn)(void *user, float *logits, size_t count);
typedef int32_t (*prm_logprobs_fn)(void *user, const prm_token *tokens, size_t count);
struct prm_error_info {
    uint32_t struct_size;
    prm_status status;
    const char *message;
    const char *subject;
    uint64_t file_offset;
    uint64_t needed_bytes;
    int32_t system_code;
    int32_t reserved;
    uint64_t available_bytes;
};
struct prm_text {
    const char *data;
    size_t size;
};
struct prm_tensor {
    const char *name;
    void *data;
    uint64_t bytes;
    int64_t shape[8];
    int64_t stride[8];
    prm_dtype dtype;
    int32_t rank;
    int32_t device;
    uint32_t flags;
    void *stream;
    uint64_t reserved[2];
};
struct prm_control {
    uint32_t struct_size;
    int32_t reserved;
    int64_t deadline_ns;
    prm_cancel *cancel;
    prm_progress_fn on_progress;
    void *user;
};
struct prm_host {
    uint32_t struct_size;
    int32_t helpers;
    void *memory_user;
    prm_host_alloc_fn alloc;
    prm_host_release_fn release;
    void *log_user;
    prm_host_log_fn log;
    void *help_user;
    prm_host_help_fn help;
    void *file_user;
    prm_host_file_open_fn file_open;
    prm_host_file_read_fn file_read;
    prm_host_file_close_fn file_close;
    prm_host_file_map_fn file_map;
};
struct prm_limits {
    uint32_t struct_size;
    int32_t nesting;
    uint64_t file_bytes;
    uint64_t metadata_bytes;
    int64_t tensors;
    int64_t prompt_bytes;
    int64_t template_steps;
    int64_t image_elements;
};
struct prm_engine_options {
    uint32_t struct_size;
    int32_t threads;
    int32_t spin_us;
    int32_t reserved;
    const char *isa;
    const prm_host *host;
    uint64_t max_host_bytes;
    const prm_limits *limits;
    const char *plugin_folder;
    uint64_t max_device_bytes;
};
struct prm_engine_info {
    uint32_t struct_size;
    int32_t threads;
    const char *isa;
    uint64_t host_bytes;
    uint64_t peak_host_bytes;
    uint64_t max_host_bytes;
    uint64_t device_bytes;
};
struct prm_model_options {
    uint32_t struct_size;
    uint32_t flags;
    const void *data;
    size_t data_size;
    int32_t context;
    int32_t chunk_tokens;
    prm_dtype cache_dtype;
    int32_t sessions;
    uint64_t max_host_bytes;
    const char *manifest_json;
    const prm_tensor *shapes;
    size_t shape_count;
    const char *device;
    uint64_t max_device_bytes;
    int32_t device_layers;
    int32_t reserved;
};
struct prm_model_info {
    uint32_t struct_size;
    int32_t vocabulary;
    const char *architecture;
    uint64_t parameters;
    uint64_t host_bytes;
    int32_t context;
    int32_t width;
    int32_t end_token;
    int32_t begin_token;
    uint32_t abilities;
    int32_t input_count;
    int32_t output_count;
    int32_t reserved;
    uint64_t device_bytes;
};
struct prm_plan_options {
    uint32_t struct_size;
    int32_t reserved;
    uint64_t host_bytes;
};
struct prm_plan {
    uint32_t struct_size;
    int32_t fits;
    uint64_t host_bytes;
    uint64_t weight_bytes;
    uint64_t cache_bytes;
    uint64_t scratch_bytes;
    uint64_t object_bytes;
    uint64_t device_bytes;
};
struct prm_message {
    const char *role;
    prm_text text;
    const char *extra_json;
    uint64_t reserved[2];
};
struct prm_prompt {
    uint32_t struct_size;
    uint32_t flags;
    prm_text text;
    const int32_t *tokens;
    size_t token_count;
    const prm_message *messages;
    size_t message_count;
    const char *tools_json;
    const char *template_text;
    const char *template_json;
};
struct prm_bias {
    int32_t token;
    float bias;
};
struct prm_token {
    int32_t id;
    float logprob;
    int32_t text_size;
    int32_t rank;
};
struct prm_generate_options {
    uint32_t struct_size;
    uint32_t flags;
    int32_t max_tokens;
    int32_t min_tokens;
    prm_text_fn on_text;
    prm_token_fn on_token;
    void *user;
    int32_t top_k;
    float temperature;
    float top_p;
    float min_p;
    float typical_p;
    float repetition_penalty;
    float presence_penalty;
    float frequency_penalty;
    int32_t penalty_tokens;
    int32_t logprobs;
    uint64_t seed;
    const prm_text *stops;
    size_t stop_count;
    const int32_t *stop_tokens;
    size_t stop_token_count;
    const prm_bias *biases;
    size_t bias_count;
    prm_logits_fn on_logits;
    prm_logprobs_fn on_logprobs;
    prm_session *session;
};
struct prm_request_info {
    uint32_t struct_size;
    int32_t finish;
    int64_t prompt_tokens;
    int64_t generated_tokens;
    int64_t first_ns;
    int64_t total_ns;
};
struct prm_session_options {
    uint32_t struct_size;
    uint32_t flags;
};
struct prm_session_info {
    uint32_t struct_size;
    int32_t token_count;
    int32_t context;
    int32_t reserved;
    uint64_t host_bytes;
};
struct prm_image_options {
    uint32_t struct_size;
    uint32_t flags;
    int32_t resample;
    int32_t fit;
    double slope;
    double intercept;
    double window_center;
    double window_width;
    float scale;
    float mean[4];
    float deviation[4];
    float padding;
    double spacing[3];
    double out_spacing[3];
};
struct prm_image_map {
    double factor[3];
    double offset[3];
};
struct prm_tile_options {
    uint32_t struct_size;
    int32_t blend;
    int64_t tile[8];
    double overlap;
};
int32_t prm_version(void);
const char *prm_status_name(prm_status status);
const char *prm_last_error(void);
void prm_error_query(prm_error_info *out);
int64_t prm_now_ns(void);
prm_status prm_cancel_open(prm_cancel **out);
void prm_cancel_fire(prm_cancel *cancel);
void prm_cancel_close(prm_cancel *cancel);
prm_status prm_engine_open(int32_t version, const prm_engine_options *options, prm_engine **out);
void prm_engine_close(prm_engine *engine);
prm_status prm_engine_query(prm_engine *engine, prm_engine_info *out);
prm_status prm_engine_report(prm_engine *engine, prm_report what, char *buffer, size_t capacity, size_t *size);
prm_status prm_model_open(prm_engine *engine, const char *path, const prm_model_options *options, const prm_control *control, prm_model **out);
void prm_model_close(prm_model *model);
prm_status prm_model_manifest(prm_model *model, const prm_control *control, char *buffer, size_t capacity, size_t *size);
prm_status prm_model_query(prm_model *model, prm_model_info *out);
prm_status prm_model_tensor(prm_model *model, int32_t direction, int32_t index, prm_tensor *out);
prm_status prm_model_report(prm_model *model, prm_report what, char *buffer, size_t capacity, size_t *size);
prm_status prm_model_plan(prm_model *model, const prm_plan_options *options, prm_plan *out, char *buffer, size_t capacity, size_t *size);
prm_status prm_run(prm_model *model, const prm_tensor *inputs, size_t input_count, const prm_control *control, prm_tensor *outputs, size_t output_count);
prm_status prm_prompt_render(prm_model *model, const prm_prompt *prompt, char *buffer, size_t capacity, size_t *size);
prm_status prm_tokenize(prm_model *model, const prm_prompt *prompt, int32_t *tokens, size_t capacity, size_t *count);
prm_status prm_detokenize(prm_model *model, const int32_t *tokens, size_t count, uint32_t flags, char *buffer, size_t capacity, size_t *size);
prm_status prm_generate(prm_model *model, const prm_prompt *prompt, const prm_generate_options *options, const prm_control *control, prm_request_info *info);
prm_status prm_session_open(prm_model *model, const prm_session_options *options, const prm_control *control, prm_session **out);
void prm_session_close(prm_session *session);
prm_status prm_session_query(prm_session *session, prm_session_info *out);
prm_status prm_session_truncate(prm_session *session, int32_t token_count);
prm_status prm_image_prepare(prm_engine *engine, const prm_tensor *image, const prm_image_options *options, const prm_control *control, prm_tensor *out, prm_image_map *map);
prm_status prm_run_tiles(prm_model *model, const prm_tensor *input, const prm_tile_options *options, const prm_control *control, prm_tensor *output);
]]

assert(ffi.sizeof("prm_error_info") == 56)
assert(ffi.sizeof("prm_text") == 16)
assert(ffi.sizeof("prm_tensor") == 192)
assert(ffi.sizeof("prm_control") == 40)
assert(ffi.sizeof("prm_host") == 104)
assert(ffi.sizeof("prm_limits") == 56)
assert(ffi.sizeof("prm_engine_options") == 64)
assert(ffi.sizeof("prm_engine_info") == 48)
assert(ffi.sizeof("prm_model_options") == 96)
assert(ffi.sizeof("prm_model_info") == 72)
assert(ffi.sizeof("prm_plan_options") == 16)
assert(ffi.sizeof("prm_plan") == 56)
assert(ffi.sizeof("prm_message") == 48)
assert(ffi.sizeof("prm_prompt") == 80)
assert(ffi.sizeof("prm_bias") == 8)
assert(ffi.sizeof("prm_token") == 16)
assert(ffi.sizeof("prm_generate_options") == 160)
assert(ffi.sizeof("prm_request_info") == 40)
assert(ffi.sizeof("prm_session_options") == 8)
assert(ffi.sizeof("prm_session_info") == 24)
assert(ffi.sizeof("prm_image_options") == 136)
assert(ffi.sizeof("prm_image_map") == 48)
assert(ffi.sizeof("prm_tile_options") == 80)

return {
    PRM_VERSION = 1000,
    PRM_NUL = ffi.cast("size_t", -1),
    PRM_MAX_RANK = 8,
    PRM_STATUS_OK = 0,
    PRM_STATUS_INVALID_ARGUMENT = 1,
    PRM_STATUS_INVALID_STATE = 2,
    PRM_STATUS_UNSUPPORTED = 3,
    PRM_STATUS_NOT_FOUND = 4,
    PRM_STATUS_BUFFER_TOO_SMALL = 5,
    PRM_STATUS_VERSION_MISMATCH = 6,
    PRM_STATUS_CALLBACK = 7,
    PRM_STATUS_BAD_FILE = 10,
    PRM_STATUS_IO = 11,
    PRM_STATUS_DIGEST = 12,
    PRM_STATUS_LIMIT = 13,
    PRM_STATUS_OUT_OF_MEMORY = 20,
    PRM_STATUS_OUT_OF_DEVICE_MEMORY = 21,
    PRM_STATUS_OVER_BUDGET = 22,
    PRM_STATUS_CANCELLED = 30,
    PRM_STATUS_DEADLINE = 31,
    PRM_STATUS_DEVICE_UNAVAILABLE = 40,
    PRM_STATUS_DEVICE_LOST = 41,
    PRM_STATUS_NUMERIC = 50,
    PRM_STATUS_CONTEXT_FULL = 51,
    PRM_STATUS_INTERNAL = 99,
    PRM_DTYPE_ANY = 0,
    PRM_DTYPE_F32 = 1,
    PRM_DTYPE_F16 = 2,
    PRM_DTYPE_BF16 = 3,
    PRM_DTYPE_F64 = 4,
    PRM_DTYPE_I8 = 5,
    PRM_DTYPE_I16 = 6,
    PRM_DTYPE_I32 = 7,
    PRM_DTYPE_I64 = 8,
    PRM_DTYPE_U8 = 9,
    PRM_DTYPE_U16 = 10,
    PRM_DTYPE_U32 = 11,
    PRM_DTYPE_U64 = 12,
    PRM_DTYPE_BOOL = 13,
    PRM_DTYPE_BLOCK = 256,
    PRM_LOG_ERROR = 1,
    PRM_LOG_WARNING = 2,
    PRM_LOG_INFO = 3,
    PRM_MEMORY_OBJECTS = 0,
    PRM_MEMORY_WEIGHTS = 1,
    PRM_MEMORY_CACHE = 2,
    PRM_MEMORY_SCRATCH = 3,
    PRM_FILE_READ = 0,
    PRM_THREADS_ALL = -1,
    PRM_REPORT_CAPABILITIES = 1,
    PRM_REPORT_INSPECT = 10,
    PRM_REPORT_PLACEMENT = 11,
    PRM_REPORT_GRAPH = 33,
    PRM_MODEL_HEADER_ONLY = 1,
    PRM_MODEL_REQUIRE_DEVICE = 2,
    PRM_MODEL_VERIFY = 16,
    PRM_CAN_RUN = 1,
    PRM_CAN_GENERATE = 2,
    PRM_INPUT = 0,
    PRM_OUTPUT = 1,
    PRM_PROMPT_SPECIAL = 1,
    PRM_PROMPT_NO_BOS = 2,
    PRM_PROMPT_CONTINUE = 4,
    PRM_GENERATE_IGNORE_END = 1,
    PRM_FINISH_NONE = 0,
    PRM_FINISH_END = 1,
    PRM_FINISH_STOP_STRING = 2,
    PRM_FINISH_LENGTH = 3,
    PRM_FINISH_CALLBACK = 5,
    PRM_FINISH_CANCELLED = 6,
    PRM_FINISH_DEADLINE = 7,
    PRM_FINISH_ERROR = 8,
    PRM_RESAMPLE_NEAREST = 0,
    PRM_RESAMPLE_PIL_BILINEAR = 1,
    PRM_RESAMPLE_PIL_BICUBIC = 2,
    PRM_RESAMPLE_PIL_LANCZOS = 3,
    PRM_RESAMPLE_OPENCV_LINEAR = 4,
    PRM_RESAMPLE_OPENCV_AREA = 5,
    PRM_RESAMPLE_OPENCV_CUBIC = 6,
    PRM_RESAMPLE_TORCH_LINEAR = 7,
    PRM_RESAMPLE_TORCH_CUBIC = 8,
    PRM_FIT_STRETCH = 0,
    PRM_FIT_LETTERBOX = 1,
    PRM_FIT_CROP = 2,
    PRM_IMAGE_CHANNELS_LAST = 1,
    PRM_IMAGE_SWAP_RED_BLUE = 2,
    PRM_IMAGE_INVERT = 4,
    PRM_IMAGE_VOLUME = 8,
    PRM_BLEND_MEAN = 0,
    PRM_BLEND_GAUSSIAN = 1,
}
