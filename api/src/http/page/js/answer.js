// One role's answer: facts, what was withheld and why, errors, and the JSON with both marked in place.

import { element, pill, say } from "./element.js";

/** Beyond this many lines colour costs more than it helps. */
const COLOURED_LINES = 8000;

const KIND = { MASKED: "masked", FORBIDDEN: "hidden" };

/** An empty panel for a role. */
export function emptyPanel(role, description) {
  const hint = element("p", { class: "empty", text: `Run the query to see what ${role} sees. ${description}` });
  return panel(role, [element("div", { class: "abouts" }), element("div", { class: "body" }, hint)]);
}

/** The panel of an answer; `other` is the answer to compare with. */
export function answerPanel(role, result, other) {
  const { answer } = result;
  const withheld = answer.extensions?.access ?? [];
  const shown = { ...answer };
  delete shown.extensions;
  const lines = flatten(shown);
  const theirs = other && new Map(flatten({ ...other.answer, extensions: undefined }).map((line) => [line.path, line.value]));
  const copy = element("button", { type: "button", class: "plain", text: "Copy" });
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(JSON.stringify(answer, null, 2));
    say("The answer is copied.");
    copy.textContent = "Copied";
    setTimeout(() => (copy.textContent = "Copy"), 1500);
  });
  return panel(
    role,
    [about(errors(answer.errors), access(role, withheld, !answer.errors)), json(lines, withheld, theirs)],
    [facts(result), element("span", { class: "grow" }), copy],
  );
}

function panel(role, parts, aside = []) {
  const bar = element("div", { class: "bar" }, element("h2", { text: role }), ...aside);
  return element("section", { class: "panel answer", "aria-label": `Answer as ${role}`, "data-role": role }, bar, ...parts);
}

function facts({ status, milliseconds, bytes, answer }) {
  const cost = answer.extensions?.cost;
  const good = status === 200 && !answer.errors;
  const size = bytes < 1024 ? `${bytes} B` : `${(bytes / 1024).toFixed(1)} KiB`;
  const time = milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds);
  const budget = cost && `${cost.requested} of ${cost.limit} a request may cost; ${cost.remaining} left in the budget`;
  return element(
    "div",
    { class: "facts" },
    pill(good ? "good" : "bad", status === 0 ? "no answer" : status === 200 && !good ? "200 with errors" : String(status)),
    element("span", { text: `${time} ms`, title: "from sending to the last byte" }),
    cost ? element("span", { text: `cost ${cost.requested}`, title: budget }) : null,
    element("span", { text: size }),
  );
}

function errors(list) {
  if (!Array.isArray(list) || list.length === 0) return null;
  const rows = list.map((error) => {
    const place = error.locations?.map(({ line, column }) => `line ${line}, column ${column}`).join("; ");
    const where = [error.path?.join("."), place].filter(Boolean).join(", ");
    return element(
      "li",
      {},
      pill("bad", error.extensions?.code ?? "ERROR"),
      ` ${error.message}`,
      where ? element("span", { class: "quiet", text: ` (${where})` }) : null,
    );
  });
  return element("ul", { class: "about errors", role: "alert" }, ...rows);
}

function about(...parts) {
  return element("div", { class: "abouts" }, ...parts);
}

/** What the policy withheld, by data class, in words. */
function access(role, withheld, whole) {
  if (withheld.length === 0) {
    return whole ? element("p", { class: "about quiet", text: `Nothing was withheld from ${role}.` }) : null;
  }
  const groups = new Map();
  for (const one of withheld) {
    const key = `${one.code} ${one.dataClass}`;
    if (!groups.has(key)) groups.set(key, { ...one, fields: new Map() });
    groups.get(key).fields.set(one.coordinate, [...(groups.get(key).fields.get(one.coordinate) ?? []), one.path.join(".")]);
  }
  const rows = [...groups.values()].flatMap(({ code, dataClass, fields }) => [
    element("dt", {}, pill(KIND[code] ?? "hidden", `${words(dataClass)} ${KIND[code] ?? code}`)),
    element("dd", {}, ...[...fields].flatMap(([coordinate, paths], index) => [
      index ? ", " : "",
      element("code", { text: coordinate, title: paths.join("\n") }),
    ])),
  ]);
  const count = withheld.length === 1 ? "1 field" : `${withheld.length} fields`;
  const title = element("summary", { text: `${count} withheld from ${role} by the policy` });
  return element("details", { class: "about access", open: true }, title, element("dl", { class: "withheld" }, ...rows));
}

/** A data class in words. */
export const words = (name) => (name === "open" ? "whole silo" : name.replaceAll("_", " ").toLowerCase());

function json(lines, withheld, theirs) {
  const body = element("div", { class: "body", tabindex: "0", role: "group", "aria-label": "JSON" });
  if (lines.length > COLOURED_LINES) {
    const text = lines.map((line) => "  ".repeat(line.depth) + line.parts.map(([, part]) => part).join("")).join("\n");
    body.append(element("pre", { class: "line", text }));
    return body;
  }
  const marks = new Map(withheld.map((one) => [one.path.join("."), one]));
  const rows = lines.map((line) => {
    const mark = line.name && marks.get(line.name);
    const differs = theirs && line.value !== undefined && theirs.get(line.path) !== line.value;
    const row = element(
      "div",
      { class: differs ? "line differs" : "line" },
      "  ".repeat(line.depth),
      ...line.parts.map(([kind, text]) => (kind ? element("span", { class: `t-${kind}`, text }) : text)),
      mark ? pill(KIND[mark.code] ?? "hidden", `${words(mark.dataClass)} ${KIND[mark.code] ?? mark.code}`) : null,
    );
    row.style.setProperty("--depth", line.depth);
    return row;
  });
  body.append(element("pre", {}, ...rows));
  return body;
}

/** Panels that scroll as one. */
export function scrollTogether(panels) {
  const bodies = panels.map((one) => one.querySelector(".body"));
  for (const body of bodies) {
    body.addEventListener("scroll", () => {
      for (const other of bodies) if (other !== body && other.scrollTop !== body.scrollTop) other.scrollTop = body.scrollTop;
    });
  }
}

/** Pretty JSON as lines: each with its path, its path without list positions (as the policy names it), and its value. */
function flatten(root) {
  const lines = [];
  const walk = (value, key, depth, path, name, comma) => {
    const start = key === null ? [] : [["key", JSON.stringify(key)], ["mark", ": "]];
    const end = comma ? [["mark", ","]] : [];
    const here = { depth, path: path.join("\0"), name: name.slice(1).join(".") };
    const nested = value !== null && typeof value === "object";
    const entries = nested ? Object.entries(value).filter(([, child]) => child !== undefined) : [];
    if (!nested || entries.length === 0) {
      const text = nested ? (Array.isArray(value) ? "[]" : "{}") : JSON.stringify(value);
      const kind = value === null ? "null" : { string: "string", number: "number", boolean: "word" }[typeof value];
      lines.push({ ...here, value: text, parts: [...start, [kind ?? "mark", text], ...end] });
      return;
    }
    const list = Array.isArray(value);
    lines.push({ ...here, value: list ? "[" : "{", parts: [...start, ["mark", list ? "[" : "{"]] });
    entries.forEach(([child, inner], index) => {
      const last = index === entries.length - 1;
      walk(inner, list ? null : child, depth + 1, [...path, child], list ? name : [...name, child], !last);
    });
    lines.push({ depth, path: `${here.path}\0end`, parts: [["mark", list ? "]" : "}"], ...end] });
  };
  walk(root, null, 0, [], [], false);
  return lines;
}
