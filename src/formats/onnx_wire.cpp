#include "formats/onnx_wire.h"

#include <algorithm>
#include <protozero/varint.hpp>

#include "base/error.h"
#include "base/utf8.h"

namespace prm {

namespace {
constexpr uint64_t kReadAhead = 4096;
constexpr uint64_t kMostHead = 2 * uint64_t(protozero::max_varint_length);  // a field's key, and its number or length
}  // namespace

void WireSource::load_more(uint64_t offset, uint64_t size) {
  uint64_t end = std::min<uint64_t>(file.bytes.size(), offset + std::max(size, kReadAhead));
  file.load(offset, end - offset);
  loaded_from = offset;
  loaded_to = end;
}

void WireMessage::fail_at(Status status, const char* field, std::string_view what) const {
  std::string where = field ? format_message("{}.{}", name_, field) : field_ ? format_message("{}, field {}", name_, field_) : name_;
  const String& file = source_->file.name;
  Error error(status, format_message("{}: offset {}: {}: {}", file, begin_, where, what), file);
  error.file_offset = begin_;
  throw error;
}

uint64_t WireMessage::take_varint(uint64_t& at, uint64_t end, const char* field) const {
  const char *begin = source_->at(at), *next = begin;
  uint64_t value = 0;
  try {
    value = protozero::decode_varint(&next, source_->at(end));
  } catch (const protozero::varint_too_long_exception&) {
    bad(field, "a number has more than 10 bytes");
  } catch (const protozero::exception&) {
    bad(field, "the message ends inside a number");
  }
  at += uint64_t(next - begin);
  return value;
}

bool WireMessage::next() {
  if (at_ >= span_.end) return false;
  source_->listener.turn();
  begin_ = at_;
  field_ = 0;
  source_->load(at_, std::min(kMostHead, span_.end - at_));
  uint64_t key = take_varint(at_, span_.end, nullptr), left = 0;
  if (key >> 3 == 0 || key >> 32) bad(nullptr, format_message("{} is no key of a field", key));
  field_ = uint32_t(key >> 3);
  kind_ = WireKind(key & 7);
  left = span_.end - at_;
  switch (kind_) {
    case WireKind::varint: bits_ = take_varint(at_, span_.end, nullptr); return true;
    case WireKind::fixed32:
    case WireKind::fixed64: {
      size_t size = kind_ == WireKind::fixed32 ? 4 : 8;
      if (size > left) bad(nullptr, "the message ends inside a number");
      bits_ = 0;
      std::memcpy(&bits_, source_->at(at_), size);
      at_ += size;
      return true;
    }
    case WireKind::length: {
      uint64_t size = take_varint(at_, span_.end, nullptr);
      if (size > span_.end - at_) bad(nullptr, format_message("{} bytes, of which the message around it has {}: the file is truncated or malformed", size, span_.end - at_));
      value_ = {at_, at_ + size};
      at_ += size;
      return true;
    }
  }
  bad(nullptr, (key & 7) == 3 || (key & 7) == 4 ? "groups are not supported" : "an unknown wire type");
}

void WireMessage::require(WireKind kind, const char* name) const {
  if (kind_ != kind) bad(name, format_message("wire type {}, expected {}", uint32_t(kind_), uint32_t(kind)));
}

int64_t WireMessage::integer(const char* name) const {
  require(WireKind::varint, name);
  return int64_t(bits_);
}

float WireMessage::real(const char* name) const {
  require(WireKind::fixed32, name);
  float value;
  std::memcpy(&value, &bits_, sizeof value);
  return value;
}

WireSpan WireMessage::bytes(const char* name) const {
  require(WireKind::length, name);
  return value_;
}

std::string_view WireMessage::text(const char* name) const {
  std::string_view text = utf8(name);
  if (size_t nul = text.find('\0'); nul != text.npos) bad(name, format_message("byte {} of the text is NUL", nul));
  return text;
}

std::string_view WireMessage::utf8(const char* name) const {
  WireSpan span = bytes(name);
  source_->load(span.begin, span.size());
  std::string_view text(source_->at(span.begin), size_t(span.size()));
  for (size_t at = 0; at < text.size();) {
    size_t length = uint8_t(text[at]) < 0x80 ? 1 : strict_length(text.substr(at));
    if (!length) bad(name, format_message("byte {} of the text is not UTF-8", at));
    at += length;
  }
  return text;
}

}  // namespace prm
