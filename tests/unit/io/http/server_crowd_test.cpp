// Many connections at once, and TLS.
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/resource.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

#include "io/http/server.hpp"
#include "tests/unit/io/http/client.hpp"

namespace mesher::http {
namespace {

using namespace std::chrono_literals;
using testing::Client;

struct Quiet final : SocketHandler {
  void opened(std::shared_ptr<Socket> s) override { socket = std::move(s); }
  void received(std::string text) override { socket->send(std::make_shared<const std::string>(std::move(text))); }
  void closed() override {}
  std::shared_ptr<Socket> socket;
};

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * 4096;
}

constexpr bool kSanitized =
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    true;
#else
    false;
#endif

class CrowdTest : public ::testing::Test {
 protected:
  CrowdTest() {
    // Each connection costs this process two descriptors.
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 20'000);
    setrlimit(RLIMIT_NOFILE, &limit);
    options_.listen = "127.0.0.1:0";
    options_.threads = 2;
    router_.add("POST", "/echo", [](Request request, Respond respond) {
      respond({200, "text/plain", request.body, {}});
    });
    router_.add_upgrade("/socket",
                        [](const Request&, const AcceptSocket& accept) { accept(std::make_unique<Quiet>(), {}); });
  }
  void start() {
    server_ = std::make_unique<Server>(options_, router_, metrics_);
    const auto started = server_->start();
    ASSERT_TRUE(started) << started.error().message;
  }
  ServerOptions options_;
  Router router_;
  Metrics metrics_;
  std::unique_ptr<Server> server_;
};

TEST_F(CrowdTest, RESIL_02_two_thousand_idle_connections_and_sockets_are_cheap_and_harmless) {
  constexpr int kEach = 2000;
  start();
  const auto before = resident_bytes();
  std::vector<Client> idle, sockets;
  for (int i = 0; i < kEach; ++i) {
    idle.emplace_back(server_->port());
    sockets.emplace_back(server_->port());
    ASSERT_EQ(sockets.back().upgrade("/socket"), 101);
  }
  EXPECT_EQ(metrics_.gauge("mesher_http_websockets", "").value(), kEach);
  EXPECT_EQ(Client(server_->port()).request("POST", "/echo", "hello").body, "hello");
  sockets.back().send_text("still there");
  EXPECT_EQ(sockets.back().receive_text(), "still there");
  const auto each = (resident_bytes() - before) / (2 * kEach);
  RecordProperty("bytes_per_connection", static_cast<int>(each));
  if (!kSanitized) {
    EXPECT_LT(each, 32U * 1024);
  }
  sockets.clear();
  idle.clear();
  EXPECT_TRUE(server_->drain(10s));
}

TEST_F(CrowdTest, requests_cut_off_at_every_byte_leave_nothing_behind) {
  start();
  const std::string request =
      "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
  for (std::size_t n = 0; n < request.size(); ++n) {
    Client client(server_->port());
    client.send(request.substr(0, n));
    client.finish_sending();
    EXPECT_TRUE(client.closed_by_peer());
  }
  while (metrics_.gauge("mesher_http_connections", "").value() > 0) std::this_thread::yield();
  EXPECT_EQ(server_->body_budget()->used(), 0U);
}

TEST_F(CrowdTest, drain_under_load_loses_no_answer) {
  start();
  std::atomic<bool> stop{false};
  std::atomic<int> lost{0}, answered{0};
  std::vector<std::jthread> clients;
  for (int c = 0; c < 6; ++c) {
    clients.emplace_back([&] {
      Client client(server_->port());
      while (!stop) {
        // Once the server has taken the request, an answer must come; a closed connection before that is fine.
        const bool sent = client.send("POST /echo HTTP/1.1\r\nContent-Length: 2\r\n\r\nab");
        if (!sent) return;
        const auto answer = client.receive();
        if (answer.status == 0) return;
        if (answer.status != 200 || answer.body != "ab") ++lost;
        ++answered;
        if (answer.header("connection") == "close") return;
      }
    });
  }
  while (answered < 500) std::this_thread::yield();
  EXPECT_TRUE(server_->drain(10s));
  stop = true;
  clients.clear();
  EXPECT_EQ(lost.load(), 0);
}

/// A self-signed certificate for localhost and its key, as PEM files in a directory of their own.
class TlsTest : public CrowdTest {
 protected:
  TlsTest() : folder_(std::filesystem::temp_directory_path() / ("mesher-tls-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), &X509_free);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    auto* name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1,
                               0);
    X509_set_issuer_name(certificate.get(), name);
    X509_sign(certificate.get(), key.get(), EVP_sha256());
    options_.tls_certificate = folder_ / "cert.pem";
    options_.tls_key = folder_ / "key.pem";
    const std::unique_ptr<FILE, int (*)(FILE*)> c(std::fopen(options_.tls_certificate.c_str(), "w"), &std::fclose);
    const std::unique_ptr<FILE, int (*)(FILE*)> k(std::fopen(options_.tls_key.c_str(), "w"), &std::fclose);
    PEM_write_X509(c.get(), certificate.get());
    PEM_write_PrivateKey(k.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  }
  ~TlsTest() override { std::filesystem::remove_all(folder_); }

  const std::filesystem::path folder_;
};

/// The client's end of a TLS connection.
struct TlsClient {
  explicit TlsClient(std::uint16_t port) : tcp(port), context(SSL_CTX_new(TLS_client_method())), ssl(SSL_new(context)) {
    SSL_set_fd(ssl, tcp.fd());
    connected = SSL_connect(ssl) == 1;
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;
  ~TlsClient() {
    SSL_free(ssl);
    SSL_CTX_free(context);
  }
  std::string exchange(const std::string& bytes, std::size_t want) {
    SSL_write(ssl, bytes.data(), static_cast<int>(bytes.size()));
    std::string out;
    char piece[16384];
    while (out.size() < want) {
      const int n = SSL_read(ssl, piece, sizeof piece);
      if (n <= 0) break;
      out.append(piece, static_cast<std::size_t>(n));
    }
    return out;
  }
  Client tcp;
  SSL_CTX* context;
  SSL* ssl;
  bool connected = false;
};

TEST_F(TlsTest, requests_and_sockets_over_tls) {
  start();
  EXPECT_TRUE(server_->url().starts_with("https://127.0.0.1:"));
  TlsClient client(server_->port());
  ASSERT_TRUE(client.connected);
  const std::string body(100'000, 'z');
  const auto post =
      "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.exchange(post, body.size() + 100);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    EXPECT_TRUE(answer.ends_with(body));
  }
  const auto upgraded = client.exchange(
      "GET /socket HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
      100);
  EXPECT_TRUE(upgraded.starts_with("HTTP/1.1 101 "));
  EXPECT_EQ(client.exchange(Client::frame("hi"), 4), "\x81\x02hi");
}

TEST_F(TlsTest, clients_that_do_not_speak_tls_are_let_go) {
  options_.header_timeout = 100ms;
  start();
  Client plain(server_->port());
  plain.send("GET / HTTP/1.1\r\n\r\n");
  while (plain.fill()) {
  }
  Client silent(server_->port());
  EXPECT_TRUE(silent.closed_by_peer());
  TlsClient good(server_->port());
  EXPECT_TRUE(good.connected);
}

TEST_F(TlsTest, wrong_files_are_a_clear_error) {
  const auto cert = options_.tls_certificate;
  options_.tls_certificate = folder_ / "absent.pem";
  Server absent(options_, router_, metrics_);
  EXPECT_EQ(absent.start().error().code, ErrorCode::invalid);
  options_.tls_certificate = cert;
  options_.tls_key = cert;
  Server no_key(options_, router_, metrics_);
  EXPECT_EQ(no_key.start().error().code, ErrorCode::invalid);
  options_.tls_key.clear();
  Server half(options_, router_, metrics_);
  EXPECT_EQ(half.start().error().hint, "give --tls-cert and --tls-key");
}

}  // namespace
}  // namespace mesher::http
