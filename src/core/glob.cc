#include <algorithm>
#include <optional>

#include <hubdist/core/glob.h>

namespace hubdist {
namespace {

// How many bytes the UTF-8 sequence has that begins with this byte; 0 when none does.
std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf5 ? 4 : 0;
}

// The character that text, which is not empty, begins with; its length is 0 when the first byte
// begins none.
struct Decoded {
  char32_t character = 0;
  std::size_t length = 0;
};
Decoded decode_first(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = sequence_length(lead);
  if (length == 0 || length > text.size()) return {};
  char32_t value = length == 1 ? lead : lead & (0xffu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0) != 0x80) return {};
    value = value << 6 | (next & 0x3fu);
  }
  const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  const bool surrogate = value >= 0xd800 && value < 0xe000;
  if (overlong || surrogate || value > 0x10ffff) return {};
  return {value, length};
}

// fnmatch works on characters, not bytes. A byte that is no UTF-8 becomes the lone surrogate that
// Python decodes it to.
std::u32string code_points(std::string_view text) {
  std::u32string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Decoded first = decode_first(text);
    out.push_back(first.length > 0 ? first.character
                                   : 0xdc00u + static_cast<unsigned char>(text[0]));
    text.remove_prefix(std::max<std::size_t>(first.length, 1));
  }
  return out;
}

// What stands between '[' and ']'.
class CharacterSet {
 public:
  // Python's reading of a set: a '-' with a character on both sides makes a range, unless it stands
  // too near to the one before (in a-c-e only the first does); a range that runs backwards vanishes
  // together with its two ends; only then is a '!' in front looked for.
  static CharacterSet parse(std::u32string_view inside) {
    std::vector<std::u32string> parts = split_at_ranges(inside);
    for (std::size_t k = parts.size() - 1; k > 0; --k) {
      if (parts[k - 1].back() <= parts[k].front()) continue;
      parts[k - 1] = parts[k - 1].substr(0, parts[k - 1].size() - 1) + parts[k].substr(1);
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(k));
    }
    CharacterSet set;
    if (parts[0].starts_with(U'!')) {
      set.negated_ = true;
      parts[0].erase(0, 1);
    }
    for (std::size_t k = 0; k < parts.size(); ++k) {
      for (const char32_t c : parts[k]) set.ranges_.push_back({c, c});
      if (k == 0) continue;
      if (parts[k - 1].empty())  // the '!' was the range's beginning: the '-' stands for itself
        set.ranges_.push_back({U'-', U'-'});
      else
        set.ranges_.push_back({parts[k - 1].back(), parts[k].front()});
    }
    return set;
  }

  bool contains(char32_t c) const {
    const bool listed = std::any_of(ranges_.begin(), ranges_.end(),
                                    [c](const Range& r) { return r.first <= c && c <= r.last; });
    return listed != negated_;
  }

 private:
  struct Range {
    char32_t first;
    char32_t last;
  };

  // The text between the hyphens that make ranges.
  static std::vector<std::u32string> split_at_ranges(std::u32string_view inside) {
    std::vector<std::u32string> parts;
    std::size_t begin = 0;
    std::size_t search = inside.starts_with(U'!') ? 2 : 1;
    while (true) {
      const std::size_t hyphen = inside.find(U'-', search);
      if (hyphen == inside.npos) break;
      parts.emplace_back(inside.substr(begin, hyphen - begin));
      begin = hyphen + 1;
      search = hyphen + 3;
    }
    if (begin < inside.size() || parts.empty())
      parts.emplace_back(inside.substr(begin));
    else
      parts.back() += U'-';
    return parts;
  }

  std::vector<Range> ranges_;
  bool negated_ = false;
};

struct Token {
  enum Kind { kCharacter, kAny, kSet, kStar };
  Kind kind = kAny;
  char32_t character = 0;
  CharacterSet set;

  bool matches(char32_t c) const {
    if (kind == kCharacter) return c == character;
    return kind == kAny || set.contains(c);
  }
};

// The index of the ']' that closes the set which begins after `begin`, if one does.
std::size_t find_closing(std::u32string_view pattern, std::size_t begin) {
  if (begin < pattern.size() && pattern[begin] == U'!') ++begin;
  if (begin < pattern.size() && pattern[begin] == U']') ++begin;
  return pattern.find(U']', begin);
}

std::vector<Token> parse_pattern(std::u32string_view pattern) {
  std::vector<Token> tokens;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    Token token;
    if (pattern[i] == U'*') {
      token.kind = Token::kStar;
    } else if (pattern[i] == U'[' && find_closing(pattern, i + 1) != pattern.npos) {
      const std::size_t closing = find_closing(pattern, i + 1);
      token.kind = Token::kSet;
      token.set = CharacterSet::parse(pattern.substr(i + 1, closing - i - 1));
      i = closing;
    } else if (pattern[i] != U'?') {
      token.kind = Token::kCharacter;
      token.character = pattern[i];
    }
    tokens.push_back(std::move(token));
  }
  return tokens;
}

// Each star takes as little as it can; when what follows fails, only the last star takes more. So
// the cost is at most the product of the lengths.
bool match_tokens(const std::vector<Token>& tokens, std::u32string_view text) {
  std::size_t t = 0;
  std::size_t i = 0;
  std::optional<std::size_t> star;
  std::size_t star_end = 0;
  while (i < text.size()) {
    if (t < tokens.size() && tokens[t].kind == Token::kStar) {
      star = t++;
      star_end = i;
    } else if (t < tokens.size() && tokens[t].matches(text[i])) {
      ++t;
      ++i;
    } else if (star) {
      t = *star + 1;
      i = ++star_end;
    } else {
      return false;
    }
  }
  return std::all_of(tokens.begin() + static_cast<std::ptrdiff_t>(t), tokens.end(),
                     [](const Token& token) { return token.kind == Token::kStar; });
}

// As huggingface_hub does before it matches: backslashes separate folders too.
std::string with_slashes(std::string_view text) {
  std::string out(text);
  std::replace(out.begin(), out.end(), '\\', '/');
  return out;
}

bool any_matches(const std::vector<std::string>& patterns, const std::string& path) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& given) {
    std::string pattern = with_slashes(given);
    if (pattern.ends_with('/')) pattern += '*';
    return glob_match(pattern, path);
  });
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view path) {
  return match_tokens(parse_pattern(code_points(pattern)), code_points(path));
}

bool PathFilter::matches(std::string_view path) const {
  const std::string normal = with_slashes(path);
  if ((has_include || !include.empty()) && !any_matches(include, normal)) return false;
  return !any_matches(exclude, normal);
}

}  // namespace hubdist
