"""Django's settings for django-outbound-webhooks on PostgreSQL."""

from urllib.parse import urlsplit

from bench.rivals.message import QUEUE

_url = urlsplit(QUEUE)
SECRET_KEY = "bench"  # noqa: S105 - nothing is protected by it
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django_domain_events",
    "django_outbound_webhooks",
    "bench.rivals.shop.apps.ShopConfig",
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": _url.hostname,
        "PORT": _url.port,
        "USER": _url.username or "",
        "PASSWORD": _url.password or "",
        "NAME": _url.path.lstrip("/"),
        "CONN_MAX_AGE": None,
    }
}
DJANGO_OUTBOUND_WEBHOOKS = {"ALLOW_PRIVATE_ADDRESSES": True}
