"""The one app of the project."""

from django.apps import AppConfig


class DistrictConfig(AppConfig):
    """All that the district keeps."""

    name = "sync.district"
    label = "district"
    default_auto_field = "django.db.models.BigAutoField"
