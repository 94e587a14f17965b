"""Pages for people: parse, call one service, show. No page knows the next one; each ends where it is told to."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("pages", __name__, static_folder="static", static_url_path="/static", template_folder="templates")
