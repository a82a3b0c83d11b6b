#include "common/diff/unified.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/strings/str_cat.h"

namespace belay {
namespace {

// Lines with their ending; the last one may have none.
std::vector<std::string_view> SplitLines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::size_t length = end == std::string_view::npos ? text.size() : end + 1;
    lines.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return lines;
}

enum class Op { Keep, Remove, Add };
struct Edit {
  Op op;
  std::string_view line;
};

using Lines = std::vector<std::string_view>;

// Above this many cells the middle is shown as replaced whole: right, only longer to read.
constexpr std::size_t kMaxCells = 16'000'000;

void AppendAll(const Lines& lines, std::size_t from, std::size_t to, Op op,
               std::vector<Edit>* out) {
  for (std::size_t i = from; i < to; ++i) out->push_back({op, lines[i]});
}

// Longest common subsequence of the part between equal ends.
void DiffMiddle(const Lines& a, std::size_t a0, std::size_t a1, const Lines& b, std::size_t b0,
                std::size_t b1, std::vector<Edit>* out) {
  const std::size_t n = a1 - a0;
  const std::size_t m = b1 - b0;
  if (n == 0 || m == 0 || (n + 1) > kMaxCells / (m + 1)) {
    AppendAll(a, a0, a1, Op::Remove, out);
    AppendAll(b, b0, b1, Op::Add, out);
    return;
  }
  const std::size_t width = m + 1;
  std::vector<std::size_t> longest((n + 1) * width, 0);
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t j = m; j-- > 0;) {
      longest[i * width + j] = a[a0 + i] == b[b0 + j] ? longest[(i + 1) * width + j + 1] + 1
                                                      : std::max(longest[(i + 1) * width + j],
                                                                 longest[i * width + j + 1]);
    }
  }
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < n && j < m) {
    if (a[a0 + i] == b[b0 + j]) {
      out->push_back({Op::Keep, a[a0 + i]});
      ++i;
      ++j;
    } else if (longest[(i + 1) * width + j] >= longest[i * width + j + 1]) {
      out->push_back({Op::Remove, a[a0 + i++]});
    } else {
      out->push_back({Op::Add, b[b0 + j++]});
    }
  }
  AppendAll(a, a0 + i, a1, Op::Remove, out);
  AppendAll(b, b0 + j, b1, Op::Add, out);
}

std::vector<Edit> Script(const Lines& a, const Lines& b) {
  std::size_t head = 0;
  while (head < a.size() && head < b.size() && a[head] == b[head]) ++head;
  std::size_t tail = 0;
  while (tail < a.size() - head && tail < b.size() - head &&
         a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) {
    ++tail;
  }
  std::vector<Edit> script;
  AppendAll(a, 0, head, Op::Keep, &script);
  DiffMiddle(a, head, a.size() - tail, b, head, b.size() - tail, &script);
  AppendAll(a, a.size() - tail, a.size(), Op::Keep, &script);
  return script;
}

void AppendLine(char mark, std::string_view line, std::string* out) {
  out->push_back(mark);
  out->append(line);
  if (line.empty() || line.back() != '\n') out->append("\n\\ No newline at end of file\n");
}

// "12,3" as diff writes it: the count is left out when it is 1, and a range of none names the line
// before.
std::string Range(std::size_t start, std::size_t count) {
  if (count == 1) return absl::StrCat(start + 1);
  return absl::StrCat(count == 0 ? start : start + 1, ",", count);
}

}  // namespace

std::string UnifiedDiff(std::string_view before, std::string_view after, std::string_view path,
                        int context) {
  if (before == after) return "";
  const Lines a = SplitLines(before);
  const Lines b = SplitLines(after);
  const std::vector<Edit> script = Script(a, b);
  const std::size_t around = static_cast<std::size_t>(std::max(context, 0));

  std::string out = absl::StrCat("--- ", before.empty() ? "/dev/null" : std::string(path), "\n+++ ",
                                 after.empty() ? "/dev/null" : std::string(path), "\n");
  std::size_t a_line = 0;
  std::size_t b_line = 0;
  std::size_t at = 0;
  while (at < script.size()) {
    if (script[at].op == Op::Keep) {
      ++at;
      ++a_line;
      ++b_line;
      continue;
    }
    // A hunk: from `around` lines before this change until more than twice that many are kept.
    const std::size_t lead = std::min(around, at);
    std::size_t begin = at;
    while (begin > 0 && at - begin < lead && script[begin - 1].op == Op::Keep) --begin;
    std::size_t end = at;
    std::size_t last_change = at;
    while (end < script.size() && end - last_change <= 2 * around + 1) {
      if (script[end].op != Op::Keep) last_change = end;
      ++end;
    }
    end = std::min(script.size(), last_change + 1 + around);
    const std::size_t a_start = a_line - (at - begin);
    const std::size_t b_start = b_line - (at - begin);
    std::size_t a_count = 0;
    std::size_t b_count = 0;
    std::string body;
    for (std::size_t i = begin; i < end; ++i) {
      const Op op = script[i].op;
      a_count += op != Op::Add ? 1 : 0;
      b_count += op != Op::Remove ? 1 : 0;
      AppendLine(op == Op::Keep ? ' ' : op == Op::Remove ? '-' : '+', script[i].line, &body);
    }
    absl::StrAppend(&out, "@@ -", Range(a_start, a_count), " +", Range(b_start, b_count), " @@\n",
                    body);
    a_line = a_start + a_count;
    b_line = b_start + b_count;
    at = end;
  }
  return out;
}

}  // namespace belay
