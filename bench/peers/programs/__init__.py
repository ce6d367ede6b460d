"""Programs that answer worker-compliance: each as its framework's documentation would do it."""
