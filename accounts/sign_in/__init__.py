"""How people get in and stay in: attempts, second factors, sessions. Sign-in itself is
django-allauth's, as accounts/adapter.py has it."""
