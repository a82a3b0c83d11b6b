#include "node-agent/transaction/record_bounds.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace belay {
namespace {

void Bound(std::string* text) {
  if (text->size() <= kMostTextBytes) return;
  text->resize(kMostTextBytes);
  absl::StrAppend(text, " [cut off here]");
}

void Bound(v1::StepReport* report) {
  for (std::string& note : *report->mutable_notes()) Bound(&note);
  if (report->ByteSizeLong() <= kMostReportBytes) return;
  // The newest samples say why it was decided.
  while (report->ByteSizeLong() > kMostReportBytes && report->samples_size() > 0) {
    report->mutable_samples()->DeleteSubrange(0, (report->samples_size() + 1) / 2);
  }
  while (report->ByteSizeLong() > kMostReportBytes && report->notes_size() > 0) {
    report->mutable_notes()->RemoveLast();
  }
  if (report->ByteSizeLong() > kMostReportBytes) report->clear_flags();
  report->add_notes("the report was too long for the journal; its oldest samples are left out");
}

}  // namespace

void BoundRecord(v1::Record* record) {
  if (record->has_committed()) Bound(record->mutable_committed()->mutable_report());
  if (record->has_rolling_back()) {
    Bound(record->mutable_rolling_back()->mutable_reason());
    Bound(record->mutable_rolling_back()->mutable_report());
  }
  if (record->has_prepared()) {
    for (std::string& note : *record->mutable_prepared()->mutable_notes()) Bound(&note);
  }
  if (record->has_restored()) {
    for (std::string& note : *record->mutable_restored()->mutable_notes()) Bound(&note);
  }
  if (record->has_rolled_back()) {
    Bound(record->mutable_rolled_back()->mutable_reason());
    Bound(record->mutable_rolled_back()->mutable_report());
  }
  if (record->has_quarantined()) Bound(record->mutable_quarantined()->mutable_reason());
  if (record->has_emergency_stop()) {
    Bound(record->mutable_emergency_stop()->mutable_reason());
    Bound(record->mutable_emergency_stop()->mutable_report());
  }
  if (record->has_run_refused()) {
    Bound(record->mutable_run_refused()->mutable_reason());
    Bound(record->mutable_run_refused()->mutable_next());
  }
  if (record->has_run_finished()) Bound(record->mutable_run_finished()->mutable_reason());
}

}  // namespace belay
