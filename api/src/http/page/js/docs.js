// The schema beside the query: types and fields in words, the data class of each field and what becomes of it for the role
// that asks; search; a click leads on.

import { element, link, paragraph, pill } from "./element.js";
import { readSchema } from "./sdl.js";

const BUILT_IN = new Set(["String", "Int", "Float", "Boolean", "ID"]);
const ROOTS = ["Query", "Mutation", "Subscription"];
const MOST_FOUND = 60;

/** Fills the panel; `show` redraws it for another role, `open` goes to a type. */
export function documentation(panel, text) {
  const types = new Map(readSchema(text).map((type) => [type.name, type]));
  const search = element("input", { type: "search", placeholder: "Search types and fields", "aria-label": "Search the schema", autocomplete: "off" });
  const body = element("div", { class: "body", tabindex: "0", role: "group", "aria-label": "Documentation" });
  panel.replaceChildren(element("div", { class: "bar" }, search), body);
  const state = { trail: [], rights: null };

  const draw = () => {
    const wanted = search.value.trim().toLowerCase();
    const here = state.trail.at(-1);
    body.replaceChildren(...(wanted ? found(wanted) : here ? typeView(types.get(here)) : overview()));
    body.scrollTop = 0;
  };
  const go = (name) => {
    const known = state.trail.indexOf(name);
    state.trail = known < 0 ? [...state.trail, name] : state.trail.slice(0, known + 1);
    search.value = "";
    draw();
    body.focus({ preventScroll: true });
  };
  search.addEventListener("input", draw);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      search.value = "";
      draw();
    }
  });

  const typeLink = (reference) => {
    const name = reference.replace(/[[\]!]/g, "");
    const [before, after] = reference.split(name);
    const known = types.has(name) && !BUILT_IN.has(name);
    return element("span", {}, before, known ? link(name, () => go(name)) : name, after);
  };

  const rights = (field) => {
    const access = field.directives.access;
    if (!access) return null;
    const outcome = state.rights && action(state.rights, access);
    const what = [access.silo, access.class].filter((part) => part !== "any" && part !== "open").map((part) => part.replaceAll("_", " ")).join(", ");
    if (!what) return null;
    return element("div", { class: "rights" }, `@access ${what}`, outcome ? pill(outcome, outcome) : null);
  };

  const argumentsView = (list) => {
    if (list.length === 0) return null;
    const rows = list.map((one) => {
      const code = element("span", { class: "code" }, one.name, ": ", typeLink(one.type), one.default ? ` = ${one.default}` : "");
      return element("li", {}, code, element("span", { class: "quiet", text: `  ${one.description}` }));
    });
    const all = element("ul", { class: "arguments" }, ...rows);
    // Most lists take the same four for paging: they are a click away.
    if (list.length <= 2) return all;
    return element("details", {}, element("summary", { text: `Arguments: ${list.map((one) => one.name).join(", ")}` }), all);
  };

  const fieldView = (field) =>
    element(
      "li",
      {},
      element("div", { class: "signature code" }, element("strong", { text: field.name }), field.type ? ": " : "", field.type ? typeLink(field.type) : "", field.default ? ` = ${field.default}` : ""),
      field.description ? paragraph(field.description) : null,
      rights(field),
      argumentsView(field.arguments),
    );

  const trail = () => {
    const back = element("nav", { class: "trail", "aria-label": "Where you are" }, link("Schema", () => {
      state.trail = [];
      search.value = "";
      draw();
    }));
    for (const name of state.trail.slice(0, -1)) back.append(" / ", link(name, () => go(name)));
    if (state.trail.length) back.append(" / ", state.trail.at(-1));
    return back;
  };

  const typeView = (type) => {
    const title = { enum: "Values", input: "Fields to give", union: "One of" }[type.kind] ?? "Fields";
    const used = [...types.values()].filter((other) => other.fields.some((field) => bare(field.type) === type.name || field.arguments.some((argument) => bare(argument.type) === type.name)));
    return [
      trail(),
      element("h2", {}, element("span", { class: "quiet", text: `${type.kind} ` }), type.name),
      type.description ? paragraph(type.description) : "",
      type.directives.oneOf ? element("p", { text: "Give exactly one of its fields." }) : "",
      element("h3", { text: title }),
      element("ul", {}, ...type.fields.map(fieldView), ...type.members.map((member) => element("li", { class: "code" }, typeLink(member)))),
      ...(used.length ? [element("h3", { text: "Used by" }), element("div", { class: "code" }, ...used.flatMap((other, index) => [index ? ", " : "", link(other.name, () => go(other.name))]))] : []),
    ];
  };

  const overview = () => {
    const parts = [];
    for (const root of ROOTS.filter((name) => types.has(name))) {
      parts.push(element("h2", { text: { Query: "What can be asked", Mutation: "What can be changed", Subscription: "What can be followed" }[root] }));
      parts.push(element("ul", {}, ...types.get(root).fields.map(fieldView)));
    }
    const rest = [...types.values()].filter((type) => !ROOTS.includes(type.name) && !/(Connection|Edge)$/.test(type.name));
    parts.push(element("h3", { text: "All types" }));
    parts.push(element("ul", {}, ...rest.map((type) => element("li", {}, link(type.name, () => go(type.name)), paragraph(type.description)))));
    return parts;
  };

  const found = (wanted) => {
    const hits = [];
    for (const type of types.values()) {
      if (type.name.toLowerCase().includes(wanted)) hits.push({ rank: type.name.toLowerCase() === wanted ? 0 : 1, type });
      for (const field of type.fields) {
        const inName = field.name.toLowerCase().includes(wanted);
        if (inName || field.description.toLowerCase().includes(wanted)) hits.push({ rank: inName ? 2 : 3, type, field });
      }
    }
    hits.sort((a, b) => a.rank - b.rank);
    const rows = hits.slice(0, MOST_FOUND).map(({ type, field }) => {
      const label = field ? `${type.name}.${field.name}` : type.name;
      return element("li", {}, link(label, () => go(type.name)), paragraph(field ? field.description : type.description));
    });
    const count = hits.length > MOST_FOUND ? `The first ${MOST_FOUND} of ${hits.length}` : `${hits.length} found`;
    return [element("p", { role: "status", text: hits.length ? count : "Nothing in the schema has this in its name or description." }), element("ul", {}, ...rows)];
  };

  draw();
  return {
    /** Opens a type, if there is one of this name. */
    open(name) {
      if (!types.has(name)) return;
      state.trail = [name];
      draw();
    },
    /** Shows what becomes of each field for these rights (`viewer.reads`). */
    show(reads) {
      state.rights = reads;
      const top = body.scrollTop;
      draw();
      body.scrollTop = top;
    },
  };
}

const bare = (reference = "") => reference.replace(/[[\]!]/g, "");

/** shown, masked or hidden. */
function action(reads, access) {
  const cells = reads.filter((cell) => access.silo === "any" || cell.silo === access.silo);
  const name = access.class.toUpperCase();
  const one = (cell) => (!cell.rows || cell.hidden.includes(name) ? "hidden" : cell.masked.includes(name) ? "masked" : "shown");
  const all = new Set(cells.map(one));
  return all.size === 1 ? [...all][0] : null;
}
