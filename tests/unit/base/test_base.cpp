#include <atomic>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <numeric>
#include <thread>
#include <vector>

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
        work.during_step([&] {
          for (int round = 0; round < 20; ++round)
            work.rows(n, grain, [&](int64_t begin, int64_t end) {
              for (int64_t i = begin; i < end; ++i) seen[size_t(i)].fetch_add(1);
            });
        });
        for (auto& s : seen)
          if (s.load() != 20) FAIL("threads " << threads << " n " << n << " grain " << grain);
      }
}

namespace {

// Executors as hosts write them: threads that take part, nobody, the calling thread alone, and threads that come late.
using HelpFn = void (*)(void* user, void (*run)(void*), void* work, int32_t helpers);
constexpr HelpFn kExecutors[] = {
    [](void*, void (*run)(void*), void* work, int32_t helpers) {
      std::vector<std::thread> threads;
      for (int32_t i = 0; i < helpers; ++i) threads.emplace_back(run, work);
      run(work);
      for (std::thread& t : threads) t.join();
    },
    [](void*, void (*)(void*), void*, int32_t) {},
    [](void*, void (*run)(void*), void* work, int32_t helpers) {
      for (int32_t i = 0; i < helpers; ++i) run(work);
    },
    [](void*, void (*run)(void*), void* work, int32_t) {
      std::thread late([=] {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        run(work);
      });
      run(work);
      late.join();
    },
};

}  // namespace

TEST_CASE("a step runs once and whole on threads that the host lends, however they come") {
  for (HelpFn help : kExecutors) {
    ThreadPool pool({nullptr, help, 3}, 10);
    CHECK(pool.threads() == 0);
    Work work;
    work.pool = &pool;
    std::atomic<int> steps{0}, rows{0};
    for (int step = 0; step < 5; ++step)
      work.during_step([&] {
        ++steps;
        for (int launch = 0; launch < 10; ++launch) work.rows(100, 1, [&](int64_t, int64_t) { ++rows; });
      });
    CHECK(steps == 5);
    CHECK(rows == 5 * 10 * 100);
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
  ThreadPool nobody(0, 0);  // the caller alone hears it before each chunk
  work.pool = &nobody;
  fired = false, done = 0;
  work.rows(10000, 1, [&](int64_t, int64_t) {
    if (++done == 5) fired = true;
  });
  CHECK(done == 5);
}

TEST_CASE("files are read in parts; folders, absent, empty and shrunken files say what they are") {
  std::string path = "premise_test_file_" + std::to_string(now_ns()) + ".bin";  // suites of several instruction sets run side by side
  MemoryAccount account;
  std::ofstream(path, std::ios::binary) << std::string(700000, 'a') << "hello";
  {
    FilePtr file = open_file({}, path.c_str(), account);
    CHECK(file->bytes.size() == 700005);
    CHECK(account.held(MemoryKind::objects) < 1000);
    file->load(699990, 15);
    CHECK(!std::memcmp(file->bytes.data() + 700000, "hello", 5));
    CHECK(account.held() >= 262144);
    CHECK(account.held() < 2 * 262144);
    char part[5];
    file->read(700000, 5, reinterpret_cast<std::byte*>(part));
    CHECK(!std::memcmp(part, "hello", 5));
    std::ofstream shrinking(path, std::ios::binary | std::ios::trunc);
    bool shrunk = bool(shrinking << "short" << std::flush);  // Windows lets nobody write to a file that is open
#if !defined(_WIN32)
    CHECK(shrunk);
#endif
    try {
      file->load(0, 10);
      if (shrunk) FAIL("a truncated file was read");
      CHECK(!std::memcmp(file->bytes.data(), "aaaaaaaaaa", 10));
    } catch (const Error& error) {
      CHECK(error.status == Status::io);
      CHECK(error.file_offset == 5);
    }
  }
  CHECK(account.held() == 0);
  std::ofstream(path, std::ios::binary | std::ios::trunc).flush();
  CHECK(open_file({}, path.c_str(), account)->bytes.empty());
  std::remove(path.c_str());
  auto status_of = [&](const std::string& name) {
    try {
      open_file({}, name.c_str(), account);
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
    Buffer a(1000, account, MemoryKind::weights, "a"), b(24, account, MemoryKind::cache, "b");
    CHECK(reinterpret_cast<uintptr_t>(a.data()) % kAlignment == 0);
    CHECK(account.held() == 1024);
    CHECK(account.held(MemoryKind::cache) == 24);
    a = std::move(b);
    CHECK(a.size() == 24);
  }
  CHECK(account.held() == 0);
  CHECK(account.peak() == 1024);
  try {
    Buffer huge(size_t(1) << 60, account, MemoryKind::cache, "the cache");
    FAIL("an exabyte was granted");
  } catch (const Error& error) {
    CHECK(error.status == Status::out_of_memory);
    CHECK(error.needed_bytes == uint64_t(1) << 60);
    CHECK(error.message.find("the cache") == 0);
  }
  CHECK(account.held() == 0);
}

TEST_CASE("an account in another keeps to both limits and to the byte") {
  MemoryAccount outer({}, 1000), inner({}, 700, &outer);
  Buffer first(600, inner, MemoryKind::weights, "first");
  CHECK(outer.held() == 600);
  auto refusal = [](auto&& body) {
    try {
      body();
    } catch (const Error& error) {
      CHECK(error.status == Status::over_budget);
      return error.available_bytes;
    }
    return uint64_t(0);
  };
  CHECK(refusal([&] { Buffer(101, inner, MemoryKind::cache, "x"); }) == 100);
  CHECK(refusal([&] { Buffer(401, outer, MemoryKind::cache, "x"); }) == 400);
  Buffer second(100, inner, MemoryKind::cache, "second"), third(300, outer, MemoryKind::scratch, "third");
  CHECK(outer.held() == 1000);
  CHECK(refusal([&] { inner.charge(UINT64_MAX, MemoryKind::objects, "all"); }) == 0);
  CHECK(outer.held() == 1000);
  CHECK(inner.held() == 700);
}

TEST_CASE("containers are charged to the current account and find their way back") {
  MemoryAccount account;
  Vector<int> kept;
  {
    AccountScope scope(account);
    kept.resize(1000);
    CHECK(account.held() == 4016);
    String text(100, 'x');
    CHECK(account.held() > 4116);
  }
  CHECK(account.held() == 4016);
  Vector<int> outside(50);
  CHECK(account.held() == 4016);
  std::thread([moved = std::move(kept)]() mutable { moved = {}; }).join();
  CHECK(account.held() == 0);
  Buffer scratch(1024, account, MemoryKind::scratch, "scratch");
  {
    AccountScope scope(account);
    ScratchScope cheap(scratch);
    Vector<char> fits(500);
    CHECK(account.held() == 1024);
    Vector<char> too_large(600);
    CHECK(account.held() == 1024 + 616);
  }
  CHECK(account.held() == 1024);
}
