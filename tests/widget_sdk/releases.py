"""The hashes of what was released, as pages name them. Pages hold on to these bytes: a line here is never changed."""

from __future__ import annotations

RELEASED = {
    "1.0.0": {
        "session.js": "sha384-s2t20Me8hix30MjLFwHLIAvBdF4OXdV6fWhUpCrvZJpgda7/niJgfJli1BQgXHmH",
        "session.d.ts": "sha384-k9hSjNkH/wYRrzd9VdAeSvusn/I3Ahc/+GYxLb6yAlE73S5LDXkjo7T9/JKUKwsF",
    },
}
