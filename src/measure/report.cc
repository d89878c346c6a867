#include "measure/report.h"

#include <unistd.h>

#include "core/file_io.h"

namespace plumb::measure {
namespace {

constexpr std::string_view kSlotBegin =
    "<script type=\"application/x-ndjson\" id=\"plumb-records\">";
constexpr std::string_view kSlotEnd = "</script>";
constexpr std::string_view kTitleBegin = "<title>";
constexpr std::string_view kTitleEnd = "</title>";
constexpr const char* kPages[] = {"/share/plumbline/report.html", "/web/dist/report.html"};
constexpr std::int64_t kMaxPageBytes = 64 << 20;

std::string EscapeHtml(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

// Lines of JSON with each '<' as an escape, so that no text in them ends the script element.
std::string EscapeLines(std::string_view lines) {
  std::string out;
  out.reserve(lines.size() + lines.size() / 64);
  for (char c : lines) {
    if (c == '<') {
      out += "\\u003c";
    } else {
      out += c;
    }
  }
  return out;
}

// The folder above the one of the running program; empty when the kernel does not tell.
std::string Prefix() {
  char path[4096];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
  if (length <= 0 || length >= static_cast<ssize_t>(sizeof(path))) return {};
  std::string_view folder(path, static_cast<std::size_t>(length));
  for (int up = 0; up < 2; ++up) {
    const std::size_t slash = folder.rfind('/');
    if (slash == std::string_view::npos) return {};
    folder = folder.substr(0, slash);
  }
  return std::string(folder);
}

struct Slot {
  std::size_t begin = 0, end = 0;  // what lies between the two marks
};

StatusOr<Slot> FindSlot(std::string_view page, std::string_view begin, std::string_view end) {
  const std::size_t at = page.find(begin);
  if (at == std::string_view::npos || page.find(begin, at + 1) != std::string_view::npos) {
    return InvalidArgument("the report page does not have '", Str(begin),
                           "' exactly once: build it again with `make`");
  }
  const std::size_t inside = at + begin.size();
  const std::size_t close = page.find(end, inside);
  if (close == std::string_view::npos) {
    return InvalidArgument("the report page is cut off after '", Str(begin),
                           "': build it again with `make`");
  }
  return Slot{inside, close};
}

}  // namespace

StatusOr<std::string> FindReportPage() {
  const std::string prefix = Prefix();
  std::string tried;
  for (const char* page : kPages) {
    const std::string path = prefix + page;
    if (access(path.c_str(), R_OK) == 0) return path;
    absl::StrAppend(&tried, tried.empty() ? "'" : " nor '", path, "'");
  }
  return NotFound("the report page is neither ", tried, ": build it with `make`");
}

StatusOr<std::string> FillReportPage(std::string_view page, std::string_view title,
                                     std::string_view lines) {
  PLUMB_ASSIGN_OR_RETURN(const Slot head, FindSlot(page, kTitleBegin, kTitleEnd));
  PLUMB_ASSIGN_OR_RETURN(const Slot records, FindSlot(page, kSlotBegin, kSlotEnd));
  if (records.begin < head.end) {
    return InvalidArgument(
        "the report page has its records before its title: build it again with "
        "`make`");
  }
  std::string out(page.substr(0, head.begin));
  out += EscapeHtml(title);
  out += page.substr(head.end, records.begin - head.end);
  out += EscapeLines(lines);
  out += page.substr(records.end);
  return out;
}

Status WriteReport(const std::string& path, std::string_view title, std::string_view lines,
                   const std::string& page_file) {
  std::string source = page_file;
  if (source.empty()) {
    PLUMB_ASSIGN_OR_RETURN(source, FindReportPage());
  }
  PLUMB_ASSIGN_OR_RETURN(const std::string page, ReadFile(source, kMaxPageBytes));
  StatusOr<std::string> filled = FillReportPage(page, title, lines);
  if (!filled.ok()) return Annotate(filled.status(), source);
  return WriteFileAtomically(path, *filled);
}

}  // namespace plumb::measure
