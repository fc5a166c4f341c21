// Reads the part of YAML that openapi.yaml is written in: block maps and lists by indentation, flow maps and lists on one or
// more lines, plain and quoted scalars, and literal blocks (|). Anything else is an error, with its line.
"use strict";

function parseYaml(text) {
  const lines = text.split("\n");
  let at = 0;

  const fail = (what) => { throw new Error(`line ${at + 1}: ${what}`); };
  const indentOf = (line) => line.length - line.trimStart().length;
  const skipBlank = () => { while (at < lines.length && /^\s*(#.*)?$/.test(lines[at])) at += 1; };

  function scalar(word) {
    if (word === "" || word === "~" || word === "null") return null;
    if (word === "true" || word === "false") return word === "true";
    if (/^-?\d+(\.\d+)?$/.test(word)) return Number(word);
    return word;
  }

  // ---- flow: {a: 1, b: [x, "y"]}
  function flow(source) {
    let i = 0;
    const space = () => { while (/\s/.test(source[i] ?? "")) i += 1; };
    function quoted() {
      const start = i;
      for (i += 1; source[i] !== '"'; i += 1) {
        if (source[i] === "\\") i += 1;
        if (i >= source.length) fail("a quote is not closed");
      }
      i += 1;
      return JSON.parse(source.slice(start, i));
    }
    function singleQuoted() {
      const end = source.indexOf("'", i + 1);
      if (end < 0) fail("a quote is not closed");
      const said = source.slice(i + 1, end);
      i = end + 1;
      return said;
    }
    function plain(ends) {
      const start = i;
      while (i < source.length && !ends.includes(source[i]) && !(source[i] === ":" && /[\s,}\]]|^$/.test(source[i + 1] ?? ""))) i += 1;
      return source.slice(start, i).trim();
    }
    function value() {
      space();
      if (source[i] === "{") {
        const map = {};
        i += 1;
        for (space(); source[i] !== "}"; space()) {
          const key = source[i] === '"' ? quoted() : plain(",}");
          space();
          if (source[i] !== ":") fail(`":" expected after ${key}`);
          i += 1;
          map[key] = value();
          space();
          if (source[i] === ",") i += 1; else if (source[i] !== "}") fail('"," or "}" expected');
        }
        i += 1;
        return map;
      }
      if (source[i] === "[") {
        const list = [];
        i += 1;
        for (space(); source[i] !== "]"; space()) {
          list.push(value());
          space();
          if (source[i] === ",") i += 1; else if (source[i] !== "]") fail('"," or "]" expected');
        }
        i += 1;
        return list;
      }
      if (source[i] === '"') return quoted();
      if (source[i] === "'") return singleQuoted();
      return scalar(plain(",}]"));
    }
    const all = value();
    space();
    if (i < source.length && source[i] !== "#") fail(`unexpected ${source.slice(i, i + 10)}`);
    return all;
  }

  function isWhole(source) {
    let depth = 0, quote = "";
    for (let i = 0; i < source.length; i += 1) {
      if (quote) { if (source[i] === "\\") i += 1; else if (source[i] === quote) quote = ""; continue; }
      if (source[i] === '"') quote = '"';
      if (source[i] === "{" || source[i] === "[") depth += 1;
      if (source[i] === "}" || source[i] === "]") depth -= 1;
    }
    return depth === 0;
  }

  function literal(indent) {
    const said = [];
    while (at < lines.length && (lines[at].trim() === "" || indentOf(lines[at]) > indent)) said.push(lines[at++]);
    while (said.length && said[said.length - 1].trim() === "") said.pop();
    const least = Math.min(...said.filter((line) => line.trim()).map(indentOf));
    return said.map((line) => line.slice(least)).join("\n");
  }

  /** What follows "key:" or "- " on the same line, or below it; `at` is behind that line already. */
  function inline(rest, indent) {
    if (rest === "|" || rest === "|-") return literal(indent);
    if (/^[{[]/.test(rest)) {
      while (!isWhole(rest) && at < lines.length) rest += " " + lines[at++].trim();
      return flow(rest);
    }
    if (/^["']/.test(rest)) return flow(rest);
    return scalar(rest.replace(/\s+#.*$/, ""));
  }

  const keyOf = (line) => line.match(/^("(?:[^"\\]|\\.)*"|[^\s"'{[&*!|>%@][^#]*?):(?:\s+(.*))?$/);

  function block(indent) {
    skipBlank();
    if (at >= lines.length || indentOf(lines[at]) < indent) return null;
    const own = indentOf(lines[at]);
    const isList = /^-(\s|$)/.test(lines[at].trim());
    const first = lines[at].trim();
    if (/^[{[]/.test(first)) { at += 1; return inline(first, own); }
    const result = isList ? [] : {};
    for (skipBlank(); at < lines.length && indentOf(lines[at]) === own; skipBlank()) {
      const line = lines[at].trim();
      if (isList) {
        if (!/^-(\s|$)/.test(line)) break;
        const rest = line.slice(1).trim();
        if (rest && !/^[{["]/.test(rest) && keyOf(rest)) {
          lines[at] = " ".repeat(own + 2) + rest;  // a map that begins on the line of its dash
          result.push(block(own + 1));
        } else {
          at += 1;
          result.push(rest ? inline(rest, own) : block(own + 1));
        }
        continue;
      }
      const found = keyOf(line);
      if (!found) fail(`"key:" expected, not ${line.slice(0, 30)}`);
      at += 1;
      const key = found[1].startsWith('"') ? JSON.parse(found[1]) : found[1];
      result[key] = found[2] ? inline(found[2].trim(), own) : block(own + 1);
    }
    if (at < lines.length && indentOf(lines[at]) > own) fail("unexpected indentation");
    return result;
  }

  const all = block(0);
  skipBlank();
  if (at < lines.length) fail("unexpected end");
  return all;
}

if (typeof module !== "undefined") module.exports = { parseYaml };
