// Signing plans and checking signatures.  Verification comes before parsing: nothing of the plan's
// bytes is decoded until a trusted key has signed them.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "belay/v1/plan.pb.h"
#include "common/crypto/ed25519.h"
#include "common/plan/trust.h"

namespace belay {

// Sets the ends of the validity window that are not set: from now on, for `valid_seconds`.
void FillValidity(v1::RemediationPlan& plan, std::int64_t now_unix_seconds,
                  std::int64_t valid_seconds);

// The plan's bytes, as they are to be signed.
v1::SignedPlan UnsignedPlan(const v1::RemediationPlan& plan);
v1::SignedPlan SignPlan(const v1::RemediationPlan& plan, const Ed25519PrivateKey& key);

// Lower-case hex SHA-256 of the signed bytes: the plan's name everywhere.
std::string PlanDigest(const v1::SignedPlan& plan);

// Puts another signature over the same bytes; one of the same key is replaced.  Not ok when the
// signer did not sign, or not so that its own public key accepts it; `plan` is unchanged then.
absl::Status AddSignature(v1::SignedPlan& plan, const Ed25519Signer& signer);
// Likewise one that was made elsewhere; nobody has verified it.
void PutSignature(v1::SignedPlan& plan, v1::Signature signature);

// UNAUTHENTICATED with the key ids seen and trusted when not enough trusted keys signed these
// bytes; INVALID_ARGUMENT when the bytes are not a plan; FAILED_PRECONDITION outside of its window.
absl::StatusOr<v1::RemediationPlan> VerifyPlan(const v1::SignedPlan& plan, const Trust& trust,
                                               std::int64_t now_unix_seconds);

// Decodes without a key, for showing a plan to people; never used to act on one.
absl::StatusOr<v1::RemediationPlan> DecodeUnverified(const v1::SignedPlan& plan);

}  // namespace belay
