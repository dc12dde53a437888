// Asking the server: one POST to /graphql, timed.

/** Sends a question with a token; never throws: what goes wrong on the way is an answer too. */
export async function ask(token, question) {
  const began = performance.now();
  try {
    const response = await fetch("/graphql", {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        accept: "application/graphql-response+json, application/json",
      },
      body: JSON.stringify(question),
      credentials: "omit",
      cache: "no-store",
    });
    const text = await response.text();
    const milliseconds = performance.now() - began;
    return { status: response.status, milliseconds, bytes: new Blob([text]).size, ...parsed(text) };
  } catch {
    const message = "The server does not answer. Is it still running?";
    const answer = { errors: [{ message, extensions: { code: "UNAVAILABLE" } }] };
    return { status: 0, milliseconds: performance.now() - began, bytes: 0, answer };
  }
}

function parsed(text) {
  try {
    return { answer: JSON.parse(text), text };
  } catch {
    const message = "What came back is not JSON.";
    return { answer: { errors: [{ message, extensions: { code: "INTERNAL" } }] }, text };
  }
}

/** The names of a document's operations; comments and strings are left out first. */
export function operations(query) {
  const bare = query.replace(/"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|#[^\n]*/g, " ");
  const names = [];
  let depth = 0;
  for (const match of bare.matchAll(/[{}]|\b(query|mutation)\s+([A-Za-z_]\w*)/g)) {
    if (match[0] === "{") depth += 1;
    else if (match[0] === "}") depth -= 1;
    else if (depth === 0) names.push(match[2]);
  }
  return names;
}

/** The question as a command for a shell. */
export function curl(token, question) {
  const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
  return [
    `curl -sS ${quoted(`${location.origin}/graphql`)}`,
    `-H ${quoted(`authorization: Bearer ${token}`)}`,
    `-H 'content-type: application/json'`,
    `--data ${quoted(JSON.stringify(question))}`,
  ].join(" \\\n  ");
}
