#include "arguments.h"

#include <CLI/CLI.hpp>

#include "failure.h"
#include "image_file.h"

namespace {

const char* const kExamples =
    "Prints a line for each line of text, with its score from 0 to 1: top to bottom, left to right.\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.\n\n"
    "Examples:\n"
    "  script/model ppocr                      fetches the models into models/ppocr\n"
    "  ocr letter.png\n"
    "  ocr --json page1.jpg page2.jpg\n"
    "  ocr receipt.jpg --draw found.png --timeout 10";

}  // namespace

bool read_arguments(int argc, char** argv, Arguments& to, int& exit_code) {
  CLI::App program("Reads the text on photos and scans.", "ocr");
  program.allow_windows_style_options(false);  // a path may begin with a slash
  program.footer(kExamples);
  program.add_option("IMAGE", to.images, "PNG, JPEG or PPM files")->required();
  program.add_option("--models", to.models, "the folder with det.onnx, cls.onnx and rec.onnx [" + to.models + "]")->type_name("DIR");
  program.add_option("--threads", to.threads, "threads that compute [all]")->type_name("N")->check(CLI::Range(1, 1024));
  program.add_flag("--json", to.json, "one JSON object: for each picture its lines with text, score and box");
  program.add_option("--draw", to.draw, "writes the picture with a box around each line; of one IMAGE alone")->type_name("OUT.png");
  program.add_option("--min-score", to.least_score, "lines below are left out [0.5]")->type_name("SCORE")->check(CLI::Range(0.0, 1.0));
  program.add_option("--timeout", to.timeout_s, "gives up after so many seconds [never]")->type_name("S")->check(CLI::Range(0.001, 1e6));
  try {
    program.parse(argc, argv);
    if (!to.draw.empty() && to.images.size() > 1) throw CLI::ValidationError("--draw", "goes with one IMAGE");
    if (!to.draw.empty() && !can_write(to.draw)) throw CLI::ValidationError("--draw", to.draw + ": name a file that ends with .png or .ppm");
    return true;
  } catch (const CLI::CallForHelp&) {
    exit_code = std::fputs(program.help().c_str(), stdout) < 0 || std::fflush(stdout) ? kFailed : kDone;
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "ocr: %s; see 'ocr --help'\n", error.what());
    exit_code = kWrongUsage;
  }
  return false;
}
