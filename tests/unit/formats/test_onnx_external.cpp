#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "formats/onnx.h"
#include "support/catch.h"
#include "support/memory_files.h"
#include "support/onnx_writer.h"
#include "support/refusal.h"

using namespace prm;
using namespace prm::test;
namespace fs = std::filesystem;

namespace {

// A folder of its own, gone with it.
struct Folder {
  fs::path path = fs::temp_directory_path() / fs::path("premise-onnx-" + std::to_string(reinterpret_cast<uintptr_t>(this)));
  Folder() {
    fs::remove_all(path);
    fs::create_directories(path / "in" / "deep");
    write("outside.bin");
    write("in/data.bin");
    write("in/deep/data.bin");
  }
  ~Folder() { fs::remove_all(path); }
  void write(const std::string& name) { std::ofstream(path / name, std::ios::binary) << "0123456789abcdef"; }
  std::string inside() const { return (path / "in").string() + "/"; }
};

Proto external(const std::vector<Proto>& entries, std::vector<int64_t> dims = {2}) {
  Proto t = tensor("t", 1, dims).integer(14, 1);
  for (const Proto& one : entries) t.message(13, one);
  return t;
}

std::string model_of(const Proto& t) { return model(relu_graph(Proto().message(5, t))).bytes; }

std::string text_of(const FileService& service, std::string_view folder, const Proto& t) {
  MemoryAccount account;
  std::string bytes = model_of(t);
  OnnxModel read = read_onnx(borrow_memory(bytes.data(), bytes.size(), "m"), service, folder, account);
  const OnnxTensor& placed = read.graphs[0].initializers[0];
  std::string values(size_t(placed.bytes), ' ');
  placed.file->read(placed.offset, values.size(), reinterpret_cast<std::byte*>(values.data()));
  return values;
}

std::pair<Status, std::string> refusal(std::string_view folder, const Proto& t) {
  return refusal_of([&] { text_of({}, folder, t); });
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("external data is read where its entries say, in the model's folder") {
  Folder folder;
  CHECK(text_of({}, folder.inside(), external({entry("location", "data.bin")})) == "01234567");
  CHECK(text_of({}, folder.inside(), external({entry("location", "deep/data.bin"), entry("offset", "8"), entry("length", "8"), entry("checksum", "?")})) == "89abcdef");
  MemoryFiles files{{{"f/w", "abcdefgh"}}};
  CHECK(text_of(files.service(), "f/", external({entry("location", "w"), entry("offset", "4")}, {})) == "efgh");
}

TEST_CASE("external data may not lead out of the folder") {
  Folder folder;
  for (const char* location : {"../outside.bin", "deep/../../outside.bin", "deep/../data.bin", "/etc/passwd", "./data.bin", "deep//data.bin", "data.bin/", "", ".", "..", "C:\\data.bin", "deep\\data.bin", "..\\outside.bin",
                               "data.bin\n", "c:data.bin", "\\\\server\\share\\x"}) {
    auto [status, message] = refusal(folder.inside(), external({entry("location", location)}));
    CHECK(status == Status::bad_file);
    if (!has(message, "no plain path inside the model's folder")) FAIL(location << ": " << message);
  }
  CHECK(has(refusal(folder.inside(), external({entry("location", std::string_view("data.bin\0x", 10))})).second, "NUL"));
  CHECK(has(refusal(folder.inside(), external({entry("location", "*/_ORT_MEM_ADDR_/*"), entry("offset", "1094795585")})).second, "lies at an address of some program's memory"));
  CHECK(refusal(folder.inside(), external({entry("location", "absent.bin")})).first == Status::not_found);
  CHECK(refusal(folder.inside(), external({entry("location", "deep")})).first == Status::io);
  auto [status, message] = refusal({}, external({entry("location", "data.bin")}));
  CHECK(status == Status::unsupported);
  CHECK(has(message, "which a model that is given in memory cannot reach"));
}

#ifndef _WIN32
TEST_CASE("links, pipes and devices are no external data") {
  Folder folder;
  fs::path in = folder.path / "in";
  fs::create_symlink("data.bin", in / "link.bin");
  fs::create_symlink("../outside.bin", in / "out.bin");
  fs::create_directory_symlink("deep", in / "linked");
  fs::create_directory_symlink("..", in / "up");
  fs::create_symlink("/dev/zero", in / "zero");
  fs::create_hard_link(folder.path / "outside.bin", in / "hard.bin");
  for (const char* location : {"link.bin", "out.bin", "linked/data.bin", "up/outside.bin", "zero"}) {
    auto [status, message] = refusal(folder.inside(), external({entry("location", location)}));
    CHECK(status == Status::io);
    if (!has(message, "is a symbolic link, which a model's file may not lead to")) FAIL(location << ": " << message);
  }
  CHECK(has(refusal(folder.inside(), external({entry("location", "hard.bin")})).second, "more than one name (a hard link)"));
  REQUIRE(std::system(("mkfifo '" + (in / "pipe").string() + "'").c_str()) == 0);
  CHECK(has(refusal(folder.inside(), external({entry("location", "pipe")})).second, "is a device or pipe"));
  CHECK(has(refusal(folder.inside(), external({entry("location", "data.bin/x")})).second, "cannot open"));
  // The folder itself may be reached through a link: that is the caller's path.
  fs::create_directory_symlink("in", folder.path / "alias");
  CHECK(text_of({}, (folder.path / "alias").string() + "/", external({entry("location", "data.bin")})) == "01234567");
}
#endif

TEST_CASE("entries of external data are held to what they may say") {
  Folder folder;
  auto why = [&](std::vector<Proto> entries) {
    entries.push_back(entry("location", "data.bin"));
    auto [status, message] = refusal(folder.inside(), external(entries));
    CHECK(status == Status::bad_file);
    return message;
  };
  CHECK(has(why({entry("offset", "9")}), "tensor 't' lies at 9 with 8 bytes, and 'data.bin' has 16"));
  CHECK(has(why({entry("offset", "18446744073709551615")}), "lies at 18446744073709551615"));
  for (const char* number : {"-1", "", "1x", "0x1", " 1", "18446744073709551616", "1e3"}) CHECK(has(why({entry("offset", number)}), "is no whole number of 64 bits"));
  CHECK(has(why({entry("length", "7")}), "its dims ask for 8 bytes of FLOAT, its length is 7"));
  CHECK(has(why({entry("offset", "0"), entry("offset", "8")}), "key 'offset' stands twice"));
  CHECK(has(why({entry("location", "deep/data.bin")}), "key 'location' stands twice"));
  CHECK(has(why({entry("basepath", "/")}), "key 'basepath' is not known; location, offset, length and checksum are"));
  CHECK(has(why({entry("__class__", "x")}), "key '__class__' is not known"));
  CHECK(has(refusal(folder.inside(), external({})).second, "there is no location"));
  CHECK(has(refusal(folder.inside(), external({entry("location", "data.bin")}).text(9, "12345678")).second, "has data here and in another file"));
  CHECK(has(refusal(folder.inside(), external({entry("location", "data.bin")}).integer(14, 0)).second, "but its data_location does not"));
}
