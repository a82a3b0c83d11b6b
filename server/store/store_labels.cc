#include "common/base/status_macros.h"
#include "server/store/store.h"

namespace belay::store {

absl::StatusOr<std::map<std::string, Labels>> Store::ClusterLabels() {
  std::map<std::string, Labels> labels;
  Statement statement = database_->Prepare("SELECT cluster, name, value FROM cluster_labels");
  while (true) {
    ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return labels;
    labels[statement.TextAt(0)][statement.TextAt(1)] = statement.TextAt(2);
  }
}

absl::Status Store::SetClusterLabel(const std::string& cluster, const std::string& name,
                                    const std::string& value, const std::string& operator_name,
                                    std::int64_t unix_ms) {
  return database_->Prepare("INSERT OR REPLACE INTO cluster_labels VALUES(?, ?, ?, ?, ?)")
      .Text(cluster)
      .Text(name)
      .Text(value)
      .Text(operator_name)
      .Integer(unix_ms)
      .Run();
}

absl::Status Store::RemoveClusterLabel(const std::string& cluster, const std::string& name) {
  return database_->Prepare("DELETE FROM cluster_labels WHERE cluster = ? AND name = ?")
      .Text(cluster)
      .Text(name)
      .Run();
}

absl::StatusOr<std::map<NodeId, Labels>> Store::NodeLabels() {
  std::map<NodeId, Labels> labels;
  Statement statement = database_->Prepare("SELECT cluster, node, name, value FROM node_labels");
  while (true) {
    ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return labels;
    labels[{statement.TextAt(0), statement.TextAt(1)}][statement.TextAt(2)] = statement.TextAt(3);
  }
}

absl::Status Store::SetNodeLabel(const NodeId& node, const std::string& name,
                                 const std::string& value, const std::string& operator_name,
                                 std::int64_t unix_ms) {
  return database_->Prepare("INSERT OR REPLACE INTO node_labels VALUES(?, ?, ?, ?, ?, ?)")
      .Text(node.cluster)
      .Text(node.node)
      .Text(name)
      .Text(value)
      .Text(operator_name)
      .Integer(unix_ms)
      .Run();
}

absl::Status Store::RemoveNodeLabel(const NodeId& node, const std::string& name) {
  return database_->Prepare("DELETE FROM node_labels WHERE cluster = ? AND node = ? AND name = ?")
      .Text(node.cluster)
      .Text(node.node)
      .Text(name)
      .Run();
}

}  // namespace belay::store
