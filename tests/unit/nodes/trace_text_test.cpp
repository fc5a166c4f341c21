#include "nodes/trace_text.hpp"

#include <gtest/gtest.h>

namespace mesher::nodes {
namespace {

struct Expected {
  std::string_view module, function, filename;
  std::uint32_t line, column;
};

void expect_frames(std::string_view text, std::initializer_list<Expected> expected) {
  Arena arena;
  const auto frames = parse_trace_text(text, arena);
  ASSERT_EQ(frames.size(), expected.size()) << text;
  std::size_t i = 0;
  for (const auto& want : expected) {
    EXPECT_EQ(frames[i].module, want.module);
    EXPECT_EQ(frames[i].function, want.function);
    EXPECT_EQ(frames[i].filename, want.filename);
    EXPECT_EQ(frames[i].lineno, want.line);
    EXPECT_EQ(frames[i].colno, want.column);
    ++i;
  }
}

TEST(trace_text, java_newest_first_up_to_its_cause) {
  expect_frames(
      "java.lang.IllegalStateException: boom\n\tat com.example.A.run(A.java:12)\n\tat "
      "java.base/java.lang.Thread.run(Thread.java:833)\n"
      "\tat sun.reflect.X.invoke0(Native Method)\nCaused by: java.io.IOException\n\tat com.example.B.go(B.java:3)\n",
      {{"sun.reflect.X", "invoke0", "", 0, 0},
       {"java.lang.Thread", "run", "Thread.java", 833, 0},
       {"com.example.A", "run", "A.java", 12, 0}});
}

TEST(trace_text, javascript_of_both_families) {
  expect_frames(
      "Error: x\n    at foo (/srv/a.js:1:2)\n    at async Bar.baz (https://a.example/b.js:3:4)\n    at /srv/c.js:5:6\n",
      {{"", "", "/srv/c.js", 5, 6}, {"", "Bar.baz", "/b.js", 3, 4}, {"", "foo", "/srv/a.js", 1, 2}});
  expect_frames("foo@https://a.example/a.js:1:2\n@https://a.example/b.js:3:4",
                {{"", "", "/b.js", 3, 4}, {"", "foo", "/a.js", 1, 2}});
}

TEST(trace_text, python_oldest_first_with_its_lines) {
  const std::string_view text =
      "Traceback (most recent call last):\n  File \"/srv/app.py\", line 10, in <module>\n    main()\n"
      "  File \"/srv/lib.py\", line 3, in main\n    raise ValueError(\"at x (y)\")\nValueError: at x (y)\n";
  expect_frames(text, {{"", "<module>", "/srv/app.py", 10, 0}, {"", "main", "/srv/lib.py", 3, 0}});
  Arena arena;
  EXPECT_EQ(parse_trace_text(text, arena)[1].context_line, "raise ValueError(\"at x (y)\")");
}

TEST(trace_text, go_php_ruby_dotnet) {
  expect_frames(
      "goroutine 1 [running]:\nexample.com/app/srv.(*Server).Run(0xc000, 0x1)\n\t/src/srv.go:12 "
      "+0x1d\nmain.main()\n\t/src/main.go:5 +0x2",
      {{"main", "main", "/src/main.go", 5, 0}, {"example.com/app/srv", "(*Server).Run", "/src/srv.go", 12, 0}});
  expect_frames("#0 /srv/a.php(12): App->run()\n#1 /srv/b.php(3): main()\n#2 {main}",
                {{"", "main", "/srv/b.php", 3, 0}, {"", "App->run", "/srv/a.php", 12, 0}});
  expect_frames("app/a.rb:12:in `run'\nfrom app/b.rb:3:in `main'",
                {{"", "main", "app/b.rb", 3, 0}, {"", "run", "app/a.rb", 12, 0}});
  expect_frames("   at Shop.Cart.Add(Item item) in C:\\src\\Cart.cs:line 42\n   at Shop.Program.Main()",
                {{"Shop.Program", "Main", "", 0, 0}, {"Shop.Cart", "Add", "C:\\src\\Cart.cs", 42, 0}});
}

TEST(trace_text, prose_has_no_frames) {
  expect_frames("", {});
  expect_frames("something went wrong at noon (again)\nplease look at it", {});
  expect_frames("\n\n:::\n(((\n@@@@\n#\nat \nat (\nFile \"", {});
}

}  // namespace
}  // namespace mesher::nodes
