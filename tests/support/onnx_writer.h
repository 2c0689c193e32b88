// Writes protobuf messages in memory, field by field, and the messages of small ONNX models.
#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace prm::test {

struct Proto {
  std::string bytes;

  static std::string varint(uint64_t value) {
    std::string out;
    for (; value >= 0x80; value >>= 7) out += char(value | 0x80);
    return out + char(value);
  }
  Proto& key(uint32_t field, uint32_t wire_type) {
    bytes += varint(uint64_t(field) << 3 | wire_type);
    return *this;
  }
  Proto& integer(uint32_t field, int64_t value) {
    key(field, 0).bytes += varint(uint64_t(value));
    return *this;
  }
  Proto& text(uint32_t field, std::string_view value) {
    (key(field, 2).bytes += varint(value.size())) += value;
    return *this;
  }
  Proto& message(uint32_t field, const Proto& value) { return text(field, value.bytes); }
  template <class T>
  Proto& fixed(uint32_t field, T value) {
    key(field, sizeof value == 4 ? 5 : 1).bytes += raw<T>({value});
    return *this;
  }
  Proto& packed(uint32_t field, const std::vector<int64_t>& values) {
    std::string all;
    for (int64_t value : values) all += varint(uint64_t(value));
    return text(field, all);
  }
  template <class T>
  static std::string raw(const std::vector<T>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
  }
};

// Fields as onnx.proto numbers them.
inline Proto entry(std::string_view key, std::string_view value) { return Proto().text(1, key).text(2, value); }
inline Proto opset(std::string_view domain, int64_t version) { return Proto().text(1, domain).integer(2, version); }

inline Proto tensor(std::string_view name, int64_t type, const std::vector<int64_t>& dims) {
  return Proto().packed(1, dims).integer(2, type).text(8, name);
}

// Dims: negative is the symbol "N".
inline Proto value(std::string_view name, int64_t type, const std::vector<int64_t>& dims) {
  Proto shape;
  for (int64_t dim : dims) shape.message(1, dim < 0 ? Proto().text(2, "N") : Proto().integer(1, dim));
  return Proto().text(1, name).message(2, Proto().message(1, Proto().integer(1, type).message(2, shape)));
}

inline Proto node(std::string_view op, const std::vector<std::string>& inputs, const std::vector<std::string>& outputs) {
  Proto out;
  for (const std::string& name : inputs) out.text(1, name);
  for (const std::string& name : outputs) out.text(2, name);
  return out.text(4, op);
}

inline Proto attribute(std::string_view name, int64_t kind) { return Proto().text(1, name).integer(20, kind); }

inline Proto function(std::string_view domain, std::string_view name, const std::vector<std::string>& inputs, const std::vector<std::string>& outputs) {
  Proto out;
  out.text(10, domain).text(1, name);
  for (const std::string& one : inputs) out.text(4, one);
  for (const std::string& one : outputs) out.text(5, one);
  return out.message(9, opset("", 17));
}

inline Proto model(const Proto& graph, int64_t ir = 8, int64_t version = 17) { return Proto().integer(1, ir).message(8, opset("", version)).message(7, graph); }

// y = Relu(x), x [N, 3]; with room for more in front.
inline Proto relu_graph(const Proto& more = {}) {
  Proto graph = more;
  return graph.message(1, node("Relu", {"x"}, {"y"})).text(2, "g").message(11, value("x", 1, {-1, 3})).message(12, value("y", 1, {-1, 3}));
}

}  // namespace prm::test
