"""The Disdik's server: a Django project that knows nothing of ours but the wire."""
