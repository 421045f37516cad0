"""Entries, and what was put aside."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Aside",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("device", models.UUIDField()),
                ("text", models.TextField()),
                ("digest", models.CharField(max_length=64)),
                ("why", models.TextField()),
                ("received_at", models.DateTimeField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("device", "digest"), name="aside_once")],
            },
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("device", models.UUIDField()),
                ("number", models.BigIntegerField()),
                ("wall", models.DateTimeField()),
                ("kind", models.CharField(max_length=40)),
                ("received_at", models.DateTimeField()),
                ("text", models.TextField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["device", "number"], name="entry_device_number"),
                    models.Index(fields=["kind", "-wall"], name="entry_kind_wall"),
                ],
            },
        ),
    ]
