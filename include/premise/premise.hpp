/* premise.hpp: premise.h for C++17 and later, header-only. Handles that close themselves, failures as exceptions, containers
 * instead of buffers. Everything here is one call of the C header; the two mix freely, by get().
 *
 *     #include <premise/premise.hpp>
 *     #include <cstdio>
 *     int main() {
 *         try {
 *             premise::engine engine;
 *             premise::model model(engine, "gemma3-270m.gguf");
 *             auto options = premise::init<prm_generate_options>();
 *             options.max_tokens = 16;
 *             model.generate("The capital of France is", options,
 *                            [](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); });
 *         } catch (const premise::error &error) {
 *             std::fprintf(stderr, "%s\n", error.what());
 *             return 1;
 *         }
 *     }
 *
 * WITHOUT EXCEPTIONS: call the C functions, and let the handles own what they open:
 *
 *     prm_model *opened = nullptr;
 *     if (prm_status status = prm_model_open(engine.get(), path, nullptr, nullptr, &opened)) return status;
 *     premise::model model(opened);
 *
 * Under -fno-exceptions that is all there is: what may throw is not declared.
 *
 * The conventions of premise.h hold: handles may be used from any thread and closed in any order, what goes in is borrowed for
 * the call. A handle that was moved from, or made of nullptr, is empty; calls on it fail with INVALID_ARGUMENT. */
#ifndef PREMISE_PREMISE_HPP
#define PREMISE_PREMISE_HPP

#include <premise/premise.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace premise {

/* A growing struct, started: what PRM_INIT is in C. */
template <class T>
T init() noexcept {
    T out{};
    out.struct_size = static_cast<uint32_t>(sizeof(T));
    return out;
}

/* For prm_control.deadline_ns and control::deadline_ns. Time that is up gives a deadline in the past, not none. */
inline int64_t deadline_after(std::chrono::nanoseconds span) noexcept {
    int64_t now = prm_now_ns(), wait = span.count();
    return wait > INT64_MAX - now ? INT64_MAX : wait <= -now ? 1 : now + wait;
}
inline int64_t deadline_at(std::chrono::steady_clock::time_point when) noexcept {
    auto now = std::chrono::steady_clock::now();
    return deadline_after(when > now ? when - now : std::chrono::nanoseconds(-1));
}

inline prm_text as_text(std::string_view text) noexcept { return {text.data() ? text.data() : "", text.size()}; }

/* Prompts borrow what they are made of: it must live until the call that takes them returns. */
inline prm_prompt text_prompt(std::string_view text, uint32_t flags = 0) noexcept {
    prm_prompt out = init<prm_prompt>();
    out.flags = flags;
    out.text = as_text(text);
    return out;
}
inline prm_prompt token_prompt(const std::vector<int32_t> &tokens) noexcept {
    prm_prompt out = init<prm_prompt>();
    out.tokens = tokens.empty() ? nullptr : tokens.data();
    out.token_count = tokens.size();
    return out;
}

/* A conversation, for the model's chat template. */
inline prm_message message(const char *role, std::string_view text) noexcept {
    prm_message out{};
    out.role = role;
    out.text = as_text(text);
    return out;
}
inline prm_prompt chat_prompt(const std::vector<prm_message> &messages) noexcept {
    prm_prompt out = init<prm_prompt>();
    out.messages = messages.empty() ? nullptr : messages.data();
    out.message_count = messages.size();
    return out;
}

/* Owns a C handle; moves, does not copy. */
template <class Raw, void (*Close)(Raw *)>
class handle {
 public:
    handle(handle &&other) noexcept : raw_(other.release()) {}
    handle &operator=(handle &&other) noexcept {
        if (this != &other) reset(other.release());
        return *this;
    }
    ~handle() { Close(raw_); }

    Raw *get() const noexcept { return raw_; }
    explicit operator bool() const noexcept { return raw_ != nullptr; }
    Raw *release() noexcept { return std::exchange(raw_, nullptr); } /* yours to close */
    void reset(Raw *raw = nullptr) noexcept { Close(std::exchange(raw_, raw)); }

 protected:
    handle() noexcept = default;
    explicit handle(Raw *raw) noexcept : raw_(raw) {}

 private:
    Raw *raw_ = nullptr;
};

/* A failed call: status, sentence, and what it is about. */
class error : public std::exception {
 public:
    error(prm_status status, const char *message, const char *subject)
        : status_(status), message_(message), subject_(subject) {}
    const char *what() const noexcept override { return message_.c_str(); }
    prm_status status() const noexcept { return status_; }
    const char *status_name() const noexcept { return prm_status_name(status_); }
    const std::string &message() const noexcept { return message_; }
    const std::string &subject() const noexcept { return subject_; } /* the file, tensor, option or op; "" when none */

 private:
    prm_status status_;
    std::string message_, subject_;
};

#if defined(__cpp_exceptions)

/* Throws the calling thread's last failure when `status` is one. For calls of the C header. */
inline void check(prm_status status) {
    if (status == PRM_STATUS_OK) return;
    prm_error_info info = init<prm_error_info>();
    prm_error_query(&info);
    throw error(status, info.message, info.subject);
}

namespace detail {

/* A callable of the caller's behind a C callback. What it throws ends the call and is thrown again after it; a callable that
 * returns bool stops by false, one that returns nothing never does. */
struct guarded {
    std::exception_ptr thrown;

    template <class Callable, class... Args>
    int32_t call(Callable &callable, Args... args) noexcept {
        try {
            if constexpr (std::is_void_v<std::invoke_result_t<Callable &, Args...>>) {
                std::invoke(callable, args...);
                return 0;
            } else {
                static_assert(std::is_same_v<std::invoke_result_t<Callable &, Args...>, bool>, "return bool (go on?) or nothing");
                return std::invoke(callable, args...) ? 0 : 1;
            }
        } catch (...) {
            thrown = std::current_exception();
            return 1;
        }
    }
    void rethrow() const {
        if (thrown) std::rethrow_exception(thrown);
    }
};

/* Text out of a call (buffer, capacity, *size). */
template <class Call>
std::string read_text(Call call) {
    std::string text(1024, '\0');
    size_t size = 0;
    prm_status status = call(&text[0], text.size(), &size);
    if (status == PRM_STATUS_BUFFER_TOO_SMALL) {
        text.resize(size + 1);
        status = call(&text[0], text.size(), &size);
    }
    check(status);
    text.resize(size);
    return text;
}

} /* namespace detail */

/* Fired once, stops every call that carries it; firing is safe from any thread and from a signal handler. */
class cancel : public handle<prm_cancel, prm_cancel_close> {
 public:
    cancel() {
        prm_cancel *opened = nullptr;
        check(prm_cancel_open(&opened));
        reset(opened);
    }
    explicit cancel(prm_cancel *opened) noexcept : handle(opened) {}
    void fire() const noexcept { prm_cancel_fire(get()); }
};

/* How a call may be ended and watched. */
struct control {
    int64_t deadline_ns = 0;                 /* deadline_after(2s) */
    const premise::cancel *cancel = nullptr; /* borrowed until the call returns */
    std::function<bool(std::string_view stage, uint64_t done, uint64_t total)> on_progress; /* false: the call ends as CANCELLED */
};

namespace detail {

/* The C control of a C++ one, for one call. */
class lent_control {
 public:
    explicit lent_control(const control &from) : from_(from) {
        control_.deadline_ns = from.deadline_ns;
        control_.cancel = from.cancel ? from.cancel->get() : nullptr;
        control_.user = this;
        if (from.on_progress)
            control_.on_progress = [](void *user, const char *stage, uint64_t done, uint64_t total) noexcept {
                auto &self = *static_cast<lent_control *>(user);
                return self.guard_.call(self.from_.on_progress, std::string_view(stage), done, total);
            };
    }
    lent_control(const lent_control &) = delete;
    lent_control &operator=(const lent_control &) = delete;
    const prm_control *get() const noexcept { return &control_; }
    void check(prm_status status) const {
        guard_.rethrow();
        premise::check(status);
    }

 private:
    const control &from_;
    prm_control control_ = init<prm_control>();
    guarded guard_;
};

} /* namespace detail */
/* A tensor over a vector, which must stay: an input with its shape, or room for an output without one. */
template <class T>
prm_tensor lend(const char *name, std::vector<T> &values, std::initializer_list<int64_t> shape = {}) {
    static_assert(std::is_arithmetic_v<T> && sizeof(T) <= 8, "numbers alone");
    constexpr int32_t width = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
    prm_tensor out{};
    out.name = name, out.data = values.data(), out.bytes = values.size() * sizeof(T);
    out.dtype = std::is_floating_point_v<T> ? (width == 2 ? PRM_DTYPE_F32 : PRM_DTYPE_F64) : (std::is_signed_v<T> ? PRM_DTYPE_I8 : PRM_DTYPE_U8) + width;
    for (int64_t extent : shape) if (out.rank < PRM_MAX_RANK) out.shape[out.rank++] = extent;
    return out;
}

class engine : public handle<prm_engine, prm_engine_close> {
 public:
    engine() : engine(init<prm_engine_options>()) {}
    explicit engine(const prm_engine_options &options) {
        prm_engine *opened = nullptr;
        check(prm_engine_open(PRM_VERSION, &options, &opened));
        reset(opened);
    }
    explicit engine(prm_engine *opened) noexcept : handle(opened) {}

    prm_engine_info info() const {
        prm_engine_info out = init<prm_engine_info>();
        check(prm_engine_query(get(), &out));
        return out;
    }
    std::string report(prm_report what = PRM_REPORT_CAPABILITIES) const {
        return detail::read_text([&](char *buffer, size_t capacity, size_t *size) {
            return prm_engine_report(get(), what, buffer, capacity, size);
        });
    }
    /* Turns an image into what `out` says a model reads; where results stand in the source comes back. */
    prm_image_map prepare(const prm_tensor &image, const prm_image_options &options, prm_tensor &out, const control &how = {}) const {
        prm_image_map map{};
        detail::lent_control lent(how);
        lent.check(prm_image_prepare(get(), &image, &options, lent.get(), &out, &map));
        return map;
    }
};

class model : public handle<prm_model, prm_model_close> {
 public:
    /* An empty path counts as none: for a file in memory (options.data). */
    model(const engine &on, const std::string &path, const prm_model_options &options = init<prm_model_options>(),
          const control &how = {}) {
        prm_model *opened = nullptr;
        detail::lent_control lent(how);
        lent.check(prm_model_open(on.get(), path.empty() ? nullptr : path.c_str(), &options, lent.get(), &opened));
        reset(opened);
    }
    explicit model(prm_model *opened) noexcept : handle(opened) {}

    prm_model_info info() const {
        prm_model_info out = init<prm_model_info>();
        check(prm_model_query(get(), &out));
        return out;
    }
    std::string report(prm_report what) const {
        return detail::read_text([&](char *buffer, size_t capacity, size_t *size) {
            return prm_model_report(get(), what, buffer, capacity, size);
        });
    }
    /* Checksums of the model's files, JSON. */
    std::string manifest(const control &how = {}) const {
        detail::lent_control lent(how);
        return detail::read_text([&](char *buffer, size_t capacity, size_t *size) {
            return prm_model_manifest(get(), lent.get(), buffer, capacity, size);
        });
    }

    /* flags: PRM_PROMPT_*. */
    std::vector<int32_t> tokenize(std::string_view text, uint32_t flags = 0) const {
        return tokenize(text_prompt(text, flags), text.size() + 2);
    }
    /* `expected`: how many tokens there may be; more cost a second call. */
    std::vector<int32_t> tokenize(const prm_prompt &prompt, size_t expected = 1024) const {
        std::vector<int32_t> tokens(expected);
        size_t count = 0;
        prm_status status = prm_tokenize(get(), &prompt, tokens.data(), tokens.size(), &count);
        if (status == PRM_STATUS_BUFFER_TOO_SMALL) {
            tokens.resize(count);
            status = prm_tokenize(get(), &prompt, tokens.data(), tokens.size(), &count);
        }
        check(status);
        tokens.resize(count);
        return tokens;
    }
    /* The text that messages become. */
    std::string render(const prm_prompt &prompt) const {
        return detail::read_text([&](char *buffer, size_t capacity, size_t *size) {
            return prm_prompt_render(get(), &prompt, buffer, capacity, size);
        });
    }
    std::string detokenize(const std::vector<int32_t> &tokens, uint32_t flags = 0) const {
        return detail::read_text([&](char *buffer, size_t capacity, size_t *size) {
            return prm_detokenize(get(), tokens.data(), tokens.size(), flags, buffer, capacity, size);
        });
    }

    /* Input or output `index` as the model describes it: PRM_INPUT, PRM_OUTPUT. */
    prm_tensor tensor(int32_t direction, int32_t index) const {
        prm_tensor out{};
        check(prm_model_tensor(get(), direction, index, &out));
        return out;
    }
    /* Runs the model on tensors: lend() makes them of vectors. What outputs need is told in them, also where they lack room. */
    void run(const std::vector<prm_tensor> &inputs, std::vector<prm_tensor> &outputs, const control &how = {}) const {
        detail::lent_control lent(how);
        lent.check(prm_run(get(), inputs.data(), inputs.size(), lent.get(), outputs.data(), outputs.size()));
    }
    /* Logits [T, V] of every position of one sequence. */
    std::vector<float> run(const std::vector<int32_t> &tokens, const control &how = {}) const {
        std::vector<float> logits(tokens.size() * static_cast<size_t>(info().vocabulary));
        auto &ids = const_cast<std::vector<int32_t> &>(tokens); /* inputs are never written through */
        std::vector<prm_tensor> outputs{lend("logits", logits)};
        run({lend("tokens", ids, {static_cast<int64_t>(ids.size())})}, outputs, how);
        return logits;
    }

    /* Streams text to on_text(std::string_view), which returns nothing, or bool: false stops, and the text ends with success.
     * What it throws stops the text too, and is thrown again from here. The other callbacks of the options are called as in C;
     * options.on_text is not used. */
    template <class OnText>
    prm_request_info generate(const prm_prompt &prompt, const prm_generate_options &options, OnText &&on_text,
                              const control &how = {}) const {
        struct call {
            std::remove_reference_t<OnText> &on_text;
            const prm_generate_options &asked;
            detail::guarded guard;
        } now{on_text, options, {}};
        prm_generate_options lent_options = options;
        lent_options.user = &now;
        lent_options.on_text = [](void *user, const char *text, size_t size) noexcept {
            auto &self = *static_cast<call *>(user);
            return self.guard.call(self.on_text, std::string_view(text, size));
        };
        if (options.on_token)
            lent_options.on_token = [](void *user, int32_t token) {
                auto &self = *static_cast<call *>(user);
                return self.asked.on_token(self.asked.user, token);
            };
        if (options.on_logits)
            lent_options.on_logits = [](void *user, float *logits, size_t count) {
                auto &self = *static_cast<call *>(user);
                return self.asked.on_logits(self.asked.user, logits, count);
            };
        if (options.on_logprobs)
            lent_options.on_logprobs = [](void *user, const prm_token *tokens, size_t count) {
                auto &self = *static_cast<call *>(user);
                return self.asked.on_logprobs(self.asked.user, tokens, count);
            };
        prm_request_info info = init<prm_request_info>();
        detail::lent_control lent(how);
        prm_status status = prm_generate(get(), &prompt, &lent_options, lent.get(), &info);
        now.guard.rethrow();
        lent.check(status);
        return info;
    }
    template <class OnText>
    prm_request_info generate(std::string_view prompt, const prm_generate_options &options, OnText &&on_text,
                              const control &how = {}) const {
        return generate(text_prompt(prompt), options, std::forward<OnText>(on_text), how);
    }
    /* The whole text at once; max_tokens 0 = until the model ends. */
    std::string generate(std::string_view prompt, int32_t max_tokens, const control &how = {}) const {
        prm_generate_options options = init<prm_generate_options>();
        options.max_tokens = max_tokens;
        std::string text;
        generate(prompt, options, [&](std::string_view piece) { text += piece; }, how);
        return text;
    }
};

/* A conversation whose keys and values stay: options.session = conversation.get(). */
class session : public handle<prm_session, prm_session_close> {
 public:
    explicit session(const model &of, const prm_session_options &options = init<prm_session_options>(), const control &how = {}) {
        prm_session *opened = nullptr;
        detail::lent_control lent(how);
        lent.check(prm_session_open(of.get(), &options, lent.get(), &opened));
        reset(opened);
    }
    explicit session(prm_session *opened) noexcept : handle(opened) {}

    prm_session_info info() const {
        prm_session_info out = init<prm_session_info>();
        check(prm_session_query(get(), &out));
        return out;
    }
    void truncate(int32_t token_count) const { check(prm_session_truncate(get(), token_count)); }
};

#else /* no exceptions: handles alone */

class cancel : public handle<prm_cancel, prm_cancel_close> {
 public:
    explicit cancel(prm_cancel *opened) noexcept : handle(opened) {}
    void fire() const noexcept { prm_cancel_fire(get()); }
};
class engine : public handle<prm_engine, prm_engine_close> {
 public:
    explicit engine(prm_engine *opened) noexcept : handle(opened) {}
};
class model : public handle<prm_model, prm_model_close> {
 public:
    explicit model(prm_model *opened) noexcept : handle(opened) {}
};
class session : public handle<prm_session, prm_session_close> {
 public:
    explicit session(prm_session *opened) noexcept : handle(opened) {}
};

#endif

} /* namespace premise */

#endif /* PREMISE_PREMISE_HPP */
