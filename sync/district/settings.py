"""Django's settings: safe as they are; the environment says where the database is and by which names we answer.

GERBANG_DISTRICT_DB: the database's path. GERBANG_DISTRICT_HOSTS: names, parted by spaces; the loopback's by default.
"""

import os
from pathlib import Path

from django.utils.functional import SimpleLazyObject

from sync import wire
from sync.district.key import load_key

DATABASE_PATH = Path(os.environ.get("GERBANG_DISTRICT_DB", "district.db")).absolute()

DEBUG = False
# Lazy, so that reading the settings alone (a type checker does) leaves no file behind.
SECRET_KEY = SimpleLazyObject(lambda: load_key(DATABASE_PATH))
ALLOWED_HOSTS = os.environ.get("GERBANG_DISTRICT_HOSTS", "127.0.0.1 localhost [::1]").split()

INSTALLED_APPS = ["sync.district.apps.DistrictConfig"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "sync.district.problems.ProblemMiddleware",
    "django.middleware.common.CommonMiddleware",
]
ROOT_URLCONF = "sync.district.urls"
ASGI_APPLICATION = "sync.district.asgi.application"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATABASE_PATH,
        "OPTIONS": {
            # What was answered is on the disk: in simulated power cuts this mode lost nothing.
            "init_command": "PRAGMA journal_mode=TRUNCATE; PRAGMA synchronous=FULL;",
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
        },
    }
}

DATA_UPLOAD_MAX_MEMORY_SIZE = wire.MAX_BODY_BYTES
APPEND_SLASH = False
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
# The command that serves says where the log goes.
LOGGING_CONFIG = None
