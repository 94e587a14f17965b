"""Settings of the dashboard. What differs between places comes from the environment."""

import os

# --- Django

SECRET_KEY = os.environ["DASHBOARD_SECRET_KEY"]
ALLOWED_HOSTS = ["localhost"]
ROOT_URLCONF = "dashboard.urls"
USE_TZ = True
STATIC_URL = "static/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["DASHBOARD_DATABASE"]}}
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- apps

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "mozilla_django_oidc",
    "text_suggestions",
    "dashboard.apps.DashboardConfig",  # last: its groups need the permissions of the others
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "dashboard.signing_in.StaffSessionRefresh",  # after the one that knows the user
    "django.contrib.messages.middleware.MessageMiddleware",
]
AUTHENTICATION_BACKENDS = ["dashboard.signing_in.StaffBackend"]  # alone: nobody has a password here

# --- the provider

DEEPDESK_ISSUER = os.environ["DASHBOARD_ISSUER"]
DEEPDESK_ACCOUNT = "acme"
DEEPDESK_APPS = ["text_suggestions"]  # whose permissions the claims give

OIDC_OP_AUTHORIZATION_ENDPOINT = f"{DEEPDESK_ISSUER}/oauth/authorize/"
OIDC_OP_TOKEN_ENDPOINT = f"{DEEPDESK_ISSUER}/oauth/token/"
OIDC_OP_USER_ENDPOINT = f"{DEEPDESK_ISSUER}/oauth/userinfo/"
OIDC_OP_JWKS_ENDPOINT = f"{DEEPDESK_ISSUER}/oauth/jwks"
OIDC_RP_CLIENT_ID = os.environ["DASHBOARD_CLIENT_ID"]
OIDC_RP_CLIENT_SECRET = os.environ["DASHBOARD_CLIENT_SECRET"]
OIDC_RP_SCOPES = "openid profile email roles permissions"
OIDC_RP_SIGN_ALGO = "RS256"
OIDC_USE_PKCE = True
OIDC_TIMEOUT = 10

# --- signing in and staying signed in

OIDC_AUTH_REQUEST_EXTRA_PARAMS = {"idp_hint": "staff:google"}
OIDC_CALLBACK_CLASS = "dashboard.signing_in.StaffCallback"
OIDC_RENEW_ID_TOKEN_EXPIRY_SECONDS = 10 * 60  # less than an access token's 15 minutes
OIDC_STORE_ACCESS_TOKEN = True
OIDC_OP_LOGOUT_URL_METHOD = "dashboard.signing_out.sign_out_address"
OIDC_EXEMPT_URLS = ["signed_out"]
LOGIN_URL = "oidc_authentication_init"
LOGIN_REDIRECT_URL = "/"
LOGIN_REDIRECT_URL_FAILURE = "/signed-out/"
LOGOUT_REDIRECT_URL = "/signed-out/"  # with none, the default, signing out ends in an error
