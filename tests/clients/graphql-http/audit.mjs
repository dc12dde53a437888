// Runs the GraphQL-over-HTTP audits of graphql-http against a running server and fails unless every one is "ok".
// GRAPHQL_URL is the endpoint, GRAPHQL_TOKEN a bearer token for it.
import { serverAudits } from "graphql-http";

const url = process.env.GRAPHQL_URL;
const token = process.env.GRAPHQL_TOKEN;
if (!url || !token) {
  console.error("Set GRAPHQL_URL (like http://127.0.0.1:3600/graphql) and GRAPHQL_TOKEN.");
  process.exit(2);
}

const fetchFn = (input, init = {}) =>
  fetch(input, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } });

const counts = { ok: 0, notice: 0, warn: 0, error: 0 };
for (const audit of serverAudits({ url, fetchFn })) {
  const result = await audit.fn();
  counts[result.status] += 1;
  if (result.status !== "ok") {
    console.log(`${result.status} ${audit.id} ${result.name}: ${result.reason}`);
  }
}
const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
console.log(`${counts.ok} of ${total} audits ok (${counts.error} error, ${counts.warn} warn, ${counts.notice} notice)`);
process.exit(counts.ok === total && total > 0 ? 0 : 1);
