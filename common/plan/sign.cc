#include "common/plan/sign.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/digest.h"
#include "common/base/status_macros.h"
#include "common/base/time_text.h"
#include "common/plan/compile.h"

namespace belay {
namespace {

// Keeps a signature over a plan from being one over anything else; the NUL ends the name.
std::string SignedMessage(const std::string& plan_bytes) {
  return absl::StrCat("belay.v1.RemediationPlan", std::string(1, '\0'), plan_bytes);
}

// Key ids come with the plan, so they are untrusted text until they have the form of one.
std::string KeyIdForPeople(const std::string& key_id) {
  const bool good = key_id.size() == 64 && std::all_of(key_id.begin(), key_id.end(), [](char c) {
                      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                    });
  return good ? key_id : "(not a key id)";
}

bool SignedByTrusted(const v1::SignedPlan& plan, const std::vector<Ed25519PublicKey>& trusted) {
  const std::string message = SignedMessage(plan.plan());
  for (const v1::Signature& signature : plan.signatures()) {
    for (const Ed25519PublicKey& key : trusted) {
      if (key.id() == signature.key_id() && key.Verify(message, signature.signature())) return true;
    }
  }
  return false;
}

absl::Status UnknownSigner(const v1::SignedPlan& plan,
                           const std::vector<Ed25519PublicKey>& trusted) {
  std::vector<std::string> seen;
  for (const v1::Signature& signature : plan.signatures()) {
    seen.push_back(KeyIdForPeople(signature.key_id()));
    if (seen.size() == 10) break;
  }
  std::vector<std::string> known;
  known.reserve(trusted.size());
  for (const Ed25519PublicKey& key : trusted) known.push_back(key.id());
  return absl::UnauthenticatedError(absl::StrCat(
      "no trusted key has signed these plan bytes; signatures name [", absl::StrJoin(seen, ", "),
      "], trusted here are [", absl::StrJoin(known, ", "),
      "]; nothing was changed: sign the plan with a trusted key, or add the signer's public key to "
      "the agent's trusted_keys"));
}

}  // namespace

void FillValidity(v1::RemediationPlan& plan, std::int64_t now_unix_seconds,
                  std::int64_t valid_seconds) {
  if (plan.not_before_unix() == 0) plan.set_not_before_unix(now_unix_seconds);
  if (plan.not_after_unix() == 0) {
    plan.set_not_after_unix(std::max(plan.not_before_unix(), now_unix_seconds) + valid_seconds);
  }
}

v1::SignedPlan SignPlan(const v1::RemediationPlan& plan, const Ed25519PrivateKey& key) {
  v1::SignedPlan signed_plan;
  signed_plan.set_plan(CanonicalBytes(plan));
  v1::Signature& signature = *signed_plan.add_signatures();
  signature.set_key_id(key.Public().id());
  signature.set_signature(key.Sign(SignedMessage(signed_plan.plan())));
  return signed_plan;
}

std::string PlanDigest(const v1::SignedPlan& plan) { return Sha256Hex(plan.plan()); }

absl::StatusOr<v1::RemediationPlan> VerifyPlan(const v1::SignedPlan& plan,
                                               const std::vector<Ed25519PublicKey>& trusted,
                                               std::int64_t now_unix_seconds) {
  if (!SignedByTrusted(plan, trusted)) return UnknownSigner(plan, trusted);
  ASSIGN_OR_RETURN(v1::RemediationPlan decoded, DecodeUnverified(plan));
  if (now_unix_seconds < decoded.not_before_unix() || now_unix_seconds > decoded.not_after_unix()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the plan is valid from ", FormatUnixSeconds(decoded.not_before_unix()),
                     " to ", FormatUnixSeconds(decoded.not_after_unix()), " and it is ",
                     FormatUnixSeconds(now_unix_seconds),
                     " here; nothing was changed: check the clock, or sign the plan again"));
  }
  return decoded;
}

absl::StatusOr<v1::RemediationPlan> DecodeUnverified(const v1::SignedPlan& plan) {
  v1::RemediationPlan decoded;
  if (!decoded.ParseFromString(plan.plan())) {
    return absl::InvalidArgumentError(
        "the signed bytes are not a plan; nothing was changed: sign the plan again");
  }
  // Fields this version does not know would be left out silently; bytes that are not canonical
  // could be read differently by another reader.
  v1::RemediationPlan known = decoded;
  known.DiscardUnknownFields();
  if (CanonicalBytes(known) != plan.plan()) {
    return absl::InvalidArgumentError(
        "the signed bytes hold something that this version does not understand, or are not "
        "canonical; nothing was changed: upgrade this program, or sign the plan again with a "
        "belayctl of its version");
  }
  return decoded;
}

}  // namespace belay
