#include "formats/hf_config.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/numeric.h"

namespace prm {

namespace {

struct KeyRow {
  const char *hf, *gguf;
  bool needed = false;
};
constexpr KeyRow kIntegers[] = {
    {"num_hidden_layers", "block_count", true},
    {"hidden_size", "embedding_length", true},
    {"intermediate_size", "feed_forward_length", true},
    {"num_attention_heads", "attention.head_count", true},
    {"num_key_value_heads", "attention.head_count_kv"},
    {"head_dim", "attention.key_length"},
    {"max_position_embeddings", "context_length", true},
    {"num_local_experts", "expert_count"},
    {"num_experts", "expert_count"},
    {"num_experts_per_tok", "expert_used_count"},
    {"moe_intermediate_size", "expert_feed_forward_length"},
    {"shared_expert_intermediate_size", "expert_shared_feed_forward_length"},
};
constexpr KeyRow kReals[] = {
    {"rms_norm_eps", "attention.layer_norm_rms_epsilon", true},
    {"rope_local_base_freq", "rope.freq_base_swa"},
};

struct ConfigReader {
  const FolderJson& json;
  const HfFamily& family;
  MetadataBuilder& out;
  Vector<MadeTensor>& made;
  const JsonValue& root = json.root();
  const JsonValue* rope_object = nullptr;  // "rope_scaling", or what stands in "rope_parameters"

  String key(const char* name) const { return String(family.arch) + "." + name; }
  int64_t needed_integer(const char* name) const {
    auto value = json.integer(root, name);
    if (!value) json.bad(format_message("'{}' is missing", name));
    return *value;
  }
  double positive(const JsonValue& parent, const char* name, double fallback) const {
    double value = json.real(parent, name).value_or(fallback);
    if (!(value > 0 && value < 1e12)) json.bad(format_message("'{}' is {}", name, value));
    return value;
  }

  void read_numbers() {
    for (const KeyRow& row : kIntegers) {
      if (auto value = json.integer(root, row.hf)) out.integer(key(row.gguf), *value);
      else if (row.needed) json.bad(format_message("'{}' is missing", row.hf));
    }
    for (const KeyRow& row : kReals) {
      if (auto value = json.real(root, row.hf)) out.real(key(row.gguf), *value);
      else if (row.needed) json.bad(format_message("'{}' is missing", row.hf));
    }
  }

  void check_activation() const {
    std::string_view act = json.text(root, "hidden_activation").value_or("");
    if (act.empty()) act = json.text(root, "hidden_act").value_or(family.act);
    // Gemma's first configurations say "gelu" and mean its approximation.
    if (act != family.act && !(family.arch == std::string_view("gemma") && act == "gelu"))
      json.unsupported(format_message("activation '{}' is not supported for model type '{}'; {} is", act,
                                      family.model_type, family.act));
  }

  void check_experts() const {
    if (int64_t step = json.integer(root, "decoder_sparse_step").value_or(1); step != 1)
      json.unsupported(
          format_message("'decoder_sparse_step' is {}: layers without experts among others are not supported", step));
    if (const JsonValue* dense = json.array(root, "mlp_only_layers"); dense && dense->size)
      json.unsupported("'mlp_only_layers' is not empty: layers without experts among others are not supported");
    bool is_qwen3 = family.arch == std::string_view("qwen3moe"), has_key = family.arch == std::string_view("qwen2moe") || is_qwen3;
    if (bool normed = json.boolean(root, "norm_topk_prob").value_or(false); has_key && normed != is_qwen3)
      json.unsupported(format_message("'norm_topk_prob' is {}, expected {} for model type '{}'", normed, is_qwen3,
                                      family.model_type));
  }

  // Every how many layers one sees all tokens, the others a window.
  int64_t read_pattern(int64_t layers, int64_t fallback) const {
    const JsonValue* types = json.array(root, "layer_types");
    if (!types)
      return json.integer(root, "sliding_window_pattern")
          .value_or(json.integer(root, "_sliding_window_pattern").value_or(fallback));
    if (int64_t(types->size) != layers)
      json.bad(format_message("'layer_types' names {} layers, 'num_hidden_layers' is {}", types->size, layers));
    int64_t layer = 0, pattern = 0;
    for (const JsonValue* type = json.document().first(*types); type; type = json.document().next(*type)) {
      bool whole = type->text == "full_attention";
      if (!whole && type->text != "sliding_attention")
        json.unsupported(format_message("layer type '{}' is not supported", type->text.substr(0, 40)));
      ++layer;
      if (whole && !pattern) pattern = layer;
      if (pattern && whole != (layer % pattern == 0))
        json.unsupported("'layer_types' follows no pattern of every n-th layer");
    }
    return pattern ? pattern : layers + 1;
  }

  void read_windows() {
    auto window = json.integer(root, "sliding_window");
    bool wanted = family.post_norms;  // their windows alternate with whole attention
    if (window && family.window) out.integer(key("attention.sliding_window"), *window);
    if (wanted) {
      if (!window) json.bad("'sliding_window' is missing");
      out.integer(key("attention.sliding_window_pattern"),
                  read_pattern(needed_integer("num_hidden_layers"), family.arch == std::string_view("gemma2") ? 2 : 6));
    } else if (!family.window && json.boolean(root, "use_sliding_window").value_or(false)) {
      json.unsupported(format_message("'use_sliding_window' is not supported for model type '{}'", family.model_type));
    }
  }

  void read_gemma_scales() {
    for (const char* name : {"attn_logit_softcapping", "final_logit_softcapping"})
      if (json.document().find(root, name))
        out.real(key(name), json.real(root, name).value_or(0));  // null is none; absent: the default
    if (family.arch == std::string_view("gemma3") && json.real(root, "attn_logit_softcapping").value_or(0) != 0)
      json.unsupported("'attn_logit_softcapping' is not supported for model type 'gemma3_text'");
    if (json.boolean(root, "use_bidirectional_attention").value_or(false))
      json.unsupported("'use_bidirectional_attention' is not supported");
    if (double scale = json.real(root, "query_pre_attn_scalar").value_or(0); scale != 0)
      out.real(key("attention.scale"), 1 / std::sqrt(positive(root, "query_pre_attn_scalar", 1)));
  }

  // ---- RoPE

  int64_t head_size() const {
    if (auto size = json.integer(root, "head_dim")) return *size;
    int64_t heads = needed_integer("num_attention_heads");
    return heads > 0 ? needed_integer("hidden_size") / heads : 0;
  }

  // The share of a head that is rotated stands in the object of RoPE in newer files.
  std::optional<double> rotary_factor() const {
    auto factor = rope_object ? json.real(*rope_object, "partial_rotary_factor") : std::nullopt;
    if (!factor) factor = json.real(root, "partial_rotary_factor");
    if (factor && !(*factor > 0 && *factor <= 1)) json.bad(format_message("'partial_rotary_factor' is {}", *factor));
    return factor;
  }

  // Pairs of a head that are rotated.
  int64_t pairs() const {
    int64_t size = head_size(), rotated = int64_t(double(size) * rotary_factor().value_or(1.0));
    if (size < 2 || size > 4096 || rotated < 2 || rotated > size)
      json.bad(format_message("{} values of heads of {} are rotated", rotated, size));
    return rotated / 2;
  }

  void read_llama3(const JsonValue& rope, double base) {
    double factor = positive(rope, "factor", 0), low = positive(rope, "low_freq_factor", 0),
           high = positive(rope, "high_freq_factor", 0);
    double context = positive(rope, "original_max_position_embeddings", 0);
    if (!(high > low)) json.bad(format_message("'high_freq_factor' is {}, 'low_freq_factor' {}", high, low));
    constexpr double kTwoPi = 6.283185307179586;
    MadeTensor factors{"rope_freqs.weight", {}};
    for (int64_t pair = 0, n = pairs(); pair < n; ++pair) {
      // How often the pair turns in the original context: often keeps its frequency, seldom has it divided, between them a mix.
      double turns = context / kTwoPi * exp_of(-log_of(base) * double(pair) / double(n));
      double kept = std::min(1.0, std::max(0.0, (turns - low) / (high - low)));
      factors.values.push_back(float(1 / (kept + (1 - kept) / factor)));
    }
    made.push_back(std::move(factors));
  }

  void read_yarn(const JsonValue& rope) {
    double factor = positive(rope, "factor", 0);
    if (!json.boolean(rope, "truncate").value_or(true)) json.unsupported("YaRN with 'truncate' false is not supported");
    auto magnitude = [&](double scale) { return factor > 1 ? 0.1 * scale * log_of(factor) + 1.0 : 1.0; };
    double ours = magnitude(1), wanted = ours;
    auto mscale = json.real(rope, "mscale"), all_dims = json.real(rope, "mscale_all_dim");
    if (mscale && all_dims && *mscale != 0 && *all_dims != 0) wanted = magnitude(*mscale) / magnitude(*all_dims);
    wanted = positive(rope, "attention_factor", wanted);
    out.text(key("rope.scaling.type"), "yarn");
    out.real(key("rope.scaling.factor"), factor);
    if (wanted != ours) out.real(key("rope.scaling.attn_factor"), wanted / ours);
    if (auto context = json.integer(rope, "original_max_position_embeddings"))
      out.integer(key("rope.scaling.original_context_length"), *context);
    for (const char* beta : {"beta_fast", "beta_slow"})
      if (auto value = json.real(rope, beta)) out.real(key("rope.scaling.yarn_") + beta, *value);
  }

  void read_longrope(const JsonValue& rope) {
    auto named = json.integer(root, "original_max_position_embeddings");
    if (!named) named = json.integer(rope, "original_max_position_embeddings");
    int64_t context = needed_integer("max_position_embeddings"), original = named.value_or(context);
    if (original < 2 || context < 1)
      json.bad(
          format_message("'original_max_position_embeddings' is {}, 'max_position_embeddings' {}", original, context));
    for (const char* kind : {"long", "short"}) {
      MadeTensor factors{format_text("rope_factors_{}.weight", kind), {}};
      const JsonValue* list = json.array(rope, kind == std::string_view("long") ? "long_factor" : "short_factor");
      if (!list || int64_t(list->size) != pairs())
        json.bad(format_message("RoPE scaling has {} factors '{}_factor', expected {}", list ? list->size : 0, kind,
                                pairs()));
      for (const JsonValue* value = json.document().first(*list); value; value = json.document().next(*value)) {
        if (value->kind != JsonKind::real && value->kind != JsonKind::integer)
          json.bad(format_message("a factor of '{}_factor' is no number", kind));
        factors.values.push_back(float(value->kind == JsonKind::real ? value->real : double(value->integer)));
      }
      made.push_back(std::move(factors));
    }
    double stretch = double(context) / double(original);
    double magnitude = stretch > 1 ? std::sqrt(1 + log_of(stretch) / log_of(double(original))) : 1;
    out.real(key("rope.scaling.attn_factor"), positive(rope, "attention_factor", magnitude));
    out.integer(key("rope.scaling.original_context_length"), original);
  }

  // "rope_scaling", or as newer files have it, "rope_parameters" with the base in it, for gemma3 one of each kind of layer.
  void read_rope() {
    const JsonValue *rope = json.object(root, "rope_scaling"), *newer = json.object(root, "rope_parameters");
    double base = positive(root, "rope_theta", 10000);
    if (newer) {
      const JsonValue *whole = json.object(*newer, "full_attention"),
                      *in_window = json.object(*newer, "sliding_attention");
      rope = whole ? whole : newer;
      base = positive(*rope, "rope_theta", base);
      if (in_window) out.real(key("rope.freq_base_swa"), positive(*in_window, "rope_theta", 10000));
    }
    if (!(base > 1)) json.bad(format_message("'rope_theta' is {}", base));
    out.real(key("rope.freq_base"), base);
    rope_object = rope;
    if (rotary_factor()) out.integer(key("rope.dimension_count"), 2 * pairs());
    if (!rope) return;
    std::string_view type = json.text(*rope, "rope_type").value_or(json.text(*rope, "type").value_or("default"));
    if (type == "default") return;
    if (type == "llama3") return read_llama3(*rope, base);
    if (type == "yarn") return read_yarn(*rope);
    if (type == "longrope" || type == "su") return read_longrope(*rope);
    if (type != "linear")
      json.unsupported(format_message(
          "RoPE scaling '{}' is not supported; default, linear, llama3, yarn and longrope are", type.substr(0, 40)));
    out.text(key("rope.scaling.type"), "linear");
    out.real(key("rope.scaling.factor"), positive(*rope, "factor", 0));
  }
};

}  // namespace

const HfFamily& read_hf_config(const FolderJson& config, MetadataBuilder& out, Vector<MadeTensor>& made) {
  auto type = config.text(config.root(), "model_type");
  if (!type) config.bad("'model_type' is missing");
  const HfFamily* family = find_hf_family(*type);
  if (!family)
    config.unsupported(
        format_message("model type '{}' is not supported; known: {}", type->substr(0, 80), hf_family_names()));
  if (config.find(config.root(), "quantization_config"))
    config.unsupported("'quantization_config': quantized safetensors are not supported");
  out.text("general.architecture", family->arch);
  ConfigReader reader{config, *family, out, made};
  reader.read_numbers();
  reader.check_activation();
  reader.check_experts();
  reader.read_windows();
  if (family->plus_one) reader.read_gemma_scales();
  reader.read_rope();
  // Rows of q and k lie as they were trained here; GGUF files of this architecture have them in another order.
  if (family->arch == std::string_view("llama")) out.text("llama.rope.pairing", "halves");
  return *family;
}

}  // namespace prm
