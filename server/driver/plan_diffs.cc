#include "server/driver/plan_diffs.h"

#include <utility>

namespace belay {
namespace {

constexpr std::size_t kMostQuestions = 32;
constexpr std::size_t kMostBytes = std::size_t{6} << 20;  // of one reply, which is one message

v1::NodeDiffResult Missing(const std::string& node, const std::string& why) {
  v1::NodeDiffResult result;
  result.set_node(node);
  result.set_missing(why);
  return result;
}

}  // namespace

void PlanDiffs::Ask(const std::string& id, const std::string& cluster,
                    const std::vector<Asked>& nodes, std::int64_t until_ns, Answer answer) {
  const auto [it, fresh] = questions_.try_emplace(id);
  if (!fresh) return answer(absl::AlreadyExistsError("this question is being asked already"));
  Question& question = it->second;
  question.cluster = cluster;
  question.until_ns = until_ns;
  question.answer = std::move(answer);
  for (const Asked& node : nodes) {
    if (node.connected) {
      question.waiting.emplace(node.node, true);
    } else {
      question.results.emplace(node.node, Missing(node.node, "not connected"));
    }
  }
  FinishIfDone(it);
}

bool PlanDiffs::Full() const { return questions_.size() >= kMostQuestions; }

void PlanDiffs::Settle(Question& question, const std::string& node, v1::NodeDiffResult result) {
  if (question.waiting.erase(node) == 0) return;
  question.bytes += result.ByteSizeLong();
  if (question.bytes > kMostBytes) {
    result =
        Missing(node, "the answers of all nodes are too long together; ask for this one alone");
  }
  question.results.emplace(node, std::move(result));
}

void PlanDiffs::Take(const NodeId& node, v1::DiffAnswer answer) {
  const auto it = questions_.find(answer.request_id());
  if (it == questions_.end() || it->second.cluster != node.cluster) return;
  v1::NodeDiffResult result;
  result.set_node(node.node);
  *result.mutable_diff() = std::move(*answer.mutable_diff());
  Settle(it->second, node.node, std::move(result));
  FinishIfDone(it);
}

void PlanDiffs::Gone(const NodeId& node) {
  for (auto it = questions_.begin(); it != questions_.end();) {
    if (it->second.cluster == node.cluster) {
      Settle(it->second, node.node, Missing(node.node, "disconnected before it answered"));
    }
    it = FinishIfDone(it);
  }
}

void PlanDiffs::Expire(std::int64_t now_ns) {
  for (auto it = questions_.begin(); it != questions_.end();) {
    if (now_ns < it->second.until_ns) {
      ++it;
      continue;
    }
    while (!it->second.waiting.empty()) {
      const std::string node = it->second.waiting.begin()->first;
      Settle(it->second, node, Missing(node, "no answer in time (an older agent gives none)"));
    }
    it = Finish(it);
  }
}

void PlanDiffs::EndAll(const absl::Status& status) {
  Questions questions;
  questions.swap(questions_);
  for (auto& [id, question] : questions) question.answer(status);
}

PlanDiffs::Questions::iterator PlanDiffs::FinishIfDone(Questions::iterator it) {
  return it->second.waiting.empty() ? Finish(it) : ++it;
}

PlanDiffs::Questions::iterator PlanDiffs::Finish(Questions::iterator it) {
  v1::DiffPlanReply reply;
  for (auto& [node, result] : it->second.results) *reply.add_nodes() = std::move(result);
  const Answer answer = std::move(it->second.answer);
  const auto next = questions_.erase(it);
  answer(std::move(reply));
  return next;
}

}  // namespace belay
