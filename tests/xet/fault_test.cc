// What a store may do wrong: the file is right in the end, or the error says what is wrong with
// what.
#include <atomic>

#include "tests/xet/reader_fixture.h"

using namespace hubdist;
using namespace hubdist::testing;

namespace {

// Answers each range's first request by `first`, the others as they should be.
auto once(std::function<FaultScript(ByteRange, const std::string&)> first) {
  auto seen = std::make_shared<std::map<XorbHash, int>>();
  return [first = std::move(first), seen](const XorbHash& xorb, ByteRange range,
                                          const std::string& bytes) -> FaultScript {
    return (*seen)[xorb]++ == 0 ? first(range, bytes) : FaultScript();
  };
}

void expect_loss(ReaderFixture& fixture, std::string_view part) {
  std::string out;
  const Status status = fixture.read_one(out);
  CHECK(status.code() == StatusCode::kDataLoss);
  CHECK_MESSAGE(message(status).find(part) != std::string_view::npos, status.ToString());
  CHECK_MESSAGE(message(status).find("model.bin") != std::string_view::npos, status.ToString());
}

}  // namespace

TEST_CASE_FIXTURE(ReaderFixture, "what is wrong once is read again, from where it was right") {
  SUBCASE("cut off") {
    cas.serve_xorb = once([](ByteRange range, const std::string& bytes) -> FaultScript {
      return [range, bytes](const SeenRequest&, FaultConnection& connection) {
        connection.send(response_head(206, {{"Content-Length", std::to_string(bytes.size())}}));
        connection.send(bytes.substr(0, bytes.size() / 2));
        connection.close();
      };
    });
  }
  SUBCASE("a header that is none") {
    cas.serve_xorb = once([](ByteRange range, std::string bytes) {
      bytes[0] = '\x7f';
      return xorb_part(range, bytes);
    });
  }
  SUBCASE("shorter than asked for") {
    cas.serve_xorb = once([](ByteRange range, const std::string& bytes) {
      return xorb_part(range, bytes.substr(0, bytes.size() - 5));
    });
  }
  SUBCASE("more than asked for") {
    cas.serve_xorb = once(
        [](ByteRange range, const std::string& bytes) { return xorb_part(range, bytes + bytes); });
  }
  SUBCASE("another range") {
    cas.serve_xorb = once([](ByteRange range, const std::string& bytes) {
      return xorb_part({range.begin + 1, range.end + 1}, bytes);
    });
  }
  SUBCASE("an error page") {
    cas.serve_xorb = once([](ByteRange, const std::string&) { return answer(500, {}, "<html>"); });
  }
  SUBCASE("slow down") {
    cas.serve_xorb = once([](ByteRange, const std::string&) { return answer(429); });
  }
  SUBCASE("refused") {
    cas.serve_xorb = once([](ByteRange, const std::string&) { return answer(403); });
  }
  SUBCASE("a success without content") {
    cas.serve_xorb = once([](ByteRange, const std::string&) { return answer(204); });
  }
  SUBCASE("a stall") {
    cas.serve_xorb = once([](ByteRange range, const std::string& bytes) -> FaultScript {
      return [range, bytes](const SeenRequest&, FaultConnection& connection) {
        connection.send(response_head(206, {{"Content-Length", std::to_string(bytes.size())}}));
        connection.send(bytes.substr(0, 1000));
        connection.wait_for_close();
        connection.close();
      };
    });
  }
  check_read();
}

TEST_CASE_FIXTURE(ReaderFixture, "a connection that breaks after every few bytes is no end") {
  cas.serve_xorb = [](const XorbHash&, ByteRange, const std::string& bytes) -> FaultScript {
    if (bytes.size() < 200'000) return {};
    return [bytes](const SeenRequest&, FaultConnection& connection) {
      connection.send(response_head(206, {{"Content-Length", std::to_string(bytes.size())}}));
      connection.send(bytes.substr(0, 200'000));
      connection.close();
    };
  };
  check_read();
}

TEST_CASE_FIXTURE(ReaderFixture, "a server that knows no ranges sends the whole xorb") {
  cas.chunks_per_xorb = 64;
  const std::string other = random_text(500'000, 7);
  content = other.substr(0, 300'000) + random_text(100'000, 8);
  cas.add(other);
  hash = cas.add(content);
  FakeCas* store = &cas;
  cas.serve_xorb = [store](const XorbHash& xorb, ByteRange range,
                           const std::string& bytes) -> FaultScript {
    // The whole of it, with something else before the range.
    const auto size = store->index_of(xorb).packed_size();
    std::string whole(range.begin, 'x');
    whole += bytes;
    whole.resize(size, 'y');
    return answer(200, {}, whole);
  };
  check_read();
}

TEST_CASE_FIXTURE(ReaderFixture, "URLs that expired are renewed, for what is missing") {
  std::atomic<int> requests = 0;
  cas.serve_xorb = [&](const XorbHash&, ByteRange, const std::string& bytes) -> FaultScript {
    // Every third answer is cut off, and its URL is of no use any more.
    if (++requests % 3 != 0) return {};
    return [this, bytes](const SeenRequest&, FaultConnection& connection) {
      connection.send(response_head(206, {{"Content-Length", std::to_string(bytes.size())}}));
      connection.send(bytes.substr(0, bytes.size() * 2 / 3));
      cas.expire_urls();
      connection.close();
    };
  };
  check_read();
}

TEST_CASE_FIXTURE(ReaderFixture, "what is wrong twice is a loss that names xorb and range") {
  SUBCASE("a bad header") {
    cas.serve_xorb = [](const XorbHash&, ByteRange range, std::string bytes) {
      bytes[0] = '\x7f';
      return xorb_part(range, bytes);
    };
  }
  SUBCASE("a chunk that claims to be huge") {
    cas.serve_xorb = [](const XorbHash&, ByteRange range, std::string bytes) {
      bytes[5] = bytes[6] = bytes[7] = '\xff';
      return xorb_part(range, bytes);
    };
  }
  SUBCASE("a footer instead of chunks") {
    cas.serve_xorb = [](const XorbHash&, ByteRange range, std::string bytes) {
      bytes.replace(0, 8, "XETBLOB\x01");
      return xorb_part(range, bytes);
    };
  }
  SUBCASE("a repetition") {
    cas.serve_xorb = [](const XorbHash&, ByteRange range, const std::string& bytes) {
      return xorb_part(range, bytes + bytes);
    };
  }
  SUBCASE("another range") {
    cas.serve_xorb = [](const XorbHash&, ByteRange range, const std::string& bytes) {
      return xorb_part({range.begin + 1, range.end + 1}, bytes);
    };
  }
  SUBCASE("a bomb: little that unpacks to too much") {
    cas.serve_xorb = [](const XorbHash&, ByteRange range, std::string bytes) {
      // An LZ4 frame of endless repetition where a stored chunk was.
      const std::string frame("\x04\x22\x4d\x18\x60\x40\x82", 7);
      bytes[4] = 1;
      bytes.replace(8, frame.size(), frame);
      return xorb_part(range, bytes);
    };
  }
  expect_loss(*this, "xorb ");
}

TEST_CASE_FIXTURE(ReaderFixture, "a xorb with a flipped byte never passes for a proved one") {
  const Term first = cas.terms_of(hash).front();
  for (const std::uint64_t at : {8u, 100u, 70'000u, 500'000u}) {
    cas.serve_xorb = [&](const XorbHash& xorb, ByteRange range, std::string bytes) -> FaultScript {
      if (xorb != first.xorb || at < range.begin || at >= range.end) return {};
      bytes[at - range.begin] = static_cast<char>(bytes[at - range.begin] ^ 4);
      return xorb_part(range, bytes);
    };
    std::string out;
    std::vector<XetDownload> files{file(hash, content.size(), out)};
    const Status status = read(files);
    if (!status.ok()) continue;  // it did not decode
    CHECK((out != content));
    REQUIRE(files[0].doubtful.size() == 1);
    CHECK(files[0].doubtful[0].xorb == first.xorb);
  }
}

TEST_CASE_FIXTURE(ReaderFixture, "a reconstruction that cannot be this file's is refused") {
  SUBCASE("a term is missing") {
    cas.change_answer = [](Reconstruction& answer) { answer.terms.pop_back(); };
  }
  SUBCASE("a term comes twice") {
    cas.change_answer = [](Reconstruction& answer) { answer.terms.push_back(answer.terms.back()); };
  }
  SUBCASE("no terms") {
    cas.change_answer = [](Reconstruction& answer) { answer.terms.clear(); };
  }
  SUBCASE("a term claims more than its chunks can have") {
    cas.change_answer = [](Reconstruction& answer) { answer.terms[0].raw_size = 0xffffffff; };
  }
  SUBCASE("a term claims other bytes than its chunks have") {
    cas.change_answer = [](Reconstruction& answer) {
      if (answer.terms.size() < 2) return;
      answer.terms[0].raw_size += 1;
      answer.terms[1].raw_size -= 1;
    };
  }
  SUBCASE("it begins inside a chunk, before the file") {
    cas.change_answer = [](Reconstruction& answer) { answer.offset_into_first_range = 10; };
  }
  SUBCASE("the ranges of a xorb lie") {
    cas.change_answer = [](Reconstruction& answer) {
      answer.xorbs.begin()->second[0].ranges[0].bytes.end -= 1;
    };
  }
  SUBCASE("another file's") {
    const std::string other = random_text(2'000'000, 3);
    const XetHash of_other = cas.add(other);
    const auto terms = cas.terms_of(of_other);
    cas.change_answer = [terms, this](Reconstruction& answer) {
      answer.terms = terms;
      answer.xorbs.clear();
      for (const Term& term : terms)
        answer.xorbs[term.xorb] = {
            {cas.server().url("/xorb/none"),
             {{term.chunks, *cas.index_of(term.xorb).bytes_of(term.chunks)}}}};
    };
  }
  expect_loss(*this, "");
}

TEST_CASE_FIXTURE(ReaderFixture, "a store that is overloaded for ever ends in its own words") {
  cas.serve_xorb = [](const XorbHash&, ByteRange, const std::string&) { return answer(429); };
  std::string out;
  CHECK(read_one(out).code() == StatusCode::kResourceExhausted);
  cas.serve_xorb = [](const XorbHash&, ByteRange, const std::string&) { return answer(403); };
  CHECK(read_one(out).code() == StatusCode::kPermissionDenied);
  cas.serve_xorb = [](const XorbHash&, ByteRange, const std::string&) { return answer(501); };
  CHECK(read_one(out).code() == StatusCode::kUnimplemented);
}
