#include "bench/micro/sample_event.hpp"

#include <fmt/format.h>

namespace mesher::bench {
namespace {

struct Call {
  const char* module;
  const char* function;
  const char* file;
  int line;
  bool in_app;
};

constexpr Call kCalls[] = {
    {"java.lang.Thread", "run", "Thread.java", 748, false},
    {"java.util.concurrent.ThreadPoolExecutor$Worker", "run", "ThreadPoolExecutor.java", 624, false},
    {"java.util.concurrent.ThreadPoolExecutor", "runWorker", "ThreadPoolExecutor.java", 1149, false},
    {"org.apache.tomcat.util.net.SocketProcessorBase", "run", "SocketProcessorBase.java", 49, false},
    {"org.apache.coyote.AbstractProtocol$ConnectionHandler", "process", "AbstractProtocol.java", 868, false},
    {"org.apache.catalina.core.StandardHostValve", "invoke", "StandardHostValve.java", 143, false},
    {"org.apache.catalina.core.ApplicationFilterChain", "internalDoFilter", "ApplicationFilterChain.java", 193, false},
    {"org.springframework.web.filter.OncePerRequestFilter", "doFilter", "OncePerRequestFilter.java", 107, false},
    {"org.springframework.web.servlet.FrameworkServlet", "service", "FrameworkServlet.java", 897, false},
    {"org.springframework.web.servlet.DispatcherServlet", "doDispatch", "DispatcherServlet.java", 1039, false},
    {"org.springframework.web.method.support.InvocableHandlerMethod", "doInvoke", "InvocableHandlerMethod.java", 190,
     false},
    {"java.lang.reflect.Method", "invoke", "Method.java", 498, false},
    {"com.example.shop.web.OrderController", "placeOrder", "OrderController.java", 88, true},
    {"com.example.shop.orders.OrderService", "place", "OrderService.java", 142, true},
    {"com.example.shop.orders.OrderService", "lambda$reserve$3", "OrderService.java", 171, true},
    {"com.example.shop.stock.StockClient", "reserve", "StockClient.java", 67, true},
    {"com.example.shop.stock.StockClient", "call", "StockClient.java", 103, true},
    {"org.apache.http.impl.client.CloseableHttpClient", "execute", "CloseableHttpClient.java", 83, false},
    {"org.apache.http.impl.execchain.MainClientExec", "execute", "MainClientExec.java", 236, false},
    {"java.net.SocketInputStream", "read", "SocketInputStream.java", 186, false},
};

}  // namespace

std::string sample_event(int number) {
  std::string out = fmt::format(
      R"({{"event_id":"{:032x}","timestamp":"2024-06-01T12:00:{:02}.123456Z","platform":"java","level":"error",)"
      R"("logger":"com.example.shop.orders.OrderService","server_name":"web-{}","release":"shop@4.2.{}",)"
      R"("environment":"production","transaction":"OrderController.placeOrder",)"
      R"("message":{{"formatted":"could not reserve article {} for order {}: read timed out after 2000 ms",)"
      R"("message":"could not reserve article {{}} for order {{}}: read timed out after 2000 ms"}},)"
      R"("exception":{{"values":[{{"type":"SocketTimeoutException","module":"java.net",)"
      R"("value":"Read timed out: stock.internal:8443 order {}","mechanism":{{"type":"UncaughtExceptionHandler","handled":false}},)"
      R"("stacktrace":{{"frames":[)",
      number + 1, number % 60, number % 7, number % 5, 1000 + number, 70000 + number, 70000 + number);
  for (const auto& call : kCalls) {
    out += fmt::format(R"({{"module":"{}","function":"{}","filename":"{}","abs_path":"{}","lineno":{},"in_app":{}}},)",
                       call.module, call.function, call.file, call.file, call.line, call.in_app);
  }
  out.back() = ']';
  out += R"(}}]},"breadcrumbs":[)";
  for (int i = 0; i < 8; ++i) {
    out += fmt::format(
        R"({{"timestamp":"2024-06-01T11:59:{:02}.000Z","type":"http","category":"http","level":"info",)"
        R"("message":"GET /api/articles/{}","data":{{"url":"https://shop.example.com/api/articles/{}","method":"GET","status_code":200}}}},)",
        20 + i, 1000 + i + number, 1000 + i + number);
  }
  out.back() = ']';
  out += fmt::format(
      R"(,"tags":{{"customer_tier":"gold","region":"eu-central-1","payment":"invoice","build":"{}"}},)"
      R"("user":{{"id":"{}","username":"user{}","ip_address":"203.0.113.{}"}},)"
      R"("request":{{"url":"https://shop.example.com/orders","method":"POST","headers":{{"Accept":"application/json",)"
      R"("User-Agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0 Safari/537.36"}}}},)"
      R"("contexts":{{"os":{{"name":"Linux","version":"5.15.0-105-generic"}},"runtime":{{"name":"Temurin","version":"11.0.23"}},)"
      R"("trace":{{"trace_id":"{:032x}","span_id":"a1b2c3d4e5f60718","op":"http.server"}}}},)"
      R"("extra":{{"thread":"http-nio-8080-exec-{}","queue_depth":{},"sql":"select id, amount from orders where customer = ?"}},)"
      R"("sdk":{{"name":"sentry.java.spring","version":"7.9.0","packages":[{{"name":"maven:io.sentry:sentry","version":"7.9.0"}}]}}}})",
      number % 100, number % 5000, number % 5000, number % 250, number + 77, number % 20, number % 40);
  return out;
}

}  // namespace mesher::bench
