// Numbers as people read them, for tables and messages.
#pragma once

#include <cstdint>
#include <string>

namespace plumb {

std::string FormatBytes(std::int64_t bytes);  // "512 B", "1.50 KiB", "97.5 MiB"
std::string FormatCount(double count);        // "512", "25.6 K", "4.09 G": three digits
std::string FormatMillis(
    std::int64_t nanos);  // "0.0125", "3.14", "812": milliseconds, three digits

// The shortest text that reads back as the same number: "0.1", "1e-05", "3".
std::string FormatExact(double value);

}  // namespace plumb
