#include "io/http/response_head.hpp"

#include <charconv>

namespace mesher::http {
namespace {

void append_number(std::size_t value, std::string& out) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

void append_clean(std::string_view text, std::string& out) {
  const auto from = out.size();
  out += text;
  for (auto i = from; i < out.size(); ++i) {
    if (out[i] == '\r' || out[i] == '\n' || out[i] == '\0') out[i] = ' ';
  }
}

}  // namespace

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Payload Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Entity";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Unknown";
  }
}

void append_head(const Response& response, const HeadOptions& options, std::string& out) {
  out += "HTTP/1.1 ";
  append_number(static_cast<std::size_t>(response.status), out);
  out += ' ';
  out += reason_phrase(response.status);
  if (!response.content_type.empty() && response.status != 204 && response.status != 304) {
    out += "\r\nContent-Type: ";
    append_clean(response.content_type, out);
  }
  if (response.status != 204) {
    out += "\r\nContent-Length: ";
    append_number(response.body.size(), out);
  }
  out += "\r\nDate: ";
  out += options.date;
  for (const auto& [name, value] : response.headers) {
    out += "\r\n";
    append_clean(name, out);
    out += ": ";
    append_clean(value, out);
  }
  if (options.close) {
    out += "\r\nConnection: close";
  } else if (options.keep_alive_1_0) {
    out += "\r\nConnection: keep-alive";
  }
  out += "\r\n\r\n";
}

}  // namespace mesher::http
