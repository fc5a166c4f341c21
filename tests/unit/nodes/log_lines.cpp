#include "tests/unit/nodes/log_lines.hpp"

#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <stdexcept>

namespace mesher::testing {
namespace {

/// Makes values of every kind that a template can name.
class Values {
 public:
  explicit Values(std::uint64_t seed) : random_(seed) {}

  std::string operator()(const std::string& kind) {
    static const std::map<std::string, std::string (Values::*)()> kMakers{{"apk", &Values::apk},
                                                                          {"attempt", &Values::attempt},
                                                                          {"axis", &Values::axis},
                                                                          {"bgnode", &Values::bgnode},
                                                                          {"bgtree", &Values::bgtree},
                                                                          {"bigint", &Values::bigint},
                                                                          {"blk", &Values::blk},
                                                                          {"blks", &Values::blks},
                                                                          {"bool", &Values::boolean},
                                                                          {"class", &Values::class_name},
                                                                          {"client", &Values::client},
                                                                          {"cmd", &Values::cmd},
                                                                          {"container", &Values::container},
                                                                          {"ctime", &Values::ctime},
                                                                          {"digit", &Values::digit},
                                                                          {"dur", &Values::dur},
                                                                          {"email", &Values::email},
                                                                          {"file", &Values::file},
                                                                          {"float", &Values::floating},
                                                                          {"hex0x", &Values::hex0x},
                                                                          {"hex7", &Values::hex7},
                                                                          {"hex8", &Values::hex8},
                                                                          {"hexlong", &Values::hexlong},
                                                                          {"host", &Values::host},
                                                                          {"hpcnode", &Values::hpcnode},
                                                                          {"id", &Values::id},
                                                                          {"int", &Values::integer},
                                                                          {"ip", &Values::ip},
                                                                          {"ipport", &Values::ipport},
                                                                          {"ipports", &Values::ipports},
                                                                          {"ips", &Values::ips},
                                                                          {"iso", &Values::iso},
                                                                          {"job", &Values::job},
                                                                          {"lifetime", &Values::lifetime},
                                                                          {"longmac", &Values::longmac},
                                                                          {"mac", &Values::mac},
                                                                          {"node", &Values::node},
                                                                          {"onoff", &Values::onoff},
                                                                          {"path", &Values::path},
                                                                          {"port", &Values::port},
                                                                          {"rdd", &Values::rdd},
                                                                          {"rhost", &Values::rhost},
                                                                          {"scsi", &Values::scsi},
                                                                          {"sha", &Values::sha},
                                                                          {"sint", &Values::sint},
                                                                          {"size", &Values::size},
                                                                          {"stack", &Values::stack},
                                                                          {"steps", &Values::steps},
                                                                          {"tag", &Values::tag},
                                                                          {"url", &Values::url},
                                                                          {"user", &Values::user},
                                                                          {"uuid", &Values::uuid},
                                                                          {"version", &Values::version},
                                                                          {"windate", &Values::windate},
                                                                          {"winpath", &Values::winpath},
                                                                          {"word", &Values::word},
                                                                          {"ws", &Values::ws}};
    const auto found = kMakers.find(kind);
    if (found == kMakers.end()) throw std::runtime_error("no values of kind " + kind);
    return (this->*found->second)();
  }

 private:
  using S = std::string;
  std::uint64_t below(std::uint64_t n) { return std::uniform_int_distribution<std::uint64_t>(0, n - 1)(random_); }
  S number(std::uint64_t n) { return std::to_string(below(n)); }
  S one_of(std::initializer_list<const char*> words) { return *(words.begin() + below(words.size())); }
  S digits(int n) {
    S s;
    while (n-- > 0) s += static_cast<char>('0' + below(10));
    return s;
  }
  S hex(int n, const char* alphabet = "0123456789abcdef") {
    S s;
    while (n-- > 0) s += alphabet[below(16)];
    return s;
  }
  S list(std::uint64_t most, const char* between, S (Values::*make)()) {
    S s = (this->*make)();
    for (auto n = below(most); n > 0; --n) s += between + (this->*make)();
    return s;
  }

  S digit() { return number(10); }
  S integer() { return number(below(2) == 0 ? 100 : below(2) == 0 ? 70'000 : 900'000'000); }
  S sint() { return (below(2) == 0 ? "-" : "") + integer(); }
  S bigint() { return std::to_string(1'000'000'000'000 + below(900'000'000'000'000)); }
  S floating() { return integer() + "." + digits(1 + static_cast<int>(below(7))); }
  S blk() { return S("blk_") + (below(2) == 0 ? "-" : "") + bigint() + digits(4); }
  S blks() { return list(6, " ", &Values::blk); }
  S ip() { return "10." + number(256) + "." + number(256) + "." + number(256); }
  S ips() { return list(2, ",", &Values::ip); }
  S port() { return std::to_string(1024 + below(60000)); }
  S ipport() { return ip() + ":" + port(); }
  S ipports() { return list(3, below(2) == 0 ? " " : ", ", &Values::ipport); }
  S mac() { return hex(2) + ":" + hex(2) + ":" + hex(2) + ":" + hex(2) + ":" + hex(2) + ":" + hex(2); }
  S longmac() {
    S s = hex(2, "0123456789ABCDEF");
    for (int i = 0; i < 11; ++i) s += ":" + hex(2, "0123456789ABCDEF");
    return s;
  }
  S job() { return "job_" + digits(13) + "_" + digits(4); }
  S attempt() {
    return one_of({"attempt_", "task_"}) + digits(13) + "_" + digits(4) + one_of({"_m_", "_r_"}) + digits(6) + "_" +
           digit();
  }
  S container() { return "container_" + digits(13) + "_" + digits(4) + "_01_" + digits(6); }
  S rdd() { return below(2) == 0 ? "rdd_" + number(60) + "_" + number(40) : "broadcast_" + number(60); }
  S node() {
    return one_of({"msra-sa-", "mesos-slave-", "dn", "aadmin", "Thunderbird_A", "cp-"}) + std::to_string(1 + below(99));
  }
  S hpcnode() { return one_of({"node-", "storage", "node-D"}) + std::to_string(1 + below(250)); }
  S host() {
    return one_of({"MSRA-SA-39.fareast.corp.example.com", "MININT-FNANLI5.fareast.corp.example.com",
                   "proxy.cse.cuhk.edu.hk", "n219076184117.netvigator.com", "get.sogou.com", "ns.marryaldk.net",
                   "cp-1.slowvm1.utah.cloudlab.us", "qa-in-f125.1e100.net", "authorMacBook-Pro.local",
                   "lns-vlq-45-tou-82-252-162-81.adsl.proxad.net", "mail.example.org", "db.internal",
                   "customer.kpnplanet.co.uk"});
  }
  S rhost() { return below(2) == 0 ? ip() : host(); }
  S user() {
    return one_of({"root", "admin", "webmaster", "cyrus", "news", "fztu", "test", "pgadmin", "0101", "oracle", "guest2",
                   "ubuntu", "mysql", "git", "support", "jenkins", "web-master", "ftpuser"});
  }
  S path() {
    return one_of(
        {"/user/root/rand/_temporary/_task_200811092030_0001_m_000590_0/part-00590", "/var/www/html/",
         "/etc/httpd/conf/workers2.properties", "/g/g24/germann2/SPaSM_static", "/p/gb1/stella/RAPTOR/2183/map",
         "/var/lib/nova/instances/_base/a489c868f0c37da93b76227c91bb03908ac0e742", "/consumers",
         "/v2/54fadb412c4e40cdbaed9335e4c35a9e/servers/detail", "/latest/meta-data/instance-id", "/home/yates",
         "/opt/hdfs/nodemanager/usercache/curi/appcache/application_1485248649253_0147/blockmgr-70293f72"});
  }
  S winpath() {
    return one_of({"C:\\Windows\\winsxs\\amd64_servicingstack_31bf3856ad364e35_6.1.7601\\cbscore.dll",
                   "C:\\Windows\\servicing\\sqm\\*_std.sqm", "D:\\hadoop-2.6.0-localbuild\\x.jar",
                   "C:\\Windows\\Temp\\CBS.log"});
  }
  S file() { return one_of({"idotransportmgr.cpp", "main.c", "driver.hpp", "ciod.cpp"}); }
  S class_name() {
    return one_of({"org.apache.hadoop.mapreduce.jobhistory.EventType",
                   "org.apache.hadoop.mapreduce.v2.app.MRAppMaster$JobEventDispatcher",
                   "org.apache.hadoop.mapreduce.lib.output.FileOutputCommitter",
                   "org.apache.spark.network.netty.NettyBlockTransferService"});
  }
  S apk() {
    return one_of(
        {"com.android.systemui", "com.tencent.qt.qtl", "com.tencent.mm", "com.apple.cts", "com.android.phone"});
  }
  S uuid() { return hex(8) + "-" + hex(4) + "-" + hex(4) + "-" + hex(4) + "-" + hex(12); }
  S hex0x() { return "0x" + hex(2 + static_cast<int>(below(14))); }
  S hex7() { return hex(6) + digits(1); }
  S hex8() { return digits(1) + hex(7); }
  S hexlong() { return hex(24, "0123456789ABCDEF"); }
  S size() { return floating() + " " + one_of({"KB", "MB", "GB", "B"}); }
  S dur() { return below(2) == 0 ? integer() + "ms" : floating() + one_of({"s", " s", " seconds", " ms"}); }
  S lifetime() {
    return below(3) == 0 ? "<1 sec" : digits(2) + ":" + digits(2) + (below(2) == 0 ? "" : ":" + digits(2));
  }
  S boolean() { return one_of({"true", "false", "True", "False"}); }
  S onoff() { return one_of({"on", "off"}); }
  S axis() { return one_of({"x+", "x-", "y+", "y-", "z+", "z-"}); }
  S bgnode() {
    return "R" + digits(2) + "-M" + number(2) + "-N" + number(16) +
           one_of({"", "-C:J12-U11", "-C:J05-U01", "-I:J18-U11"});
  }
  S bgtree() { return digit() + one_of({"T", "N"}) + "00:00:" + digit() + ":" + digit(); }
  S scsi() {
    return below(2) == 0 ? "alt" + digit() : "SCSI-WWID:01000010:6005-08b4-0001-00c6-0006-3000-003d-" + digits(4);
  }
  S cmd() {
    return one_of(
        {"run-parts /etc/cron.hourly", "/usr/lib64/sa/sa1 1 1", "/usr/bin/backup --all", "test -x /usr/sbin/anacron"});
  }
  S client() { return one_of({"WindowsUpdateAgent", "SPP", "Software"}); }
  S ctime() {
    return one_of({"Mon", "Tue", "Sat", "Sun"}) + one_of({" Jul ", " Jun  ", " Dec "}) + std::to_string(1 + below(9)) +
           " " + digits(2) + ":" + digits(2) + ":" + digits(2) + " 2005";
  }
  S iso() {
    return "20" + digits(2) + "-0" + std::to_string(1 + below(9)) + "-1" + digit() + one_of({"T", " "}) + digits(2) +
           ":" + digits(2) + ":" + digits(2) + one_of({"", "Z", ".123", ",747"});
  }
  S windate() { return "2016/9/" + number(29) + ":20:30:31." + digits(3); }
  S version() { return digit() + "." + digit() + "." + number(9000) + (below(2) == 0 ? "" : "." + number(99)); }
  S stack() { return list(6, " ", &Values::address); }
  S address() { return "@0x7fed" + hex(8); }
  S steps() { return bigint() + "##" + number(9999) + "##" + integer() + "##" + number(9999); }
  S tag() { return one_of({"View Lock", "RILJ_ACK_WL", "*launch*", "AudioMix"}); }
  S ws() { return below(2) == 0 ? "null" : "WorkSource{" + number(20000) + "}"; }
  S url() { return one_of({"http://", "https://"}) + host() + path() + "?q=" + integer(); }
  S email() { return user() + one_of({"@example.com", "@mail.example.co.uk", "+tag@x.org"}); }
  S id() { return one_of({"req-7f3a", "pay_1N8xQ2", "user_1234", "ord-00017", "ch_3Jk2"}); }
  S sha() { return hex(6) + digits(1) + hex(33); }
  S word() { return one_of({"users_pkey", "orders", "a value", "it failed", "x"}); }

  std::mt19937_64 random_;
};

std::string fill(const std::string& form, Values& values) {
  std::string text;
  for (std::size_t i = 0; i < form.size();) {
    const std::size_t close =
        form[i] == '{' ? form.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789", i + 1) : 0;
    if (form[i] == '{' && close != std::string::npos && form[close] == '}' && close > i + 1) {
      text += values(form.substr(i + 1, close - i - 1));
      i = close + 1;
    } else {
      text += form[i++];
    }
  }
  return text;
}

}  // namespace

std::vector<std::string> log_templates() {
  std::ifstream in(MESHER_TEST_DATA "/log_templates.txt");
  std::vector<std::string> all;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line[0] != '#') all.push_back(line);
  }
  if (all.empty()) throw std::runtime_error("tests/data/log_templates.txt is missing");
  return all;
}

std::vector<LogLine> log_lines(std::uint64_t seed, int times) {
  Values values(seed);
  const auto templates = log_templates();
  std::vector<LogLine> lines;
  for (int i = 0; i < times; ++i) {
    for (std::size_t t = 0; t < templates.size(); ++t) lines.push_back({fill(templates[t], values), t});
  }
  return lines;
}

double exact_group_accuracy(const std::vector<LogLine>& lines, const std::vector<std::string>& keys,
                            std::vector<std::size_t>* wrong) {
  std::map<std::string, std::set<std::size_t>> origins_of_key;
  std::map<std::size_t, std::set<std::string>> keys_of_origin;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    origins_of_key[keys[i]].insert(lines[i].origin);
    keys_of_origin[lines[i].origin].insert(keys[i]);
  }
  const auto exact = [&](std::size_t origin) {
    const auto& of = keys_of_origin.at(origin);
    return of.size() == 1 && origins_of_key.at(*of.begin()).size() == 1;
  };
  std::size_t right = 0;
  for (const auto& line : lines) right += exact(line.origin) ? 1 : 0;
  if (wrong != nullptr) {
    for (const auto& [origin, unused] : keys_of_origin) {
      if (!exact(origin)) wrong->push_back(origin);
    }
  }
  return static_cast<double>(right) / static_cast<double>(lines.size());
}

}  // namespace mesher::testing
