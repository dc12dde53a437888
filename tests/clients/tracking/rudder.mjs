// The SDK of RudderStack for Node.js: `SERVER` and `WRITE_KEY` in the environment.
import RudderAnalytics from '@rudderstack/rudder-sdk-node'

const client = new RudderAnalytics(process.env.WRITE_KEY, { dataPlaneUrl: process.env.SERVER, flushAt: 20, flushInterval: 200 })
let answered = 0
let failed = 0
const heard = (error) => {
  answered += 1
  if (error) {
    failed += 1
    console.error(String(error))
  }
}
const messages = 53
client.identify({ userId: 'rudder-user', anonymousId: 'rudder-visitor', traits: { email: 'rudder@example.org', name: 'Rita Rudder' } }, heard)
client.group({ userId: 'rudder-user', groupId: 'rudder-company', traits: { name: 'Rudder Works' } }, heard)
client.page({ anonymousId: 'rudder-visitor', name: 'Pricing' }, heard)
for (let n = 0; n < messages - 3; n += 1) {
  client.track({ userId: 'rudder-user', event: 'Order Completed', properties: { n } }, heard)
}
const until = Date.now() + 30000
while (answered < messages && Date.now() < until) {
  await new Promise((done) => setTimeout(done, 50))
}
console.log(answered === messages && failed === 0 ? 'all sent' : `${answered} answered, ${failed} failed`)
process.exit(answered === messages && failed === 0 ? 0 : 1)
