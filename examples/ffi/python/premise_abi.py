"""The C API of Premise for ctypes: constants, structs, callbacks, functions. script/ffi wrote this from premise.h."""

from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_double, c_float, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p, sizeof

PRM_VERSION = 1000
PRM_NUL = 18446744073709551615
PRM_MAX_RANK = 8
PRM_STATUS_OK = 0
PRM_STATUS_INVALID_ARGUMENT = 1
PRM_STATUS_INVALID_STATE = 2
PRM_STATUS_UNSUPPORTED = 3
PRM_STATUS_NOT_FOUND = 4
PRM_STATUS_BUFFER_TOO_SMALL = 5
PRM_STATUS_VERSION_MISMATCH = 6
PRM_STATUS_CALLBACK = 7
PRM_STATUS_BAD_FILE = 10
PRM_STATUS_IO = 11
PRM_STATUS_DIGEST = 12
PRM_STATUS_LIMIT = 13
PRM_STATUS_OUT_OF_MEMORY = 20
PRM_STATUS_OUT_OF_DEVICE_MEMORY = 21
PRM_STATUS_OVER_BUDGET = 22
PRM_STATUS_CANCELLED = 30
PRM_STATUS_DEADLINE = 31
PRM_STATUS_DEVICE_UNAVAILABLE = 40
PRM_STATUS_DEVICE_LOST = 41
PRM_STATUS_NUMERIC = 50
PRM_STATUS_CONTEXT_FULL = 51
PRM_STATUS_INTERNAL = 99
PRM_DTYPE_ANY = 0
PRM_DTYPE_F32 = 1
PRM_DTYPE_F16 = 2
PRM_DTYPE_BF16 = 3
PRM_DTYPE_F64 = 4
PRM_DTYPE_I8 = 5
PRM_DTYPE_I16 = 6
PRM_DTYPE_I32 = 7
PRM_DTYPE_I64 = 8
PRM_DTYPE_U8 = 9
PRM_DTYPE_U16 = 10
PRM_DTYPE_U32 = 11
PRM_DTYPE_U64 = 12
PRM_DTYPE_BOOL = 13
PRM_DTYPE_BLOCK = 256
PRM_LOG_ERROR = 1
PRM_LOG_WARNING = 2
PRM_LOG_INFO = 3
PRM_MEMORY_OBJECTS = 0
PRM_MEMORY_WEIGHTS = 1
PRM_MEMORY_CACHE = 2
PRM_MEMORY_SCRATCH = 3
PRM_FILE_READ = 0
PRM_THREADS_ALL = -1
PRM_REPORT_CAPABILITIES = 1
PRM_REPORT_INSPECT = 10
PRM_REPORT_PLACEMENT = 11
PRM_REPORT_GRAPH = 33
PRM_MODEL_HEADER_ONLY = 1
PRM_MODEL_REQUIRE_DEVICE = 2
PRM_MODEL_VERIFY = 16
PRM_CAN_RUN = 1
PRM_CAN_GENERATE = 2
PRM_INPUT = 0
PRM_OUTPUT = 1
PRM_PROMPT_SPECIAL = 1
PRM_PROMPT_NO_BOS = 2
PRM_PROMPT_CONTINUE = 4
PRM_GENERATE_IGNORE_END = 1
PRM_FINISH_NONE = 0
PRM_FINISH_END = 1
PRM_FINISH_STOP_STRING = 2
PRM_FINISH_LENGTH = 3
PRM_FINISH_CALLBACK = 5
PRM_FINISH_CANCELLED = 6
PRM_FINISH_DEADLINE = 7
PRM_FINISH_ERROR = 8
PRM_RESAMPLE_NEAREST = 0
PRM_RESAMPLE_PIL_BILINEAR = 1
PRM_RESAMPLE_PIL_BICUBIC = 2
PRM_RESAMPLE_PIL_LANCZOS = 3
PRM_RESAMPLE_OPENCV_LINEAR = 4
PRM_RESAMPLE_OPENCV_AREA = 5
PRM_RESAMPLE_OPENCV_CUBIC = 6
PRM_RESAMPLE_TORCH_LINEAR = 7
PRM_RESAMPLE_TORCH_CUBIC = 8
PRM_FIT_STRETCH = 0
PRM_FIT_LETTERBOX = 1
PRM_FIT_CROP = 2
PRM_IMAGE_CHANNELS_LAST = 1
PRM_IMAGE_SWAP_RED_BLUE = 2
PRM_IMAGE_INVERT = 4
PRM_IMAGE_VOLUME = 8
PRM_BLEND_MEAN = 0
PRM_BLEND_GAUSSIAN = 1

prm_progress_fn = CFUNCTYPE(c_int32, c_void_p, c_void_p, c_uint64, c_uint64)
prm_work_fn = CFUNCTYPE(None, c_void_p)
prm_host_alloc_fn = CFUNCTYPE(c_void_p, c_void_p, c_size_t, c_size_t, c_int32)
prm_host_release_fn = CFUNCTYPE(None, c_void_p, c_void_p, c_size_t, c_int32)
prm_host_log_fn = CFUNCTYPE(None, c_void_p, c_int32, c_void_p, c_size_t)
prm_host_help_fn = CFUNCTYPE(None, c_void_p, prm_work_fn, c_void_p, c_int32)
prm_host_file_open_fn = CFUNCTYPE(c_int32, c_void_p, c_void_p, c_int32, POINTER(c_void_p), POINTER(c_uint64))
prm_host_file_read_fn = CFUNCTYPE(c_int32, c_void_p, c_void_p, c_uint64, c_void_p, c_size_t)
prm_host_file_close_fn = CFUNCTYPE(c_int32, c_void_p, c_void_p, c_int32)
prm_host_file_map_fn = CFUNCTYPE(c_void_p, c_void_p, c_void_p, c_uint64, c_size_t)
prm_text_fn = CFUNCTYPE(c_int32, c_void_p, c_void_p, c_size_t)
prm_token_fn = CFUNCTYPE(c_int32, c_void_p, c_int32)
prm_logits_fn = CFUNCTYPE(c_int32, c_void_p, POINTER(c_float), c_size_t)

class prm_error_info(Structure):
    _fields_ = [
        ('struct_size', c_uint32),
        ('status', c_int32),
        ('message', c_char_p),
        ('subject', c_char_p),
        ('file_offset', c_uint64),
        ('needed_bytes', c_uint64),
        ('system_code', c_int32),
        ('reserved', c_int32),
        ('available_bytes', c_uint64),
    ]


assert sizeof(prm_error_info) == 56


class prm_text(Structure):
    _fields_ = [
        ('data', c_char_p),
        ('size', c_size_t),
    ]


assert sizeof(prm_text) == 16


class prm_tensor(Structure):
    _fields_ = [
        ('name', c_char_p),
        ('data', c_void_p),
        ('bytes', c_uint64),
        ('shape', c_int64 * 8),
        ('stride', c_int64 * 8),
        ('dtype', c_int32),
        ('rank', c_int32),
        ('device', c_int32),
        ('flags', c_uint32),
        ('stream', c_void_p),
        ('reserved', c_uint64 * 2),
    ]


assert sizeof(prm_tensor) == 192


class prm_control(Structure):
    _fields_ = [
        ('struct_size', c_uint32),
        ('reserved', c_int32),
        ('deadline_ns', c_int64),
        ('cancel', c_void_p),
        ('on_progress', prm_progress_fn),
        ('user', c_void_p),
    ]


assert sizeof(prm_control) == 40


class prm_host(Structure):
    _fields_ = [
        ('struct_size', c_uint32),
        ('helpers', c_int32),
        ('memory_user', c_void_p),
        ('alloc', prm_host_alloc_fn),
        ('release', prm_host_release_fn),
        ('log_user', c_void_p),
        ('log', prm_host_log_fn),
        ('help_user', c_void_p),
        ('help', prm_host_help_fn),
        ('file_user', c_void_p),
        ('file_open', prm_host_file_open_fn),
        ('file_read', prm_host_file_read_fn),
        ('file_close', prm_host_file_close_fn),
        ('file_map', prm_host_file_map_fn),
    ]


assert sizeof(prm_host) == 104


class prm_limits(Structure):
    _fields_ = [
        ('struct_size', c_uint32),
        ('nesting', c_int32),
        ('file_bytes', c_uint64),
        ('metadata_bytes', c_uint64),
        ('tensors', c_int64),
        ('prompt_bytes', c_int64),
        ('template_steps', c_int64),
        ('image_elements', c_int64),
    ]


assert sizeof(prm_limits) == 56


class prm_engine_options(Structure):
    _fields_ = [
        ('struct_size', c_uint32),
        ('threads', c_int32),
        ('spin_us', c_int32),
        ('reserved', c_int32),
        ('isa', c_char_p),
        ('host', POINTER(prm_host)),
        ('max_host_bytes', c_uint64),
        ('limits', POINTER(prm_limits)),
        ('plugin_folder', c_char_p),
        ('max_device_bytes', c_uint64),
    ]


assert sizeof(prm_engine_options) == 64


class prm_engine_info(Structure):
    _fields_ = [
        ('struct_size', c_uint32),
        ('threads', c_int32),
        ('isa', c_char_p),
        ('host_bytes', c_uint64),
        ('peak_host_bytes', c_uint64),
        ('max_host_bytes', c_uint64),
        ('device_bytes', c_uint64),
    ]


assert sizeof(prm_engine_info) == 48


class prm_model_options(Structure):
    _fields_ = [
        ('struct_size', c_uint32),
        ('flags', c_uint32),
        ('data', c_void_p),
        ('data_size', c_size_t),
        ('context', c_int32),
        ('chunk_tokens', c_int32),
        ('cache_dtype', c_int32),
        ('sessions', c_int32),
        ('max_host_bytes', c_uint64),
        ('manifest_json', c_char_p),
        ('shapes', POINTER(prm_tensor)),
        ('shape_count', c_size_t),
        ('device', c_char_p),
        ('max_device_bytes', c_uint64),
        ('device_layers', c_int32),
        ('reserved', c_int32),
    ]


assert sizeof(prm_model_options) == 96


class prm_model_info(Structure):
    _fields_ = [
        ('struct_size', c_uint32),
        ('vocabulary', c_int32),
        ('architecture', c_char_p),
        ('parameters', c_uint64),
        ('host_bytes', c_uint64),
        ('context', c_int32),
        ('width', c_int32),
        ('end_token', c_int32),
        ('begin_token', c_int32),
        ('abilities', c_uint32),
        ('input_count', c_int32),
        ('output_count', c_int32),
        ('reserved', c_int32),
        ('device_bytes', c_uint64),
    ]


assert sizeof(prm_model_info) == 72


class prm_plan_options(Structure):
    _fields_ = [
        ('struct_size', c_uint32),
        ('reserved', c_int32),
        ('host_bytes', c_uint64),
    ]


assert sizeof(prm_plan_options) == 16


class prm_plan(Structure):
    _fields_ = [
        ('struct_size', c_uint32),
        ('fits', c_int32),
        ('host_bytes', c_uint64),
        ('weight_bytes', c_uint64),
        ('cache_bytes', c_uint64),
        ('scratch_bytes', c_uint64),
        ('object_bytes', c_uint64),
        ('device_bytes', c_uint64),
    ]


assert sizeof(prm_plan) == 56


class prm_message(Structure):
    _fields_ = [
        ('role', c_char_p),
        ('text', prm_text),
        ('extra_json', c_char_p),
        ('reserved', c_uint64 * 2),
    ]


assert sizeof(prm_message) == 48


class prm_prompt(Structure):
    _fields_ = [
        ('struct_size', c_uint32),
        ('flags', c_uint32),
        ('text', prm_text),
        ('tokens', POINTER(c_int32)),
        ('token_count', c_size_t),
        ('messages', POINTER(prm_message)),
        ('message_count', c_size_t),
        ('tools_json', c_char_p),
        ('template_text', c_char_p),
        ('template_json', c_char_p),
    ]


assert sizeof(prm_prompt) == 80


class prm_bias(Structure):
    _fields_ = [
        ('token', c_int32),
        ('bias', c_float),
    ]


assert sizeof(prm_bias) == 8


class prm_token(Structure):
    _fields_ = [
        ('id', c_int32),
        ('logprob', c_float),
        ('text_size', c_int32),
        ('rank', c_int32),
    ]


assert sizeof(prm_token) == 16

prm_logprobs_fn = CFUNCTYPE(c_int32, c_void_p, POINTER(prm_token), c_size_t)

class prm_generate_options(Structure):
    _fields_ = [
        ('struct_size', c_uint32),
        ('flags', c_uint32),
        ('max_tokens', c_int32),
        ('min_tokens', c_int32),
        ('on_text', prm_text_fn),
        ('on_token', prm_token_fn),
        ('user', c_void_p),
        ('top_k', c_int32),
        ('temperature', c_float),
        ('top_p', c_float),
        ('min_p', c_float),
        ('typical_p', c_float),
        ('repetition_penalty', c_float),
        ('presence_penalty', c_float),
        ('frequency_penalty', c_float),
        ('penalty_tokens', c_int32),
        ('logprobs', c_int32),
        ('seed', c_uint64),
        ('stops', POINTER(prm_text)),
        ('stop_count', c_size_t),
        ('stop_tokens', POINTER(c_int32)),
        ('stop_token_count', c_size_t),
        ('biases', POINTER(prm_bias)),
        ('bias_count', c_size_t),
        ('on_logits', prm_logits_fn),
        ('on_logprobs', prm_logprobs_fn),
        ('session', c_void_p),
    ]


assert sizeof(prm_generate_options) == 160


class prm_request_info(Structure):
    _fields_ = [
        ('struct_size', c_uint32),
        ('finish', c_int32),
        ('prompt_tokens', c_int64),
        ('generated_tokens', c_int64),
        ('first_ns', c_int64),
        ('total_ns', c_int64),
    ]


assert sizeof(prm_request_info) == 40


class prm_session_options(Structure):
    _fields_ = [
        ('struct_size', c_uint32),
        ('flags', c_uint32),
    ]


assert sizeof(prm_session_options) == 8


class prm_session_info(Structure):
    _fields_ = [
        ('struct_size', c_uint32),
        ('token_count', c_int32),
        ('context', c_int32),
        ('reserved', c_int32),
        ('host_bytes', c_uint64),
    ]


assert sizeof(prm_session_info) == 24


class prm_image_options(Structure):
    _fields_ = [
        ('struct_size', c_uint32),
        ('flags', c_uint32),
        ('resample', c_int32),
        ('fit', c_int32),
        ('slope', c_double),
        ('intercept', c_double),
        ('window_center', c_double),
        ('window_width', c_double),
        ('scale', c_float),
        ('mean', c_float * 4),
        ('deviation', c_float * 4),
        ('padding', c_float),
        ('spacing', c_double * 3),
        ('out_spacing', c_double * 3),
    ]


assert sizeof(prm_image_options) == 136


class prm_image_map(Structure):
    _fields_ = [
        ('factor', c_double * 3),
        ('offset', c_double * 3),
    ]


assert sizeof(prm_image_map) == 48


class prm_tile_options(Structure):
    _fields_ = [
        ('struct_size', c_uint32),
        ('blend', c_int32),
        ('tile', c_int64 * 8),
        ('overlap', c_double),
    ]


assert sizeof(prm_tile_options) == 80

# name: (result, parameters)
FUNCTIONS = {
    'prm_version': (c_int32, []),
    'prm_status_name': (c_char_p, [c_int32]),
    'prm_last_error': (c_char_p, []),
    'prm_error_query': (None, [POINTER(prm_error_info)]),
    'prm_now_ns': (c_int64, []),
    'prm_cancel_open': (c_int32, [POINTER(c_void_p)]),
    'prm_cancel_fire': (None, [c_void_p]),
    'prm_cancel_close': (None, [c_void_p]),
    'prm_engine_open': (c_int32, [c_int32, POINTER(prm_engine_options), POINTER(c_void_p)]),
    'prm_engine_close': (None, [c_void_p]),
    'prm_engine_query': (c_int32, [c_void_p, POINTER(prm_engine_info)]),
    'prm_engine_report': (c_int32, [c_void_p, c_int32, c_void_p, c_size_t, POINTER(c_size_t)]),
    'prm_model_open': (c_int32, [c_void_p, c_char_p, POINTER(prm_model_options), POINTER(prm_control), POINTER(c_void_p)]),
    'prm_model_close': (None, [c_void_p]),
    'prm_model_manifest': (c_int32, [c_void_p, POINTER(prm_control), c_void_p, c_size_t, POINTER(c_size_t)]),
    'prm_model_query': (c_int32, [c_void_p, POINTER(prm_model_info)]),
    'prm_model_tensor': (c_int32, [c_void_p, c_int32, c_int32, POINTER(prm_tensor)]),
    'prm_model_report': (c_int32, [c_void_p, c_int32, c_void_p, c_size_t, POINTER(c_size_t)]),
    'prm_model_plan': (c_int32, [c_void_p, POINTER(prm_plan_options), POINTER(prm_plan), c_void_p, c_size_t, POINTER(c_size_t)]),
    'prm_run': (c_int32, [c_void_p, POINTER(prm_tensor), c_size_t, POINTER(prm_control), POINTER(prm_tensor), c_size_t]),
    'prm_prompt_render': (c_int32, [c_void_p, POINTER(prm_prompt), c_void_p, c_size_t, POINTER(c_size_t)]),
    'prm_tokenize': (c_int32, [c_void_p, POINTER(prm_prompt), POINTER(c_int32), c_size_t, POINTER(c_size_t)]),
    'prm_detokenize': (c_int32, [c_void_p, POINTER(c_int32), c_size_t, c_uint32, c_void_p, c_size_t, POINTER(c_size_t)]),
    'prm_generate': (c_int32, [c_void_p, POINTER(prm_prompt), POINTER(prm_generate_options), POINTER(prm_control), POINTER(prm_request_info)]),
    'prm_session_open': (c_int32, [c_void_p, POINTER(prm_session_options), POINTER(prm_control), POINTER(c_void_p)]),
    'prm_session_close': (None, [c_void_p]),
    'prm_session_query': (c_int32, [c_void_p, POINTER(prm_session_info)]),
    'prm_session_truncate': (c_int32, [c_void_p, c_int32]),
    'prm_image_prepare': (c_int32, [c_void_p, POINTER(prm_tensor), POINTER(prm_image_options), POINTER(prm_control), POINTER(prm_tensor), POINTER(prm_image_map)]),
    'prm_run_tiles': (c_int32, [c_void_p, POINTER(prm_tensor), POINTER(prm_tile_options), POINTER(prm_control), POINTER(prm_tensor)]),
}
