// Whose code a frame is, when the SDK does not say: our own small table of runtimes, package folders and runners.
#include <algorithm>
#include <initializer_list>

#include "nodes/frames.hpp"

namespace mesher::nodes {
namespace {

using Words = std::initializer_list<std::string_view>;

bool begins(std::string_view text, Words prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](std::string_view p) { return text.starts_with(p); });
}
bool holds(std::string_view text, Words parts) {
  return std::any_of(parts.begin(), parts.end(), [&](std::string_view p) { return text.find(p) != text.npos; });
}
bool is_one_of(std::string_view text, Words words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool upper(char c) {
  return c >= 'A' && c <= 'Z';
}

std::string_view path_of(const Frame& frame) {
  return frame.abs_path.empty() ? frame.filename : frame.abs_path;
}

bool java_runner(const Frame& f) {
  const auto m = f.module;
  switch (m.empty() ? '\0' : m[0]) {
    case 'j':
      if (begins(m, {"junit.", "java.lang.reflect.", "jdk.internal.reflect.", "java.lang.invoke."})) return true;
      return begins(m,
                    {"java.lang.Thread", "java.util.concurrent.ThreadPoolExecutor", "java.util.concurrent.FutureTask",
                     "java.util.concurrent.Executors", "java.util.concurrent.ForkJoin"});
    case 'o':
      return begins(m,
                    {"org.junit.", "org.testng.", "org.apache.tools.ant.", "org.apache.maven.surefire.", "org.gradle.",
                     "org.mockito.internal.runners.", "org.springframework.test.", "org.eclipse.jdt.internal.junit"});
    case 'c':
      return begins(
          m, {"com.intellij.rt.", "com.intellij.junit", "com.carrotsearch.randomizedtesting.", "com.sun.proxy."});
    default:
      return begins(m, {"sun.reflect.", "worker.org.gradle.", "io.sentry.", "net.sf.cglib."});
  }
}

bool java_library(const Frame& f) {
  const auto m = f.module;
  switch (m.empty() ? '\0' : m[0]) {
    case 'j':
      return begins(m, {"java.", "javax.", "jdk.", "jakarta."});
    case 'o':
      return begins(
          m, {"org.springframework.", "org.hibernate.", "org.apache.catalina.", "org.apache.coyote.",
              "org.apache.tomcat.", "org.eclipse.jetty.", "org.jboss.", "org.codehaus.groovy.", "org.hamcrest."});
    case 'k':
      return begins(m, {"kotlin.", "kotlinx.", "ktor."});
    case 'a':
      return begins(m, {"android.", "androidx.", "akka."});
    case 'c':
      return begins(m, {"com.sun.", "com.android.", "com.zaxxer.hikari.", "clojure."});
    default:
      return begins(m, {"sun.", "scala.", "groovy.", "dalvik.", "libcore.", "io.netty.", "io.undertow.", "reactor.",
                        "net.bytebuddy."});
  }
}

bool java_test(const Frame& f) {
  for (auto dot = f.module.find('.'); dot != f.module.npos; dot = f.module.find('.', dot + 1)) {
    const auto label = f.module.substr(dot + 1);
    if (label.starts_with("junit.") || label.starts_with("test.") || label.starts_with("tests.")) return true;
  }
  auto name = f.module.substr(f.module.rfind('.') + 1);
  name = name.substr(0, name.find('$'));
  if (name.ends_with("Test") || name.ends_with("Tests") || name.ends_with("TestCase") || name.ends_with("TestBase"))
    return true;
  return name.starts_with("Test") && name.size() > 4 && upper(name[4]);
}

bool python_runner(const Frame& f) {
  return begins(f.module, {"unittest.", "_pytest.", "pluggy.", "sentry_sdk.", "importlib._bootstrap"}) ||
         is_one_of(f.module, {"unittest", "pytest", "pluggy", "runpy", "sentry_sdk", "threading", "nose"}) ||
         path_of(f).starts_with("<frozen ");
}

bool python_library(const Frame& f) {
  const auto path = path_of(f);
  return holds(path, {"site-packages", "dist-packages", "/lib/python", "\\lib\\python", "\\Lib\\"}) ||
         begins(f.module, {"asyncio.", "concurrent.futures", "multiprocessing.", "socketserver", "http.server"});
}

bool python_test(const Frame& f) {
  const auto name = basename_of(path_of(f));
  return (name.starts_with("test_") && name.ends_with(".py")) || name.ends_with("_test.py") || name == "conftest.py";
}

bool javascript_runner(const Frame& f) {
  return holds(path_of(f), {"node_modules/@sentry/", "node_modules/mocha/", "node_modules/jest", "node_modules/@jest/",
                            "node_modules/vitest/", "sentry.min.js", "bundle.min.js"});
}

bool javascript_library(const Frame& f) {
  const auto path = path_of(f);
  return holds(path, {"node_modules/", "webpack/bootstrap", "webpack/runtime"}) ||
         begins(path, {"node:", "internal/",
                       "chrome-extension:", "moz-extension:", "safari-extension:", "safari-web-extension:"}) ||
         (family_of(f.platform) == Family::javascript && f.platform == "node" && !path.empty() &&
          path.find_first_of("/\\:") == path.npos);
}

bool javascript_test(const Frame& f) {
  return holds(basename_of(path_of(f)), {".test.", ".spec."});
}

bool go_runner(const Frame& f) {
  return f.module == "testing" ||
         (f.module == "runtime" && is_one_of(f.function, {"goexit", "main", "gopanic", "sigpanic"})) ||
         f.module.starts_with("github.com/getsentry/sentry-go");
}

bool go_library(const Frame& f) {
  if (holds(path_of(f), {"/pkg/mod/", "/usr/local/go/src/", "/vendor/", "/libexec/src/"})) return true;
  // Paths of the standard library have no domain: "net/http", "runtime".
  const auto first = f.module.substr(0, f.module.find('/'));
  return !first.empty() && first != "main" && first.find('.') == first.npos && f.abs_path.empty();
}

bool csharp_library(const Frame& f) {
  return begins(f.module, {"System.", "Microsoft.", "Mono.", "Windows.", "MS."}) || f.module == "System";
}
bool csharp_runner(const Frame& f) {
  return begins(f.module,
                {"Xunit.", "NUnit.", "Microsoft.VisualStudio.TestPlatform", "Sentry.", "System.Reflection.",
                 "System.Threading.", "System.Runtime.CompilerServices.", "System.Runtime.ExceptionServices."});
}

bool native_runner(const Frame& f) {
  const auto name = f.function;
  return is_one_of(name, {"_start",
                          "start",
                          "start_thread",
                          "clone",
                          "clone3",
                          "__libc_start_main",
                          "__libc_start_call_main",
                          "_pthread_start",
                          "thread_start",
                          "_pthread_body",
                          "BaseThreadInitThunk",
                          "RtlUserThreadStart",
                          "abort",
                          "raise",
                          "gsignal",
                          "__pthread_kill",
                          "pthread_kill",
                          "__cxa_throw",
                          "__cxa_rethrow",
                          "std::terminate",
                          "__restore_rt",
                          "_sigtramp",
                          "rust_begin_unwind",
                          "rust_panic",
                          "panic_unwind"}) ||
         begins(name, {"std::panicking::", "core::panicking::", "std::rt::", "std::sys_common::backtrace::",
                       "std::sys::backtrace::", "backtrace::", "__rust_", "std::panic::", "sentry_"});
}

bool native_library(const Frame& f) {
  const auto package = f.package.empty() ? path_of(f) : f.package;
  if (begins(package, {"/usr/lib", "/lib/", "/lib64/", "/System/", "/Library/", "/rustc/", "linux-vdso", "linux-gate",
                       "C:\\Windows\\", "C:\\WINDOWS\\"}) ||
      holds(package, {"/.cargo/registry/", "/usr/include/", "/Developer/CoreSimulator/"})) {
    return true;
  }
  if (is_one_of(basename_of(package),
                {"ntdll.dll", "kernel32.dll", "KERNELBASE.dll", "ucrtbase.dll", "user32.dll", "UIKit", "UIKitCore",
                 "Foundation", "CoreFoundation", "libobjc.A.dylib", "AppKit"})) {
    return true;
  }
  return begins(f.function, {"std::", "core::", "alloc::", "__gnu_cxx::", "__libc_", "objc_"});
}

bool vendored(const Frame& f, Words folders) {
  return holds(path_of(f), folders);
}

bool is_runner(const Frame& f, Family family) {
  switch (family) {
    case Family::java:
      return java_runner(f);
    case Family::python:
      return python_runner(f);
    case Family::javascript:
      return javascript_runner(f);
    case Family::go:
      return go_runner(f);
    case Family::csharp:
      return csharp_runner(f);
    case Family::native:
      return native_runner(f);
    case Family::php:
      return vendored(f, {"/vendor/phpunit/", "/vendor/sentry/"});
    case Family::ruby:
      return vendored(f, {"/gems/rspec", "/gems/minitest", "/gems/sentry-"});
    default:
      return false;
  }
}

bool is_library(const Frame& f, Family family) {
  switch (family) {
    case Family::java:
      return java_library(f);
    case Family::python:
      return python_library(f);
    case Family::javascript:
      return javascript_library(f);
    case Family::go:
      return go_library(f);
    case Family::csharp:
      return csharp_library(f);
    case Family::native:
      return native_library(f);
    case Family::php:
      return vendored(f, {"/vendor/"});
    case Family::ruby:
      return vendored(f, {"/gems/", "/lib/ruby/", "<internal:"});
    default:
      return vendored(f, {"/usr/lib/", "site-packages", "node_modules/", "/vendor/"});
  }
}

bool is_test(const Frame& f, Family family) {
  switch (family) {
    case Family::java:
      return java_test(f);
    case Family::python:
      return python_test(f);
    case Family::javascript:
      return javascript_test(f);
    case Family::go:
      return path_of(f).ends_with("_test.go");
    case Family::ruby:
      return vendored(f, {"_spec.rb", "_test.rb"});
    case Family::php:
      return path_of(f).ends_with("Test.php");
    default:
      return false;
  }
}

}  // namespace

FrameRole role_of(const Frame& frame, Family family) {
  if (is_runner(frame, family)) return FrameRole::runner;
  const bool app = frame.in_app.has_value() ? *frame.in_app : !is_library(frame, family);
  if (!app) return FrameRole::library;
  return is_test(frame, family) ? FrameRole::test : FrameRole::app;
}

}  // namespace mesher::nodes
