#include "formats/metadata.h"

#include <cstring>

namespace prm {

std::span<const std::byte> MetadataBuilder::keep(Block block) { return blocks_.emplace_back(std::move(block)); }

void MetadataBuilder::integer(const String& key, int64_t value) {
  MetaValue meta;
  meta.type = MetaType::signed_int;
  meta.signed_int = value;
  values_[key] = meta;
}

void MetadataBuilder::real(const String& key, double value) {
  MetaValue meta;
  meta.type = MetaType::real;
  meta.real = double(float(value));
  values_[key] = meta;
}

void MetadataBuilder::boolean(const String& key, bool value) {
  MetaValue meta;
  meta.type = MetaType::boolean;
  meta.boolean = value;
  values_[key] = meta;
}

void MetadataBuilder::text(const String& key, std::string_view value) {
  auto* begin = reinterpret_cast<const std::byte*>(value.data());
  auto kept = keep(Block(begin, begin + value.size()));
  MetaValue meta;
  meta.type = MetaType::text;
  meta.text = {reinterpret_cast<const char*>(kept.data()), kept.size()};
  values_[key] = meta;
}

void MetadataBuilder::texts(const String& key, const Vector<std::string_view>& values) {
  size_t bytes = 0;
  for (std::string_view value : values) bytes += 8 + value.size();
  Block block(bytes);
  std::byte* to = block.data();
  for (std::string_view value : values) {
    uint64_t size = value.size();
    std::memcpy(to, &size, 8);
    if (size) std::memcpy(to + 8, value.data(), value.size());
    to += 8 + size;
  }
  MetaValue meta;
  meta.type = MetaType::array;
  meta.element = MetaType::text;
  meta.count = values.size();
  meta.raw = keep(std::move(block));
  values_[key] = meta;
}

void MetadataBuilder::integers(const String& key, const Vector<int32_t>& values) {
  auto* begin = reinterpret_cast<const std::byte*>(values.data());
  MetaValue meta;
  meta.type = MetaType::array;
  meta.element = MetaType::signed_int;
  meta.element_bytes = sizeof(int32_t);
  meta.count = values.size();
  meta.raw = keep(Block(begin, begin + values.size() * sizeof(int32_t)));
  values_[key] = meta;
}

void MetadataBuilder::finish(ModelFile& file) {
  file.metadata = std::move(values_);
  file.storage = make_charged<const Vector<Block>>(std::move(blocks_));
}

}  // namespace prm
