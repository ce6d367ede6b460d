"""Make the libraries' tables, and keys for the call whose Client Key is given; print them."""

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.peers.programs.with_django.settings")
django.setup()

from django.db import connection  # noqa: E402 (only now there are models)

from bench.peers.programs.with_django.models import (  # noqa: E402
    CallAPIKey,
    CallToken,
    Credential,
    User,
)

if __name__ == "__main__":
    with connection.schema_editor() as editor:
        editor.create_model(CallAPIKey)
        editor.create_model(CallToken)
    credential = Credential.objects.get(client_key=sys.argv[1])
    _made, key = CallAPIKey.objects.create_key(name="bench", credential=credential)
    user = User.objects.filter(company=credential.api_call.company, is_active=True)[0]
    _made, token = CallToken.objects.create(user=user, credential=credential)
    print(json.dumps({"Api-Key": key, "Token": token}))
