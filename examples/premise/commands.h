// The subcommands, one file each.
#pragma once
#include <CLI/CLI.hpp>

#include "arguments.h"

Command add_run(CLI::App& program);
Command add_chat(CLI::App& program);
Command add_tokenize(CLI::App& program);
Command add_perplexity(CLI::App& program);
Command add_logits(CLI::App& program);
Command add_infer(CLI::App& program);
Command add_inspect(CLI::App& program);
Command add_check(CLI::App& program);
Command add_verify(CLI::App& program);
Command add_plan(CLI::App& program);
Command add_bench(CLI::App& program);
Command add_doctor(CLI::App& program);
Command add_synth(CLI::App& program);
