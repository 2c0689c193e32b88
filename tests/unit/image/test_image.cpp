// Resamplers against Pillow, OpenCV and torch, byte for byte (tests/golden/image_golden.py).
#include <array>
#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>

#include "image/resample.h"
#include "support/catch.h"

using namespace prm;

namespace {

constexpr const char* kNames[kResamplings] = {"nearest",     "pil_bilinear", "pil_bicubic",  "pil_lanczos", "opencv_linear",
                                              "opencv_area", "opencv_cubic", "torch_linear", "torch_cubic"};

struct Golden {
  std::string line;
  ResampleJob job;
  int width = 0;  // bytes of a value
  std::string result;
};

Resampling resampling_of(const std::string& name) {
  for (int i = 0; i < kResamplings; ++i)
    if (name == kNames[i]) return Resampling(i);
  FAIL("no resampler " << name);
  return {};
}

ResizedAxis whole_axis(int64_t source, int64_t result) { return {source, result, 0, result}; }

std::vector<Golden> read_golden() {
  std::ifstream file(PREMISE_TEST_DATA "/image-resample.bin", std::ios::binary);
  std::vector<Golden> all;
  Golden g;
  while (std::getline(file, g.line)) {
    std::istringstream words(g.line);
    std::string name, type;
    std::vector<int64_t> n;
    words >> name >> type;
    for (int64_t v; words >> v;) n.push_back(v);
    bool is_volume = n.size() == 8;
    g.job = {};
    g.job.how = resampling_of(name);
    for (DType t : {DType::u8, DType::u16, DType::i16, DType::f32})
      if (type == info(t).name) g.job.source.type = t;
    size_t half = is_volume ? 3 : 2;
    g.job.source.channels = n[0];
    g.job.source.slices = is_volume ? n[1] : 1;
    g.job.source.rows = n[half - 1];
    g.job.source.columns = n[half];
    g.job.slice = whole_axis(g.job.source.slices, is_volume ? n[4] : 1);
    g.job.row = whole_axis(g.job.source.rows, n[half * 2 - 1]);
    g.job.column = whole_axis(g.job.source.columns, n[half * 2]);
    g.width = int(n.back());
    g.result.resize(size_t(g.job.slice.count * g.job.row.count * g.job.column.count * n[0] * g.width));
    file.read(g.result.data(), std::streamsize(g.result.size()));
    REQUIRE(file);
    all.push_back(g);
  }
  return all;
}

// As image_golden.py makes them.
std::string source_bytes(const Picture& p) {
  int64_t count = p.slices * p.rows * p.columns * p.channels;
  size_t width = size_t(info(p.type).bytes);
  std::string bytes(size_t(count) * width, '\0');
  for (int64_t i = 0; i < count; ++i) {
    uint32_t x = uint32_t(i) * 2654435761u;
    x = (x ^ (x >> 15)) * 0x85ebca6bu;
    x ^= x >> 13;
    float real = float(x & 0xffff) / 256 - 128;
    std::memcpy(bytes.data() + size_t(i) * width, p.type == DType::f32 ? static_cast<const void*>(&real) : &x, width);
  }
  return bytes;
}

std::vector<float> resampled(const ResampleJob& job, const Work& work = {}) {
  struct Into {
    std::vector<float> values;
    int64_t rows, width;
  } into{{}, job.row.count, job.column.count * job.source.channels};
  into.values.resize(size_t(job.slice.count * into.rows * into.width));
  resample(job, work, {[](void* context, int64_t slice, int64_t row, const float* values) {
                         auto& to = *static_cast<Into*>(context);
                         std::copy_n(values, to.width, to.values.begin() + (slice * to.rows + row) * to.width);
                       },
                       &into});
  return into.values;
}

// In the types that the libraries give: integers of the source's width, or float.
std::vector<float> golden_values(const Golden& g) {
  std::vector<float> values(g.result.size() / size_t(g.width));
  for (size_t i = 0; i < values.size(); ++i) {
    const char* at = g.result.data() + i * size_t(g.width);
    uint16_t bits = 0;
    if (g.width == 4) std::memcpy(&values[i], at, 4);
    else std::memcpy(&bits, at, size_t(g.width));
    if (g.width < 4) values[i] = g.job.source.type == DType::i16 ? float(int16_t(bits)) : float(bits);
  }
  return values;
}

struct Difference {
  size_t count = 0;
  float most = 0;
};
Difference difference(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  Difference d;
  for (size_t i = 0; i < a.size(); ++i) {
    d.count += a[i] != b[i];
    d.most = std::max(d.most, std::fabs(a[i] - b[i]));
  }
  return d;
}

}  // namespace

TEST_CASE("every resampler gives what its library gives, byte for byte") {
  std::vector<Golden> all = read_golden();
  REQUIRE(all.size() > 80);
  std::array<int, kResamplings> seen{};
  for (Golden& g : all) {
    INFO(g.line);
    std::string source = source_bytes(g.job.source);
    g.job.source.data = reinterpret_cast<const std::byte*>(source.data());
    Difference d = difference(resampled(g.job), golden_values(g));
    INFO(d.count << " of " << g.result.size() / size_t(g.width) << " differ, by at most " << d.most);
    // cv2 adds up the last values of a row, which fill no vector, in another order.
    bool has_rest = g.job.how == Resampling::opencv_cubic && g.job.source.type == DType::f32;
    CHECK(d.count <= (has_rest ? size_t(g.job.row.count * (g.job.column.count * g.job.source.channels % 4)) : 0));
    CHECK(d.most <= (has_rest ? 0x1p-15f : 0));
    ++seen[size_t(g.job.how)];
  }
  for (int count : seen) CHECK(count >= 3);
}

TEST_CASE("a part of an axis is cut from the whole") {
  for (int how = 0; how < kResamplings; ++how) {
    ResampleJob job;
    job.how = Resampling(how);
    job.source = {nullptr, DType::u8, 1, 24, 36, 3};
    job.row = whole_axis(24, how % 2 ? 12 : 31);
    job.column = whole_axis(36, how % 2 ? 18 : 50);
    std::string source = source_bytes(job.source);
    job.source.data = reinterpret_cast<const std::byte*>(source.data());
    std::vector<float> whole = resampled(job);
    ResampleJob part = job;
    part.row.begin = 3, part.row.count = 7;
    part.column.begin = 5, part.column.count = 11;
    std::vector<float> cut = resampled(part);
    INFO(kNames[how]);
    for (int64_t y = 0; y < 7; ++y)
      for (int64_t x = 0; x < 33; ++x) REQUIRE(cut[size_t(y * 33 + x)] == whole[size_t(((y + 3) * job.column.result + 5) * 3 + x)]);
  }
}

TEST_CASE("threads change no bit of a volume, and a control ends it") {
  ResampleJob job;
  job.how = Resampling::torch_linear;
  job.source = {nullptr, DType::i16, 9, 20, 30, 1};
  job.slice = whole_axis(9, 17);
  job.row = whole_axis(20, 11);
  job.column = whole_axis(30, 41);
  std::string source = source_bytes(job.source);
  job.source.data = reinterpret_cast<const std::byte*>(source.data());
  std::vector<float> alone = resampled(job);
  for (int threads : {1, 3}) {
    ThreadPool pool(threads, 0);
    Work work;
    work.pool = &pool;
    CHECK(resampled(job, work) == alone);
    work.reverse = true;
    CHECK(resampled(job, work) == alone);
    work.control.deadline_ns = 1;
    CHECK_THROWS_AS(resampled(job, work), Error);
  }
}
