"""What lies where."""

from django.urls import path

from sync.district import pages
from sync.district.api import api

urlpatterns = [
    path("", pages.home),
    path("healthz", pages.healthz),
    path("api/v1/", api.urls),
]
