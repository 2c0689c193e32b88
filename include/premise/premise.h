/* premise.h: run AI models inside your own process.
 *
 * Premise is one library behind this one header. It never opens a socket, ends your process, prints, or starts a thread
 * that you did not grant. Read from the top and stop when you have enough: each section needs only those before it.
 * "Since" names the first release that has a section: the header of a release holds only what works in it.
 *
 *     #include <premise/premise.h>
 *     #include <stdio.h>
 *     static int32_t print(void *user, const char *text, size_t size) {
 *         return fwrite(text, 1, size, user) != size;
 *     }
 *     int main(void) {
 *         prm_engine *engine = NULL;
 *         prm_model *model = NULL;
 *         prm_prompt prompt = PRM_INIT(prm_prompt);
 *         prm_generate_options options = PRM_INIT(prm_generate_options);
 *         prompt.text = PRM_TEXT("The capital of France is");
 *         options.max_tokens = 16;
 *         options.on_text = print;
 *         options.user = stdout;
 *         prm_status status = prm_engine_open(PRM_VERSION, NULL, &engine);
 *         if (!status) status = prm_model_open(engine, "gemma3-270m.gguf", NULL, NULL, &model);
 *         if (!status) status = prm_generate(model, &prompt, &options, NULL, NULL);
 *         if (status) fprintf(stderr, "%s\n", prm_last_error());
 *         prm_model_close(model);
 *         prm_engine_close(engine);
 *         return status != PRM_STATUS_OK;
 *     }
 *
 * CONVENTIONS. They hold everywhere and are not repeated below.
 *
 *  1. Handles (engine, model, cancel) are shared: any thread may use them at any time; a session is used by one call at a
 *     time. prm_x_close(NULL) does nothing. Handles may be closed in any order: what still needs a closed one keeps it
 *     alive inside. A model or an engine may be closed while calls work on it: they end as CANCELLED, and the close returns
 *     when they have, so that all buffers are the host's again (in a callback it returns at once, and the call ends after it).
 *     Handles are looked up, never followed: one that was closed, or is none, is INVALID_ARGUMENT, and closing it again does
 *     nothing. At most 65,535 are open at once in a process: then LIMIT.
 *  2. Order of parameters: handle, inputs, options, control, outputs. Options and control may be NULL: all defaults.
 *  3. Status. Calls that can fail return prm_status, and 0 is success. On failure outputs are untouched, everything is
 *     as before the call, and the thread's own error tells more (prm_last_error, prm_error_query). Any such call can
 *     return INVALID_ARGUMENT, OUT_OF_MEMORY or INTERNAL, with a control also CANCELLED and DEADLINE; "Status:" lists
 *     the others.
 *  4. Ownership. An input pointer is *borrowed* for the call, unless its comment says *copies* (the library keeps a copy)
 *     or *borrows until X*. A handle that comes out is *transferred* to you: close it. A string inside an info struct
 *     belongs to the handle and lives as long as it.
 *  5. Text is UTF-8. Names and paths go in as NUL-terminated strings, content as prm_text (pointer + bytes). Text comes
 *     out by (buffer, capacity, *size): *size, NULL allowed, receives the bytes without the NUL; when capacity <= *size
 *     nothing else is written and the status is BUFFER_TOO_SMALL. (NULL, 0, &size) asks. Arrays: the same with counts
 *     and no NUL. Tensors: the same with `bytes`; dtype, rank and shape are filled in too. These needs are the only
 *     outputs written on failure.
 *  6. Structs come in two kinds. Those with `struct_size` grow by appended fields: start them with PRM_INIT(type); zero
 *     in any field means default. A field that the library does not know yet must be zero (else UNSUPPORTED); one that
 *     you do not know counts as zero, and is not written. All others stand in arrays and are *fixed* for the major
 *     version, reserved fields zero. No struct has hidden padding.
 *  7. Units: *_ns nanoseconds (int64_t), *_bytes bytes (uint64_t), *_size bytes in memory, *_count elements. Deadlines
 *     are absolute on prm_now_ns(). Shapes are row-major, last index fastest, written `[T, V] float32`: B batch,
 *     T tokens, V vocabulary.
 *  8. Callbacks return 0 to go on and anything else to stop: text then ends with success, and says so in its info;
 *     on_progress ends a call as CANCELLED. They come on the thread inside the call that runs the work, never two at
 *     once for one call; they may call *_query and prm_cancel_fire, nothing else on the same handle (what would wait for its
 *     own call, or in a circle of calls in callbacks, is INVALID_STATE); what they are handed is valid until they return. All are
 *     optional.
 *  9. Same input, same bits: results do not depend on batch, threads, arrival order or chunking.
 * 10. Versions. Inside a major version only additions: functions, constants, fields at the end. The file name carries the
 *     major; prm_engine_open refuses a header it cannot serve.
 * 11. fork. A child has what its parent opened, but none of our threads: its calls work on the caller alone. A model on which
 *     another thread had a call under way is INVALID_STATE there, and so is a session; others work, and all can be closed.
 *
 * VERBS. open/close a handle; query fills its info struct; report writes JSON or text; run and generate do work and wait;
 * truncate forgets.
 */
#ifndef PREMISE_PREMISE_H
#define PREMISE_PREMISE_H

#include <stddef.h>
#include <stdint.h>

#if defined(PRM_STATIC)
#define PRM_API
#elif defined(_WIN32) && defined(PRM_BUILD)
#define PRM_API __declspec(dllexport)
#elif defined(_WIN32)
#define PRM_API __declspec(dllimport)
#elif defined(__GNUC__)
#define PRM_API __attribute__((visibility("default")))
#else
#define PRM_API
#endif

/* PRM_INIT(type) starts a growing struct where it is declared; PRM_TEXT("...") makes a prm_text of a C string. */
#ifdef __cplusplus
#define PRM_INIT(type) [] { type s_ = type(); s_.struct_size = (uint32_t)sizeof(type); return s_; }()
#define PRM_TEXT(string) prm_text{(string), PRM_NUL}
extern "C" {
#else
#define PRM_INIT(type) { .struct_size = (uint32_t)sizeof(type) }
#define PRM_TEXT(string) ((prm_text){ (string), PRM_NUL })
#endif

/* ==== 1. Version and status ======================================================================== since 0.1 ==== */

#define PRM_VERSION 1000         /* major * 1000000 + minor * 1000 + patch */

#define PRM_NUL ((size_t)-1)     /* as the size of a prm_text: it ends at its NUL */
#define PRM_MAX_RANK 8

typedef int32_t prm_status;
enum {
    PRM_STATUS_OK = 0,
    /* the call */
    PRM_STATUS_INVALID_ARGUMENT = 1,  /* the error names the parameter or field, its value and its range */
    PRM_STATUS_INVALID_STATE = 2,     /* not now: the session is in use by another call */
    PRM_STATUS_UNSUPPORTED = 3,       /* names the type, architecture, tokenizer or field */
    PRM_STATUS_NOT_FOUND = 4,
    PRM_STATUS_BUFFER_TOO_SMALL = 5,  /* needed size in *size, or in the tensor's `bytes` */
    PRM_STATUS_VERSION_MISMATCH = 6,
    PRM_STATUS_CALLBACK = 7,          /* a host service failed: its own code is in prm_error_info.system_code */
    /* files */
    PRM_STATUS_BAD_FILE = 10,         /* malformed: prm_error_info has the file and the offset */
    PRM_STATUS_IO = 11,
    PRM_STATUS_DIGEST = 12,           /* not what the manifest says: the error names tensor or file, and both checksums */
    PRM_STATUS_LIMIT = 13,            /* a bound on what comes from outside (prm_limits); handles, sessions */
    /* memory: prm_error_info has both figures */
    PRM_STATUS_OUT_OF_MEMORY = 20,
    PRM_STATUS_OUT_OF_DEVICE_MEMORY = 21,
    PRM_STATUS_OVER_BUDGET = 22,      /* max_host_bytes or max_device_bytes of the engine or the model */
    /* time */
    PRM_STATUS_CANCELLED = 30,
    PRM_STATUS_DEADLINE = 31,
    /* devices */
    PRM_STATUS_DEVICE_UNAVAILABLE = 40, /* names the missing piece: instruction set, plug-in, driver, GPU, kernel */
    PRM_STATUS_DEVICE_LOST = 41,      /* nothing computed after the fault is ever returned: close what is on it */
    /* results */
    PRM_STATUS_NUMERIC = 50,          /* NaN or infinity: the error names the tensor */
    PRM_STATUS_CONTEXT_FULL = 51,     /* prompt and session are longer than the context; the error has the figures */
    PRM_STATUS_INTERNAL = 99          /* a bug of ours, contained */
};

/* The calling thread's last failure in full. */
typedef struct prm_error_info {
    uint32_t struct_size;
    prm_status status;
    const char *message;        /* one sentence: what, about what, what to do */
    const char *subject;        /* the file, tensor, option or op; "" when none */
    uint64_t file_offset;       /* BAD_FILE */
    uint64_t needed_bytes;      /* memory, BUFFER_TOO_SMALL */
    int32_t system_code;        /* errno (Windows: GetLastError), or a host service's answer */
    int32_t reserved;
    uint64_t available_bytes;   /* OVER_BUDGET: what was left of the budget */
} prm_error_info;

PRM_API int32_t prm_version(void);                       /* PRM_VERSION of the library that was loaded */
PRM_API const char *prm_status_name(prm_status status);  /* "BAD_FILE"; static, never NULL */
PRM_API const char *prm_last_error(void);                /* the message; the library's, until this thread fails again */
PRM_API void prm_error_query(prm_error_info *out);       /* strings: likewise */

/* ==== 2. Small shared types ======================================================================== since 0.1 ==== */

typedef struct prm_engine prm_engine;     /* devices, threads, memory accounts */
typedef struct prm_model prm_model;       /* immutable: something that can be run */
typedef struct prm_cancel prm_cancel;     /* fired once, stops every call that carries it */
typedef struct prm_session prm_session;   /* the memory of one conversation */

typedef struct prm_text {  /* fixed */
    const char *data;
    size_t size;           /* bytes, or PRM_NUL */
} prm_text;

typedef int32_t prm_dtype;
enum {
    PRM_DTYPE_ANY = 0, PRM_DTYPE_F32 = 1, PRM_DTYPE_F16 = 2, PRM_DTYPE_BF16 = 3, PRM_DTYPE_F64 = 4,
    PRM_DTYPE_I8 = 5, PRM_DTYPE_I16 = 6, PRM_DTYPE_I32 = 7, PRM_DTYPE_I64 = 8,
    PRM_DTYPE_U8 = 9, PRM_DTYPE_U16 = 10, PRM_DTYPE_U32 = 11, PRM_DTYPE_U64 = 12, PRM_DTYPE_BOOL = 13, /* a byte: 0 or 1 */
    PRM_DTYPE_BLOCK = 256  /* + the type's number in GGUF files: Q8_0 is PRM_DTYPE_BLOCK + 8 */
};

/* Where numbers lie, in host memory. The same struct describes (data NULL), lends input and receives output. Fixed. Strides
 * count elements as in DLPack; all zero = contiguous, the only layout of this release. */
typedef struct prm_tensor {
    const char *name;      /* borrowed; NULL = by position */
    void *data;            /* never written through an input */
    uint64_t bytes;        /* capacity of data; checked */
    int64_t shape[PRM_MAX_RANK];  /* -1 in descriptions: any extent */
    int64_t stride[PRM_MAX_RANK];
    prm_dtype dtype;
    int32_t rank;          /* -1 in descriptions: any shape */
    int32_t device;        /* 0: host */
    uint32_t flags;        /* 0 */
    void *stream;          /* NULL */
    uint64_t reserved[2];
} prm_tensor;

/* How a call may be ended and watched: the `control` of every call that takes time. total 0 = unknown. The stage ("read",
 * "repack") is for people. */
typedef int32_t (*prm_progress_fn)(void *user, const char *stage, uint64_t done, uint64_t total);

typedef struct prm_control {
    uint32_t struct_size;
    int32_t reserved;
    int64_t deadline_ns;        /* absolute on prm_now_ns(); 0 = none */
    prm_cancel *cancel;         /* borrows until the call returns */
    prm_progress_fn on_progress;
    void *user;
} prm_control;

PRM_API int64_t prm_now_ns(void);  /* monotonic */

/* A cancel token. Firing is permanent, idempotent, and safe from any thread and from a signal handler. */
PRM_API prm_status prm_cancel_open(prm_cancel **out);
PRM_API void prm_cancel_fire(prm_cancel *cancel);
PRM_API void prm_cancel_close(prm_cancel *cancel);

/* ==== 3. Engine ==================================================================================== since 0.1 ==== */

enum { PRM_LOG_ERROR = 1, PRM_LOG_WARNING = 2, PRM_LOG_INFO = 3 };
enum {                           /* kinds of memory */
    PRM_MEMORY_OBJECTS = 0,      /* headers, tokenizers, graphs, plans */
    PRM_MEMORY_WEIGHTS = 1, PRM_MEMORY_CACHE = 2, PRM_MEMORY_SCRATCH = 3
};
enum { PRM_FILE_READ = 0 };

/* Host services, in groups with a pointer of yours each. What is NULL the library does itself: the system's memory,
 * silence, work on the calling thread only, the system's files. Called from any thread that runs work; must not call the
 * library; must outlive the engine and all that was opened on it. int32_t answers: 0, or any other number, which becomes
 * status CALLBACK and its system_code. */
typedef void (*prm_work_fn)(void *work);
typedef struct prm_host {
    uint32_t struct_size;
    int32_t helpers;            /* the most that `help` is asked for */
    /* Memory: every byte that the library takes for itself but the stacks of its threads and the text of an error on its
     * way out, aligned as asked, with its kind; size and kind come back. NULL means refused. */
    void *memory_user;
    void *(*alloc)(void *memory_user, size_t size, size_t align, int32_t kind);
    void (*release)(void *memory_user, void *memory, size_t size, int32_t kind);
    void *log_user;
    void (*log)(void *log_user, int32_t level, const char *text, size_t size);
    /* Threads: call run(work) on up to `helpers` threads (the calling one may be among them) and return when those that
     * started have returned. Asked for once per step of a model. To lend fewer, later or none is fine: nothing waits for a
     * thread that did not come. Needs engine option threads = 0, and 256 KiB of stack on each thread. */
    void *help_user;
    void (*help)(void *help_user, prm_work_fn run, void *work, int32_t helpers);
    /* Files: the names that calls receive go here instead of to the operating system: encrypted, in a database, in memory.
     * Mode is PRM_FILE_READ. Read is all or error, from one thread at a time. Map (optional) lends `size` bytes until
     * close, or answers NULL: they are read as memory, so what is lent must stay (a mapped file that somebody cuts is a signal).
     * The system's own files are read, never mapped: one that is cut or lost while a model is opened is IO or BAD_FILE, and
     * an opened model needs its file no more. */
    void *file_user;
    int32_t (*file_open)(void *file_user, const char *name, int32_t mode, void **file, uint64_t *size);
    int32_t (*file_read)(void *file_user, void *file, uint64_t offset, void *data, size_t size);
    int32_t (*file_close)(void *file_user, void *file, int32_t keep);
    const void *(*file_map)(void *file_user, void *file, uint64_t offset, size_t size);
} prm_host;

/* Bounds on what comes from outside: beyond one is status LIMIT. 0 in a field is its default, in brackets, which is also the most. */
typedef struct prm_limits {
    uint32_t struct_size;
    int32_t nesting;            /* of JSON in each other's values, and in chat templates [64; of statements there 40] */
    uint64_t file_bytes;        /* one file of a model [1 TiB] */
    uint64_t metadata_bytes;    /* what stands in front of the tensors of one file: settings, vocabulary, names [256 MiB; safetensors
                                   100 MiB]; one JSON file of a folder [64 MiB] */
    int64_t tensors;            /* of one file [1 Mi; GGUF 65,536] */
    int64_t prompt_bytes;       /* a text; all messages together; tools, values or one message's extra as JSON [16 MiB]. As many tokens */
    int64_t template_steps;     /* one rendering of a chat template [1 Mi] */
    int64_t image_elements;     /* one image or volume, given or made, its channels counted [1 Gi] */
} prm_limits;

enum { PRM_THREADS_ALL = -1 };  /* as many as affinity and cgroup (v2) leave beside the caller */

typedef struct prm_engine_options {
    uint32_t struct_size;
    int32_t threads;            /* threads of ours beside the caller's; 0 = none: work runs inside your calls alone */
    int32_t spin_us;            /* how long a thread waiting inside a step may spin [50]; < 0 never */
    int32_t reserved;
    const char *isa;            /* "scalar", "avx2", "avx512"; NULL = the best of these that this CPU has. "amx" = avx512 with
                                   AMX for networks of 8 bits, the same bytes: Linux then wants larger alternate signal stacks
                                   (sysconf(_SC_MINSIGSTKSZ)) in the whole process, for good. Missing: DEVICE_UNAVAILABLE */
    const prm_host *host;       /* copies */
    uint64_t max_host_bytes;    /* hard bound on all that the engine and what is opened on it hold; 0 = none */
    const prm_limits *limits;   /* copies; NULL = the defaults */
    const char *plugin_folder;  /* copies; where libpremise_cuda.so is, an absolute path; NULL = beside this library */
    uint64_t max_device_bytes;  /* hard bound on what is held in the memory of each GPU; 0 = none */
} prm_engine_options;

/* Opens an engine; several live side by side. `version` is PRM_VERSION. Takes < 50 ms.
 * Status: VERSION_MISMATCH, DEVICE_UNAVAILABLE. */
PRM_API prm_status prm_engine_open(int32_t version, const prm_engine_options *options, prm_engine **out);
/* Gives the engine up; models opened on it keep it alive inside until they are closed too, and go on. Models that are being
 * opened on it are CANCELLED. */
PRM_API void prm_engine_close(prm_engine *engine);

typedef struct prm_engine_info {
    uint32_t struct_size;
    int32_t threads;            /* of ours, alive; the caller computes beside them */
    const char *isa;            /* "scalar", "avx2", "avx512", "amx" */
    uint64_t host_bytes;        /* charged to the budget now: all that the engine and what is opened on it hold */
    uint64_t peak_host_bytes;
    uint64_t max_host_bytes;    /* the budget; 0 = none */
    uint64_t device_bytes;      /* held in the memory of GPUs, all together */
} prm_engine_info;
PRM_API prm_status prm_engine_query(prm_engine *engine, prm_engine_info *out);

typedef int32_t prm_report;
enum {
    PRM_REPORT_CAPABILITIES = 1, /* engine, JSON: version, ISA, devices, formats, types, architectures, tokenizers, ops */
    PRM_REPORT_INSPECT = 10,     /* model, JSON: kind, arch, metadata, tensors, types, inputs, outputs, ops */
    PRM_REPORT_PLACEMENT = 11,   /* model, JSON: where every op runs, with which kernel; memory by kind */
    PRM_REPORT_GRAPH = 33        /* model, text: one line per node */
};
PRM_API prm_status prm_engine_report(prm_engine *engine, prm_report what, char *buffer, size_t capacity, size_t *size);

/* ==== 4. Model ===================================================================================== since 0.1 ==== */

enum {                               /* model flags */
    /* No weights are placed: report, plan and tokenize only. So opened, a file that has no tensors gives its vocabulary alone,
     * whatever its architecture: PLAN and all that runs say UNSUPPORTED. */
    PRM_MODEL_HEADER_ONLY = 1 << 0,
    /* An op that `device` has no kernel for, or a layer that it has no memory for, is an error, not a line in the report. */
    PRM_MODEL_REQUIRE_DEVICE = 1 << 1,
    /* All files are read before anything else is done with them, HEADER_ONLY or not: sums are held against manifest_json where it
     * is given, and weights that are NaN or infinity, or whose blocks have such scales, are refused by name; of an ONNX file
     * those that are NaN. */
    PRM_MODEL_VERIFY = 1 << 4
};

typedef struct prm_model_options {
    uint32_t struct_size;
    uint32_t flags;
    const void *data;           /* the file in memory, a GGUF file in one part, or an ONNX file without external data; path may
                                   then be NULL. Borrows until the model is closed; must stay as it is, as what file_map lends */
    size_t data_size;
    int32_t context;            /* tokens per sequence; 0 = the model's own, at most 8192 */
    int32_t chunk_tokens;       /* prompt tokens in one step, at most [512] */
    prm_dtype cache_dtype;      /* KV cache: F16 (default), F32, BF16, or PRM_DTYPE_BLOCK + 8 (Q8_0, half the bytes of
                                   F16, for head sizes that are a multiple of 32; others: UNSUPPORTED) */
    int32_t sessions;           /* that may be open at once [0], to 4096. The cache holds so many contexts, one at least; calls
                                   without a session use what open sessions leave of it */
    uint64_t max_host_bytes;    /* bound of this model inside that of the engine; 0 = none */
    const char *manifest_json;  /* what prm_model_manifest said of these files. A tensor is checked as its bytes are read to be
                                   packed, whatever else the files hold before; HEADER_ONLY without VERIFY reads no tensor */
    /* Of tensor models alone: shapes of inputs to plan for now, so that a run of them cannot fail for want of memory, nor take any. By
     * name or position; -1, or an input left out: as the model says, and where that leaves an extent open, 1. Others still run. */
    const prm_tensor *shapes;   /* borrowed; name, rank and shape are read */
    size_t shape_count;
    /* Where it runs: NULL or "cpu"; "cuda" (the first GPU), "cuda:1". A GPU takes the last layers, as many as it has memory for, and the
     * CPU the others; ops that it has no kernel for run on the CPU. Tensor models run on the CPU alone: DEVICE_UNAVAILABLE. */
    const char *device;
    uint64_t max_device_bytes;  /* bound of this model inside that of the engine; 0 = none */
    int32_t device_layers;      /* layers on the GPU; 0 = as many as fit */
    int32_t reserved;
} prm_model_options;

/* Opens a model; the kind is told by content, never by a name's ending. All that can fail fails here, before weights are read where
 * possible. Progress stages "verify" (of VERIFY, and the manifest) and "repack".
 *   A GGUF file. Of one in parts (NAME-00001-of-00003.gguf) give the first: the others are opened beside it, by their names.
 *   A folder with safetensors (F32, F16, BF16), as Hugging Face's models are published: config.json, tokenizer.json and
 *   model.safetensors, or model.safetensors.index.json and its files; tokenizer_config.json, generation_config.json and
 *   chat_template.jinja are read where they are there. The path of its model.safetensors will do too. Through file_open of a host a
 *   folder is a name that ends with '/', and the names of its files are asked for behind it; what it does not open counts as absent.
 *   An ONNX file (IR 3 to 14, opset 7 to 28): a tensor model, which takes and gives tensors. Data beside it is read inside its folder
 *   alone. context, chunk_tokens, cache_dtype and sessions mean nothing to it; what works on text or tokens says UNSUPPORTED. One
 *   whose open extents cannot be 1 is planned by the first run, or for `shapes`. Operators that are missing are told here, all at
 *   once; a HEADER_ONLY model is described without them.
 * Status: BAD_FILE (a manifest too), IO, DIGEST (the first tensor or file that is not as the manifest says), LIMIT, NUMERIC (VERIFY:
 * names the tensor), DEVICE_UNAVAILABLE (names the missing piece), OUT_OF_DEVICE_MEMORY, UNSUPPORTED (names the architecture, tensor type, tokenizer, or all operators that are missing; a part or a
 * safetensors file in memory; a manifest of an ONNX model), NOT_FOUND (no such file, part or shard; no input of a name in
 * shapes), INVALID_ARGUMENT (a part that is not the first; names the first. Shapes that do not fit). */
PRM_API prm_status prm_model_open(prm_engine *engine, const char *path, const prm_model_options *options,
                                  const prm_control *control, prm_model **out);
/* Calls that work on it are CANCELLED, and it returns when they have ended: see conventions 1. */
PRM_API void prm_model_close(prm_model *model);

/* Checksums of all that a model's files hold, as they are now: JSON with each file's size and SHA-256, name, place and CRC-32C of each
 * tensor, and a CRC-32C of all else in a file. Keep it beside a model that is known to be good; prm_model_options.manifest_json
 * then refuses what has changed by a bit, wherever it is. Reads every file, of a HEADER_ONLY model too; asking for the size reads
 * nothing. Progress stage "verify". Status: BUFFER_TOO_SMALL, IO, CALLBACK, DIGEST (a file has another size than it had). */
PRM_API prm_status prm_model_manifest(prm_model *model, const prm_control *control, char *buffer, size_t capacity, size_t *size);

enum {                              /* what a model can do: prm_model_info.abilities */
    PRM_CAN_RUN = 1 << 0,           /* prm_run */
    PRM_CAN_GENERATE = 1 << 1       /* all that takes and gives text and tokens */
};
typedef struct prm_model_info {
    uint32_t struct_size;
    int32_t vocabulary;         /* V; a tensor model has 0 here, as context and width */
    const char *architecture;   /* "gemma3", "qwen2", "onnx" */
    uint64_t parameters;
    uint64_t host_bytes;        /* what this model holds now */
    int32_t context;            /* tokens per sequence, as opened */
    int32_t width;              /* embedding width */
    int32_t end_token;          /* -1 = none */
    int32_t begin_token;        /* put before a prompt by prm_tokenize and prm_generate; -1 = none */
    uint32_t abilities;         /* what it is made for; a HEADER_ONLY model has them too */
    int32_t input_count;
    int32_t output_count;
    int32_t reserved;
    uint64_t device_bytes;      /* what this model holds in a GPU's memory now */
} prm_model_info;
PRM_API prm_status prm_model_query(prm_model *model, prm_model_info *out);

enum { PRM_INPUT = 0, PRM_OUTPUT = 1 };
/* Describes input or output `index`: name, which is the model's, dtype, rank and shape. Status: NOT_FOUND (beyond the last). */
PRM_API prm_status prm_model_tensor(prm_model *model, int32_t direction, int32_t index, prm_tensor *out);
/* Status: BUFFER_TOO_SMALL. PLACEMENT of a HEADER_ONLY model: UNSUPPORTED. PLACEMENT and GRAPH of a tensor model are those of the
 * shapes that it was opened with, and fail as their planning did. */
PRM_API prm_status prm_model_report(prm_model *model, prm_report what, char *buffer, size_t capacity, size_t *size);

typedef struct prm_plan_options {
    uint32_t struct_size;
    int32_t reserved;
    uint64_t host_bytes;        /* the budget to plan for; 0 = the engine's max_host_bytes, or without one, no bound */
} prm_plan_options;
typedef struct prm_plan {
    uint32_t struct_size;
    int32_t fits;               /* 1, or 0: the report says what to change and what that saves */
    uint64_t host_bytes;        /* the engine's high-water mark, to the byte: this model, loaded and running with the options it
                                   was opened with, beside all else that the engine holds now */
    uint64_t weight_bytes;      /* of which, of this model */
    uint64_t cache_bytes;
    uint64_t scratch_bytes;
    uint64_t object_bytes;      /* header, tokenizer, graph, plan */
    uint64_t device_bytes;      /* of a GPU's memory, loaded and running */
} prm_plan;
/* What a model will need, exactly, before a weight is read: open it with PRM_MODEL_HEADER_ONLY and the options it will be
 * opened with, then ask. Writes a JSON report with advice as well where buffer or size is given. Prompts of more than 16 KiB
 * of text, and other calls over long texts or reports, take some more for the length of the call. Of a tensor model: for the
 * shapes that it was opened with; fails as their planning did.  Status: BUFFER_TOO_SMALL. */
PRM_API prm_status prm_model_plan(prm_model *model, const prm_plan_options *options, prm_plan *out, char *buffer,
                                  size_t capacity, size_t *size);

/* ==== 5. Tensor runs =============================================================================== since 0.1 ==== */

/* Runs a model on named (or positional) tensors and waits. Outputs: give data and its capacity in `bytes`; dtype, rank and shape
 * are filled in. Calls on one model from several threads take turns.
 *   A text model. Input `tokens` [B, T] or [T] int32: B sequences of their own. Output `logits` [B, T, V] or [T, V] float32 of
 *   every position; dtype ANY or F32. Work is done in chunks of at most chunk_tokens. Tokens and buffers are checked before the
 *   first step; a failure after it (CANCELLED, DEADLINE, NUMERIC) leaves the bytes of `data` unspecified.
 *   A tensor model. All inputs, of the dtypes that prm_model_tensor tells, and of shapes that fit; only the outputs that are given are
 *   filled. Dtype ANY: as the model makes it; of floats, F32, F16, BF16 or F64 will do, rounded to nearest even. Values need not be
 *   finite. Where an extent of an output depends on values, its need is told when it was made, and `data` stays. The first run of other shapes than the model was opened for plans for them, which takes memory; some plans are kept,
 *   and a run of shapes that were planned takes none.
 * Status: NOT_FOUND (no such tensor), BUFFER_TOO_SMALL, CONTEXT_FULL, NUMERIC; of a tensor model INVALID_ARGUMENT names the input
 * with wanted and given type and shape, and planning can fail as prm_model_open does. */
PRM_API prm_status prm_run(prm_model *model, const prm_tensor *inputs, size_t input_count, const prm_control *control,
                           prm_tensor *outputs, size_t output_count);

/* ==== 6. Text generation =========================================================================== since 0.1 ==== */

typedef struct prm_message {  /* fixed */
    const char *role;           /* "system", "user", "assistant", "tool", or another that the template knows */
    prm_text text;              /* its `content`; data NULL: none, or what extra_json says */
    const char *extra_json;     /* NULL, or an object with what else the message has, for the template as it is: name, tool_calls,
                                   tool_call_id, reasoning_content. Most templates want `arguments` as an object, not as a string */
    uint64_t reserved[2];
} prm_message;

enum {                                /* prompt flags */
    PRM_PROMPT_SPECIAL = 1 << 0,      /* text may contain control tokens; never set it for what users typed */
    PRM_PROMPT_NO_BOS = 1 << 1,
    PRM_PROMPT_CONTINUE = 1 << 2      /* of messages: the last one, an assistant's, goes on where it ends */
};
/* What the model reads: exactly one of text, tokens, messages. Tokens are taken as they are: nothing is put before them.
 *
 * Messages are a whole conversation, rendered by the model's chat template (Jinja, as transformers renders it), with what makes an
 * assistant answer behind them. Control tokens are read where the template itself wrote them: in what messages, tools and
 * values bring they stay text. In a session, what it already holds of the conversation is not computed again; from the first
 * token that differs it is forgotten.
 * Status of calls that take messages: UNSUPPORTED (the model has no template; the template needs what this library lacks),
 * BAD_FILE (the model's own template is malformed or goes wrong), INVALID_ARGUMENT (the same of template_text; or the
 * template refuses the conversation, in its own words), LIMIT (16 MiB of messages or output, 1 MiB of template, 1 Mi steps, 128 MiB
 * of values, nesting). */
typedef struct prm_prompt {
    uint32_t struct_size;
    uint32_t flags;
    prm_text text;
    const int32_t *tokens;
    size_t token_count;
    const prm_message *messages;
    size_t message_count;
    const char *tools_json;         /* array of tools as OpenAI writes them; NULL */
    const char *template_text;      /* NULL = the model's own */
    const char *template_json;      /* object of values for the template, NULL: {"enable_thinking": false}. "strftime_now": the date
                                       for templates that ask for it, "2026-11-28" or "2026-11-28 09:30:00" */
} prm_prompt;

/* The text that messages become, for looking at: to give it to the model, give the messages. Status: as above, BUFFER_TOO_SMALL. */
PRM_API prm_status prm_prompt_render(prm_model *model, const prm_prompt *prompt, char *buffer, size_t capacity, size_t *size);

/* Tokens of a prompt, [T] int32. Invalid UTF-8 is read as the model's tokenizer reads it: byte tokens (SentencePiece) or
 * U+FFFD per bad byte (byte-level BPE). Status: LIMIT (a text over 16 MiB), BUFFER_TOO_SMALL (*count is the need; at most
 * 3 tokens a byte and 2 more). */
PRM_API prm_status prm_tokenize(prm_model *model, const prm_prompt *prompt, int32_t *tokens, size_t capacity,
                                size_t *count);
/* Text of tokens, byte for byte; flags: PRM_PROMPT_SPECIAL shows control tokens. Status: BUFFER_TOO_SMALL. */
PRM_API prm_status prm_detokenize(prm_model *model, const int32_t *tokens, size_t count, uint32_t flags, char *buffer,
                                  size_t capacity, size_t *size);

typedef struct prm_bias { int32_t token; float bias; } prm_bias;  /* fixed; -INFINITY forbids */
typedef struct prm_token {      /* fixed */
    int32_t id;
    float logprob;              /* natural, of the model's own probability: logits as they come, temperature 1 */
    int32_t text_size;          /* bytes of its text; 0 for control tokens */
    int32_t rank;               /* 0 = the chosen token; 1, 2 ... = the best ones at its place, which follow it */
} prm_token;

typedef int32_t (*prm_text_fn)(void *user, const char *text, size_t size);    /* whole UTF-8 characters */
typedef int32_t (*prm_token_fn)(void *user, int32_t token);                   /* each generated id, as it comes */
typedef int32_t (*prm_logits_fn)(void *user, float *logits, size_t count);    /* [V], to be changed in place; -INFINITY forbids */
typedef int32_t (*prm_logprobs_fn)(void *user, const prm_token *tokens, size_t count);  /* the chosen token, then the best */

enum { PRM_GENERATE_IGNORE_END = 1 << 0 };   /* go on after the model's end token */

/* Zero everywhere is greedy text: the largest logit, the lowest id among equals. The stages, in this order, each on what is
 * left: on_logits; biases; penalties, over the last penalty_tokens tokens of the sequence, prompt included; min_tokens;
 * temperature, where 0 takes the largest and ends; top_k; typical_p; top_p; min_p; the draw, which depends on the seed, the
 * token's place in the sequence and what is left alone: same seed and input, same text, on every machine.
 * Repetition divides logits above 0 by the penalty and multiplies the others; presence is taken off once, frequency for each time.
 * A stop string ends the text where it is whole, whatever tokens it comes in (of several, the one that is whole first; then the
 * one that began first); it is not part of the text, but text before it is. Its tokens count, and stand in the session.
 * Out of range: INVALID_ARGUMENT, with the field, its value and its range. */
typedef struct prm_generate_options {
    uint32_t struct_size;
    uint32_t flags;
    int32_t max_tokens;         /* 0 = until the model ends or the context is full */
    int32_t min_tokens;         /* neither end token nor stop before so many; 0 to max_tokens */
    prm_text_fn on_text;        /* stream: text as soon as its characters are whole, and can no longer become a stop string */
    prm_token_fn on_token;
    void *user;                 /* of all callbacks */
    int32_t top_k;              /* 0 = off, here and below */
    float temperature;          /* 0 = greedy, to 100 */
    float top_p;                /* 0 to 1, here and below */
    float min_p;
    float typical_p;
    float repetition_penalty;   /* 0 to 100; 1 = none */
    float presence_penalty;     /* -100 to 100 */
    float frequency_penalty;    /* -100 to 100 */
    int32_t penalty_tokens;     /* how far back penalties look [64]; -1 = to the beginning */
    int32_t logprobs;           /* 1 = of the chosen token, 1 + k = and of the k best, to 65; needs on_logprobs */
    uint64_t seed;              /* 0 is a seed */
    const prm_text *stops;      /* at most 32, of 1 to 256 bytes in whole characters */
    size_t stop_count;
    const int32_t *stop_tokens; /* end the text as the model's end token does; at most 256 */
    size_t stop_token_count;
    const prm_bias *biases;     /* each -INFINITY, or -1e6 to 1e6; at most one a token of the vocabulary; of equal tokens added up */
    size_t bias_count;
    prm_logits_fn on_logits;    /* a stage of your own, before each token */
    prm_logprobs_fn on_logprobs;  /* after on_token, before the text */
    prm_session *session;       /* continue a conversation: the prompt is what is new */
} prm_generate_options;

enum {                              /* why text ended */
    PRM_FINISH_NONE = 0, PRM_FINISH_END = 1, PRM_FINISH_STOP_STRING = 2, PRM_FINISH_LENGTH = 3, PRM_FINISH_CALLBACK = 5,
    PRM_FINISH_CANCELLED = 6, PRM_FINISH_DEADLINE = 7, PRM_FINISH_ERROR = 8
};
typedef struct prm_request_info {
    uint32_t struct_size;
    int32_t finish;
    int64_t prompt_tokens;      /* of this call's prompt; what a session held before is not counted */
    int64_t generated_tokens;   /* the end token is not counted */
    int64_t first_ns;           /* from the call to the first token */
    int64_t total_ns;
} prm_request_info;

/* Generates text and waits. `info`, NULL allowed, is filled on failure too.
 * Status: CONTEXT_FULL, LIMIT, NUMERIC (on_logits too), INVALID_STATE (the session is in use). */
PRM_API prm_status prm_generate(prm_model *model, const prm_prompt *prompt, const prm_generate_options *options,
                                const prm_control *control, prm_request_info *info);

/* -- Sessions: a conversation whose keys and values stay. It holds the tokens of prompts and answers: all that on_token was shown,
 * no end token. A call that succeeds leaves both there, stopped by a callback or a stop string too; one that fails (CANCELLED,
 * CONTEXT_FULL ...) leaves the session as it was. A text gets a begin token only where the session is empty; an empty
 * text goes on from where a session stands. */
typedef struct prm_session_options {
    uint32_t struct_size;
    uint32_t flags;             /* 0 */
} prm_session_options;
typedef struct prm_session_info {
    uint32_t struct_size;
    int32_t token_count;        /* since the last call ended */
    int32_t context;            /* tokens that it can hold */
    int32_t reserved;
    uint64_t host_bytes;        /* of the cache that it uses now; the memory was taken when the model was opened */
} prm_session_info;

/* Status: LIMIT (as many are open as prm_model_options.sessions), UNSUPPORTED (HEADER_ONLY). */
PRM_API prm_status prm_session_open(prm_model *model, const prm_session_options *options, const prm_control *control,
                                    prm_session **out);
/* While a call uses it: what it holds is given back when that call ends. */
PRM_API void prm_session_close(prm_session *session);
/* From any thread, also while a call uses it. */
PRM_API prm_status prm_session_query(prm_session *session, prm_session_info *out);
/* Forgets what came after the first token_count tokens. Status: INVALID_STATE. */
PRM_API prm_status prm_session_truncate(prm_session *session, int32_t token_count);

/* ==== 7. Images and volumes ======================================================================== since 0.1 ==== */

/* How values between elements are made: as the library does it with which a model was trained, bit for bit. 8 bit stay 8 bit, as there;
 * of a greater width see each. Where an axis keeps its extent, nothing is done along it.
 *   NEAREST         Pillow's NEAREST (torch: nearest-exact).
 *   PIL_...         Pillow's BILINEAR, BICUBIC, LANCZOS, which smooth where they shrink, as all versions to 12 have them: columns, then rows.
 *                   (Pillow 13 may take rows first where they shrink.) 16 bit and float: as mode F, not rounded. Colours are not
 *                   weighed by a fourth channel.
 *   OPENCV_...      cv2's INTER_LINEAR, INTER_AREA, INTER_CUBIC with IPP off. 16 bit is rounded to integers, float is not. Where cv2's vector
 *                   code has other sums than its scalar code: CUBIC of 8 and 16 bit may differ from it by 1, of float in the last bits of
 *                   the end of a row. With IPP on, cv2's CUBIC and its LINEAR of 16 bit and float give what is near, not the same.
 *   TORCH_...       interpolate(mode="bilinear" or "trilinear"; "bicubic", align_corners=False), on float32 without fused multiplications. */
enum {
    PRM_RESAMPLE_NEAREST = 0, PRM_RESAMPLE_PIL_BILINEAR = 1, PRM_RESAMPLE_PIL_BICUBIC = 2, PRM_RESAMPLE_PIL_LANCZOS = 3,
    PRM_RESAMPLE_OPENCV_LINEAR = 4, PRM_RESAMPLE_OPENCV_AREA = 5, PRM_RESAMPLE_OPENCV_CUBIC = 6,
    PRM_RESAMPLE_TORCH_LINEAR = 7, PRM_RESAMPLE_TORCH_CUBIC = 8
};
enum {
    PRM_FIT_STRETCH = 0,     /* each axis for itself */
    PRM_FIT_LETTERBOX = 1,   /* all of the image, in its proportions (rounded to nearest even), in the middle, `padding` around it */
    PRM_FIT_CROP = 2         /* the image in its proportions (rounded down) until it covers the result, and the middle of that */
};
enum {
    PRM_IMAGE_CHANNELS_LAST = 1 << 0,  /* of the result: [H, W, C] */
    PRM_IMAGE_SWAP_RED_BLUE = 1 << 1,
    PRM_IMAGE_INVERT = 1 << 2,         /* 1 - value behind the window, which it needs: DICOM's MONOCHROME1 */
    PRM_IMAGE_VOLUME = 1 << 3          /* the source is [D, H, W] */
};
/* The steps, in this order, each rounded to float: stored values are resampled; 1 to 3; out's dtype. */
typedef struct prm_image_options {
    uint32_t struct_size;
    uint32_t flags;             /* PRM_IMAGE_* */
    int32_t resample;
    int32_t fit;                /* of rows and columns */
    double slope;               /* 1. value = slope * stored + intercept (0 = 1): DICOM's rescale, HU */
    double intercept;
    double window_center;       /* 2. (value - center) / width + 0.5, held within 0 to 1; width 0 = none */
    double window_width;
    float scale;                /* 3. value * scale (0 = 1), then (value - mean) / deviation per channel of the result (0 = 1) */
    float mean[4];
    float deviation[4];
    float padding;              /* value of the letterbox in the result: no step is done to it */
    double spacing[3];          /* mm per element of the source: slice, row, column; read where out's shape has -1 */
    double out_spacing[3];      /* of the result */
} prm_image_options;
typedef struct prm_image_map {  /* fixed: source index = result index * factor + offset, for slice, row, column; centres of elements */
    double factor[3];
    double offset[3];
} prm_image_map;
/* Turns an image into what a model reads. `image` is [H, W], [H, W, C] (C 1 to 4) or, with PRM_IMAGE_VOLUME, [D, H, W]; U8, U16, I16 (10 and 12 bit
 * lie in these) or F32, whose NaN and infinities go through as the arithmetic has it. `out` says what is wanted: dtype F32 (as ANY), F16
 * or U8 (rounded to nearest even, held within 0 to 255, NaN is 0), and shape [H, W], [C, H, W], with CHANNELS_LAST [H, W, C], of a
 * volume with D before H; a 1 may stand in front. An extent of -1: as the source, or source extent * spacing / out_spacing to the
 * nearest. Grey is repeated over C channels; 4 channels lose the last one where C is 3. An extent is at most 1 Mi; the two may not
 * overlap. Slices of another number are resampled by NEAREST and TORCH_LINEAR alone.
 * The engine's threads take part. Scratch, some rows a thread, is charged to the budget for the length of the call. `map`, NULL
 * allowed, leads results back to source coordinates. A failure under way (CANCELLED, DEADLINE) leaves the bytes of `data` unspecified.
 * Status: BUFFER_TOO_SMALL, LIMIT, OVER_BUDGET. */
PRM_API prm_status prm_image_prepare(prm_engine *engine, const prm_tensor *image, const prm_image_options *options,
                                     const prm_control *control, prm_tensor *out, prm_image_map *map);

enum { PRM_BLEND_MEAN = 0, PRM_BLEND_GAUSSIAN = 1 };
typedef struct prm_tile_options {
    uint32_t struct_size;
    int32_t blend;              /* what overlapping tiles weigh: the same, or most in the middle (sigma: an eighth of a tile's extent) */
    int64_t tile[PRM_MAX_RANK]; /* a tile's extent per dimension of the input; 0 = whole */
    double overlap;             /* share of a tile, 0 to 0.9 */
} prm_tile_options;
/* Runs a tensor model of one input over tiles of it, one after the other, and puts their answers together: for images and volumes that are
 * too large at once, or for models of a fixed size. Tiles at the rim are shifted inwards; steps and weights are those of MONAI's
 * sliding_window_inference. `input` as in prm_run. `output`, by name or the first, is F32, and has the input's rank and, where that is cut,
 * a tile's extents. A tile of the input and weights are charged for the length of the call. Progress stage "tiles"; other calls on the
 * model may come between two tiles. A failure under way leaves the bytes of `data` unspecified.
 * Status: as prm_run; UNSUPPORTED (another number of inputs; an output of another type; a text model). */
PRM_API prm_status prm_run_tiles(prm_model *model, const prm_tensor *input, const prm_tile_options *options,
                                 const prm_control *control, prm_tensor *output);

#ifdef __cplusplus
}
#endif
#endif /* PREMISE_PREMISE_H */
