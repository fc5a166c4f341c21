#include "nodes/frames.hpp"

#include <gtest/gtest.h>

namespace mesher::nodes {
namespace {

struct Name {
  std::string_view name, form;
};

TEST(GROUP_01_names, native_functions_lose_arguments_templates_and_return_types) {
  TextPool pool;
  for (const auto& [name, form] : std::initializer_list<Name>{
           {"static void ns::Foo<int>::bar(int, char) const", "ns::Foo<T>::bar"},
           {"<T as core::convert::Into<U>>::into::h0123456789abcdef", "core::convert::Into<T>::into"},
           {"<alloc::vec::Vec<A> as core::ops::Index>::index", "alloc::vec::Vec<T>::index"},
           {"_main@8", "_main"},
           {"@fast@8", "fast"},
           {"main", "main"},
           {"memcpy@@GLIBC_2.14", "memcpy"},
           {"-[Foo bar:]", "-[Foo bar:]"},
           {"<redacted>", "<redacted>"},
           {"foo(int) [clone .cold.1]", "foo"},
           {"std::ostream& operator<<(std::ostream&, Foo const&)", "operator<<"},
           {"Foo::operator()(int) const", "Foo::operator()"},
           {"Foo::operator->() &", "Foo::operator->"},
           {"(anonymous namespace)::run(std::vector<int, std::allocator<int>>)", "(anonymous namespace)::run"},
           {"void run<(lambda at x)>::{lambda(int)#1}::operator()(int) const", "run<T>::lambda::operator()"},
           {"Foo::$_3::operator()() const", "Foo::lambda::operator()"},
           {"app.Worker.load(url: Foundation.URL) -> Swift.Optional<Any>", "app.Worker.load"},
           {"core::ptr::drop_in_place<T>::h0123456789abcdef", "core::ptr::drop_in_place<T>"},
           {"foo(", "foo("},
           {"<", "<"},
       }) {
    EXPECT_EQ(native_function(name, pool), form) << name;
  }
}

TEST(GROUP_01_names, generated_parts_of_java_classes_are_replaced) {
  TextPool pool;
  for (const auto& [name, form] : std::initializer_list<Name>{
           {"sun.reflect.GeneratedMethodAccessor12", "sun.reflect.GeneratedMethodAccessor"},
           {"jdk.internal.reflect.GeneratedMethodAccessor9", "jdk.internal.reflect.GeneratedMethodAccessor"},
           {"sun.reflect.GeneratedConstructorAccessor7", "sun.reflect.GeneratedConstructorAccessor<auto>"},
           {"sun.reflect.GeneratedSerializationConstructorAccessor7",
            "sun.reflect.GeneratedSerializationConstructorAccessor<auto>"},
           {"a.Foo$$EnhancerBySpringCGLIB$$1a2b3c_2", "a.Foo$$EnhancerBySpringCGLIB$$<auto>"},
           {"a.Foo$EnhancerByCGLIB$ab12", "a.Foo$EnhancerByCGLIB$<auto>"},
           {"a.Foo$$FastClassBySpringCGLIB$$1a2b", "a.Foo$$FastClassBySpringCGLIB$$<auto>"},
           {"a.Foo$$SpringCGLIB$$0", "a.Foo$$SpringCGLIB$$<auto>"},
           {"a.Foo_$$_javassist_seam_3", "a.Foo_$$_javassist<auto>"},
           {"a.Foo$HibernateProxy$oqGfLJgw", "a.Foo$HibernateProxy$<auto>"},
           {"a.core$handler$fn__1234", "a.core$handler$fn__<auto>"},
           {"a.Foo$$Lambda$14/0x0000000800066840", "a.Foo$$Lambda<auto>"},
           {"a.Foo$$Lambda/0x00007f", "a.Foo$$Lambda<auto>"},
           {"a.Foo$1", "a.Foo$<auto>"},
           {"a.Foo$2Local$3", "a.Foo$<auto>Local$<auto>"},
           {"a.Foo$Inner", "a.Foo$Inner"},
       }) {
    EXPECT_EQ(java_class(name, pool), form) << name;
  }
}

TEST(GROUP_01_names, other_languages_lose_numbers_of_closures) {
  TextPool pool;
  EXPECT_EQ(csharp_function("Main.<Run>b__3_0 (System.Int32 x)", pool), "Main.<Run>b__<auto>");
  EXPECT_EQ(csharp_function("<Run>d__12.MoveNext", pool), "<Run>d__<auto>.MoveNext");
  EXPECT_EQ(csharp_function("<>c__DisplayClass5_0.<Go>b__1", pool), "<>c__DisplayClass<auto>.<Go>b__<auto>");
  EXPECT_EQ(csharp_function("Program.<Main>g__Add|3_0", pool), "Program.<Main>g__Add|<auto>");
  EXPECT_EQ(go_function("(*Server).handle.func1.2", pool), "(*Server).handle.func");
  EXPECT_EQ(go_function("Map[...]", pool), "Map");
  EXPECT_EQ(go_function("glob..func3", pool), "glob..func");
  EXPECT_EQ(go_function("function1", pool), "function1");
  EXPECT_EQ(ruby_function("block (2 levels) in run"), "block");
  EXPECT_EQ(ruby_function("_app_views_users_show_html_erb__1234567890_70123"), "_app_views_users_show_html_erb");
  EXPECT_EQ(ruby_function("User#save"), "save");
  EXPECT_EQ(php_function("class@anonymous/var/www/a.php:12$0::handle"), "handle");
  EXPECT_EQ(php_function("[Anonymous function]"), "");
  EXPECT_EQ(php_function("{closure:Foo::bar():12}"), "{closure}");
}

TEST(GROUP_01_names, browsers_agree_on_functions) {
  for (const auto* name : {"handleClick", "Object.handleClick", "new handleClick", "async handleClick",
                           "async*handleClick", "Cart.prototype.handleClick", "Object.handleClick [as onclick]"}) {
    EXPECT_EQ(javascript_function(name), "handleClick") << name;
  }
  for (const auto* name : {"?", "<anonymous>", "Anonymous function", "handleClick/<", "global code", ""}) {
    EXPECT_EQ(javascript_function(name), "") << name;
  }
}

Frame frame(std::string_view function, std::string_view module = {}, std::string_view filename = {},
            std::string_view abs_path = {}) {
  Frame f;
  f.function = function;
  f.module = module;
  f.filename = filename;
  f.abs_path = abs_path;
  return f;
}

TEST(GROUP_01_frames, module_takes_precedence_over_file_name) {
  TextPool pool;
  auto parts = frame_parts(frame("run", "a.B", "B.java"), "java", pool);
  EXPECT_EQ(parts.module, "a.B");
  EXPECT_EQ(parts.filename, "");
  parts = frame_parts(frame("run", "", "src/Deep/Main.C"), "native", pool);
  EXPECT_EQ(parts.filename, "main.c");
}

TEST(GROUP_01_frames, paths_of_web_pages_and_bundles_do_not_contribute) {
  TextPool pool;
  EXPECT_EQ(frame_parts(frame("f", "", "/static/app.js", "https://x.org/static/app.js"), "javascript", pool).filename,
            "");
  EXPECT_EQ(frame_parts(frame("f", "static/app", "app.js", "https://x.org/static/app"), "javascript", pool).module, "");
  EXPECT_EQ(frame_parts(frame("f", "", "main.8f3a2b1c.js", "/srv/main.8f3a2b1c.js"), "node", pool).filename,
            "main.<hash>.js");
  EXPECT_EQ(frame_parts(frame("t", "", "", "https://x.org/a.js"), "javascript", pool).ignored, "nothing stable in it");
}

TEST(GROUP_01_frames, context_lines_contribute_where_names_are_weak) {
  TextPool pool;
  auto f = frame("f", "m");
  f.context_line = "  return   a\t/ b ";
  EXPECT_EQ(frame_parts(f, "python", pool).context_line, "return a / b");
  EXPECT_EQ(frame_parts(f, "java", pool).context_line, "");
  const std::string longer(121, 'x');
  f.context_line = longer;
  EXPECT_EQ(frame_parts(f, "python", pool).context_line, "");
  f.context_line = "a.b()";
  f.has_sourcemap = true;
  EXPECT_EQ(frame_parts(f, "javascript", pool).function, "");
}

TEST(GROUP_01_frames, whole_frames_that_say_nothing_are_ignored) {
  TextPool pool;
  EXPECT_FALSE(frame_parts(frame("map", "", "", "[native code]"), "javascript", pool).ignored.empty());
  EXPECT_FALSE(frame_parts(frame("Object.eval", "", "", "https://x.org/a.js"), "javascript", pool).ignored.empty());
  EXPECT_FALSE(frame_parts(frame("<listcomp>", "m"), "python", pool).ignored.empty());
  EXPECT_FALSE(frame_parts(frame("apply", "a.B$$Lambda$1/0x00"), "java", pool).ignored.empty());
  EXPECT_EQ(frame_parts(frame("lambda$run$0", "a.B"), "java", pool).function, "");
}

struct Role {
  std::string_view platform, function, module, path;
  FrameRole role;
};

TEST(GROUP_01_frames, whose_code_is_known_without_the_sdks_help) {
  for (const auto& r : std::initializer_list<Role>{
           {"java", "invoke", "java.lang.reflect.Method", "", FrameRole::runner},
           {"java", "get", "java.util.HashMap", "", FrameRole::library},
           {"java", "get", "com.acme.Shop", "", FrameRole::app},
           {"java", "testGet", "com.acme.ShopTest", "", FrameRole::test},
           {"java", "testGet", "com.acme.TestShop$1", "", FrameRole::test},
           {"java", "get", "com.acme.Testament", "", FrameRole::app},
           {"python", "get", "requests.api", "/usr/lib/python3/site-packages/requests/api.py", FrameRole::library},
           {"python", "get", "shop.views", "/srv/shop/views.py", FrameRole::app},
           {"python", "test_get", "tests.test_views", "/srv/tests/test_views.py", FrameRole::test},
           {"node", "next", "", "/srv/node_modules/express/lib/router.js", FrameRole::library},
           {"node", "emit", "", "node:events", FrameRole::library},
           {"node", "get", "", "/srv/src/shop.js", FrameRole::app},
           {"go", "goexit", "runtime", "", FrameRole::runner},
           {"go", "ServeHTTP", "net/http", "/usr/local/go/src/net/http/server.go", FrameRole::library},
           {"go", "main", "main", "/srv/main.go", FrameRole::app},
           {"csharp", "Parse", "System.Number", "", FrameRole::library},
           {"csharp", "Run", "Acme.Shop", "", FrameRole::app},
           {"native", "abort", "", "/lib/x86_64-linux-gnu/libc.so.6", FrameRole::runner},
           {"native", "malloc", "", "/lib/x86_64-linux-gnu/libc.so.6", FrameRole::library},
           {"native", "shop::buy", "", "/opt/shop/bin/shop", FrameRole::app},
           {"php", "handle", "", "/srv/vendor/symfony/kernel.php", FrameRole::library},
           {"ruby", "call", "", "/usr/lib/ruby/gems/3.1/gems/rack-2/lib/rack.rb", FrameRole::library},
       }) {
    Frame f = frame(r.function, r.module, r.path, r.path);
    f.platform = r.platform;
    EXPECT_EQ(role_of(f, family_of(r.platform)), r.role)
        << r.platform << " " << r.module << r.path << " " << r.function;
  }
}

TEST(GROUP_01_frames, what_the_sdk_says_wins_over_the_table) {
  Frame f = frame("get", "java.util.HashMap");
  f.in_app = true;
  EXPECT_EQ(role_of(f, Family::java), FrameRole::app);
  f = frame("get", "com.acme.Shop");
  f.in_app = false;
  EXPECT_EQ(role_of(f, Family::java), FrameRole::library);
}

}  // namespace
}  // namespace mesher::nodes
