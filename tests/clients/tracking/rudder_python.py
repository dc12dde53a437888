"""The SDK of RudderStack for Python: SERVER and WRITE_KEY in the environment."""

import os

import rudderstack.analytics as analytics

failures = []
analytics.write_key = os.environ["WRITE_KEY"]
analytics.dataPlaneUrl = os.environ["SERVER"]
analytics.gzip = True
analytics.on_error = lambda error, items: failures.append(error)

analytics.identify("rpython-user", {"email": "rpython@example.org", "name": "Rosa Python"}, anonymous_id="rpython-visitor")
analytics.group("rpython-user", "rpython-company", {"name": "RPython Works"})
analytics.page(anonymous_id="rpython-visitor", name="Pricing")
for n in range(50):
    analytics.track("rpython-user", "Order Completed", {"n": n})
analytics.flush()
analytics.shutdown()
print(f"{len(failures)} failed: {failures[:1]}" if failures else "all sent")
raise SystemExit(1 if failures else 0)
