#include "common/pkcs11/pkcs11_signer.h"

#include <p11-kit/p11-kit.h>
#include <p11-kit/pkcs11.h>
#include <p11-kit/uri.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace belay {
namespace {

constexpr std::size_t kRawBytes = 32;
constexpr std::size_t kSignatureBytes = 64;

absl::Status Failed(const std::string& what, CK_RV result) {
  const char* const why = p11_kit_strerror(result);
  return absl::UnavailableError(
      absl::StrCat(what, ": ", why == nullptr ? "" : why, " (CKR 0x", absl::Hex(result), ")"));
}

struct UriDeleter {
  void operator()(P11KitUri* uri) const { p11_kit_uri_free(uri); }
};
using Uri = std::unique_ptr<P11KitUri, UriDeleter>;

// One module, or all that are registered; given back when this ends.
class Modules {
 public:
  Modules() = default;
  Modules(const Modules&) = delete;
  Modules& operator=(const Modules&) = delete;
  ~Modules() {
    if (registered_ != nullptr) p11_kit_modules_finalize_and_release(registered_);
    if (named_ != nullptr) {
      if (initialized_) p11_kit_module_finalize(named_);
      p11_kit_module_release(named_);
    }
  }

  absl::Status Load(const char* path) {
    if (path == nullptr) {
      registered_ = p11_kit_modules_load_and_initialize(0);
      if (registered_ == nullptr) {
        return absl::UnavailableError(
            absl::StrCat("no PKCS#11 module could be loaded: ", Text(p11_kit_message())));
      }
      for (CK_FUNCTION_LIST** each = registered_; *each != nullptr; ++each) all.push_back(*each);
      return absl::OkStatus();
    }
    named_ = p11_kit_module_load(path, 0);
    if (named_ == nullptr) {
      return absl::NotFoundError(
          absl::StrCat("PKCS#11 module ", path, ": ", Text(p11_kit_message())));
    }
    const CK_RV result = p11_kit_module_initialize(named_);
    if (result != CKR_OK) return Failed(absl::StrCat("PKCS#11 module ", path), result);
    initialized_ = true;
    all.push_back(named_);
    return absl::OkStatus();
  }

  std::vector<CK_FUNCTION_LIST*> all;

 private:
  static std::string Text(const char* message) { return message == nullptr ? "unknown" : message; }

  CK_FUNCTION_LIST** registered_ = nullptr;
  CK_FUNCTION_LIST* named_ = nullptr;
  bool initialized_ = false;
};

struct Slot {
  CK_FUNCTION_LIST* module = nullptr;
  CK_SLOT_ID id = 0;
  CK_TOKEN_INFO token = {};
};

// "ops" of a field that is filled up with blanks.
template <std::size_t N>
std::string Field(const unsigned char (&field)[N]) {
  return std::string(absl::StripTrailingAsciiWhitespace(
      absl::string_view(reinterpret_cast<const char*>(field), N)));
}

absl::StatusOr<Slot> FindSlot(const Modules& modules, P11KitUri* uri) {
  std::vector<Slot> found;
  for (CK_FUNCTION_LIST* const module : modules.all) {
    CK_ULONG count = 0;
    if (module->C_GetSlotList(CK_TRUE, nullptr, &count) != CKR_OK || count == 0) continue;
    std::vector<CK_SLOT_ID> slots(count);
    if (module->C_GetSlotList(CK_TRUE, slots.data(), &count) != CKR_OK) continue;
    slots.resize(std::min<std::size_t>(slots.size(), count));
    for (const CK_SLOT_ID id : slots) {
      Slot slot{module, id, {}};
      if (module->C_GetTokenInfo(id, &slot.token) != CKR_OK) continue;
      if ((slot.token.flags & CKF_TOKEN_INITIALIZED) == 0) continue;
      if (p11_kit_uri_match_token_info(uri, &slot.token) == 1) found.push_back(slot);
    }
  }
  if (found.empty()) return absl::NotFoundError("no PKCS#11 token fits the URI");
  if (found.size() > 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the URI fits ", found.size(), " PKCS#11 tokens (", Field(found[0].token.label), ", ",
        Field(found[1].token.label), "); name one with token= or serial="));
  }
  return found.front();
}

absl::StatusOr<std::string> PinOf(P11KitUri* uri, const Slot& slot,
                                  const Pkcs11Signer::AskPin& ask_pin) {
  if (p11_kit_uri_get_pin_value(uri) != nullptr) {
    return absl::InvalidArgumentError(
        "a PIN in the URI (pin-value) is for everybody to see in the list of processes; give it in "
        "a file (pin-source, --passphrase-file) or on the terminal");
  }
  const char* const source = p11_kit_uri_get_pin_source(uri);
  if (source == nullptr) return ask_pin(Field(slot.token.label));
  std::string path = source;
  if (absl::StartsWith(path, "file://")) path.erase(0, 7);
  if (absl::StartsWith(path, "file:")) path.erase(0, 5);
  std::ifstream in(path);
  std::string pin;
  if (!std::getline(in, pin) || pin.empty()) {
    return absl::NotFoundError(absl::StrCat("pin-source ", path, " has no PIN in its first line"));
  }
  return pin;
}

}  // namespace

struct Pkcs11Signer::Impl {
  Modules modules;
  CK_FUNCTION_LIST* module = nullptr;
  CK_SESSION_HANDLE session = 0;
  bool open = false;
  CK_OBJECT_HANDLE key = 0;
  absl::StatusOr<Ed25519PublicKey> public_key = absl::UnknownError("");

  ~Impl() {
    if (open) module->C_CloseSession(session);
  }
  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // The objects of that class that fit the URI's name and id.
  absl::StatusOr<std::vector<CK_OBJECT_HANDLE>> Find(P11KitUri* uri, CK_OBJECT_CLASS kind) const {
    CK_KEY_TYPE type = CKK_EC_EDWARDS;
    std::vector<CK_ATTRIBUTE> wanted = {{CKA_CLASS, &kind, sizeof(kind)},
                                        {CKA_KEY_TYPE, &type, sizeof(type)}};
    for (const CK_ATTRIBUTE_TYPE each : {CKA_LABEL, CKA_ID}) {
      if (CK_ATTRIBUTE* const given = p11_kit_uri_get_attribute(uri, each))
        wanted.push_back(*given);
    }
    const CK_RV begun = module->C_FindObjectsInit(session, wanted.data(), wanted.size());
    if (begun != CKR_OK) return Failed("look for the key in the token", begun);
    std::array<CK_OBJECT_HANDLE, 8> handles{};
    CK_ULONG count = 0;
    const CK_RV found = module->C_FindObjects(session, handles.data(), handles.size(), &count);
    module->C_FindObjectsFinal(session);
    if (found != CKR_OK) return Failed("look for the key in the token", found);
    return std::vector<CK_OBJECT_HANDLE>(handles.begin(), handles.begin() + count);
  }

  absl::StatusOr<std::string> Attribute(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const {
    std::array<char, 256> bytes{};
    CK_ATTRIBUTE attribute = {type, bytes.data(), bytes.size()};
    const CK_RV result = module->C_GetAttributeValue(session, object, &attribute, 1);
    if (result != CKR_OK || attribute.ulValueLen > bytes.size()) {
      return Failed("read the key's attributes", result);
    }
    return std::string(bytes.data(), attribute.ulValueLen);
  }

  absl::Status ReadPublicKey(P11KitUri* uri) {
    ASSIGN_OR_RETURN(const std::vector<CK_OBJECT_HANDLE> keys, Find(uri, CKO_PUBLIC_KEY));
    if (keys.size() != 1) {
      return absl::NotFoundError(absl::StrCat("the token has ", keys.size(),
                                              " public Ed25519 keys that fit the URI; there must "
                                              "be the one that belongs to the private key"));
    }
    ASSIGN_OR_RETURN(std::string point, Attribute(keys.front(), CKA_EC_POINT));
    // An OCTET STRING around the point, or the point alone, as tokens have it.
    if (point.size() == kRawBytes + 2 && point[0] == 0x04 && point[1] == kRawBytes) {
      point.erase(0, 2);
    }
    public_key = Ed25519PublicKey::FromRaw(point);
    return public_key.status();
  }
};

Pkcs11Signer::Pkcs11Signer() : impl_(std::make_unique<Impl>()) {}
Pkcs11Signer::~Pkcs11Signer() = default;

bool IsPkcs11Uri(const std::string& text) { return absl::StartsWith(text, "pkcs11:"); }

absl::StatusOr<std::unique_ptr<Pkcs11Signer>> Pkcs11Signer::Open(const std::string& text,
                                                                 const AskPin& ask_pin) {
  const Uri uri(p11_kit_uri_new());
  const int parsed = uri == nullptr
                         ? P11_KIT_URI_UNEXPECTED
                         : p11_kit_uri_parse(text.c_str(), P11_KIT_URI_FOR_ANY, uri.get());
  if (parsed != P11_KIT_URI_OK || p11_kit_uri_any_unrecognized(uri.get()) != 0) {
    return absl::InvalidArgumentError(
        "not a PKCS#11 URI (RFC 7512), like pkcs11:token=ops;object=belay-signing");
  }
  auto signer = std::unique_ptr<Pkcs11Signer>(new Pkcs11Signer());
  Impl& impl = *signer->impl_;
  RETURN_IF_ERROR(impl.modules.Load(p11_kit_uri_get_module_path(uri.get())));
  ASSIGN_OR_RETURN(const Slot slot, FindSlot(impl.modules, uri.get()));
  impl.module = slot.module;
  const CK_RV opened =
      slot.module->C_OpenSession(slot.id, CKF_SERIAL_SESSION, nullptr, nullptr, &impl.session);
  if (opened != CKR_OK) return Failed("open a session with the token", opened);
  impl.open = true;
  if ((slot.token.flags & CKF_LOGIN_REQUIRED) != 0) {
    ASSIGN_OR_RETURN(std::string pin, PinOf(uri.get(), slot, ask_pin));
    const CK_RV result =
        slot.module->C_Login(impl.session, CKU_USER, reinterpret_cast<unsigned char*>(pin.data()),
                             static_cast<CK_ULONG>(pin.size()));
    explicit_bzero(pin.data(), pin.size());
    if (result == CKR_PIN_INCORRECT || result == CKR_PIN_LEN_RANGE || result == CKR_PIN_INVALID) {
      return absl::PermissionDeniedError(
          absl::StrCat("the PIN does not open token ", Field(slot.token.label),
                       "; too many wrong ones lock it, so that it was tried once only"));
    }
    if (result != CKR_OK && result != CKR_USER_ALREADY_LOGGED_IN) {
      return Failed("log into the token", result);
    }
  }
  ASSIGN_OR_RETURN(const std::vector<CK_OBJECT_HANDLE> keys, impl.Find(uri.get(), CKO_PRIVATE_KEY));
  if (keys.empty()) return absl::NotFoundError("no Ed25519 key of the token fits the URI");
  if (keys.size() > 1) {
    return absl::InvalidArgumentError(
        "several keys of the token fit the URI; name one with object= or id=");
  }
  impl.key = keys.front();
  RETURN_IF_ERROR(impl.ReadPublicKey(uri.get()));
  return signer;
}

Ed25519PublicKey Pkcs11Signer::Public() const { return *impl_->public_key; }

absl::StatusOr<std::string> Pkcs11Signer::TrySign(std::string_view message) const {
  CK_MECHANISM mechanism = {CKM_EDDSA, nullptr, 0};
  const CK_RV begun = impl_->module->C_SignInit(impl_->session, &mechanism, impl_->key);
  if (begun != CKR_OK) return Failed("begin to sign with the token's key", begun);
  std::string data(message);
  std::string signature(kSignatureBytes, '\0');
  auto length = static_cast<CK_ULONG>(signature.size());
  const CK_RV result =
      impl_->module->C_Sign(impl_->session, reinterpret_cast<unsigned char*>(data.data()),
                            static_cast<CK_ULONG>(data.size()),
                            reinterpret_cast<unsigned char*>(signature.data()), &length);
  if (result != CKR_OK) return Failed("sign with the token's key", result);
  signature.resize(std::min<std::size_t>(signature.size(), length));
  return signature;
}

}  // namespace belay
