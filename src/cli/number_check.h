// Checks of options that are numbers.
#pragma once

#include <cstdint>

#include <CLI/CLI.hpp>

namespace plumb::cli {

// A whole number from `low` to `high`: "expected a whole number from 1 to 1024, got 'many'".
CLI::Validator WholeNumber(std::int64_t low, std::int64_t high);

// The same for any number, and for a finite one of any size.
CLI::Validator NumberBetween(double low, double high);
CLI::Validator FiniteNumber();

}  // namespace plumb::cli
