#include "runtime/manifest_check.h"

#include <algorithm>

#include "base/crc32c.h"
#include "base/sha256.h"

namespace prm {

namespace {

constexpr size_t kPiece = 32 << 10;  // on the stack
constexpr uint64_t kProgress = 16 << 20;

uint32_t crc_of(const FileBytes& file, uint64_t begin, uint64_t end, uint32_t before, Sha256* digest, auto&& told) {
  alignas(64) std::byte buffer[kPiece];
  for (size_t n; begin < end; begin += n, told(n)) {
    n = size_t(std::min<uint64_t>(end - begin, kPiece));
    const std::byte* at = buffer;
    if (file.in_memory) at = file.bytes.data() + begin;
    else file.read(begin, n, buffer);
    before = crc32c(at, n, before);
    if (digest) digest->add(at, n);
  }
  return before;
}

// From a file's beginning to its end.
void sum_file(const FileBytes& file, SumDepth depth, ManifestFile& sums, std::span<ManifestTensor> tensors, auto&& told) {
  Sha256 digest;
  Sha256* to = depth == SumDepth::digests ? &digest : nullptr;
  uint64_t at = 0;
  for (ManifestTensor& tensor : tensors) {
    sums.rest_crc32c = crc_of(file, at, tensor.offset, sums.rest_crc32c, to, told);
    at = tensor.offset + tensor.bytes;
    if (depth != SumDepth::rest) tensor.crc32c = crc_of(file, tensor.offset, at, 0, to, told);
  }
  sums.rest_crc32c = crc_of(file, at, sums.bytes, sums.rest_crc32c, to, told);
  char hex[kSha256HexSize];
  digest.finish(hex);
  if (to) sums.sha256.assign(hex, sizeof hex);
}

std::span<ManifestTensor> tensors_of(Manifest& manifest, size_t file) {
  std::span<const ManifestTensor> found = manifest.tensors_of(file);
  return {manifest.tensors.data() + (found.data() - manifest.tensors.data()), found.size()};
}

}  // namespace

void sum_files(const FileReading& reading, SumDepth depth, Manifest& sums) {
  uint64_t done = 0, total = 0, next = 0;
  for (const ManifestFile& file : sums.files) total += file.bytes;
  if (depth == SumDepth::rest)
    for (const ManifestTensor& tensor : sums.tensors) total -= tensor.bytes;
  auto told = [&](size_t n) {
    done += n;
    if (done < next && done < total) return;
    next = done + kProgress;
    reading.control.progress("verify", done, total);
  };
  for (size_t i = 0; i < sums.files.size(); ++i) {
    const SourceFile& source = reading.model.sources[i];
    FilePtr file = source.file ? source.file : open_file(reading.service, source.path.c_str(), reading.account, reading.limits);
    if (file->bytes.size() != source.bytes)
      fail_about(Status::digest, source.path, "{}: the file has {} bytes, it had {} when it was opened", source.path, file->bytes.size(), source.bytes);
    sum_file(*file, depth, sums.files[i], tensors_of(sums, i), told);
  }
}

void require_sums(const Manifest& sums, const Manifest& manifest, SumDepth depth) {
  for (size_t i = 0; i < sums.files.size(); ++i)
    if (sums.files[i].rest_crc32c != manifest.files[i].rest_crc32c)
      fail_about(Status::digest, sums.files[i].name,
                 "{}: what the file holds beside tensors has checksum {:08x}, the manifest says {:08x}: the file is damaged, fetch it again",
                 sums.files[i].name, sums.files[i].rest_crc32c, manifest.files[i].rest_crc32c);
  const ManifestTensor *first = nullptr, *wanted = nullptr;
  size_t others = 0;
  for (size_t i = 0; i < sums.tensors.size() && depth != SumDepth::rest; ++i) {
    if (sums.tensors[i].crc32c == manifest.tensors[i].crc32c) continue;
    if (first) ++others;
    else first = &sums.tensors[i], wanted = &manifest.tensors[i];
  }
  if (!first) return;
  fail_about(Status::digest, first->name, "tensor '{}' in {} has checksum {:08x}, the manifest says {:08x}{}: the file is damaged, fetch it again",
             first->name, sums.files[first->file].name, first->crc32c, wanted->crc32c,
             others ? format_message("; so have {} other tensors another", others) : "");
}

ManifestCheck::ManifestCheck(const FileReading& reading, std::string_view manifest_json)
    : wanted_(read_manifest(manifest_json)), sums_(list_model(reading.model)), seen_(sums_.tensors.size()), watches_(sums_.files.size()) {
  require_listed(sums_, wanted_);
  sum_files(reading, SumDepth::rest, sums_);
  require_sums(sums_, wanted_, SumDepth::rest);
}

void ManifestCheck::check_tensors(const FileReading& reading) {
  for (ManifestFile& file : sums_.files) file.rest_crc32c = 0;
  sum_files(reading, SumDepth::tensors, sums_);
  require_sums(sums_, wanted_, SumDepth::tensors);
}

void ManifestCheck::FileWatch::saw(uint64_t offset, std::span<const std::byte> bytes) {
  uint64_t end = offset + bytes.size();
  auto behind = [](uint64_t at, const ManifestTensor& tensor) { return at < tensor.offset; };
  size_t i = size_t(std::upper_bound(tensors.begin(), tensors.end(), offset, behind) - tensors.begin());
  for (i -= i > 0; i < tensors.size() && tensors[i].offset < end; ++i) {
    uint64_t last = tensors[i].offset + tensors[i].bytes, from = std::max(offset, tensors[i].offset), to = std::min(end, last);
    if (from >= to) continue;
    seen[i].share.fetch_xor(crc32c_share(bytes.data() + (from - offset), size_t(to - from), last - to), std::memory_order_relaxed);
    seen[i].bytes.fetch_add(to - from, std::memory_order_relaxed);
  }
}

void ManifestCheck::watch(const ModelFile& model) {
  for (size_t i = 0; i < watches_.size(); ++i) {
    FileWatch& watch = watches_[i];
    watch.tensors = sums_.tensors_of(i);
    if (watch.tensors.empty()) continue;
    watch.file = model.sources[i].file;
    watch.seen = &seen_[size_t(watch.tensors.data() - sums_.tensors.data())];
    watch.file->watch = &watch;
  }
}

void ManifestCheck::unwatch() {
  for (FileWatch& watch : watches_)
    if (watch.file) {
      watch.file->watch = nullptr;
      watch.file = nullptr;
    }
}

void ManifestCheck::finish(const FileReading& reading) {
  unwatch();
  for (size_t i = 0; i < sums_.tensors.size(); ++i) {
    ManifestTensor& tensor = sums_.tensors[i];
    if (seen_[i].bytes == tensor.bytes) {
      tensor.crc32c = seen_[i].share ^ crc32c_frame(tensor.bytes);
    } else {  // read by nobody, or more than once
      const FileBytes& file = *reading.model.sources[tensor.file].file;
      tensor.crc32c = crc_of(file, tensor.offset, tensor.offset + tensor.bytes, 0, nullptr, [&](size_t) { reading.control.require(); });
    }
  }
  require_sums(sums_, wanted_, SumDepth::tensors);
}

}  // namespace prm
