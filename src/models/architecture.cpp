#include "models/architecture.h"

#include "base/error.h"
#include "ops/ops.h"

namespace prm {

extern const Architecture kGemma, kGemma2, kGemma3, kLlama, kPhi3, kQwen2, kQwen2Moe, kQwen3, kQwen3Moe;

namespace {
constexpr const Architecture* kArchitectures[] = {
    &kGemma,
    &kGemma2,
    &kGemma3,
    &kLlama,
    &kPhi3,
    &kQwen2,
    &kQwen2Moe,
    &kQwen3,
    &kQwen3Moe,
};
}  // namespace

std::span<const Architecture* const> architectures() { return kArchitectures; }

const Architecture& find_architecture(const ModelFile& file) {
  std::string_view name = file.text("general.architecture");
  String known;
  for (const Architecture* architecture : kArchitectures) {
    if (name == architecture->name) return *architecture;
    known += (known.empty() ? "" : ", ") + String(architecture->name);
  }
  fail_about(Status::unsupported, file.file->name, "{}: architecture '{}' is not supported; known: {}", file.file->name, name, known);
}

DecoderConfig read_decoder_config(const ModelFile& file) {
  DecoderConfig c;
  c.arch = String(file.text("general.architecture"));
  auto integer = [&](const char* key, int64_t most) { return file.integer(c.arch + "." + key, 1, most); };
  c.layers = integer("block_count", 1024);
  c.width = integer("embedding_length", 1 << 20);
  c.heads = integer("attention.head_count", 4096);
  c.kv_heads = file.integer_or(c.arch + ".attention.head_count_kv", 1, 4096, c.heads);
  c.ffn = integer("feed_forward_length", 1 << 22);
  c.context = c.opened_context = integer("context_length", 1 << 24);
  int64_t head_dim = c.width % c.heads ? 0 : c.width / c.heads;
  c.head_dim = file.find(c.arch + ".attention.key_length") ? integer("attention.key_length", 4096) : head_dim;
  if (c.head_dim < 2 || c.head_dim % 2) file.bad(format_message("the head size is {}: {} heads do not divide a width of {} evenly", c.head_dim, c.heads, c.width));
  if (c.head_dim > kMaxHeadDim)
    fail_about(Status::unsupported, file.file->name, "{}: heads of {} values are not supported, {} at most are", file.file->name, c.head_dim, kMaxHeadDim);
  if (file.integer_or(c.arch + ".attention.value_length", 1, 4096, c.head_dim) != c.head_dim)
    fail_about(Status::unsupported, file.file->name, "{}: value heads of another size than key heads are not supported", file.file->name);
  if (c.heads % c.kv_heads) file.bad(format_message("{} query heads are no multiple of {} kv heads", c.heads, c.kv_heads));
  c.norm_eps = float(file.real(c.arch + ".attention.layer_norm_rms_epsilon"));
  if (!(c.norm_eps >= 0 && c.norm_eps < 1)) file.bad(format_message("the norm's epsilon is {}", c.norm_eps));
  c.rotation = read_rotation(file, c.arch, c.head_dim, c.context);
  c.experts = file.integer_or(c.arch + ".expert_count", 0, 1024, 0);
  if (c.experts) c.experts_used = integer("expert_used_count", c.experts);
  if (c.experts) c.expert_ffn = file.integer_or(c.arch + ".expert_feed_forward_length", 0, 1 << 22, 0);
  double expert_scale = file.real_or(c.arch + ".expert_weights_scale", 1.0);
  if (!(expert_scale >= 0 && expert_scale <= 1e3)) file.bad(format_message("metadata '{}.expert_weights_scale' is {}", c.arch, expert_scale));
  if (expert_scale > 0) c.expert_scale = float(expert_scale);  // 0 stands for none
  const NamedTensor* table = file.find_tensor("token_embd.weight");
  if (!table || table->data.rank != 2) file.bad("tensor 'token_embd.weight' [V, C] is missing");
  c.vocabulary = table->data.dim[0];
  return c;
}

}  // namespace prm
