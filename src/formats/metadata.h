// Metadata that does not lie in a file as GGUF keeps it: values, with the memory behind them, under GGUF's keys.
#pragma once
#include "formats/model_file.h"

namespace prm {

class MetadataBuilder {
 public:
  void integer(const String& key, int64_t value);
  void real(const String& key, double value);  // as a float, which GGUF files have: the same bits in the end
  void boolean(const String& key, bool value);
  void text(const String& key, std::string_view value);  // copies, as all below
  void texts(const String& key, const Vector<std::string_view>& values);
  void integers(const String& key, const Vector<int32_t>& values);
  void finish(ModelFile& file);  // hands all of it over

 private:
  using Block = Vector<std::byte>;
  std::span<const std::byte> keep(Block block);
  Map<String, MetaValue, std::less<>> values_;
  Vector<Block> blocks_;
};

}  // namespace prm
