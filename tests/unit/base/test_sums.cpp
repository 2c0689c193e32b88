// The checksum and the digest, against published values.
#include <numeric>
#include <string>
#include <vector>

#include "base/crc32c.h"
#include "base/sha256.h"
#include "support/catch.h"

using namespace prm;

namespace {
std::vector<unsigned char> pattern(size_t size) {
  std::vector<unsigned char> bytes(size);
  uint32_t state = 1;
  for (unsigned char& b : bytes) b = static_cast<unsigned char>((state = state * 1664525u + 1013904223u) >> 24);
  return bytes;
}
}  // namespace

TEST_CASE("CRC-32C has the values of RFC 3720") {
  std::vector<unsigned char> zeros(32, 0), ones(32, 0xff), up(32);
  std::iota(up.begin(), up.end(), static_cast<unsigned char>(0));
  for (auto sum : {crc32c, crc32c_portable}) {
    CHECK(sum("123456789", 9, 0) == 0xe3069283u);
    CHECK(sum(zeros.data(), 32, 0) == 0x8a9136aau);
    CHECK(sum(ones.data(), 32, 0) == 0x62a8ab43u);
    CHECK(sum(up.data(), 32, 0) == 0x46dd794eu);
    CHECK(sum(nullptr, 0, 0) == 0);
  }
}

TEST_CASE("CRC-32C of parts, in any order, with and without the instruction") {
  std::vector<unsigned char> all = pattern(50000);
  for (size_t size : {1, 7, 8, 63, 6143, 6144, 6145, 20000, 50000}) {
    uint32_t whole = crc32c_portable(all.data(), size);
    CHECK(crc32c(all.data(), size) == whole);
    for (size_t cut : {size_t(0), size / 3, size - 1, size}) {
      CHECK(crc32c(all.data() + cut, size - cut, crc32c(all.data(), cut)) == whole);
      uint32_t shares = crc32c_share(all.data() + cut, size - cut, 0) ^ crc32c_share(all.data(), cut, size - cut);
      CHECK((shares ^ crc32c_frame(size)) == whole);
    }
  }
  CHECK(crc32c(all.data() + 3, 20000) == crc32c_portable(all.data() + 3, 20000));
}

TEST_CASE("CRC-32C changes with every bit") {
  std::vector<unsigned char> all = pattern(700);
  uint32_t whole = crc32c(all.data(), all.size());
  int same = 0;
  for (size_t bit = 0; bit < all.size() * 8; ++bit) {
    all[bit / 8] ^= static_cast<unsigned char>(1 << bit % 8);
    same += crc32c(all.data(), all.size()) == whole;
    all[bit / 8] ^= static_cast<unsigned char>(1 << bit % 8);
  }
  CHECK(same == 0);
}

TEST_CASE("SHA-256 has the values of FIPS 180-4, in any pieces") {
  CHECK(sha256_hex("", 0) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex("abc", 3) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  std::string million(1000000, 'a');
  CHECK(sha256_hex(million.data(), million.size()) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  std::vector<unsigned char> all = pattern(300);
  for (size_t size = 0; size <= all.size(); ++size) {
    Sha256 pieces;
    pieces.plain = size % 2;
    for (size_t at = 0, n = 1; at < size; at += n, n = std::min(size - at, n * 2 + 1)) pieces.add(all.data() + at, std::min(n, size - at));
    char hex[kSha256HexSize];
    pieces.finish(hex);
    Sha256 plain;
    plain.plain = true;
    plain.add(all.data(), size);
    char plain_hex[kSha256HexSize];
    plain.finish(plain_hex);
    CHECK(std::string(hex, sizeof hex) == std::string(plain_hex, sizeof plain_hex));
    CHECK(std::string(hex, sizeof hex) == sha256_hex(all.data(), size));
  }
}
