// The message normaliser over log messages of many systems, on one core.
#include <benchmark/benchmark.h>

#include <string>
#include <string_view>

#include "nodes/normalise.hpp"

namespace {

using namespace mesher;  // NOLINT(google-build-using-namespace)

constexpr std::string_view kLines[] = {
    "Receiving block blk_-1608999687919862906 src: /10.250.19.102:54106 dest: /10.250.19.102:50010",
    "BLOCK* NameSystem.addStoredBlock: blockMap updated: 10.251.43.21:50010 is added to blk_-5974833545991408899 size "
    "67108864",
    "Retrying connect to server: msra-sa-41:9000. Already tried 7 time(s); retry policy is "
    "RetryPolicy[MultipleLinearRandomRetry]",
    "Finished task 0.0 in stage 27.0 (TID 1220). 2128 bytes result sent to driver",
    "Established session 0x14f05578bd80006 with negotiated timeout 10000 for client /10.10.34.13:37177",
    "10.11.10.1 \"GET /v2/54fadb412c4e40cdbaed9335e4c35a9e/servers/detail HTTP/1.1\" status: 200 len: 1893 time: "
    "0.2477829",
    "[instance: b9000564-fe1a-409b-b8cc-1e88b294cd1d] During sync_power_state the instance has a pending task "
    "(spawning). Skip.",
    "instruction cache parity error corrected",
    "ciod: Error reading message prefix after LOGIN_MESSAGE on CioStream socket to 172.16.96.116:34370: Link has been "
    "severed",
    "authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost=218.188.2.4  user=root",
    "Failed password for invalid user webmaster from 173.234.31.186 port 38926 ssh2",
    "reverse mapping checking getaddrinfo for ns.example.com [173.234.31.186] failed - POSSIBLE BREAK-IN ATTEMPT!",
    "jk2_init() Found child 6725 in scoreboard slot 10",
    "proxy.cse.cuhk.edu.hk:5070 close, 451 bytes sent, 18846 bytes (18.4 KB) received, lifetime 00:01",
    "Read out cached package applicability for package: Package_for_KB2928120~31bf3856ad364e35~amd64~~6.1.1.2, "
    "ApplicableState: 112",
    "acquire lock=233570404, flags=0x1, tag=\"View Lock\", name=com.android.systemui, ws=null, uid=10037, pid=2227",
    "duplicate key value violates unique constraint \"users_email_key\"",
    "Cannot read properties of undefined (reading 'price')",
    "upstream timed out (110: Connection timed out) while reading response header from upstream, client: 203.0.113.9",
    "Payment ch_3Jk2 for order 10017 failed with status 402: the card was declined by its bank, ask the customer for "
    "another one",
};

template <auto kForm>
void normalise(benchmark::State& state) {
  std::string scratch;
  std::int64_t bytes = 0;
  for (auto _ : state) {
    for (const auto line : kLines) {
      benchmark::DoNotOptimize(kForm(line, scratch).data());
      bytes += static_cast<std::int64_t>(line.size());
    }
  }
  state.SetBytesProcessed(bytes);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(std::size(kLines)));
}

std::string_view for_hashing(std::string_view text, std::string& scratch) {
  return nodes::message_skeleton(text, scratch);
}
std::string_view for_readers(std::string_view text, std::string& scratch) {
  return nodes::normalise_message(text, scratch);
}

BENCHMARK(normalise<for_hashing>)->Name("normaliser/skeleton");
BENCHMARK(normalise<for_readers>)->Name("normaliser/typed");

}  // namespace
