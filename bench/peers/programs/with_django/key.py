"""Make the library's table and a key for the call whose Client Key is given; print the key."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.peers.programs.with_django.settings")
django.setup()

from django.db import connection  # noqa: E402 (only now there are models)

from bench.peers.programs.with_django.models import CallAPIKey, Credential  # noqa: E402

if __name__ == "__main__":
    with connection.schema_editor() as editor:
        editor.create_model(CallAPIKey)
    credential = Credential.objects.get(client_key=sys.argv[1])
    _made, key = CallAPIKey.objects.create_key(name="bench", credential=credential)
    print(key)
