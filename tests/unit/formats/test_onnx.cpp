#include "formats/onnx.h"

#include "base/error.h"
#include "support/catch.h"
#include "support/memory_files.h"
#include "support/onnx_writer.h"
#include "support/refusal.h"

using namespace prm;
using namespace prm::test;

namespace {

struct Account : MemoryAccount {};
Account account;  // outlives all models here

OnnxModel parse(const std::string& bytes, const OnnxLimits& limits = {}) {
  return read_onnx(borrow_memory(bytes.data(), bytes.size(), "m"), {}, {}, account, {}, limits);
}

std::pair<Status, std::string> refusal(const std::string& bytes, const OnnxLimits& limits = {}) {
  return refusal_of([&] { parse(bytes, limits); });
}

// The message, which must be of a malformed file.
std::string why(const Proto& whole) {
  auto [status, message] = refusal(whole.bytes);
  CHECK(status == Status::bad_file);
  return message;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

std::vector<std::byte> values_of(const OnnxTensor& tensor) {
  std::vector<std::byte> out(size_t(tensor.bytes));
  if (!out.empty()) tensor.file->read(tensor.offset, out.size(), out.data());
  return out;
}

template <class T>
std::vector<T> numbers_of(const OnnxTensor& tensor) {
  std::vector<std::byte> bytes = values_of(tensor);
  std::vector<T> out(bytes.size() / sizeof(T));
  if (!out.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
  return out;
}

// A model with one initializer.
std::string with_tensor(const Proto& t) { return model(relu_graph(Proto().message(5, t))).bytes; }
std::string tensor_refusal(const Proto& t) {
  auto [status, message] = refusal(with_tensor(t));
  CHECK(status != Status::ok);
  return message;
}

// A model whose one node has an attribute.
Proto with_attribute(const Proto& a) {
  return model(Proto().message(1, node("Op", {}, {"y"}).message(5, a)).message(12, value("y", 1, {})));
}

}  // namespace

TEST_CASE("what a model says comes out as it was written") {
  Proto whole = Proto().integer(1, 8).text(2, "maker").text(3, "1.2").message(8, opset("ai.onnx", 17)).message(8, opset("com.example", 1));
  whole.message(14, entry("k", "v")).integer(99, 1).text(98, "skipped").fixed<float>(97, 1).fixed<double>(96, 1);
  Proto inner = node("Two", {"x", "", "w"}, {"y", ""}).text(3, "n").text(7, "com.example").text(8, "over");
  Proto graph = Proto().text(2, "g").message(1, inner).message(11, value("x", 1, {2, -1})).message(12, value("y", 10, {}));
  graph.message(13, value("w", 7, {4})).message(5, tensor("w", 7, {2}).packed(7, {5, -6}));
  std::string bytes = whole.message(7, graph).bytes;
  OnnxModel read = parse(bytes);
  CHECK(read.ir_version == 8);
  CHECK(read.producer == "maker");
  CHECK(read.producer_version == "1.2");
  REQUIRE(read.opsets.size() == 2);
  CHECK(read.opsets[0].domain.empty());
  CHECK(read.opsets[0].version == 17);
  CHECK(read.metadata[0].value == "v");
  const OnnxGraph& g = read.graphs.at(0);
  CHECK(g.name == "g");
  CHECK(g.nodes[0].inputs == Vector<std::string_view>{"x", "", "w"});
  CHECK(g.nodes[0].outputs == Vector<std::string_view>{"y", ""});
  CHECK(g.nodes[0].domain == "com.example");
  CHECK(g.nodes[0].overload == "over");
  CHECK(g.inputs[0].type.kind == OnnxKind::tensor);
  CHECK(g.inputs[0].type.element == OnnxType::f32);
  CHECK(g.inputs[0].type.dims[0].extent == 2);
  CHECK(g.inputs[0].type.dims[1].extent == -1);
  CHECK(g.inputs[0].type.dims[1].symbol == "N");
  CHECK(g.outputs[0].type.has_shape);
  CHECK(g.outputs[0].type.dims.empty());
  CHECK(g.value_infos[0].name == "w");
  std::string minus = model(relu_graph(Proto().message(11, Proto().text(1, "u").message(2, Proto().message(1, Proto().integer(1, 1).message(2, Proto().message(1, Proto().integer(1, -1)))))))).bytes;
  CHECK(parse(minus).graphs[0].inputs[0].type.dims[0].extent == -1);
  minus.replace(minus.find(std::string(9, '\xff')), 1, "\xfe");  // -2
  CHECK(has(refusal(minus).second, "Dimension.dim_value: dim 0 is -2"));
  CHECK(numbers_of<int64_t>(g.initializers[0]) == std::vector<int64_t>{5, -6});
}

TEST_CASE("tensors have the same values however they are spelled, and raw ones stay in the file") {
  auto read = [](const Proto& t, auto check) {
    std::string bytes = with_tensor(t);
    OnnxModel whole = parse(bytes);
    check(whole.graphs[0].initializers[0], whole);
  };
  std::vector<float> floats = {1, -2.5f};
  auto is_floats = [&](const OnnxTensor& t, const OnnxModel& whole) {
    CHECK(numbers_of<float>(t) == floats);
    CHECK(t.file == whole.file);
  };
  read(tensor("t", 1, {2}).text(9, Proto::raw(floats)), is_floats);
  read(tensor("t", 1, {2}).text(4, Proto::raw(floats)), is_floats);
  read(tensor("t", 1, {2}).fixed<float>(4, 1).fixed<float>(4, -2.5f), [&](const OnnxTensor& t, const OnnxModel& whole) {
    CHECK(numbers_of<float>(t) == floats);
    CHECK(t.file != whole.file);
  });
  read(tensor("t", 14, {1}).text(4, Proto::raw(floats)), [&](const OnnxTensor& t, const OnnxModel&) { CHECK(numbers_of<float>(t) == floats); });
  read(tensor("t", 11, {1}).fixed<double>(10, 0.25), [](const OnnxTensor& t, const OnnxModel&) { CHECK(numbers_of<double>(t) == std::vector<double>{0.25}); });
  read(tensor("t", 3, {3}).packed(5, {-128, 0, 127}), [](const OnnxTensor& t, const OnnxModel&) { CHECK(numbers_of<int8_t>(t) == std::vector<int8_t>{-128, 0, 127}); });
  read(tensor("t", 10, {2}).integer(5, 0x3c00).integer(5, 0xfc00), [](const OnnxTensor& t, const OnnxModel&) { CHECK(numbers_of<uint16_t>(t) == std::vector<uint16_t>{0x3c00, 0xfc00}); });
  read(tensor("t", 6, {1}).packed(5, {-7}), [](const OnnxTensor& t, const OnnxModel&) { CHECK(numbers_of<int32_t>(t) == std::vector<int32_t>{-7}); });
  read(tensor("t", 12, {1}).packed(11, {0xffffffff}), [](const OnnxTensor& t, const OnnxModel&) { CHECK(numbers_of<uint32_t>(t) == std::vector<uint32_t>{0xffffffff}); });
  read(tensor("t", 13, {1}).packed(11, {-1}), [](const OnnxTensor& t, const OnnxModel&) { CHECK(numbers_of<uint64_t>(t) == std::vector<uint64_t>{~0ull}); });
  read(tensor("t", 21, {3}).packed(5, {0x21, 0x3}), [](const OnnxTensor& t, const OnnxModel&) { CHECK(numbers_of<uint8_t>(t) == std::vector<uint8_t>{0x21, 0x3}); });
  read(tensor("t", 27, {5}).packed(5, {1, 2, 3, 63, 5}), [](const OnnxTensor& t, const OnnxModel&) { CHECK(numbers_of<uint8_t>(t) == std::vector<uint8_t>{0x81, 0x30, 0xfc, 0x05}); });
  read(tensor("t", 8, {2}).text(6, "a").text(6, ""), [](const OnnxTensor& t, const OnnxModel&) { CHECK(t.texts == Vector<std::string_view>{"a", ""}); });
  read(tensor("t", 1, {0, 5}), [](const OnnxTensor& t, const OnnxModel&) { CHECK(t.bytes == 0); });
  read(tensor("t", 1, {}).fixed<float>(4, 3), [](const OnnxTensor& t, const OnnxModel&) { CHECK(numbers_of<float>(t) == std::vector<float>{3}); });
}

TEST_CASE("tensors whose data does not fit their dims and type are refused") {
  CHECK(has(tensor_refusal(tensor("t", 1, {2}).text(9, "1234")), "m: offset 12: TensorProto.raw_data: tensor 't': its dims ask for 8 bytes of FLOAT, it holds 4"));
  CHECK(has(tensor_refusal(tensor("t", 1, {2})), "it holds 0"));
  CHECK(has(tensor_refusal(tensor("t", 1, {1}).text(9, "1234").fixed<float>(4, 1)), "has raw_data and values in field 4 as well"));
  CHECK(has(tensor_refusal(tensor("t", 1, {1}).fixed<float>(4, 1).packed(5, {1})), "stand in two fields"));
  CHECK(has(tensor_refusal(tensor("t", 7, {1}).fixed<float>(4, 1)), "tensor 't' of INT64 has its values in field 4, expected 7"));
  CHECK(has(tensor_refusal(tensor("t", 7, {2}).packed(7, {1})), "not what it holds"));
  CHECK(has(tensor_refusal(tensor("t", 7, {2}).packed(7, {1, 2, 3})), "not what it holds"));
  for (int64_t n : {3, 4, 6}) CHECK(has(tensor_refusal(tensor("t", 28, {5}).packed(5, std::vector<int64_t>(size_t(n), 1))), "not what it holds"));
  CHECK(has(tensor_refusal(tensor("t", 2, {1}).packed(5, {256})), "tensor 't' of UINT8 has a value 256"));
  CHECK(has(tensor_refusal(tensor("t", 9, {1}).packed(5, {2})), "of BOOL has a value 2"));
  CHECK(has(tensor_refusal(tensor("t", 1, {-1})), "dim 0 is -1"));
  CHECK(has(tensor_refusal(tensor("t", 1, {int64_t(1) << 40, int64_t(1) << 40})), "dim 1 is"));
  CHECK(has(tensor_refusal(tensor("t", 1, std::vector<int64_t>(9, 1))), "more than 8 dims"));
  CHECK(has(tensor_refusal(tensor("t", 99, {1})), "type 99 is not known, those up to 28 are"));
  CHECK(has(tensor_refusal(tensor("t", -1, {1})), "type -1 is not known"));
  CHECK(has(tensor_refusal(tensor("t", 0, {1})), "has no type"));
  CHECK(has(tensor_refusal(tensor("t", 8, {2}).text(6, "a")), "its dims ask for 2 texts, it has 1"));
  CHECK(has(tensor_refusal(tensor("t", 8, {1}).text(9, "a")), "no string_data"));
  CHECK(has(tensor_refusal(tensor("t", 8, {1}).text(6, "\xff")), "not UTF-8"));
  CHECK(has(tensor_refusal(tensor("t", 1, {1}).text(4, "12345")), "5 bytes do not hold numbers of 4"));
  CHECK(has(tensor_refusal(tensor("t", 1, {1}).integer(14, 2)), "TensorProto.data_location: 2, expected 0 or 1"));
  CHECK(has(tensor_refusal(tensor("t", 1, {1}).message(3, Proto())), "segments are not supported"));
  CHECK(refusal(model(relu_graph(Proto().message(15, Proto().message(1, tensor("s", 1, {1}).text(9, "1234"))))).bytes) ==
        std::pair(Status::unsupported, std::string("m: offset 10: GraphProto.sparse_initializer: sparse initializer 's' is not supported")));
}

TEST_CASE("the wire format is held to its rules, and the place of a fault is told") {
  auto refuses = [](const std::string& bytes, const std::string& part) {
    auto [status, message] = refusal(bytes);
    CHECK(status == Status::bad_file);
    if (!has(message, part)) FAIL(message << " lacks " << part);
  };
  refuses("", "this is no ONNX model");
  refuses("\x08", "m: offset 0: ModelProto, field 1: the message ends inside a number");
  refuses(std::string(1, '\0'), "0 is no key of a field");
  refuses("\x3a\xff\xff\xff\xff\x0f", "4294967295 bytes, of which the message around it has 0");
  refuses("\x3a\x81\x80\x80\x80\x80\x80\x80\x80\x80\x01z", "9223372036854775809 bytes");
  refuses(std::string("\x08") + std::string(11, '\xff'), "more than 10 bytes");
  refuses("\xfb\x07", "field 127: groups are not supported");
  refuses("\x0e", "an unknown wire type");
  refuses("\x88\x80\x80\x80\x80\x01", "is no key of a field");
  refuses("\x0d\x01\x02", "the message ends inside a number");
  refuses(Proto().text(1, "8").bytes, "ModelProto.ir_version: wire type 2, expected 0");
  refuses(Proto().integer(7, 1).bytes, "ModelProto.graph: wire type 0, expected 2");
  refuses(Proto().text(2, "\xc0\x80").bytes, "ModelProto.producer_name: byte 0 of the text is not UTF-8");
  refuses(Proto().text(2, std::string_view("a\0", 2)).bytes, "byte 1 of the text is NUL");
  refuses(model(relu_graph()).message(7, relu_graph()).bytes, "ModelProto.graph: it stands twice");
  Proto twice = model(relu_graph());
  CHECK(parse(twice.integer(1, 9).text(2, "a").text(2, "b").bytes).producer == "b");
}

TEST_CASE("a model cut at any byte is refused or is whole, and flipping any byte never crashes") {
  Proto t = tensor("w", 7, {2}).packed(7, {5, -6}), branch = Proto().message(1, node("Identity", {"x"}, {"z"})).message(12, value("z", 1, {}));
  Proto more = Proto().message(5, t).message(1, node("If", {"x"}, {"i"}).message(5, attribute("then_branch", 5).message(6, branch)));
  std::string whole = model(relu_graph(more)).message(25, function("f", "F", {"a"}, {"b"}).message(7, node("Relu", {"a"}, {"b"}))).bytes;
  CHECK(refusal(whole).second.empty());
  for (size_t n = 0; n < whole.size(); ++n) {
    std::string cut(whole.data(), n);  // its own allocation: a sanitizer sees any read past the end
    cut.shrink_to_fit();
    auto [status, message] = refusal(cut);
    if (status != Status::bad_file && status != Status::ok) FAIL("cut at " << n << ": " << message);
  }
  for (size_t i = 0; i < whole.size(); ++i)
    for (int change : {1, 2, 4, 8, 127, 128, 255}) {
      std::string odd = whole;
      odd[i] = char(odd[i] ^ change);
      auto [status, message] = refusal(odd);
      if (status == Status::internal) FAIL("byte " << i << ": " << message);
    }
}

TEST_CASE("versions outside of what is read are refused with the range") {
  for (int64_t ir : {3, 14}) CHECK(refusal(model(relu_graph(), ir).bytes).first == Status::ok);
  for (int64_t ir : {1, 2, 15, 1000})
    CHECK(refusal(model(relu_graph(), ir).bytes) == std::pair(Status::unsupported, "m: IR version " + std::to_string(ir) + " is not supported, versions 3 to 14 are"));
  for (int64_t version : {7, 28}) CHECK(refusal(model(relu_graph(), 8, version).bytes).first == Status::ok);
  for (int64_t version : {1, 6, 29})
    CHECK(refusal(model(relu_graph(), 8, version).bytes) == std::pair(Status::unsupported, "m: opset " + std::to_string(version) + " is not supported, opsets 7 to 28 are"));
  CHECK(has(why(model(relu_graph(), 8, 0)), "version 0 of domain ''"));
  CHECK(has(why(Proto().integer(1, 8).message(7, relu_graph())), "no opset is imported"));
  CHECK(has(why(Proto().integer(1, 8).message(8, opset("", 17))), "there is no graph"));
  CHECK(has(why(model(relu_graph()).message(8, opset("ai.onnx", 13))), "imports domain '' twice"));
  CHECK(has(why(model(Proto().message(1, node("Op", {}, {"y"}).text(7, "other")))), "node '' (Op) at offset 12: no opset of its domain 'other' is imported"));
}

TEST_CASE("attributes of every kind come out, and those that contradict themselves are refused") {
  auto read = [](const Proto& a, auto check) {
    std::string bytes = with_attribute(a).bytes;
    OnnxModel whole = parse(bytes);
    check(whole.graphs[0].nodes[0].attributes[0]);
  };
  read(attribute("a", 1).fixed<float>(2, 0.5f), [](const OnnxAttribute& a) { CHECK(a.real == 0.5f); });
  read(attribute("a", 2).integer(3, -9), [](const OnnxAttribute& a) { CHECK(a.integer == -9); });
  read(attribute("a", 2), [](const OnnxAttribute& a) { CHECK(a.integer == 0); });
  read(attribute("a", 3).text(4, "s"), [](const OnnxAttribute& a) { CHECK(a.text == "s"); });
  read(attribute("a", 4).message(5, tensor("", 1, {}).text(9, "1234")), [](const OnnxAttribute& a) { CHECK(a.tensors.at(0).bytes == 4); });
  read(attribute("a", 5).message(6, Proto()), [](const OnnxAttribute& a) { CHECK(a.graphs == Vector<uint32_t>{1}); });
  read(attribute("a", 6).fixed<float>(7, 1).text(7, Proto::raw<float>({2, 3})), [](const OnnxAttribute& a) { CHECK(a.reals == Vector<float>{1, 2, 3}); });
  read(attribute("a", 7).integer(8, 1).packed(8, {-2, 3}), [](const OnnxAttribute& a) { CHECK(a.integers == Vector<int64_t>{1, -2, 3}); });
  read(attribute("a", 8).text(9, "x").text(9, "y"), [](const OnnxAttribute& a) { CHECK(a.texts == Vector<std::string_view>{"x", "y"}); });
  read(attribute("a", 9).message(10, tensor("", 1, {0})).message(10, tensor("", 1, {0})), [](const OnnxAttribute& a) { CHECK(a.tensors.size() == 2); });
  read(attribute("a", 10).message(11, Proto()).message(11, Proto()), [](const OnnxAttribute& a) { CHECK(a.graphs == Vector<uint32_t>{1, 2}); });
  Proto sequence = Proto().message(9, Proto().message(1, Proto().message(4, Proto().message(1, Proto().message(1, Proto().integer(1, 7))))));
  read(attribute("a", 13).message(14, sequence), [](const OnnxAttribute& a) {
    CHECK(a.types.at(0).around == Vector<OnnxKind>{OnnxKind::optional, OnnxKind::sequence});
    CHECK(a.types[0].element == OnnxType::i64);
    CHECK(!a.types[0].has_shape);
  });
  CHECK(has(why(with_attribute(Proto().integer(20, 2))), "an attribute has no name"));
  CHECK(has(why(with_attribute(Proto().text(1, "a").integer(3, 1))), "attribute 'a' has no type"));
  CHECK(has(why(with_attribute(attribute("a", 15))), "attribute 'a' has type 15, which is not known"));
  CHECK(has(why(with_attribute(attribute("a", 2).fixed<float>(2, 1))), "attribute 'a' of type 2 has a value of another type"));
  CHECK(has(why(with_attribute(attribute("a", 2).integer(3, 1).fixed<float>(2, 1))), "has a value of another type"));
  CHECK(has(why(with_attribute(attribute("a", 5))), "attribute 'a' of type 5 has no value"));
  CHECK(has(why(with_attribute(attribute("a", 2).text(21, "r"))), "refers to an attribute of a function, outside of any"));
  CHECK(has(why(model(Proto().message(1, node("Op", {}, {}).message(5, attribute("a", 2)).message(5, attribute("a", 2))))), "attribute 'a' of node '' (Op) stands twice"));
  CHECK(refusal(with_attribute(attribute("a", 11).message(22, Proto())).bytes).first == Status::unsupported);
}

TEST_CASE("values are produced once, and before they are used") {
  auto of = [](const std::vector<Proto>& nodes, const std::string& output = "y", const Proto& more = {}) {
    Proto graph = more;
    for (const Proto& one : nodes) graph.message(1, one);
    return model(graph.text(2, "g").message(11, value("x", 1, {})).message(12, value(output, 1, {})));
  };
  CHECK(refusal(of({node("A", {"x"}, {"a"}), node("B", {"a", "", "x"}, {"y"})}).bytes).first == Status::ok);
  CHECK(has(why(of({node("B", {"a"}, {"y"}), node("A", {"x"}, {"a"})})), "graph 'g': node '' (B) at offset 12: input 'a' is produced only behind it"));
  CHECK(has(why(of({node("A", {"y"}, {"y"})})), "produced only behind it"));
  CHECK(has(why(of({node("A", {"b"}, {"a"}), node("B", {"a"}, {"b"})}, "a")), "without a cycle"));
  CHECK(has(why(of({node("A", {"q"}, {"y"})})), "input 'q' is produced by nothing"));
  CHECK(has(why(of({node("A", {"x"}, {"y"}), node("A", {"x"}, {"y"})})), "value 'y' is produced twice"));
  CHECK(has(why(of({node("A", {"x"}, {"x"})})), "value 'x' is produced twice"));
  CHECK(has(why(of({}, "y")), "output 'y' is produced by nothing"));
  CHECK(refusal(of({}, "x").bytes).first == Status::ok);
  Proto w = tensor("w", 1, {0});
  CHECK(refusal(of({}, "w", Proto().message(5, w)).bytes).first == Status::ok);
  CHECK(refusal(of({}, "x", Proto().message(5, tensor("x", 1, {0}))).bytes).first == Status::ok);  // the input's default
  CHECK(has(why(of({}, "w", Proto().message(5, w).message(5, w))), "initializer 'w' stands twice"));
  CHECK(has(why(of({node("A", {}, {"w"})}, "w", Proto().message(5, w))), "value 'w' is produced twice"));
  CHECK(has(why(of({}, "x", Proto().message(5, tensor("", 1, {0})))), "an initializer has no name"));
  CHECK(has(why(of({}, "x", Proto().message(11, value("x", 1, {})))), "value 'x' is produced twice"));
  CHECK(has(why(model(Proto().message(11, Proto().text(1, "x")))), "input 'x' of the model has no type"));
  CHECK(has(why(model(Proto().message(1, Proto().text(1, "x")))), "node '' has no operator"));
}

TEST_CASE("subgraphs see what stands in front of their node, and hide what has their names") {
  auto with_branch = [](const Proto& branch, bool behind = false) {
    Proto holder = node("If", {"x"}, {"y"}).message(5, attribute("then_branch", 5).message(6, branch)), before = node("A", {"x"}, {"a"});
    Proto graph = behind ? Proto().message(1, holder).message(1, before) : Proto().message(1, before).message(1, holder);
    return model(graph.message(11, value("x", 1, {})).message(12, value("y", 1, {})));
  };
  auto branch_of = [](const Proto& one, const char* output) { return Proto().text(2, "b").message(1, one).message(12, value(output, 1, {})); };
  CHECK(refusal(with_branch(branch_of(node("B", {"a"}, {"z"}), "z")).bytes).first == Status::ok);
  CHECK(refusal(with_branch(branch_of(node("B", {"x"}, {"a"}), "a")).bytes).first == Status::ok);
  CHECK(refusal(with_branch(branch_of(node("B", {}, {"z"}), "x")).bytes).first == Status::ok);
  CHECK(has(why(with_branch(branch_of(node("B", {"a"}, {"z"}), "z"), true)), "graph 'b': node '' (B) at offset"));
  CHECK(has(why(with_branch(branch_of(node("B", {"y"}, {"z"}), "z"))), "produced only behind it"));
  CHECK(has(why(with_branch(branch_of(node("B", {"x"}, {"z"}), "q"))), "graph 'b': output 'q' is produced by nothing"));
  // What a branch produced is gone behind it.
  Proto again = Proto().message(1, node("If", {}, {"y"}).message(5, attribute("b", 5).message(6, branch_of(node("B", {}, {"z"}), "z")))).message(1, node("C", {"z"}, {"c"}));
  CHECK(has(why(model(again)), "input 'z' is produced by nothing"));
}

TEST_CASE("nesting is bounded, and takes no stack") {
  auto nested = [](int depth) {
    Proto graph = Proto().message(1, node("A", {}, {"y"}));
    for (int i = 1; i < depth; ++i) graph = Proto().message(1, node("If", {}, {"y"}).message(5, attribute("b", 5).message(6, graph)));
    return model(graph).bytes;
  };
  CHECK(refusal(nested(64)).first == Status::ok);
  CHECK(refusal(nested(65)).first == Status::limit);
  CHECK(refusal(nested(5000)).first == Status::limit);
  auto sequences = [](int depth) {
    Proto type = Proto().message(1, Proto().integer(1, 1));
    for (int i = 0; i < depth; ++i) type = Proto().message(4, Proto().message(1, type));
    return model(Proto().message(11, Proto().text(1, "x").message(2, type))).bytes;
  };
  CHECK(refusal(sequences(100)).first == Status::ok);
  CHECK(refusal(sequences(101)).first == Status::limit);
  CHECK(refusal(sequences(3000)).first == Status::limit);
}

TEST_CASE("functions are read, and may not call themselves or multiply without bound") {
  auto calling = [](const std::string& name, const std::string& callee, int times) {
    Proto out = function("f", name, {"a"}, {"b"}).message(9, opset("f", 1));
    for (int i = 0; i < times; ++i) out.message(7, node(callee, {i ? "b" + std::to_string(i - 1) : "a"}, {i + 1 < times ? "b" + std::to_string(i) : "b"}).text(7, callee[0] == 'F' ? "f" : ""));
    return out;
  };
  auto with = [](const std::vector<Proto>& functions) {
    Proto out = model(Proto().message(1, node("F0", {}, {"y"}).text(7, "f")).message(12, value("y", 1, {}))).message(8, opset("f", 1));
    for (const Proto& one : functions) out.message(25, one);
    return out;
  };
  Proto parameters = calling("F0", "Relu", 2).text(6, "k").message(11, attribute("d", 2)).text(13, "over");
  parameters.message(7, node("Op", {"a"}, {"c"}).message(5, attribute("x", 2).text(21, "k")).message(5, attribute("z", 2).text(21, "d")));
  std::string bytes = with({parameters}).bytes;
  OnnxModel read = parse(bytes);
  const OnnxFunction& f = read.functions.at(0);
  CHECK(f.domain == "f");
  CHECK(f.name == "F0");
  CHECK(f.overload == "over");
  CHECK(f.attributes == Vector<std::string_view>{"k"});
  CHECK(f.defaults.at(0).name == "d");
  CHECK(read.graphs[f.graph].nodes.size() == 3);
  CHECK(read.graphs[f.graph].inputs[0].name == "a");
  CHECK(read.graphs[f.graph].nodes[2].attributes[0].reference == "k");

  CHECK(has(why(with({calling("F0", "F0", 1)})), "function 'F0' calls itself through 'F0'"));
  CHECK(has(why(with({calling("F0", "F1", 1), calling("F1", "F2", 1), calling("F2", "F0", 1)})), "function 'F0' calls itself through 'F2'"));
  CHECK(has(why(with({calling("F0", "Relu", 1), calling("F0", "Relu", 1)})), "function 'F0' of domain 'f' stands twice"));
  CHECK(has(why(with({calling("", "Relu", 1)})), "a function has no name"));
  CHECK(has(why(with({function("f", "F0", {"a"}, {"b"})})), "output 'b' is produced by nothing"));
  CHECK(has(why(with({function("f", "F0", {"a"}, {"a"}).message(7, node("Op", {"y"}, {"c"}))})), "input 'y' is produced by nothing"));
  CHECK(has(why(with({function("f", "F0", {"a"}, {"a"}).message(7, node("Op", {}, {"c"}).message(5, attribute("x", 2).text(21, "q")))})), "refers to 'q', which the function does not have"));
  CHECK(refusal(with({function("f", "F0", {}, {}).message(9, opset("x", 1)).message(11, attribute("g", 5).message(6, Proto()))}).bytes).first == Status::unsupported);

  CHECK(has(why(with({calling("F0", "Relu", 1).text(6, "k").text(6, "k")})), "attribute 'k' of function 'F0' stands twice"));
  CHECK(has(why(with({calling("F0", "Relu", 1).text(6, "k").message(11, attribute("k", 2))})), "attribute 'k' of function 'F0' stands twice"));
  CHECK(has(why(with({calling("F0", "Relu", 1).message(11, attribute("k", 2).text(21, "j"))})), "has no value as its default"));

  auto chain = [&](int length, int times) {
    std::vector<Proto> all;
    for (int i = 0; i < length; ++i) all.push_back(calling("F" + std::to_string(i), i + 1 < length ? "F" + std::to_string(i + 1) : "Relu", times));
    return with(all).bytes;
  };
  CHECK(refusal(chain(64, 1)).first == Status::ok);
  CHECK(refusal(chain(65, 1)).first == Status::limit);
  CHECK(refusal(chain(15, 2)).first == Status::ok);
  CHECK(has(refusal(chain(30, 2)).second, "with functions in place of their calls there are 2147483647 nodes"));
  CHECK(has(refusal(chain(64, 2)).second, "there are more than 18446744073709551615 nodes"));
}

TEST_CASE("counts and sizes are held to their limits") {
  std::string bytes = model(relu_graph(Proto().message(5, tensor("a", 1, {0})).message(5, tensor("b", 1, {0})))).bytes;
  OnnxLimits limits;
  limits.host.tensors = 1;
  CHECK(refusal(bytes, limits) == std::pair(Status::limit, std::string("m: more than 1 tensors, which is the limit")));
  limits = {};
  limits.host.nesting = 0;
  CHECK(refusal(with_attribute(attribute("a", 5).message(6, Proto())).bytes, limits).first == Status::limit);
  limits = {};
  limits.nodes = 0;
  CHECK(refusal(bytes, limits).first == Status::limit);
  limits = {};
  limits.graphs = 0;
  CHECK(refusal(bytes, limits).first == Status::limit);
  limits = {};
  limits.proto_bytes = bytes.size() - 1;
  CHECK(refusal(bytes, limits).first == Status::limit);
  limits.proto_bytes = bytes.size();
  CHECK(refusal(bytes, limits).first == Status::ok);
}
