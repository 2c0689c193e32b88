#include "formats/hf_names.h"

namespace prm {

namespace {

constexpr const char* kGelu = "gelu_pytorch_tanh";
constexpr HfFamily kFamilies[] = {
    {"gemma", "gemma", false, true, false, true, kGelu},
    {"gemma2", "gemma2", true, true, true, true, kGelu},
    {"gemma3_text", "gemma3", true, true, true, true, kGelu},
    {"llama", "llama"},
    {.model_type = "mistral", .arch = "llama", .window = true},
    {.model_type = "mixtral", .arch = "llama", .window = true},
    {.model_type = "phi3", .arch = "phi3", .window = true},
    {"qwen2", "qwen2"},
    {"qwen2_moe", "qwen2moe"},
    {"qwen3", "qwen3"},
    {"qwen3_moe", "qwen3moe"},
};

struct NameRow {
  std::string_view hf, gguf;
};
constexpr NameRow kOuter[] = {
    {"model.embed_tokens.weight", "token_embd.weight"},
    {"model.norm.weight", "output_norm.weight"},
    {"lm_head.weight", "output.weight"},
};
// Of a layer, without ".weight" and ".bias"; "*" is the number of an expert.
constexpr NameRow kParts[] = {
    {"input_layernorm", "attn_norm"},
    {"self_attn.q_proj", "attn_q"},
    {"self_attn.k_proj", "attn_k"},
    {"self_attn.v_proj", "attn_v"},
    {"self_attn.qkv_proj", "attn_qkv"},
    {"self_attn.o_proj", "attn_output"},
    {"self_attn.q_norm", "attn_q_norm"},
    {"self_attn.k_norm", "attn_k_norm"},
    {"mlp.gate_proj", "ffn_gate"},
    {"mlp.up_proj", "ffn_up"},
    {"mlp.gate_up_proj", "ffn_up"},
    {"mlp.down_proj", "ffn_down"},
    {"block_sparse_moe.gate", "ffn_gate_inp"},
    {"block_sparse_moe.experts.*.w1", "ffn_gate_exps"},
    {"block_sparse_moe.experts.*.w3", "ffn_up_exps"},
    {"block_sparse_moe.experts.*.w2", "ffn_down_exps"},
    {"mlp.gate", "ffn_gate_inp"},
    {"mlp.experts.*.gate_proj", "ffn_gate_exps"},
    {"mlp.experts.*.up_proj", "ffn_up_exps"},
    {"mlp.experts.*.down_proj", "ffn_down_exps"},
    {"mlp.shared_expert.gate_proj", "ffn_gate_shexp"},
    {"mlp.shared_expert.up_proj", "ffn_up_shexp"},
    {"mlp.shared_expert.down_proj", "ffn_down_shexp"},
    {"mlp.shared_expert_gate", "ffn_gate_inp_shexp"},
};
constexpr NameRow kPreNorms[] = {{"post_attention_layernorm", "ffn_norm"}};
constexpr NameRow kPostNorms[] = {
    {"post_attention_layernorm", "post_attention_norm"},
    {"pre_feedforward_layernorm", "ffn_norm"},
    {"post_feedforward_layernorm", "post_ffw_norm"},
};

std::string_view find_row(std::span<const NameRow> rows, std::string_view name) {
  for (const NameRow& row : rows)
    if (row.hf == name) return row.gguf;
  return {};
}

bool take(std::string_view& text, std::string_view front) {
  if (!text.starts_with(front)) return false;
  text.remove_prefix(front.size());
  return true;
}

// A number as it is written: without zeros in front; below 10000.
bool take_number(std::string_view& text, int64_t& number) {
  size_t n = 0;
  number = 0;
  while (n < text.size() && n < 4 && text[n] >= '0' && text[n] <= '9') number = number * 10 + (text[n++] - '0');
  if (n == 0 || (n > 1 && text[0] == '0')) return false;
  text.remove_prefix(n);
  return true;
}

}  // namespace

const HfFamily* find_hf_family(std::string_view model_type) {
  for (const HfFamily& family : kFamilies)
    if (model_type == family.model_type) return &family;
  return nullptr;
}

String hf_family_names() {
  String names;
  for (const HfFamily& family : kFamilies) names += (names.empty() ? "" : ", ") + String(family.model_type);
  return names;
}

bool place_hf_tensor(const HfFamily& family, std::string_view name, HfPlace& place) {
  if (std::string_view outer = find_row(kOuter, name); !outer.empty()) {
    place = {String(outer), -1};
    return true;
  }
  int64_t layer, expert = -1;
  std::string_view rest = name;
  if (!take(rest, "model.layers.") || !take_number(rest, layer) || !take(rest, ".")) return false;
  size_t dot = rest.rfind('.');
  std::string_view kind = dot == rest.npos ? "" : rest.substr(dot);
  if (kind != ".weight" && kind != ".bias") return false;
  String part(rest.substr(0, dot));
  if (size_t at = part.find(".experts."); at != part.npos) {
    std::string_view behind = std::string_view(part).substr(at + 9);
    if (!take_number(behind, expert)) return false;
    part = part.substr(0, at + 9) + "*" + String(behind);
  }
  std::string_view found = find_row(kParts, part);
  if (found.empty()) found = find_row(family.post_norms ? std::span<const NameRow>(kPostNorms) : kPreNorms, part);
  if (found.empty()) return false;
  place = {format_text("blk.{}.{}{}", layer, found, kind), expert};
  return true;
}

}  // namespace prm
