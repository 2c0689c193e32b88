#include <atomic>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <numeric>

#include "base/file.h"
#include "base/json.h"
#include "base/machine.h"
#include "base/memory.h"
#include "base/threads.h"
#include "support/catch.h"

using namespace prm;

TEST_CASE("JSON strings are escaped and broken UTF-8 becomes the replacement character") {
  JsonWriter json;
  json.begin_object().pair("a\"b", "x\\y\n\x01").key("list").begin_array().value(1).value(-2.5).value(true).value("\xff\xc3\xa9\xed\xa0\x80").end_array().end_object();
  CHECK(json.text() == "{\"a\\\"b\":\"x\\\\y\\u000a\\u0001\",\"list\":[1,-2.5,true,\"\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"]}");
  JsonWriter bad;
  bad.begin_array().value(double(NAN)).value(double(INFINITY)).value(uint64_t(1) << 63).end_array();
  CHECK(bad.text() == "[null,null,9223372036854775808]");
}

TEST_CASE("every row is worked on once, whatever the number of threads and the cut") {
  for (int threads : {0, 1, 3})
    for (int64_t n : {0, 1, 7, 1000})
      for (int64_t grain : {1, 3, 64, 5000}) {
        ThreadPool pool(threads, 20);
        Work work;
        work.pool = &pool;
        std::vector<std::atomic<int>> seen(static_cast<size_t>(n));
        ThreadPool::Step step(&pool);
        for (int round = 0; round < 20; ++round)
          work.rows(n, grain, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) seen[size_t(i)].fetch_add(1);
          });
        for (auto& s : seen)
          if (s.load() != 20) FAIL("threads " << threads << " n " << n << " grain " << grain);
      }
}

TEST_CASE("two callers share one pool: the second works alone") {
  ThreadPool pool(2, 10);
  std::atomic<int64_t> total{0};
  auto call = [&] {
    Work work;
    work.pool = &pool;
    for (int i = 0; i < 200; ++i) work.rows(64, 1, [&](int64_t begin, int64_t end) { total += end - begin; });
  };
  std::thread other(call);
  call();
  other.join();
  CHECK(total == 2 * 200 * 64);
}

TEST_CASE("a fired cancel token or a passed deadline stops handing out chunks") {
  ThreadPool pool(1, 10);
  std::atomic<bool> fired{false};
  Work work;
  work.pool = &pool;
  work.control.cancel = &fired;
  std::atomic<int> done{0};
  work.rows(10000, 1, [&](int64_t, int64_t) {
    if (++done == 5) fired = true;
  });
  CHECK(done < 100);
  CHECK(work.control.check() == Status::cancelled);
  Work late;
  late.control.deadline_ns = now_ns() - 1;
  int ran = 0;
  late.rows(5, 1, [&](int64_t, int64_t) { ++ran; });
  CHECK(ran == 0);
  CHECK(late.control.check() == Status::deadline);
}

TEST_CASE("files are mapped whole; folders, absent and empty files say what they are") {
  std::string path = "premise_test_file.bin";
  std::ofstream(path, std::ios::binary) << "hello";
  CHECK(map_file(path)->bytes.size() == 5);
  std::ofstream(path, std::ios::binary | std::ios::trunc).flush();
  CHECK(map_file(path)->bytes.empty());
  std::remove(path.c_str());
  auto status_of = [](const std::string& name) {
    try {
      map_file(name);
    } catch (const Error& error) {
      CHECK(error.message.find(name) == 0);
      return error.status;
    }
    return Status::ok;
  };
  CHECK(status_of(path) == Status::not_found);
  CHECK(status_of("/") == Status::io);
}

TEST_CASE("buffers are aligned, charged and given back") {
  MemoryAccount account;
  {
    Buffer a(1000, account, "a"), b(24, account, "b");
    CHECK(reinterpret_cast<uintptr_t>(a.data()) % kAlignment == 0);
    CHECK(account.held == 1024);
    a = std::move(b);
    CHECK(a.size() == 24);
  }
  CHECK(account.held == 0);
  CHECK(account.peak == 1024);
  try {
    Buffer huge(size_t(1) << 60, account, "the cache");
    FAIL("an exabyte was granted");
  } catch (const Error& error) {
    CHECK(error.status == Status::out_of_memory);
    CHECK(error.needed_bytes == uint64_t(1) << 60);
    CHECK(error.message.find("the cache") == 0);
  }
}
