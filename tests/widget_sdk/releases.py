"""The hashes of what was released, as pages name them. Pages hold on to these bytes: a line here is never changed."""

from __future__ import annotations

RELEASED = {
    "1.0.0": {
        "session.js": "sha384-Rlw1j7dA96hiqVECcmTmn/QJ/cuetHykeSAmcB/SImBEmvAnwLlNLXg+dfsYo9sI",
        "session.d.ts": "sha384-BugZPFZd2HrjOLXYH21pVchkfERVhUt83l08c5JHesCGAa1yO4WbSlcI9p7Mze1o",
    },
}
