import secrets
