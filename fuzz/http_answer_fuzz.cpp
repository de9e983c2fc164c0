// The answers of other systems: no bytes break the reader, and how they are cut into pieces changes nothing.
#include <cstdlib>

#include "tool/plain_http_message.h"

namespace {

using gantry::tool::HttpExchangeResult;
using gantry::tool::PlainHttpAnswer;

HttpExchangeResult read_in_pieces(std::string_view text, std::size_t piece, PlainHttpAnswer::Progress& progress) {
  PlainHttpAnswer answer(false, 4'096);
  progress = PlainHttpAnswer::Progress::more;
  while (!text.empty() && progress == PlainHttpAnswer::Progress::more) {
    const std::size_t count = piece < text.size() ? piece : text.size();
    progress = answer.take(text.substr(0, count));
    text.remove_prefix(count);
  }
  if (progress == PlainHttpAnswer::Progress::more) progress = answer.take_end();
  HttpExchangeResult result;
  answer.move_into(result);
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  PlainHttpAnswer::Progress whole_progress{}, cut_progress{};
  const HttpExchangeResult whole = read_in_pieces(text, text.size(), whole_progress);
  const HttpExchangeResult cut = read_in_pieces(text, 1 + data[0] % 64, cut_progress);
  if (whole_progress != cut_progress || whole.status != cut.status || whole.headers != cut.headers) std::abort();
  if (whole_progress == PlainHttpAnswer::Progress::complete && whole.body != cut.body) std::abort();
  if (whole.body.size() > 4'096) std::abort();
  return 0;
}
