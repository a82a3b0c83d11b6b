#include "common/plan/sign.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/digest.h"
#include "common/base/status_macros.h"
#include "common/base/time_text.h"
#include "common/plan/compile.h"

namespace belay {
namespace {

// Each that names a trusted key costs a verification.
constexpr int kMostSignatures = 100;

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

// Which trusted keys have signed these bytes, each once, and are valid now.
std::vector<const TrustedKey*> Signers(const v1::SignedPlan& plan, const Trust& trust,
                                       std::int64_t now_unix_seconds) {
  const std::string message = SignedMessage(plan.plan());
  std::vector<const TrustedKey*> signers;
  for (const TrustedKey& trusted : trust.keys) {
    if (now_unix_seconds < trusted.not_before_unix ||
        (trusted.not_after_unix != 0 && now_unix_seconds > trusted.not_after_unix)) {
      continue;
    }
    const bool signed_by_it =
        std::any_of(plan.signatures().begin(), plan.signatures().end(), [&](const auto& signature) {
          return trusted.key.id() == signature.key_id() &&
                 trusted.key.Verify(message, signature.signature());
        });
    if (signed_by_it) signers.push_back(&trusted);
  }
  return signers;
}

// "2 by different keys, 1 of them of role 'security'" as far as it is not there; else empty.
std::string Missing(const std::vector<const TrustedKey*>& signers, const Trust& trust) {
  std::vector<std::string> missing;
  if (signers.size() < std::max(trust.signatures, 1u)) {
    missing.push_back(absl::StrCat(trust.signatures, " by different trusted keys (there are ",
                                   signers.size(), ")"));
  }
  for (const auto& [role, wanted] : trust.roles) {
    const auto of_role =
        std::count_if(signers.begin(), signers.end(),
                      [&role = role](const TrustedKey* signer) { return signer->role == role; });
    if (of_role >= static_cast<std::ptrdiff_t>(wanted)) continue;
    missing.push_back(
        absl::StrCat(wanted, " by keys of role '", role, "' (there are ", of_role, ")"));
  }
  return absl::StrJoin(missing, " and ");
}

std::string DescribeKey(const TrustedKey& trusted, std::int64_t now_unix_seconds) {
  return absl::StrCat(trusted.key.id(), trusted.role.empty() ? "" : " of role ", trusted.role,
                      now_unix_seconds < trusted.not_before_unix
                          ? absl::StrCat(" from ", FormatUnixSeconds(trusted.not_before_unix))
                          : "",
                      trusted.not_after_unix != 0 && now_unix_seconds > trusted.not_after_unix
                          ? absl::StrCat(" until ", FormatUnixSeconds(trusted.not_after_unix))
                          : "");
}

absl::Status NotEnoughSigners(const v1::SignedPlan& plan, const Trust& trust,
                              const std::string& missing, std::int64_t now_unix_seconds) {
  std::vector<std::string> seen;
  for (const v1::Signature& signature : plan.signatures()) {
    seen.push_back(KeyIdForPeople(signature.key_id()));
    if (seen.size() == 10) break;
  }
  std::vector<std::string> known;
  known.reserve(trust.keys.size());
  for (const TrustedKey& key : trust.keys) known.push_back(DescribeKey(key, now_unix_seconds));
  return absl::UnauthenticatedError(absl::StrCat(
      "these plan bytes lack signatures: ", missing, "; signatures name [",
      absl::StrJoin(seen, ", "), "], trusted here are [", absl::StrJoin(known, ", "),
      "]; nothing was changed: have the plan signed by trusted keys (belayctl plan sign adds a "
      "signature to a signed plan), or add the signer's public key to the agent's trusted_keys"));
}

}  // namespace

void FillValidity(v1::RemediationPlan& plan, std::int64_t now_unix_seconds,
                  std::int64_t valid_seconds) {
  if (plan.not_before_unix() == 0) plan.set_not_before_unix(now_unix_seconds);
  if (plan.not_after_unix() == 0) {
    plan.set_not_after_unix(std::max(plan.not_before_unix(), now_unix_seconds) + valid_seconds);
  }
}

v1::SignedPlan UnsignedPlan(const v1::RemediationPlan& plan) {
  v1::SignedPlan unsigned_plan;
  unsigned_plan.set_plan(CanonicalBytes(plan));
  return unsigned_plan;
}

v1::SignedPlan SignPlan(const v1::RemediationPlan& plan, const Ed25519PrivateKey& key) {
  v1::SignedPlan signed_plan = UnsignedPlan(plan);
  v1::Signature signature;
  signature.set_key_id(key.Public().id());
  signature.set_signature(key.Sign(SignedMessage(signed_plan.plan())));
  PutSignature(signed_plan, std::move(signature));
  return signed_plan;
}

absl::Status AddSignature(v1::SignedPlan& plan, const Ed25519Signer& signer) {
  const std::string message = SignedMessage(plan.plan());
  const Ed25519PublicKey key = signer.Public();
  v1::Signature signature;
  signature.set_key_id(key.id());
  ASSIGN_OR_RETURN(*signature.mutable_signature(), signer.TrySign(message));
  if (!key.Verify(message, signature.signature())) {
    return absl::InternalError(
        "what the signer gave is no signature by its own public key; nothing was signed");
  }
  PutSignature(plan, std::move(signature));
  return absl::OkStatus();
}

void PutSignature(v1::SignedPlan& plan, v1::Signature signature) {
  auto& signatures = *plan.mutable_signatures();
  const std::string& id = signature.key_id();
  signatures.erase(std::remove_if(signatures.begin(), signatures.end(),
                                  [&id](const v1::Signature& old) { return old.key_id() == id; }),
                   signatures.end());
  *signatures.Add() = std::move(signature);
}

std::string PlanDigest(const v1::SignedPlan& plan) { return Sha256Hex(plan.plan()); }

absl::StatusOr<v1::RemediationPlan> VerifyPlan(const v1::SignedPlan& plan, const Trust& trust,
                                               std::int64_t now_unix_seconds) {
  if (plan.signatures_size() > kMostSignatures) {
    return absl::InvalidArgumentError(absl::StrCat("the plan has more than ", kMostSignatures,
                                                   " signatures; nothing was changed"));
  }
  const std::string missing = Missing(Signers(plan, trust, now_unix_seconds), trust);
  if (!missing.empty()) return NotEnoughSigners(plan, trust, missing, now_unix_seconds);
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
