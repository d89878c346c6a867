#include "pipeline/evaluation.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "core/file_io.h"
#include "pipeline/detection_decoder.h"

namespace plumb::pipeline {
namespace {

using Json = nlohmann::json;

constexpr double kMatchIou = 0.5;

double Area(const Detection& d) { return (double{d.x1} - d.x0) * (double{d.y1} - d.y0); }

double SharedArea(const Detection& a, const Detection& b) {
  const double width = std::min<double>(a.x1, b.x1) - std::max<double>(a.x0, b.x0);
  const double height = std::min<double>(a.y1, b.y1) - std::max<double>(a.y0, b.y0);
  return width > 0 && height > 0 ? width * height : 0;
}

StatusOr<Detection> ReadBox(const Json& face) {
  const auto box = face.is_object() ? face.find("box") : face.end();
  Detection d;
  float* const corners[] = {&d.x0, &d.y0, &d.x1, &d.y1};
  if (box == face.end() || !box->is_array() || box->size() != 4) {
    return InvalidArgument("a face has no box [x0,y0,x1,y1]");
  }
  for (std::size_t i = 0; i < 4; ++i) {
    if (!(*box)[i].is_number()) return InvalidArgument("a box holds no numbers");
    *corners[i] = (*box)[i].get<float>();
  }
  return d;
}

StatusOr<TrueFace> ReadTrueFace(const Json& face) {
  TrueFace result;
  PLUMB_ASSIGN_OR_RETURN(result.box, ReadBox(face));
  result.name = face.value("name", "");
  result.known = face.value("known", false);
  result.ignore = face.value("ignore", false);
  return result;
}

StatusOr<Detection> ReadDetection(const Json& face) {
  PLUMB_ASSIGN_OR_RETURN(Detection result, ReadBox(face));
  result.score = face.value("score", 0.0f);
  const auto name = face.find("name");
  if (name != face.end() && name->is_string()) result.name = name->get<std::string>();
  return result;
}

// Calls visit(frame, faces) for each line of a file.
template <typename Visit>
Status ForEachFrame(const std::string& path, Visit visit) {
  PLUMB_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  std::string_view left = text;
  for (std::int64_t line = 1; !left.empty(); ++line) {
    const std::size_t end = left.find('\n');
    const std::string_view row = left.substr(0, end);
    left.remove_prefix(end == std::string_view::npos ? left.size() : end + 1);
    if (row.empty()) continue;
    Status status;
    try {
      const Json object = Json::parse(row);
      status = visit(object.at("frame").get<std::int64_t>(), object.at("faces"));
    } catch (const Json::exception& error) {
      status = InvalidArgument("expected {\"frame\":...,\"faces\":[...]}: ", error.what());
    }
    if (!status.ok()) return Annotate(status, absl::StrCat(path, ":", line));
  }
  return OkStatus();
}

double Share(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

void CountFrame(const Detections& detections, const std::vector<TrueFace>& faces,
                FaceCounts* counts) {
  std::vector<bool> taken(faces.size());
  for (std::size_t f = 0; f < faces.size(); ++f) {
    taken[f] = faces[f].ignore;
    counts->wanted += faces[f].ignore ? 0 : 1;
  }
  std::vector<std::size_t> order(detections.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return detections[a].score > detections[b].score;
  });
  for (std::size_t i : order) {
    const Detection& d = detections[i];
    std::size_t best = faces.size();
    double best_overlap = kMatchIou;
    bool on_ignored = false;
    for (std::size_t f = 0; f < faces.size(); ++f) {
      const double overlap = BoxOverlap(d, faces[f].box);
      if (!taken[f] && overlap >= best_overlap) {
        best = f;
        best_overlap = overlap;
      }
      on_ignored |= faces[f].ignore && SharedArea(d, faces[f].box) >= 0.5 * Area(d);
    }
    if (best == faces.size()) {
      counts->wrong += on_ignored ? 0 : 1;
      continue;
    }
    taken[best] = true;
    ++counts->found;
    const TrueFace& face = faces[best];
    (face.known ? counts->known : counts->strangers) += 1;
    if (face.known && d.name == face.name) ++counts->named_right;
    if (!face.known && !d.name.empty()) ++counts->accepted;
  }
}

StatusOr<FaceCounts> CompareWithTruth(const std::string& results, const std::string& truth,
                                      bool complete) {
  std::map<std::int64_t, Detections> found;
  PLUMB_RETURN_IF_ERROR(ForEachFrame(results, [&](std::int64_t frame, const Json& faces) -> Status {
    Detections& detections = found[frame];
    for (const Json& face : faces) {
      PLUMB_ASSIGN_OR_RETURN(detections.emplace_back(), ReadDetection(face));
    }
    return OkStatus();
  }));
  const std::int64_t last = complete        ? std::numeric_limits<std::int64_t>::max()
                            : found.empty() ? -1
                                            : found.rbegin()->first;
  FaceCounts counts;
  std::int64_t frames = 0;
  PLUMB_RETURN_IF_ERROR(ForEachFrame(truth, [&](std::int64_t frame, const Json& faces) -> Status {
    std::vector<TrueFace> true_faces;
    for (const Json& face : faces) {
      PLUMB_ASSIGN_OR_RETURN(true_faces.emplace_back(), ReadTrueFace(face));
    }
    ++frames;
    if (frame <= last) CountFrame(found[frame], true_faces, &counts);
    return OkStatus();
  }));
  if (frames == 0) return InvalidArgument("'", truth, "' has no frame in it");
  return counts;
}

std::vector<measure::Quality> QualityOf(const FaceCounts& counts) {
  std::vector<measure::Quality> quality = {
      {"recall", Share(counts.found, counts.wanted), 0.95, true, counts.wanted},
      {"precision", Share(counts.found, counts.found + counts.wrong), 0.95, true,
       counts.found + counts.wrong},
      {"rank1", Share(counts.named_right, counts.known), 0.95, true, counts.known},
      {"stranger_acceptance", Share(counts.accepted, counts.strangers), 0.02, false,
       counts.strangers},
  };
  std::erase_if(quality, [](const measure::Quality& figure) { return figure.count == 0; });
  return quality;
}

}  // namespace plumb::pipeline
