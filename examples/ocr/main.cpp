// Reads the text on photos and scans with the three networks of PP-OCR: a program to use, and to begin from. page.cpp has the
// steps; network.cpp is all that knows the library.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <new>

#include "answer.h"
#include "arguments.h"
#include "draw.h"
#include "failure.h"
#include "image_file.h"

namespace {

prm_cancel* g_cancel = nullptr;

void on_interrupt(int) {
  prm_cancel_fire(g_cancel);
  std::signal(SIGINT, SIG_DFL);  // the second Ctrl-C does not wait
}

void say(const std::string& what) { std::fprintf(stderr, "ocr: %s\n", what.c_str()); }

bool print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && !std::fflush(stdout)) return true;
  say("standard output: cannot be written");
  return false;
}

premise::engine open_engine(int threads) {
  auto options = premise::init<prm_engine_options>();
  options.threads = threads > 0 ? threads - 1 : PRM_THREADS_ALL;  // beside this one
  return premise::engine(options);
}

PageAnswer read_page(const PageReader& reader, const std::string& path, const Arguments& arguments, const premise::control& control) {
  Image image = read_image(path);
  PageAnswer page{path, image.width, image.height, reader.read(image, float(arguments.least_score), control), ""};
  if (!arguments.draw.empty()) {
    for (const Line& line : page.lines) draw_box(image, line.box);
    write_image(arguments.draw, image);
  }
  return page;
}

// A picture that cannot be read does not keep the others from it.
int read_pages(const Arguments& arguments, const premise::control& control) {
  premise::engine engine = open_engine(arguments.threads);
  PageReader reader(engine, arguments.models, control);
  std::vector<PageAnswer> pages;
  int exit_code = kDone;
  for (const std::string& path : arguments.images) {
    try {
      pages.push_back(read_page(reader, path, arguments, control));
    } catch (const Failure& failure) {
      say(failure.what());
      pages.push_back({path, 0, 0, {}, failure.what()});
      exit_code = kFailed;
    }
    if (!arguments.json && !print(as_text(pages.back()))) return kFailed;
  }
  return arguments.json && !print(as_json(pages)) ? int(kFailed) : exit_code;
}

// The library's sentence, and what a user of this program can do.
int say_error(const premise::error& error) {
  if (error.status() == PRM_STATUS_CANCELLED) {
    say("interrupted");
    return kInterrupted;
  }
  std::string what = error.what();
  if (error.status() == PRM_STATUS_DEADLINE) what = "not done in time: raise --timeout, or make the pictures smaller";
  else if (error.status() != PRM_STATUS_OUT_OF_MEMORY && error.status() != PRM_STATUS_INTERNAL)
    what += ": fetch PP-OCR's models with 'script/model ppocr', or name their folder with --models";
  say(what);
  return kFailed;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  int exit_code = kDone;
  if (!read_arguments(argc, argv, arguments, exit_code)) return exit_code;
  try {
    premise::cancel cancel;
    g_cancel = cancel.get();
    std::signal(SIGINT, on_interrupt);
    premise::control control;
    control.cancel = &cancel;
    if (arguments.timeout_s > 0) control.deadline_ns = premise::deadline_after(std::chrono::nanoseconds(int64_t(arguments.timeout_s * 1e9)));
    return read_pages(arguments, control);
  } catch (const premise::error& error) {
    return say_error(error);
  } catch (const Failure& failure) {
    say(failure.what());
  } catch (const std::bad_alloc&) {
    say("out of memory: close other programs, or make the pictures smaller");
  }
  return kFailed;
}
