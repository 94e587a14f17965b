"""For WSGI servers and ``flask --app wsgi``: the application, made from the environment's settings."""

from idp.app import create_app

app = create_app()
