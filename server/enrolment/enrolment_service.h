// The Enrolment service on its own listener.  A synchronous service, because issuing waits for the
// disk and gRPC's callback threads are two: its own pool may block.  Callers are strangers, so
// sizes are bounded before anything is parsed.
#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "belay/v1/enrolment.grpc.pb.h"
#include "server/enrolment/enroller.h"

namespace belay {

class EnrolmentService final : public v1::Enrolment::Service {
 public:
  using NowUnix = std::function<std::int64_t()>;
  // Hears of each call how it ended, and for which node; called from the service's own threads.
  using Told =
      std::function<void(const char* method, const std::string& node, const absl::Status& status)>;
  // `enroller` outlives the server.  `link_port`: where AgentLink listens on the same host.
  EnrolmentService(Enroller& enroller, std::uint16_t link_port, NowUnix now, Told told)
      : enroller_(enroller), link_port_(link_port), now_(std::move(now)), told_(std::move(told)) {}

  grpc::Status Enrol(grpc::ServerContext* context, const v1::EnrolRequest* request,
                     v1::EnrolReply* reply) override;
  grpc::Status Confirm(grpc::ServerContext* context, const v1::ConfirmRequest* request,
                       v1::ConfirmReply* reply) override;

 private:
  Enroller& enroller_;
  const std::uint16_t link_port_;
  const NowUnix now_;
  const Told told_;
};

}  // namespace belay
