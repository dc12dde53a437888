"""The SDK of Segment for Python: SERVER and WRITE_KEY in the environment."""

import os

import segment.analytics as analytics

failures = []
analytics.write_key = os.environ["WRITE_KEY"]
analytics.host = os.environ["SERVER"]
analytics.gzip = True
analytics.on_error = lambda error, items: failures.append(error)

analytics.identify("python-user", {"email": "python@example.org", "name": "Petra Python"}, anonymous_id="python-visitor")
analytics.group("python-user", "python-company", {"name": "Python Works"})
analytics.page(anonymous_id="python-visitor", name="Pricing")
for n in range(50):
    analytics.track("python-user", "Order Completed", {"revenue": 42.5, "n": n})
analytics.flush()
analytics.shutdown()
print(f"{len(failures)} failed: {failures[:1]}" if failures else "all sent")
raise SystemExit(1 if failures else 0)
