"""The hardware: camera, fingerprint sensor, lights, buzzer. Knows nothing of attendance."""
