"""The claims desk over HTTP: pre-settle, settle, take back, look up, explain."""
