// Clusters, nodes and their labels, by which rollouts choose them.
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/select/selector.h"
#include "server/driver/coordinator.h"

namespace belay {
namespace {

constexpr std::size_t kMostLabels = 100;

std::set<std::string> Chosen(const Selector& selector, const std::set<std::string>& known,
                             const std::map<std::string, Labels>& labels) {
  std::set<std::string> chosen;
  for (const std::string& cluster : known) {
    const auto of = labels.find(cluster);
    if (Matches(selector, of == labels.end() ? Labels() : of->second)) chosen.insert(cluster);
  }
  return chosen;
}

// What `request` makes of them: all or nothing.
template <class Request>
absl::StatusOr<Labels> Changed(Labels labels, const Request& request, const std::string& what) {
  for (const std::string& name : request.remove()) labels.erase(name);
  for (const auto& [name, value] : request.set()) {
    RETURN_IF_ERROR(WithContext(CheckLabelKey(name), absl::StrCat(what, "nothing was changed")));
    RETURN_IF_ERROR(WithContext(CheckLabelValue(value), absl::StrCat(what, "nothing was changed")));
    const auto before = labels.find(name);
    if (before != labels.end() && before->second != value && !request.overwrite()) {
      return absl::FailedPreconditionError(
          absl::StrCat(what, "'", name, "' is '", before->second,
                       "' already; nothing was changed. To change it, add --overwrite"));
    }
    labels[name] = value;
  }
  if (labels.size() > kMostLabels) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, "it has at most ", kMostLabels, " labels; nothing was changed"));
  }
  return labels;
}

// All of it or nothing.  `set` and `remove` write one label.
template <class Request, class Set, class Remove>
absl::Status Write(store::Store& database, const Request& request, const Set& set,
                   const Remove& remove) {
  ASSIGN_OR_RETURN(store::Transaction transaction, database.Begin());
  for (const std::string& name : request.remove()) RETURN_IF_ERROR(remove(name));
  for (const auto& [name, value] : request.set()) RETURN_IF_ERROR(set(name, value));
  return transaction.Commit();
}

}  // namespace

std::set<std::string> Coordinator::KnownClusters() const {
  std::set<std::string> known;
  for (const registry::Node& node : registry_.Of("")) known.insert(node.id.cluster);
  return known;
}

v1::Cluster Coordinator::ClusterOf(const std::string& name, const Labels& labels) const {
  v1::Cluster cluster;
  cluster.set_name(name);
  cluster.mutable_labels()->insert(labels.begin(), labels.end());
  cluster.set_nodes(static_cast<std::uint32_t>(registry_.Of(name).size()));
  cluster.set_ready(static_cast<std::uint32_t>(registry_.Ready(name, NowNs()).size()));
  for (v1::Lock& lock : LocksOf(name)) *cluster.add_locks() = std::move(lock);
  return cluster;
}

absl::StatusOr<v1::ListClustersReply> Coordinator::ListClusters(
    const v1::ListClustersRequest& request) {
  RETURN_IF_ERROR(LearnNodes());
  ASSIGN_OR_RETURN(const auto labels, store_.ClusterLabels());
  std::set<std::string> chosen = KnownClusters();
  if (!request.selector().empty()) {
    ASSIGN_OR_RETURN(const Selector selector, ParseSelector(request.selector()));
    chosen = Chosen(selector, chosen, labels);
  }
  v1::ListClustersReply reply;
  for (const std::string& name : chosen) {
    const auto of = labels.find(name);
    *reply.add_clusters() = ClusterOf(name, of == labels.end() ? Labels() : of->second);
  }
  return reply;
}

absl::StatusOr<v1::Cluster> Coordinator::LabelCluster(const v1::LabelClusterRequest& request,
                                                      const std::string& operator_name) {
  const std::string what = absl::StrCat("label cluster ", request.cluster(), ": ");
  RETURN_IF_ERROR(LearnNodes());
  if (request.cluster().empty() || registry_.Of(request.cluster()).empty()) {
    return absl::NotFoundError(absl::StrCat(
        what, "it has no enrolled nodes; nothing was changed. See belayctl cluster list"));
  }
  ASSIGN_OR_RETURN(auto all, store_.ClusterLabels());
  ASSIGN_OR_RETURN(const Labels labels, Changed(all[request.cluster()], request, what));
  const std::int64_t now_ms = clock_.WallNowUnixMs();
  const absl::Status written = Write(
      store_, request,
      [&](const std::string& name, const std::string& value) {
        return store_.SetClusterLabel(request.cluster(), name, value, operator_name, now_ms);
      },
      [&](const std::string& name) { return store_.RemoveClusterLabel(request.cluster(), name); });
  Fatal(written);
  RETURN_IF_ERROR(written);
  log_(absl::StrCat(what, LabelsText(labels), ", by ", operator_name));
  return ClusterOf(request.cluster(), labels);
}

absl::StatusOr<v1::Node> Coordinator::LabelNode(const v1::LabelNodeRequest& request,
                                                const std::string& operator_name) {
  const NodeId id{request.cluster(), request.node()};
  const std::string what = absl::StrCat("label node ", id.cluster, "/", id.node, ": ");
  RETURN_IF_ERROR(LearnNodes());
  const registry::Node* const node = registry_.Find(id);
  if (node == nullptr) {
    return absl::NotFoundError(
        absl::StrCat(what, "it is not enrolled; nothing was changed. See belayctl node list"));
  }
  ASSIGN_OR_RETURN(auto all, store_.NodeLabels());
  ASSIGN_OR_RETURN(const Labels labels, Changed(all[id], request, what));
  const std::int64_t now_ms = clock_.WallNowUnixMs();
  const absl::Status written = Write(
      store_, request,
      [&](const std::string& name, const std::string& value) {
        return store_.SetNodeLabel(id, name, value, operator_name, now_ms);
      },
      [&](const std::string& name) { return store_.RemoveNodeLabel(id, name); });
  Fatal(written);
  RETURN_IF_ERROR(written);
  log_(absl::StrCat(what, LabelsText(labels), ", by ", operator_name));
  return NodeMessage(*node, labels);
}

// A selector that chooses no node is refused: nobody asks for a rollout of nothing.
absl::StatusOr<registry::Order> Coordinator::OrderIn(const std::string& cluster,
                                                     const std::string& node_selector,
                                                     const std::vector<std::string>& wanted) {
  std::vector<registry::Node> nodes;
  if (!cluster.empty()) nodes = registry_.Of(cluster);
  if (node_selector.empty()) return registry::OrderOf(cluster, nodes, wanted);
  if (!wanted.empty()) {
    return absl::InvalidArgumentError(
        "an order and a selector of nodes do not go together; nothing was started");
  }
  ASSIGN_OR_RETURN(const Selector selector, ParseSelector(node_selector));
  ASSIGN_OR_RETURN(auto labels, store_.NodeLabels());
  std::vector<registry::Node> taken;
  for (const registry::Node& node : nodes) {
    if (Matches(selector, labels[node.id])) taken.push_back(node);
  }
  if (taken.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("no node of cluster ", cluster, " has labels that '", node_selector,
                     "' takes; nothing was started. See belayctl node list -o wide"));
  }
  ASSIGN_OR_RETURN(registry::Order order, registry::OrderOf(cluster, taken, {}));
  registry::MentionLeftOut(nodes, &order);
  return order;
}

// A selector that chooses nothing is refused, above all of the canary: a fleet rollout without the
// canary that somebody asked for would begin everywhere.
absl::StatusOr<v1::FleetStrategy> Coordinator::Resolved(v1::FleetStrategy strategy,
                                                        const std::set<std::string>& known) {
  if (strategy.selector().empty() && strategy.canary_selector().empty()) return strategy;
  ASSIGN_OR_RETURN(const auto labels, store_.ClusterLabels());
  const auto resolve = [&](const std::string& text, auto* names) -> absl::Status {
    if (text.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(const Selector selector, ParseSelector(text));
    const std::set<std::string> chosen = Chosen(selector, known, labels);
    if (chosen.empty()) {
      return absl::FailedPreconditionError(absl::StrCat("no cluster has labels that '", text,
                                                        "' takes; nothing was started. See ",
                                                        "belayctl cluster list"));
    }
    for (const std::string& name : chosen) *names->Add() = name;
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(resolve(strategy.selector(), strategy.mutable_clusters()));
  RETURN_IF_ERROR(resolve(strategy.canary_selector(), strategy.mutable_canary()));
  return strategy;
}

}  // namespace belay
