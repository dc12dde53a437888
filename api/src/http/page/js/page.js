// The page: roles, examples, running, comparing. What is shown stands in answer.js and docs.js.
//
// A link may choose: /#example=2&role=service&compare=marketing&run runs one of the examples, never a document of its own;
// /#type=Customer opens the documentation there.

import { answerPanel, emptyPanel, scrollTogether } from "./answer.js";
import { ask, curl, operations } from "./ask.js";
import { documentation } from "./docs.js";
import { editor } from "./editor.js";
import { element, say } from "./element.js";

const RIGHTS = "{ viewer { reads { silo rows masked hidden } } }";
const at = (id) => document.getElementById(id);
const [role, other, example, operation] = ["role", "other", "example", "operation"].map(at);
const rightsOf = new Map();
let setup;
let docs;
let running = 0;

const query = editor(at("query-editor"), "graphql", (text) => {
  const names = operations(text);
  const chosen = operation.value;
  operation.replaceChildren(...names.map((name) => element("option", { value: name, text: name })));
  if (names.includes(chosen)) operation.value = chosen;
  at("operation-pick").hidden = names.length < 2;
});
const variables = editor(at("variables-editor"), "json", () => fault(""));

function fault(text) {
  at("variables-fault").hidden = !text;
  at("variables-fault").textContent = text;
  at("variables").setAttribute("aria-invalid", text ? "true" : "false");
}

function notice(text) {
  at("notice").hidden = !text;
  at("notice").textContent = text;
}

/** What is written, as a request; null, and said so, where the variables are no JSON object. */
function question() {
  const made = { query: query.text };
  if (variables.text.trim()) {
    try {
      made.variables = JSON.parse(variables.text);
    } catch (error) {
      fault(`The variables are not JSON: ${error.message}`);
      return null;
    }
    if (made.variables === null || typeof made.variables !== "object" || Array.isArray(made.variables)) {
      fault('The variables are one JSON object, like { "email": "anna@example.com" }.');
      return null;
    }
  }
  if (!at("operation-pick").hidden) made.operationName = operation.value;
  return made;
}

const known = (name) => setup.roles.find((one) => one.role === name);
const chosen = () => [role.value, other.value].filter((name, index, all) => name && all.indexOf(name) === index).map(known);

async function run() {
  const made = question();
  if (!made) {
    at("variables").focus();
    return;
  }
  const turn = (running += 1);
  at("run").disabled = true;
  for (const panel of at("answers").children) panel.classList.add("busy");
  const asked = chosen();
  const results = await Promise.all(asked.map((one) => ask(one.token, made)));
  at("run").disabled = false;
  if (turn !== running) return;
  const panels = asked.map((one, index) => answerPanel(one.role, results[index], results.length > 1 ? results[1 - index] : null));
  at("answers").replaceChildren(...panels);
  scrollTogether(panels);
  const expired = results.some((result) => result.status === 401);
  notice(expired ? "The development tokens of this page no longer hold. Reload the page for fresh ones." : "");
  say(results.map((result, index) => `${asked[index].role}: ${result.answer.errors ? "with errors" : "answered"}`).join(", "));
}

/** After a switch of roles: fresh panels, or the answers again where there were some. */
function rolesChanged() {
  remember();
  const answered = at("answers").querySelector(".facts");
  if (answered) run();
  else at("answers").replaceChildren(...chosen().map((one) => emptyPanel(one.role, one.description)));
  role.title = known(role.value).description;
  showRights(known(role.value));
}

async function showRights(one) {
  if (!rightsOf.has(one.role)) rightsOf.set(one.role, ask(one.token, { query: RIGHTS }));
  const { answer } = await rightsOf.get(one.role);
  if (docs && answer.data?.viewer && role.value === one.role) docs.show(answer.data.viewer.reads);
}

function useExample(index) {
  const one = setup.examples[index];
  if (!one) return;
  example.value = String(index);
  query.text = one.query.trim();
  variables.text = Object.keys(one.variables ?? {}).length ? JSON.stringify(one.variables, null, 2) : "";
  remember();
}

// For this tab only: what was asked may name a customer.
function remember() {
  try {
    sessionStorage.setItem("customer360", JSON.stringify({ query: query.text, variables: variables.text, role: role.value, other: other.value, example: example.value }));
  } catch {
    // Without storage nothing is remembered, and nothing else depends on it.
  }
}

function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem("customer360")) ?? {};
  } catch {
    return {};
  }
}

function showDocs(shown) {
  at("desk").classList.toggle("without-docs", !shown);
  at("docs-toggle").setAttribute("aria-pressed", String(shown));
}

function choose() {
  const link = new URLSearchParams(location.hash.slice(1));
  const before = remembered();
  const pick = (select, ...names) => {
    const name = names.find((one) => one !== undefined && one !== null && [...select.options].some((option) => option.value === one));
    if (name !== undefined) select.value = name;
  };
  pick(role, link.get("role"), before.role, "service");
  pick(other, link.get("compare"), before.other);
  if (link.has("example") || !before.query) useExample(Number(link.get("example") ?? 0));
  else {
    query.text = before.query;
    variables.text = before.variables ?? "";
    pick(example, before.example);
  }
  // Two answers side by side need the room.
  if (other.value) showDocs(false);
  if (link.has("type")) docs.open(link.get("type"));
  rolesChanged();
  if (link.has("run") && link.has("example")) run();
}

function listen() {
  at("run").addEventListener("click", run);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      run();
    }
  });
  role.addEventListener("change", rolesChanged);
  other.addEventListener("change", () => {
    if (other.value) showDocs(false);
    rolesChanged();
  });
  example.addEventListener("change", () => {
    useExample(Number(example.value));
    run();
  });
  at("docs-toggle").addEventListener("click", () => showDocs(at("desk").classList.contains("without-docs")));
  at("curl").addEventListener("click", async () => {
    const made = question();
    if (!made) return;
    await navigator.clipboard.writeText(curl(known(role.value).token, made));
    at("curl").textContent = "Copied";
    say("The command is copied.");
    setTimeout(() => (at("curl").textContent = "Copy as curl"), 1500);
  });
  for (const id of ["query", "variables"]) at(id).addEventListener("change", remember);
  addEventListener("hashchange", choose);
}

async function start() {
  const [answer, schema] = await Promise.all([fetch("/page/setup.json", { cache: "no-store" }), fetch("/schema.graphql")]);
  if (!answer.ok || !schema.ok) {
    notice("The page could not be set up: open it by the address the server prints.");
    return;
  }
  setup = await answer.json();
  for (const one of setup.roles) {
    role.append(element("option", { value: one.role, text: one.role, title: one.description }));
    other.append(element("option", { value: one.role, text: one.role, title: one.description }));
  }
  setup.examples.forEach((one, index) => example.append(element("option", { value: String(index), text: one.title })));
  docs = documentation(at("docs"), await schema.text());
  listen();
  choose();
}

start().catch(() => notice("The server does not answer. Is it still running?"));
