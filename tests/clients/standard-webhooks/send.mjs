// Sends one delivery as the npm library of Standard Webhooks signs it, and prints status and answer.
import { Webhook } from "standardwebhooks";

const { HOOK_URL, HOOK_SECRET, HOOK_ID, HOOK_BODY } = process.env;
const at = new Date();
const response = await fetch(HOOK_URL, {
  method: "POST",
  body: HOOK_BODY,
  headers: {
    "content-type": "application/json",
    "webhook-id": HOOK_ID,
    "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
    "webhook-signature": new Webhook(HOOK_SECRET).sign(HOOK_ID, at, HOOK_BODY),
  },
});
console.log(response.status, await response.text());
