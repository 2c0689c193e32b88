// Operators with windows, resolutions and samples, where onnx's own node tests do not look: hostile values, older versions, extents that
// are not known when a graph is made, and what is refused.
#include <cmath>
#include <limits>

#include "ops/convolution.h"
#include "support/catch.h"
#include "support/onnx_node.h"
#include "support/run_graph.h"

using namespace prm;
using namespace prm::test;

namespace {

using Values = std::vector<double>;
using Ints = std::vector<int64_t>;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kFar = std::numeric_limits<float>::infinity();
constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();

bool refuses(const OnnxNodeCase& one, const std::string& part, Status status = Status::bad_file) {
  auto [is, message] = one.refused();
  INFO(message);
  CHECK(is == status);
  return message.find(part) != message.npos;
}

OnnxNodeCase line(const char* op, const std::vector<float>& values, int64_t version = 19) { return OnnxNodeCase(op, version).floats({1, 1, int64_t(values.size())}, values); }

}  // namespace

TEST_CASE("auto_pad puts the odd value of padding where it says") {
  auto made = [](const char* pad) {
    return OnnxNodeCase("Conv", 11).floats({1, 1, 3, 3}, std::vector<float>(9, 1)).floats({1, 1, 2, 2}, {1, 1, 1, 1}).text("auto_pad", pad).values();
  };
  CHECK(made("SAME_UPPER") == Values{4, 4, 2, 4, 4, 2, 2, 2, 1});
  CHECK(made("SAME_LOWER") == Values{1, 2, 2, 2, 4, 4, 2, 4, 4});
  CHECK(made("VALID") == Values{4, 4, 4, 4});
}

TEST_CASE("a convolution of extents that are not known, with an activation") {
  Graph g;
  std::vector<float> ones(9, 1);
  ValueId x = g.input("x", DType::f32, {1, 1, g.symbol("H"), g.symbol("W")});
  ValueId w = g.constant("w", Tensor(DType::f32, {1, 1, 3, 3}, ones.data()), nullptr);
  ConvAttr attr = {.rank = 2, .group = 1, .stride = {2, 2}, .dilation = {1, 1}, .pad_begin = {1, 1}, .pad_end = {1, 1}, .act = Activation::clip, .a = -1, .b = 5};
  g.outputs = {g.node(kConv, attr, {x, w}, "y")};
  CHECK(print(g[g.outputs[0]].shape, g.dims) == "[1, 1, ((H+-1)/2+1), ((W+-1)/2+1)]");
  BareDevice device;
  auto run = [&](int64_t height, int64_t width, const std::vector<float>& values) {
    GraphRun one{{{"H", height}, {"W", width}}, {{"x", bytes_of(values)}}, {{"H", 8}, {"W", 8}}};
    std::vector<std::byte> bytes = run_graph(g, device, one);
    std::vector<float> made(bytes.size() / sizeof(float));
    std::memcpy(made.data(), bytes.data(), bytes.size());
    return made;
  };
  CHECK(run(1, 3, {1, 1, 1}) == std::vector<float>{2, 2});
  CHECK(run(3, 2, {1, 2, 4, -8, 1, 1}) == std::vector<float>{-1, -1});
  CHECK(run(3, 3, std::vector<float>(9, 1)) == std::vector<float>{4, 4, 4, 4});
  CHECK(run(2, 2, {1, 2, 3, 4}) == std::vector<float>{5});
}

TEST_CASE("windows that meet padding alone, NaN, and windows behind the end") {
  CHECK(line("MaxPool", {5}).list("kernel_shape", {1}).list("pads", {1, 1}).values() == Values{-kInfinity, 5, -kInfinity});
  CHECK(line("AveragePool", {5}).list("kernel_shape", {1}).list("pads", {1, 1}).values() == Values{0, 5, 0});
  CHECK(std::isnan(line("MaxPool", {1, kNan, 3}).list("kernel_shape", {3}).values()[0]));
  CHECK(line("MaxPool", {1, 2, 3}).list("kernel_shape", {1}).list("strides", {2}).list("pads", {0, 1}).integer("ceil_mode", 1).values() == Values{1, 3});
  CHECK(line("MaxPool", {1, 2, 3, 4}).list("kernel_shape", {3}).list("strides", {2}).integer("ceil_mode", 1).values() == Values{3, 4});
  CHECK(line("AveragePool", {1, 2, 3, 4}).list("kernel_shape", {3}).list("strides", {2}).integer("ceil_mode", 1).integer("count_include_pad", 1).values() == Values{2, 3.5});
  CHECK(line("MaxPool", {1, 2}).list("kernel_shape", {3}).list("strides", {2}).integer("ceil_mode", 1).values() == Values{2});
  CHECK(refuses(line("MaxPool", {1}).list("kernel_shape", {4}).list("strides", {2}).integer("ceil_mode", 1), "larger than the padded input"));
  CHECK(OnnxNodeCase("MaxPool", 12).raw(3, {1, 1, 3}, Proto::raw<int8_t>({-128, -5, -7})).list("kernel_shape", {2}).values() == Values{-5, -5});
  CHECK(OnnxNodeCase("GlobalMaxPool", 7).floats({1, 1, 1, 1, 2, 2}, {1, 4, 3, 2}).values() == Values{4});
}

TEST_CASE("indices of maxima count through the whole tensor, by rows or by columns") {
  OnnxNodeCase rows("MaxPool", 12), columns("MaxPool", 12);
  for (OnnxNodeCase* one : {&rows, &columns}) one->floats({1, 2, 2, 3}, {0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9}).list("kernel_shape", {2, 3}).integer("storage_order", one == &columns);
  CHECK(rows.values(nullptr, 1) == Values{1, 11});
  CHECK(columns.values(nullptr, 1) == Values{2, 11});
}

TEST_CASE("places of maxima that lie nowhere are dropped") {
  auto made = [](const Ints& places) { return line("MaxUnpool", {1, 2}).integers({1, 1, 2}, places).list("kernel_shape", {2}).list("strides", {2}).values(); };
  CHECK(made({1, 3}) == Values{0, 1, 0, 2});
  CHECK(made({-1, 3}) == Values{0, 0, 0, 2});
  CHECK(made({kLeast, 4}) == Values{0, 0, 0, 0});
  CHECK(made({2, 2}) == Values{0, 0, 2, 0});
}

TEST_CASE("a transposed convolution reaches the shape that is asked for") {
  auto made = [](const Ints& shape) { return line("ConvTranspose", {1, 2}).floats({1, 1, 2}, {1, 1}).list("strides", {2}).list("output_shape", shape).values(); };
  CHECK(made({4}) == Values{1, 1, 2, 2});
  CHECK(made({3}) == Values{1, 2, 2});
  CHECK(made({5}) == Values{1, 1, 2, 2, 0});
  CHECK(refuses(line("ConvTranspose", {1, 2}).floats({1, 1, 2}, {1, 1}).list("output_shape", {-1}), "output_shape holds -1"));
}

TEST_CASE("windows that are none are refused by name") {
  CHECK(refuses(line("Conv", {1, 2}).floats({1, 1, 2}, {1, 1}).list("strides", {0}), "strides holds 0"));
  CHECK(refuses(line("Conv", {1, 2}).floats({1, 1, 3}, {1, 1, 1}), "larger than the padded input"));
  CHECK(refuses(line("Conv", {1, 2}).floats({1, 2, 1}, {1, 1}), "other channels"));
  CHECK(refuses(line("MaxPool", {1, 2}), "lacks attribute 'kernel_shape'"));
  CHECK(refuses(OnnxNodeCase("Conv", 11).floats({1, 1, 1, 1, 1, 1}, {1}).floats({1, 1, 1, 1, 1, 1}, {1}), "more than 3 spatial dimensions", Status::unsupported));
}

TEST_CASE("integers are convolved to sums that padding adds nothing to") {
  auto bytes = [](const std::vector<int>& values) { return std::string(values.begin(), values.end()); };
  OnnxNodeCase one("ConvInteger", 10);
  one.raw(2, {1, 1, 2}, bytes({3, 255})).raw(3, {2, 1, 3}, bytes({1, 1, 1, -128, 127, 0})).raw(2, {}, bytes({3})).raw(3, {2}, bytes({0, -128})).list("pads", {1, 1});
  CHECK(one.values() == Values{252, 252, 128 * 252, 255 * 252});
}

TEST_CASE("before version 11 places are rounded down, and scales an attribute before version 9") {
  auto resized = [](const char* op, int64_t version, float scale) { return OnnxNodeCase(op, version).floats({4}, {1, 2, 3, 4}).floats({1}, {scale}).values(); };
  CHECK(resized("Resize", 10, 0.5f) == Values{1, 3});
  CHECK(resized("Resize", 10, 1.5f) == Values{1, 1, 2, 3, 3, 4});
  CHECK(resized("Upsample", 9, 2) == Values{1, 1, 2, 2, 3, 3, 4, 4});
  CHECK(OnnxNodeCase("Upsample", 7).floats({2}, {1, 2}).with(attribute("scales", 6).text(7, Proto::raw<float>({2}))).text("mode", "linear").values() == Values{1, 1.5, 2, 2});
  CHECK(refuses(OnnxNodeCase("Upsample", 10).floats({2}, {1, 2}).floats({1}, {2}), "taken out"));
}

TEST_CASE("sizes and scales of a resolution are checked") {
  auto resize = [] { return OnnxNodeCase("Resize", 19).floats({2}, {1, 3}).none(); };
  CHECK(resize().none().integers({1}, {4}).text("mode", "linear").values() == Values{1, 1.5, 2.5, 3});
  CHECK(resize().none().integers({1}, {0}).values().empty());
  CHECK(OnnxNodeCase("Resize", 19).raw(2, {2}, std::string("\x00\xff", 2)).none().none().integers({1}, {4}).text("mode", "cubic").values() == Values{0, 58, 197, 255});
  CHECK(refuses(resize().floats({1}, {2}).integers({1}, {4}), "either scales or sizes"));
  CHECK(refuses(resize().none().none(), "either scales or sizes"));
  for (float scale : {0.f, -1.f, kNan, kFar}) CHECK(refuses(resize().floats({1}, {scale}), scale == 0 || scale < 0 ? "not above 0" : "not finite"));
  CHECK(refuses(resize().none().integers({1}, {-1}), "a size is below 0"));
  CHECK(refuses(resize().none().integers({2}, {4, 4}), "not one a dimension"));
  CHECK(refuses(resize().none().integers({1}, {4}).list("axes", {1}), "axis 1 of 1 dimensions"));
  CHECK(refuses(OnnxNodeCase("Resize", 19).floats({0}, {}).none().none().integers({1}, {4}), "holds no value"));
  CHECK(OnnxNodeCase("Resize", 19).floats({1, 4}, {1, 2, 3, 4}).none().none().integers({2}, {4, 2}).text("keep_aspect_ratio_policy", "not_larger").values() == Values{1, 3});
}

TEST_CASE("points of a grid may be anything") {
  auto sampled = [](const char* padding, const std::vector<float>& grid) {
    return OnnxNodeCase("GridSample", 20).floats({1, 1, 1, 2}, {1, 2}).floats({1, 1, int64_t(grid.size() / 2), 2}, grid).text("padding_mode", padding).values();
  };
  CHECK(sampled("zeros", {kNan, kNan, kFar, 0, 0, 0}) == Values{0, 0, 1.5});
  CHECK(sampled("border", {kNan, kNan, kFar, 0, -kFar, 0}) == Values{1, 2, 1});
  for (double value : sampled("reflection", {kNan, kFar, 1e30f, -1e30f, -kFar, 0})) CHECK((value >= 1 && value <= 2));
}

TEST_CASE("regions may be anything, of any image") {
  OnnxNodeCase one("RoiAlign", 16);
  one.floats({1, 1, 2, 2}, {1, 2, 3, 4}).floats({5, 4}, {0, 0, 2, 2, 0, 0, 2, 2, kNan, 0, 1, 1, 0, 0, 1e30f, 1e30f, 0, 0, kFar, 2}).integers({5}, {0, -1, 0, 0, 0});
  CHECK(one.values() == Values{2.5, 0, 0, 0, 0});
  CHECK(refuses(OnnxNodeCase("RoiAlign", 16).floats({1, 1, 2, 2}, {1, 2, 3, 4}).floats({1, 4}, {0, 0, 2, 2}).integers({1}, {0}).integer("sampling_ratio", 257), "sampling_ratio", Status::unsupported));
}

TEST_CASE("taps may be moved anywhere") {
  auto made = [](float offset) { return OnnxNodeCase("DeformConv", 19).floats({1, 1, 1, 1}, {2}).floats({1, 1, 1, 1}, {3}).floats({1, 2, 1, 1}, {offset, 0}).values()[0]; };
  CHECK(made(0) == 6);
  CHECK(made(0.5f) == 3);
  for (float far : {1.f, -1.f, kNan, kFar, -kFar, 1e30f}) CHECK(made(far) == 0);
}
