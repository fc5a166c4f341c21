// Shows openapi.yaml. All text goes into the page as text, never as markup.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];
const DEEPEST = 5;  // of nested schemas

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Paragraphs, with `code` in backticks. */
function prose(text) {
  return (text ?? "").trim().split(/\n\s*\n/).filter(Boolean).map((paragraph) => element("p", {},
    ...paragraph.split(/`([^`]+)`/).map((part, i) => (i % 2 ? element("code", {}, part) : part.replace(/\n/g, " ")))));
}

function resolver(spec) {
  return (node) => {
    const seen = [];
    while (node && node.$ref && seen.length < 10) {
      seen.push(node.$ref);
      const { $ref, ...own } = node;
      node = { ...$ref.slice(2).split("/").reduce((at, part) => at?.[part], spec), ...own };
    }
    return node;
  };
}

function kindOf(schema, reference) {
  const types = [schema.type ?? (schema.properties ? "object" : schema.oneOf || schema.anyOf ? "one of" : "any")].flat();
  let kind = types.join(" or ");
  if (schema.enum) kind = schema.enum.map((value) => JSON.stringify(value)).join(", ");
  if (schema.const !== undefined) kind = JSON.stringify(schema.const);
  if (reference) kind = `${reference.split("/").pop()}: ${kind}`;
  const limits = [["minimum", "≥"], ["maximum", "≤"], ["minLength", "at least characters:"], ["maxLength", "at most characters:"],
    ["minItems", "at least items:"], ["maxItems", "at most items:"], ["pattern", "like"], ["format", ""]];
  for (const [name, sign] of limits) if (schema[name] !== undefined) kind += `, ${sign} ${schema[name]}`.replace("  ", " ");
  if (schema.default !== undefined) kind += `, default ${JSON.stringify(schema.default)}`;
  return kind;
}

function schemaView(node, resolve, depth = 0, above = []) {
  const reference = node?.$ref;
  const schema = resolve(node) ?? {};
  if (depth > DEEPEST || (reference && above.includes(reference))) return element("span", { class: "kind" }, kindOf(schema, reference));
  const path = reference ? [...above, reference] : above;
  const parts = [element("span", { class: "kind" }, kindOf(schema, reference))];
  if (schema.description) parts.push(" ", ...prose(schema.description).flatMap((p) => [...p.childNodes, " "]));
  const properties = Object.entries(schema.properties ?? {});
  if (properties.length) {
    parts.push(element("ul", { class: "schema" }, ...properties.map(([name, its]) => element("li", {},
      element("code", {}, name), (schema.required ?? []).includes(name) ? " (required) " : " ", schemaView(its, resolve, depth + 1, path)))));
  }
  for (const some of [schema.allOf, schema.oneOf, schema.anyOf]) {
    if (some) parts.push(element("ul", { class: "schema" }, ...some.map((its) => element("li", {}, schemaView(its, resolve, depth + 1, path)))));
  }
  if (schema.items) parts.push(element("ul", { class: "schema" }, element("li", {}, "each: ", schemaView(schema.items, resolve, depth + 1, path))));
  return element("span", {}, ...parts);
}

function contentView(content, resolve) {
  return Object.entries(content ?? {}).flatMap(([type, its]) => [
    element("div", {}, element("code", {}, type), " ", its.schema ? schemaView(its.schema, resolve) : ""),
    its.example === undefined ? null
      : element("pre", {}, typeof its.example === "string" ? its.example : JSON.stringify(its.example, null, 1)),
  ]);
}

function operationView(path, method, operation, resolve) {
  const parts = [...prose(operation.description)];
  const parameters = (operation.parameters ?? []).map(resolve);
  if (parameters.length) {
    parts.push(element("h3", {}, "Parameters"), element("table", {}, ...parameters.map((parameter) => element("tr", {},
      element("td", {}, parameter.name), element("td", {}, element("span", { class: "kind" },
        `${parameter.in}${parameter.required ? ", required" : ""}; ${kindOf(resolve(parameter.schema) ?? {})}`),
      ...prose(parameter.description))))));
  }
  const body = resolve(operation.requestBody);
  if (body) parts.push(element("h3", {}, "Body"), ...prose(body.description), ...contentView(body.content, resolve));
  parts.push(element("h3", {}, "Answers"), element("table", {}, ...Object.entries(operation.responses ?? {}).map(([status, node]) => {
    const answer = resolve(node);
    return element("tr", {}, element("td", {}, status), element("td", {}, ...prose(answer.description), ...contentView(answer.content, resolve)));
  })));
  const view = element("details", { class: "operation", id: operation.operationId ?? `${method} ${path}` },
    element("summary", {}, element("span", { class: `method ${method.toUpperCase()}` }, method.toUpperCase()),
      element("span", { class: "path" }, path), element("span", { class: "says" }, operation.summary ?? "")),
    element("div", {}, ...parts));
  view.dataset.text = `${method} ${path} ${operation.summary ?? ""} ${operation.description ?? ""} ${parameters.map((p) => p.name).join(" ")}`.toLowerCase();
  return view;
}

function show(spec) {
  const resolve = resolver(spec);
  const content = document.getElementById("content");
  const menu = document.getElementById("menu");
  content.replaceChildren(...prose(spec.info?.description));
  for (const tag of spec.tags ?? []) {
    const views = [];
    for (const [path, methods] of Object.entries(spec.paths ?? {})) {
      for (const method of METHODS) {
        if ((methods[method]?.tags ?? [])[0] === tag.name) views.push(operationView(path, method, methods[method], resolve));
      }
    }
    if (!views.length) continue;
    content.append(element("section", {}, element("h2", {}, tag.name), ...prose(tag.description), ...views));
    menu.append(element("section", {}, element("h2", {}, tag.name), ...views.map((view) => {
      const link = element("a", { href: `#${view.id}` }, view.querySelector(".says").textContent || view.id);
      link.addEventListener("click", () => { view.open = true; });
      return link;
    })));
  }
}

function search(words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const view of document.querySelectorAll(".operation")) {
    const fits = wanted.every((word) => view.dataset.text.includes(word));
    found += fits ? 1 : 0;
    view.classList.toggle("hidden", !fits);
    document.querySelector(`nav a[href="#${CSS.escape(view.id)}"]`)?.classList.toggle("hidden", !fits);
  }
  for (const section of document.querySelectorAll("main > section, nav > section")) {
    section.classList.toggle("hidden", !section.querySelector(".operation:not(.hidden), a:not(.hidden)"));
  }
  document.getElementById("found").textContent = `${found} operations`;
}

function theme(next) {
  const root = document.documentElement;
  if (next) localStorage.setItem("theme", next);
  const chosen = next ?? localStorage.getItem("theme");
  if (chosen) root.dataset.theme = chosen;
}

async function start() {
  theme();
  const box = document.getElementById("search");
  document.getElementById("theme").addEventListener("click", () => {
    const dark = document.documentElement.dataset.theme
      ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    theme(dark ? "light" : "dark");
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== box) { event.preventDefault(); box.focus(); }
  });
  box.addEventListener("input", () => search(box.value));
  try {
    const answer = await fetch("/api/openapi.yaml");
    show(parseYaml(await answer.text()));
  } catch (trouble) {
    document.getElementById("content").replaceChildren(element("p", {}, `openapi.yaml can't be shown: ${trouble.message}`));
    return;
  }
  search("");
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (named) { named.open = true; named.scrollIntoView(); }
}

start();
