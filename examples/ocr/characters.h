// The characters that a recognizer tells apart.
#pragma once
#include <premise/premise.hpp>

#include <string>
#include <vector>

// One a line of the metadata entry "character" of the model's file; empty where it has none.
std::vector<std::string> read_characters(const premise::model& model);
