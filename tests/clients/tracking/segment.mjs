// The SDK of Segment for Node.js, as its users use it: `SERVER` and `WRITE_KEY` in the environment.
import { Analytics } from '@segment/analytics-node'

const analytics = new Analytics({ writeKey: process.env.WRITE_KEY, host: process.env.SERVER, flushAt: 20, maxRetries: 2 })
let failed = 0
analytics.on('error', (error) => {
  failed += 1
  console.error(error)
})

analytics.page({ anonymousId: 'node-visitor', name: 'Pricing', properties: { url: 'https://shop.example.com/pricing' } })
analytics.identify({ userId: 'node-user', anonymousId: 'node-visitor', traits: { email: 'node@example.org', name: 'Nora Node' } })
analytics.group({ userId: 'node-user', groupId: 'node-company', traits: { name: 'Node Works' } })
analytics.alias({ userId: 'node-user', previousId: 'node-former' })
for (let n = 0; n < 50; n += 1) {
  analytics.track({ userId: 'node-user', event: 'Order Completed', properties: { revenue: 42.5, currency: 'EUR', n } })
}
await analytics.closeAndFlush({ timeout: 20000 })
console.log(failed === 0 ? 'all sent' : `${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
