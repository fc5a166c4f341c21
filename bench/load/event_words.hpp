#pragma once

#include <array>
#include <string_view>

/// The words that made-up values are put together from: a web shop and its services.
namespace mesher::bench::words {

using namespace std::string_view_literals;

inline constexpr std::array kServices{"checkout"sv, "catalog"sv,  "inventory"sv, "payment"sv, "shipping"sv,
                                      "search"sv,   "accounts"sv, "pricing"sv,   "reviews"sv, "notifications"sv};
inline constexpr std::array kNouns{"Order"sv,   "Customer"sv, "Basket"sv,  "Invoice"sv,  "Shipment"sv, "Product"sv,
                                   "Payment"sv, "Address"sv,  "Voucher"sv, "Category"sv, "Session"sv,  "Refund"sv};
inline constexpr std::array kVerbs{"load"sv,    "find"sv,  "update"sv, "validate"sv, "merge"sv,   "resolve"sv,
                                   "convert"sv, "apply"sv, "fetch"sv,  "compute"sv,  "publish"sv, "reserve"sv};
inline constexpr std::array kNames{"status"sv, "limit"sv, "items"sv,  "result"sv, "context"sv, "total"sv,
                                   "key"sv,    "entry"sv, "buffer"sv, "node"sv,   "options"sv, "current"sv};
/// Lines of source; {0} and {2} a verb and a name, {1} a noun, {3} a number.
inline constexpr std::array kSourceLines{
    "        final {1} {2} = {0}{1}(request, {3});"sv,
    "        if ({2} == null || {2}.isEmpty()) {{"sv,
    "            throw new IllegalStateException(\"no {1} for \" + {2});"sv,
    "        return {0}{1}({2}, options.get({3}));"sv,
    "        for (int i = 0; i < {2}.size(); i++) {{"sv,
    "            {2}.add(repository.{0}{1}(i, {3}));"sv,
    "        }}"sv,
    "        log.debug(\"{0} {1} took {{}} ms\", clock.millis() - started);"sv,
    "        this.{2} = Objects.requireNonNull({2}, \"{2}\");"sv,
    "        synchronized ({2}Lock) {{"sv,
    "    public {1} {0}{1}(final {1}Request request, final int {2}) {{"sv,
    "        try ({1}Cursor {2} = session.open{1}Cursor({3})) {{"sv,
};
/// What is put behind a method's name when there are more issues than failures in the corpus.
inline constexpr std::array kSuffixes{"Async"sv, "Internal"sv, "All"sv,    "Batch"sv,   "Lazy"sv, "Safely"sv,
                                      "Once"sv,  "Remote"sv,   "Cached"sv, "Checked"sv, "ById"sv, "Next"sv,
                                      "First"sv, "Partial"sv,  "Strict"sv, "Raw"sv};
inline constexpr std::array kServers{"web-01"sv,    "web-02"sv,     "web-03"sv,     "web-04"sv,
                                     "web-05"sv,    "web-06"sv,     "worker-01"sv,  "worker-02"sv,
                                     "worker-03"sv, "edge-fra-1"sv, "edge-fra-2"sv, "edge-iad-1"sv};
inline constexpr std::array kRegions{"eu-central-1"sv, "eu-west-3"sv, "us-east-1"sv, "us-west-2"sv, "ap-south-1"sv};
inline constexpr std::array kTiers{"free"sv, "basic"sv, "pro"sv, "enterprise"sv};
inline constexpr std::array kMethods{"GET"sv, "POST"sv, "PUT"sv, "DELETE"sv};
struct Browser {
  std::string_view name, version, agent;
};
inline constexpr std::array kBrowsers{
    Browser{"Chrome", "130.0.0",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 "
            "Safari/537.36"},
    Browser{"Chrome", "131.0.0",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 "
            "Safari/537.36"},
    Browser{"Firefox", "132.0", "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"},
    Browser{"Safari", "18.1",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 "
            "Safari/605.1.15"},
    Browser{
        "Mobile Safari", "17.6",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 "
        "Mobile/15E148 Safari/604.1"},
    Browser{"Edge", "130.0.0",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 "
            "Safari/537.36 Edg/130.0.0.0"},
};
struct Device {
  std::string_view name, family, model, arch, os, os_version;
};
inline constexpr std::array kDevices{
    Device{"PC", "Desktop", "Generic", "x86_64", "Windows", "10.0.19045"},
    Device{"Mac", "Desktop", "MacBookPro18,3", "arm64", "macOS", "14.6.1"},
    Device{"PC", "Desktop", "ThinkPad X1", "x86_64", "Ubuntu", "24.04"},
    Device{"iPhone", "iPhone", "iPhone15,2", "arm64", "iOS", "17.6.1"},
    Device{"Pixel 8", "Pixel", "Pixel 8", "arm64-v8a", "Android", "15"},
};
inline constexpr std::array kTables{"orders"sv,    "customers"sv, "baskets"sv, "invoices"sv,
                                    "shipments"sv, "products"sv,  "vouchers"sv};

}  // namespace mesher::bench::words
