// A report: the page that web/ builds, with the lines of run files put into it. One file, opens
// without a network.
#pragma once

#include <string>
#include <string_view>

#include "core/status.h"

namespace plumb::measure {

// Where the page without records lies: share/plumbline/report.html, or web/dist/report.html of a
// source tree, in the folder above that of the running program. The error says how to get it.
StatusOr<std::string> FindReportPage();

// The page with `lines` (the text of one or several run files) and `title` put in. An error when
// `page` does not have exactly one place for each.
StatusOr<std::string> FillReportPage(std::string_view page, std::string_view title,
                                     std::string_view lines);

// Fills the page of that file (empty: the one that FindReportPage finds) and writes it; an error
// (full disk) names the path.
Status WriteReport(const std::string& path, std::string_view title, std::string_view lines,
                   const std::string& page_file = {});

}  // namespace plumb::measure
