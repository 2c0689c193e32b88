// The wire format of protobuf over a file that is loaded as far as it is read: a message's fields one by one. Known fields are
// asked for by their kind, others are passed over. What is malformed fails with bad_file, naming offset, message and field.
#pragma once
#include <cstring>
#include <string_view>

#include "base/control.h"
#include "base/file.h"

namespace prm {

struct WireSource {
  const FileBytes& file;
  Listener& listener;
  uint64_t loaded_from = 0, loaded_to = 0;  // the part that was asked for last

  const char* at(uint64_t offset) const { return reinterpret_cast<const char*>(file.bytes.data()) + offset; }
  // Makes [offset, offset + size) readable, which lies in the file.
  void load(uint64_t offset, uint64_t size) {
    if (offset < loaded_from || offset + size > loaded_to) load_more(offset, size);
  }
  void load_more(uint64_t offset, uint64_t size);
};

struct WireSpan {
  uint64_t begin = 0, end = 0;
  uint64_t size() const { return end - begin; }
};

enum class WireKind : uint32_t { varint = 0, fixed64 = 1, length = 2, fixed32 = 5 };

class WireMessage {
 public:
  WireMessage(WireSource& source, WireSpan span, const char* name) : source_(&source), name_(name), span_(span), at_(span.begin), begin_(span.begin) {}

  bool next();  // to the next field; false behind the last one
  uint32_t field() const { return field_; }
  WireSpan span() const { return span_; }
  const char* name() const { return name_; }
  WireSource& source() const { return *source_; }
  WireMessage whole() const { return {*source_, span_, name_}; }  // in front of its first field again

  // The field's value; `name` is the field's.
  int64_t integer(const char* name) const;
  float real(const char* name) const;
  WireSpan bytes(const char* name) const;             // not loaded
  std::string_view text(const char* name) const;      // loaded; UTF-8 without NUL
  std::string_view utf8(const char* name) const;      // loaded; UTF-8
  WireMessage message(const char* name, const char* type) const { return {*source_, bytes(name), type}; }
  // A repeated number's values, be they packed or alone.
  template <class Each>
  void each_integer(const char* name, Each each) const;
  template <class T, class Each>
  void each_real(const char* name, Each each) const;  // float, double
  bool is_packed() const { return kind_ == WireKind::length; }

  [[noreturn]] void bad(const char* field, std::string_view what) const { fail_at(Status::bad_file, field, what); }
  [[noreturn]] void fail_at(Status status, const char* field, std::string_view what) const;

 private:
  uint64_t take_varint(uint64_t& at, uint64_t end, const char* field) const;
  void require(WireKind kind, const char* name) const;

  WireSource* source_;
  const char* name_;
  WireSpan span_;
  uint64_t at_, begin_;  // behind the field; where it begins, or the message in front of the first one
  uint32_t field_ = 0;
  WireKind kind_ = WireKind::varint;
  uint64_t bits_ = 0;  // of a number
  WireSpan value_;     // of the others
};

template <class Each>
void WireMessage::each_integer(const char* name, Each each) const {
  if (kind_ == WireKind::varint) return each(int64_t(bits_));
  require(WireKind::length, name);
  source_->load(value_.begin, value_.size());
  for (uint64_t at = value_.begin; at < value_.end;) {
    source_->listener.turn();
    each(int64_t(take_varint(at, value_.end, name)));
  }
}

template <class T, class Each>
void WireMessage::each_real(const char* name, Each each) const {
  T value;
  if (kind_ != WireKind::length) {
    require(sizeof(T) == 4 ? WireKind::fixed32 : WireKind::fixed64, name);
    std::memcpy(&value, &bits_, sizeof value);  // little-endian machines only; see base/file.h
    return each(value);
  }
  if (value_.size() % sizeof(T)) bad(name, format_message("{} bytes do not hold numbers of {}", value_.size(), sizeof(T)));
  source_->load(value_.begin, value_.size());
  for (uint64_t at = value_.begin; at < value_.end; at += sizeof(T)) {
    source_->listener.turn();
    std::memcpy(&value, source_->at(at), sizeof value);
    each(value);
  }
}

}  // namespace prm
